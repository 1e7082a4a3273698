// When the market has to act without a command.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <vector>

#include "engine/rows/rows.h"

namespace qiao {

// A heap of (time, row). Entries are not removed when a row changes; the caller of pop() asks the
// row whether the entry is still valid. Matches precede needs at the same instant, so that a need
// sees the result of its matches.
class TimerQueue {
 public:
  enum class Kind : std::uint8_t { kMatch, kNeed, kPerson };
  struct Entry {
    Time due;
    Kind kind;
    Slot slot;
    friend auto operator<=>(const Entry&, const Entry&) = default;
  };

  void push(const Entry& e) {
    heap_.push_back(e);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  // The earliest valid entry; stale ones before it are removed. Amortised O(log n).
  template <class Holds>
  std::optional<Entry> front(Holds holds) {
    while (!heap_.empty()) {
      if (holds(heap_.front())) return heap_.front();
      pop();
    }
    return std::nullopt;
  }
  void pop() {
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>{});
    heap_.pop_back();
  }
  // Removes the stale entries once they outnumber the valid ones, to bound the size of the queue.
  template <class Holds>
  void trim(std::size_t most, Holds holds) {
    if (heap_.size() <= most) return;
    std::erase_if(heap_, [&](const Entry& e) { return !holds(e); });
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  // Replaces all entries.
  void assign(std::vector<Entry> entries) {
    heap_ = std::move(entries);
    std::make_heap(heap_.begin(), heap_.end(), std::greater<>{});
  }
  std::size_t size() const { return heap_.size(); }

 private:
  std::vector<Entry> heap_;
};

}  // namespace qiao
