// Tables of rows, found by slot and by id.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "engine/base/check.h"
#include "engine/rows/rows.h"

namespace qiao {

// How a table finds the slot of an id. `size` is the number of rows, `id_at(slot)` the id of a row.
// takes() says whether an id may be appended; append() is called before the row exists; pop_back()
// gets the removed id and slot. prefetch() and guess() are for looking up many ids, so that the
// waits for memory overlap: the memory that find() reads first, and the likely row.

// Ids in any order: a hash table of slots alone, open-addressed and at most half full, because the
// rows have the ids. Half the size of a table with the ids, so that more of it stays in the cache.
template <class Id>
class HashedIds {
 public:
  template <class IdAt>
  Slot find(Id id, Slot, const IdAt& id_at) const {
    if (slots_.empty()) return kNoSlot;
    for (std::size_t at = home(id); slots_[at] != kNoSlot; at = next(at)) {
      if (id_at(slots_[at]) == id) return slots_[at];
    }
    return kNoSlot;
  }
  template <class IdAt>
  bool takes(Id id, Slot size, const IdAt& id_at) const {
    return find(id, size, id_at) == kNoSlot;
  }
  template <class IdAt>
  void append(Id id, Slot slot, const IdAt& id_at) {
    if (slots_.size() < 2 * (std::size_t{slot} + 1))
      reserve(2 * (std::size_t{slot} + 1), slot, id_at);
    put(id, slot);
  }
  // Requires: the last append displaced no other id.
  void pop_back(Id id, Slot slot) {
    std::size_t at = home(id);
    while (slots_[at] != slot) at = next(at);
    slots_[at] = kNoSlot;
  }
  template <class IdAt>
  void reserve(std::size_t n, Slot size, const IdAt& id_at) {
    const std::size_t places = std::bit_ceil(2 * std::max<std::size_t>(n, kLeast));
    if (places <= slots_.size()) return;
    slots_.assign(places, kNoSlot);
    shift_ = 64 - std::countr_zero(places);
    for (Slot s = 0; s < size; ++s) put(id_at(s), s);
  }
  void prefetch(Id id) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[home(id)]);
  }
  Slot guess(Id id, Slot) const { return slots_.empty() ? kNoSlot : slots_[home(id)]; }

 private:
  static constexpr std::size_t kLeast = 8;
  // Fibonacci hashing: Knuth, The Art of Computer Programming, vol. 3, section 6.4.
  std::size_t home(Id id) const {
    return static_cast<std::size_t>(id.value() * 0x9E3779B97F4A7C15ULL >> shift_);
  }
  std::size_t next(std::size_t at) const { return (at + 1) & (slots_.size() - 1); }
  void put(Id id, Slot slot) {
    std::size_t at = home(id);
    while (slots_[at] != kNoSlot) at = next(at);
    slots_[at] = slot;
  }

  std::vector<Slot> slots_;  // 2^n
  int shift_ = 63;
};

// Ids that ascend with their slots, as sequence numbers do: the start of each block of ids is
// stored, and the rows have the rest. A sixteenth of a byte for each id up to the highest, and one
// memory access besides the row's own, where a hash table takes two and 28 bytes a row.
template <class Id>
class AscendingIds {
 public:
  template <class IdAt>
  Slot find(Id id, Slot size, const IdAt& id_at) const {
    const Rows rows = block_of(id, size);
    if (rows.low == rows.high) return kNoSlot;
    Slot s = rows.guess;
    while (s > rows.low && id_at(s) > id) --s;
    while (s + 1 < rows.high && id_at(s) < id) ++s;
    return id_at(s) == id ? s : kNoSlot;
  }
  template <class IdAt>
  bool takes(Id id, Slot size, const IdAt& id_at) const {
    return id.value() <= kMostIds && (size == 0 || id_at(size - 1) < id);
  }
  template <class IdAt>
  void append(Id id, Slot slot, const IdAt&) {
    first_.resize(id.value() / kBlock + 1, slot);
  }
  void pop_back(Id, Slot slot) {
    while (!first_.empty() && first_.back() == slot) first_.pop_back();
  }
  void prefetch(Id) const {}
  Slot guess(Id id, Slot size) const {
    const Rows rows = block_of(id, size);
    return rows.low == rows.high ? kNoSlot : rows.guess;
  }

 private:
  struct Rows {
    Slot low;
    Slot high;  // one past the last
    Slot guess;
  };
  Rows block_of(Id id, Slot size) const {
    const std::uint64_t block = id.value() / kBlock;
    if (block >= first_.size()) return {};
    const Slot low = first_[block];
    const Slot high = block + 1 < first_.size() ? first_[block + 1] : size;
    // As if ids were spaced evenly, which is the case for rows that were loaded in bulk.
    return {low, high, low + static_cast<Slot>(id.value() % kBlock * (high - low) / kBlock)};
  }

  static constexpr std::uint64_t kBlock = 64;
  // Higher than any id of a real market; a greater one is from a damaged row.
  static constexpr std::uint64_t kMostIds = std::uint64_t{1} << 36;
  std::vector<Slot> first_;  // by block of ids: the rows whose ids are below it
};

// A start fills several tables at once, each on its own core; their write positions are so far
// apart that no two cores write to the same cache line, or the pair of lines that is fetched
// together.
inline constexpr std::size_t kApart = 128;  // bytes

// Rows one after the other that never move, so that references stay valid. Growing copies nothing
// and touches no memory twice, which takes most of the time of a restart.
template <class Row>
class alignas(kApart) Chunks {
 public:
  Slot size() const { return size_; }
  const Row& operator[](Slot s) const { return (*chunks_[s / kChunk])[s % kChunk]; }
  Row& operator[](Slot s) { return (*chunks_[s / kChunk])[s % kChunk]; }

  // A new row equals Row{}.
  void resize(Slot size) {
    for (Slot s = size; s < size_; ++s) (*this)[s] = Row{};
    while (chunks_.size() * kChunk < size) chunks_.push_back(std::make_unique<Chunk>());
    size_ = size;
  }

 private:
  static constexpr Slot kChunk = 1024;
  // Not Row[]: its length would be stored in front of it, and an allocation slightly larger than
  // 2^n bytes takes a quarter more.
  using Chunk = std::array<Row, kChunk>;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  Slot size_ = 0;
};

// Append-only except for undoing the last append. Not thread-safe.
template <class Id, class Row, class Ids = AscendingIds<Id>>
class Table {
 public:
  // kNoSlot if there is none.
  Slot find(Id id) const { return ids_.find(id, size(), id_at()); }
  // Whether a row with that id may be appended.
  bool takes(Id id) const { return ids_.takes(id, size(), id_at()); }
  Slot size() const { return rows_.size(); }
  const Row& operator[](Slot s) const { return rows_[s]; }
  Row& operator[](Slot s) { return rows_[s]; }

  Slot append(Id id) {
    const Slot slot = size();
    QIAO_CHECK(ids_.takes(id, slot, id_at()), "an id is given once, and after all before it");
    ids_.append(id, slot, id_at());
    rows_.resize(slot + 1);
    rows_[slot].id = id;
    return slot;
  }
  void pop_back() {
    const Slot last = size() - 1;
    ids_.pop_back(rows_[last].id, last);
    rows_.resize(last);
  }
  // Reserves room for this many rows.
  void reserve(std::size_t n) { ids_.reserve(n, size(), id_at()); }
  // For many ids at once: call each of these for all of them in turn, then find().
  void prefetch(Id id) const { ids_.prefetch(id); }
  void prefetch_row(Id id) const {
    if (const Slot s = ids_.guess(id, size()); s != kNoSlot) __builtin_prefetch(&rows_[s], 1);
  }

 private:
  auto id_at() const {
    return [this](Slot s) { return rows_[s].id; };
  }

  Chunks<Row> rows_;
  Ids ids_;
};

}  // namespace qiao
