// Rows by slot and by id.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

#include "engine/base/check.h"
#include "engine/market/rows.h"

namespace qiao {

// Append-only but for undoing the last append. Rows never move, so references hold while the table lives; ids ascend
// with slots except for areas, whose ids are codes. Not thread-safe.
template <class Id, class Row>
class Table {
 public:
  // kNoSlot when there is none.
  Slot find(Id id) const {
    const auto it = index_.find(id);
    return it == index_.end() ? kNoSlot : it->second;
  }
  Slot size() const { return size_; }
  const Row& operator[](Slot s) const { return chunks_[s / kChunk][s % kChunk]; }
  Row& operator[](Slot s) { return chunks_[s / kChunk][s % kChunk]; }

  Slot append(Id id) {
    if (size_ % kChunk == 0 && size_ / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<Row[]>(kChunk));
    const bool fresh = index_.emplace(id, size_).second;
    QIAO_CHECK(fresh, "an id is given once");
    (*this)[size_].id = id;
    return size_++;
  }
  void pop_back() {
    Row& last = (*this)[size_ - 1];
    index_.erase(last.id);
    last = Row{};
    --size_;
  }
  void reserve(std::size_t n) { index_.reserve(n); }

 private:
  static constexpr Slot kChunk = 1024;
  std::vector<std::unique_ptr<Row[]>> chunks_;
  boost::unordered_flat_map<Id, Slot> index_;
  Slot size_ = 0;
};

}  // namespace qiao
