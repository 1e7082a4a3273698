// Points in hashed cells of a grid over latitude and longitude, each cell's entries contiguous.
//
// Measured (DESIGN.md §8): among 1,000,000 points, all within 5 km in 3 us; an S2 covering takes 5 us.
#pragma once

#include <algorithm>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/geography.h"
#include "engine/market/rows.h"

namespace qiao {

// Where an entry is, so that it can be taken out.
struct GridPosition {
  std::uint32_t bucket = kNoSlot;
  std::uint32_t index = 0;
};

// Least distance from a point to anything in a box of latitudes and longitudes, never too large.
std::int64_t least_distance_metres(Point from, std::int64_t south, std::int64_t north, std::int64_t west, std::int64_t east);

// Entry needs `Point point`. Single-threaded.
template <class Entry>
class Grid {
 public:
  // Cells are that many 1e-7 degrees wide and high; 0 stands for one cell for all. Must divide 360 degrees.
  explicit Grid(std::int64_t cell_e7) : cell_(cell_e7), columns_(cell_e7 == 0 ? 1 : 3'600'000'000 / cell_e7) {
    // row() counts from the south pole to the north pole, both included.
    QIAO_CHECK(cell_ == 0 || (row(kMaxLatitudeE7) + 1) * columns_ <= std::int64_t{1} << 32, "a cell and an id fit a ticket");
  }

  GridPosition insert(const Entry& entry) {
    const auto [it, fresh] = index_.try_emplace(key(entry.point), static_cast<std::uint32_t>(buckets_.size()));
    if (fresh) buckets_.push_back({it->first, {}});
    auto& entries = buckets_[it->second].entries;
    // Cells hold few entries; doubling would waste a third of the memory of a million of them.
    if (entries.size() == entries.capacity()) entries.reserve(entries.size() + std::max<std::size_t>(2, entries.size() / 4));
    entries.push_back(entry);
    return {it->second, static_cast<std::uint32_t>(entries.size() - 1)};
  }

  // A number for whoever is at that point, by which those in the same cell sort together.
  std::uint64_t ticket(Point point, std::uint32_t id) const { return key(point) << 32 | id; }

  // Many at once, into an empty grid, given their tickets: each entry is make(id), and placed(id, position) says where it is.
  // coming(id) and soon(id) go before make(id), a while apart, to ask for memory. Every cell is looked for once, and made as large
  // as it has to be.
  template <class Coming, class Soon, class Make, class Placed>
  void fill(std::vector<std::uint64_t> tickets, Coming coming, Soon soon, Make make, Placed placed) {
    constexpr std::size_t kAhead = 16;
    const auto cell_of = [](std::uint64_t ticket) { return ticket >> 32; };
    const auto id_of = [](std::uint64_t ticket) { return static_cast<std::uint32_t>(ticket); };
    boost::sort::spreadsort::integer_sort(tickets.begin(), tickets.end());
    std::size_t cells = 0;
    for (std::size_t i = 0; i < tickets.size(); ++i) cells += i == 0 || cell_of(tickets[i]) != cell_of(tickets[i - 1]) ? 1 : 0;
    index_.reserve(cells);
    buckets_.reserve(cells);
    for (std::size_t begin = 0; begin < tickets.size();) {
      std::size_t end = begin;
      while (end < tickets.size() && cell_of(tickets[end]) == cell_of(tickets[begin])) ++end;
      const auto bucket = static_cast<std::uint32_t>(buckets_.size());
      index_.emplace(cell_of(tickets[begin]), bucket);
      auto& entries = buckets_.emplace_back(Bucket{cell_of(tickets[begin]), {}}).entries;
      entries.reserve(end - begin);
      for (std::size_t i = begin; i < end; ++i) {
        if (i + 2 * kAhead < tickets.size()) coming(id_of(tickets[i + 2 * kAhead]));
        if (i + kAhead < tickets.size()) soon(id_of(tickets[i + kAhead]));
        placed(id_of(tickets[i]), GridPosition{bucket, static_cast<std::uint32_t>(entries.size())});
        entries.push_back(make(id_of(tickets[i])));
      }
      begin = end;
    }
  }

  // Fills the hole with the last entry of the cell and tells moved(entry) whose position is now p.
  template <class Moved>
  void erase(GridPosition p, Moved moved) {
    auto& entries = buckets_[p.bucket].entries;
    if (p.index + 1 != entries.size()) {
      entries[p.index] = entries.back();
      moved(entries[p.index]);
    }
    entries.pop_back();
  }

  struct Near {
    std::int64_t least_m;  // nothing in it is nearer
    const std::vector<Entry>* entries;
  };

  // Appends the cells that may hold points within reach_m of a point. Looks at no more cells than are filled.
  void near(Point from, std::int64_t reach_m, std::vector<Near>& out) const {
    if (buckets_.empty()) return;
    if (cell_ == 0) {
      out.push_back({0, &buckets_.front().entries});
      return;
    }
    const std::int64_t span = reach_m * 10'000'000'000 / kMillimetresPerDegree + 1;  // 1e-7 degrees of latitude
    const std::int64_t south = std::max<std::int64_t>(from.latitude_e7 - span, -kMaxLatitudeE7);
    const std::int64_t north = std::min<std::int64_t>(from.latitude_e7 + span, kMaxLatitudeE7);
    // Meridians are nearest together at the end of the box that is nearer to a pole.
    const std::int64_t widest = std::max(std::abs(south), std::abs(north));
    const std::int64_t cosine = cosine_q30(static_cast<std::int32_t>(widest));
    const std::int64_t wide = cosine < (1 << 12) ? kMaxLongitudeE7 : std::min<std::int64_t>(static_cast<std::int64_t>((static_cast<__int128>(span) << 30) / cosine) + 1, kMaxLongitudeE7);
    const std::int64_t first_row = row(south);
    const std::int64_t rows = row(north) - first_row + 1;
    const std::int64_t first_column = floor_div(from.longitude_e7 - wide);
    const std::int64_t columns = std::min(floor_div(from.longitude_e7 + wide) - first_column + 1, columns_);
    if (rows * columns > static_cast<std::int64_t>(buckets_.size())) {
      for (const Bucket& b : buckets_) add(from, reach_m, b, static_cast<std::int64_t>(b.key) / columns_, static_cast<std::int64_t>(b.key) % columns_, out);
      return;
    }
    const std::int64_t westmost = wrapped(first_column);
    for (std::int64_t r = first_row; r < first_row + rows; ++r) {
      std::int64_t column = westmost;
      for (std::int64_t c = 0; c < columns; ++c) {
        const auto it = index_.find(static_cast<std::uint64_t>(r * columns_ + column));
        if (it != index_.end()) add(from, reach_m, buckets_[it->second], r, column, out);
        if (++column == columns_) column = 0;
      }
    }
  }

  std::size_t bytes() const {
    std::size_t sum = index_.size() * (sizeof(std::uint64_t) * 2) + buckets_.capacity() * sizeof(Bucket);
    for (const Bucket& b : buckets_) sum += b.entries.capacity() * sizeof(Entry);
    return sum;
  }

 private:
  struct Bucket {
    std::uint64_t key;
    std::vector<Entry> entries;
  };

  std::int64_t floor_div(std::int64_t v) const { return v >= 0 ? v / cell_ : -((-v + cell_ - 1) / cell_); }
  std::int64_t row(std::int64_t latitude) const { return (latitude + kMaxLatitudeE7) / cell_; }
  std::uint64_t key(Point p) const {
    if (cell_ == 0) return 0;
    return static_cast<std::uint64_t>(row(p.latitude_e7) * columns_ + wrapped(floor_div(p.longitude_e7)));
  }
  // Columns go around the earth.
  std::int64_t wrapped(std::int64_t column) const { return (column % columns_ + columns_) % columns_; }
  void add(Point from, std::int64_t reach_m, const Bucket& b, std::int64_t row, std::int64_t column, std::vector<Near>& out) const {
    if (b.entries.empty()) return;
    const std::int64_t south = row * cell_ - kMaxLatitudeE7;
    const std::int64_t west = column * cell_;
    const std::int64_t least = least_distance_metres(from, south, south + cell_, west, west + cell_);
    if (least <= reach_m) out.push_back({least, &b.entries});
  }

  std::int64_t cell_;
  std::int64_t columns_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> index_;
  std::vector<Bucket> buckets_;
};

}  // namespace qiao
