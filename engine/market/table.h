// Rows by slot and by id.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/check.h"
#include "engine/market/rows.h"

namespace qiao {

// How a table finds the slot of an id. `size` is how many rows there are, `id_at(slot)` the id of one; takes() says whether
// an id may be appended, pop_back() is told the id and slot that were.

// Ids that come in any order.
template <class Id>
class HashedIds {
 public:
  template <class IdAt>
  Slot find(Id id, Slot, const IdAt&) const {
    const auto it = slots_.find(id);
    return it == slots_.end() ? kNoSlot : it->second;
  }
  template <class IdAt>
  bool takes(Id id, Slot, const IdAt&) const {
    return !slots_.contains(id);
  }
  void append(Id id, Slot slot) { slots_.emplace(id, slot); }
  void pop_back(Id id, Slot) { slots_.erase(id); }
  void reserve(std::size_t n) { slots_.reserve(n); }

 private:
  boost::unordered_flat_map<Id, Slot> slots_;
};

// Ids that ascend with their slots, as sequence numbers do: it is known where each block of ids begins, and the rows
// themselves say the rest. A sixteenth of a byte for each id up to the highest, and one access to memory beside the row's own where
// a hash table takes two and 28 bytes a row.
template <class Id>
class AscendingIds {
 public:
  template <class IdAt>
  Slot find(Id id, Slot size, const IdAt& id_at) const {
    const std::uint64_t block = id.value() / kBlock;
    if (block >= first_.size()) return kNoSlot;
    const Slot low = first_[block];
    const Slot high = block + 1 < first_.size() ? first_[block + 1] : size;
    // As if they lay evenly, which they do where many came at once.
    Slot s = low + static_cast<Slot>(id.value() % kBlock * (high - low) / kBlock);
    while (s > low && id_at(s) > id) --s;
    while (s + 1 < high && id_at(s) < id) ++s;
    return s < high && id_at(s) == id ? s : kNoSlot;
  }
  template <class IdAt>
  bool takes(Id id, Slot size, const IdAt& id_at) const {
    return id.value() <= kMostIds && (size == 0 || id_at(size - 1) < id);
  }
  void append(Id id, Slot slot) { first_.resize(id.value() / kBlock + 1, slot); }
  void pop_back(Id, Slot slot) {
    while (!first_.empty() && first_.back() == slot) first_.pop_back();
  }

 private:
  static constexpr std::uint64_t kBlock = 64;
  // Above what a market lives to see; what is greater comes from a damaged row.
  static constexpr std::uint64_t kMostIds = std::uint64_t{1} << 36;
  std::vector<Slot> first_;  // by block of ids: the rows whose ids are below it
};

// A start fills several tables at once, each on a core of its own; what those write to lies so far apart that no core takes a cache
// line (or the pair of them that is fetched at once) from another with each row.
inline constexpr std::size_t kApart = 128;  // bytes

// Rows one after the other that never move, so that references hold while they are there. Growing costs no copies, and touches
// no memory twice, which is what a restart waits for most.
template <class Row>
class alignas(kApart) Chunks {
 public:
  Slot size() const { return size_; }
  const Row& operator[](Slot s) const { return (*chunks_[s / kChunk])[s % kChunk]; }
  Row& operator[](Slot s) { return (*chunks_[s / kChunk])[s % kChunk]; }

  // What is added is as Row{} is.
  void resize(Slot size) {
    for (Slot s = size; s < size_; ++s) (*this)[s] = Row{};
    while (chunks_.size() * kChunk < size) chunks_.push_back(std::make_unique<Chunk>());
    size_ = size;
  }

 private:
  static constexpr Slot kChunk = 1024;
  // Not Row[]: its length would be kept in front of it, and what is a little more than 2^n bytes takes a quarter more.
  using Chunk = std::array<Row, kChunk>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  Slot size_ = 0;
};

// Append-only but for undoing the last append. Not thread-safe.
template <class Id, class Row, class Ids = AscendingIds<Id>>
class Table {
 public:
  // kNoSlot when there is none.
  Slot find(Id id) const { return ids_.find(id, size(), id_at()); }
  // Whether a row with that id may be appended.
  bool takes(Id id) const { return ids_.takes(id, size(), id_at()); }
  Slot size() const { return rows_.size(); }
  const Row& operator[](Slot s) const { return rows_[s]; }
  Row& operator[](Slot s) { return rows_[s]; }

  Slot append(Id id) {
    const Slot slot = size();
    QIAO_CHECK(ids_.takes(id, slot, id_at()), "an id is given once, and after all before it");
    ids_.append(id, slot);
    rows_.resize(slot + 1);
    rows_[slot].id = id;
    return slot;
  }
  void pop_back() {
    const Slot last = size() - 1;
    ids_.pop_back(rows_[last].id, last);
    rows_.resize(last);
  }
  // For so many rows.
  void reserve(std::size_t n) { ids_.reserve(n); }

 private:
  auto id_at() const {
    return [this](Slot s) { return rows_[s].id; };
  }

  Chunks<Row> rows_;
  Ids ids_;
};

}  // namespace qiao
