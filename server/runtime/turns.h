// A queue that takes turns over the requesters.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>

namespace qiao {

// A requester: an account and an address each have a share of the queue.
struct Share {
  std::string account;
  std::string address;
};

// Limits on queued and running items.
struct TurnLimits {
  std::size_t all = 0;
  std::size_t per_account = 0;
  std::size_t per_address = 0;
};

enum class Taken : std::uint8_t { kYes, kShareIsUsed, kFull };

// Not thread-safe. Remembers only requesters with queued or running items.
template <class Item>
class Turns {
 public:
  explicit Turns(TurnLimits limits) : limits_(limits) {}

  // Items with the same `turn` share one: an item waits for at most one item of each other turn.
  // Nothing is added unless the result is kYes.
  Taken add(const std::string& turn, const Share& share, Item item) {
    if (count_ >= limits_.all) return Taken::kFull;
    if (count_of(of_account_, share.account) >= limits_.per_account) return Taken::kShareIsUsed;
    if (count_of(of_address_, share.address) >= limits_.per_address) return Taken::kShareIsUsed;
    ++count_;
    ++of_account_[share.account];
    ++of_address_[share.address];
    std::deque<Waiting>& waiting = waiting_[turn];
    if (waiting.empty()) turns_.push_back(turn);
    waiting.push_back({share, std::move(item)});
    return Taken::kYes;
  }

  // The next item, which counts until ended(share); nothing if none is queued.
  std::optional<Item> next() {
    if (turns_.empty()) return std::nullopt;
    const std::string turn = std::move(turns_.front());
    turns_.pop_front();
    const auto found = waiting_.find(turn);
    Item item = std::move(found->second.front().item);
    found->second.pop_front();
    if (found->second.empty()) {
      waiting_.erase(found);
    } else {
      turns_.push_back(turn);
    }
    return item;
  }

  void ended(const Share& share) {
    --count_;
    release(of_account_, share.account);
    release(of_address_, share.address);
  }

  // Removes queued items that are no longer wanted.
  template <class Unwanted>
  void drop(Unwanted unwanted) {
    for (auto at = turns_.begin(); at != turns_.end();) {
      std::deque<Waiting>& waiting = waiting_.find(*at)->second;
      const auto gone = std::stable_partition(waiting.begin(), waiting.end(),
                                              [&](const auto& w) { return !unwanted(w.item); });
      for (auto w = gone; w != waiting.end(); ++w) ended(w->share);
      waiting.erase(gone, waiting.end());
      if (!waiting.empty()) {
        ++at;
        continue;
      }
      waiting_.erase(*at);
      at = turns_.erase(at);
    }
  }

  bool empty() const { return turns_.empty(); }
  // Whether that turn has a queued item.
  bool waits(const std::string& turn) const { return waiting_.contains(turn); }

 private:
  struct Waiting {
    Share share;
    Item item;
  };
  using Counts = boost::unordered_flat_map<std::string, std::size_t>;
  static std::size_t count_of(const Counts& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  }
  static void release(Counts& counts, const std::string& key) {
    const auto found = counts.find(key);
    if (--found->second == 0) counts.erase(found);
  }

  const TurnLimits limits_;
  std::size_t count_ = 0;
  Counts of_account_;
  Counts of_address_;
  std::deque<std::string> turns_;  // turns with queued items, each once
  boost::unordered_flat_map<std::string, std::deque<Waiting>> waiting_;
};

}  // namespace qiao
