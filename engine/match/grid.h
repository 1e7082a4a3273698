// A grid over latitude and longitude with hashed cells; the entries of a cell are contiguous.
//
// Measured (DESIGN.md §8): among 1,000,000 points, all within 5 km in 3 us; an S2 covering takes 5
// us.
#pragma once

#include <algorithm>
#include <boost/sort/spreadsort/integer_sort.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/base/check.h"
#include "engine/base/geography.h"
#include "engine/rows/rows.h"

namespace qiao {

// The position of an entry, for removing it.
struct GridPosition {
  std::uint32_t bucket = 0;
  std::uint32_t index = 0;
};

// A lower bound on the distance from a point to a box of latitudes and longitudes.
std::int64_t least_distance_metres(Point from, std::int64_t south, std::int64_t north,
                                   std::int64_t west, std::int64_t east);

// Entry has a member `Point point`. Single-threaded.
template <class Entry>
class Grid {
  static_assert(std::is_trivially_copyable_v<Entry>);

 public:
  // The width and height of a cell in 1e-7 degrees; 0 means a single cell. Must divide 360 degrees.
  explicit Grid(std::int64_t cell_e7)
      : cell_(cell_e7),
        columns_(cell_e7 == 0 ? 1 : 3'600'000'000 / cell_e7),
        rows_of_band_(cell_e7 == 0 ? 1 : row(kMaxLatitudeE7) / kMostBands + 1) {
    // row() counts from the south pole to the north pole, both included.
    QIAO_CHECK(cell_ == 0 || (row(kMaxLatitudeE7) + 1) * columns_ <= std::int64_t{1} << 32,
               "a cell and a number fit 64 bits");
  }

  GridPosition insert(const Entry& entry) {
    const auto [it, is_new] =
        index_.try_emplace(key(entry.point), static_cast<std::uint32_t>(buckets_.size()));
    if (is_new) buckets_.push_back({.key = it->first});
    Bucket& bucket = buckets_[it->second];
    if (bucket.size == bucket.capacity) bucket.grow();
    bucket.entries[bucket.size] = entry;
    return {it->second, bucket.size++};
  }

  // Bulk build of an empty grid: call count() for each point, allocate(), place() for each point
  // and fill the result, then finish(). Entries arrive in random order, and finding the cell of
  // each would wait for memory; so they are sorted into bands of latitude first, and then by cell
  // within each band, which fits in the cache.
  void count(Point point) {
    const auto band = static_cast<std::size_t>(band_of(point));
    if (bands_.size() <= band) bands_.resize(band + 1);
    ++bands_[band];
  }
  void allocate() {
    std::uint32_t begin = 0;
    for (std::uint32_t& band : bands_) begin += std::exchange(band, begin);
    placed_ = std::make_unique_for_overwrite<Entry[]>(begin);
    bulk_size_ = begin;
  }
  // The entry to fill for that point.
  Entry& place(Point point) { return placed_[bands_[static_cast<std::size_t>(band_of(point))]++]; }
  // The number of entries of the bulk build.
  std::size_t bulk_size() const { return bulk_size_; }
  // Sorts the entries into cells; calls placed(entry, position) for each.
  template <class Placed>
  void finish(Placed placed) {
    std::vector<std::uint64_t> order;  // cell, and index in the band
    std::vector<Entry> band;
    std::uint32_t begin = 0;
    for (const std::uint32_t end : std::exchange(bands_, {})) {
      band.assign(placed_.get() + begin, placed_.get() + end);
      order.clear();
      for (std::uint32_t i = 0; i < band.size(); ++i) order.push_back(key(band[i].point) << 32 | i);
      boost::sort::spreadsort::integer_sort(order.begin(), order.end());
      for (const std::uint64_t next : order) {
        const std::uint64_t cell = next >> 32;
        if (buckets_.empty() || buckets_.back().key != cell) {
          index_.emplace(cell, static_cast<std::uint32_t>(buckets_.size()));
          buckets_.push_back({.key = cell, .entries = &placed_[begin]});
        }
        Bucket& bucket = buckets_.back();
        placed_[begin] = band[static_cast<std::uint32_t>(next)];
        placed(placed_[begin++],
               GridPosition{static_cast<std::uint32_t>(buckets_.size() - 1), bucket.size++});
        bucket.capacity = bucket.size;
      }
    }
  }

  // Moves the last entry of the cell to the freed position p, and calls moved(entry) for it.
  template <class Moved>
  void erase(GridPosition p, Moved moved) {
    Bucket& bucket = buckets_[p.bucket];
    if (p.index != --bucket.size) {
      bucket.entries[p.index] = bucket.entries[bucket.size];
      moved(bucket.entries[p.index]);
    }
  }

  struct Near {
    std::int64_t least_m;  // no entry in it is nearer
    std::span<const Entry> entries;
  };

  // Appends the cells that may contain points within reach_m of a point. Visits no more cells than
  // are occupied.
  void near(Point from, std::int64_t reach_m, std::vector<Near>& out) const {
    if (buckets_.empty()) return;
    if (cell_ == 0) {
      out.push_back({0, buckets_.front().all()});
      return;
    }
    const std::int64_t span =
        reach_m * 10'000'000'000 / kMillimetresPerDegree + 1;  // 1e-7 degrees of latitude
    const std::int64_t south = std::max<std::int64_t>(from.latitude_e7 - span, -kMaxLatitudeE7);
    const std::int64_t north = std::min<std::int64_t>(from.latitude_e7 + span, kMaxLatitudeE7);
    // Meridians are closest to each other at the edge of the box nearer to a pole.
    const std::int64_t widest = std::max(std::abs(south), std::abs(north));
    const std::int64_t cosine = cosine_q30(static_cast<std::int32_t>(widest));
    const std::int64_t wide =
        cosine < (1 << 12)
            ? kMaxLongitudeE7
            : std::min<std::int64_t>(
                  static_cast<std::int64_t>((static_cast<__int128>(span) << 30) / cosine) + 1,
                  kMaxLongitudeE7);
    const std::int64_t first_row = row(south);
    const std::int64_t rows = row(north) - first_row + 1;
    const std::int64_t first_column = floor_div(from.longitude_e7 - wide);
    const std::int64_t columns =
        std::min(floor_div(from.longitude_e7 + wide) - first_column + 1, columns_);
    if (rows * columns > static_cast<std::int64_t>(buckets_.size())) {
      for (const Bucket& b : buckets_)
        add(from, reach_m, b, static_cast<std::int64_t>(b.key) / columns_,
            static_cast<std::int64_t>(b.key) % columns_, out);
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

 private:
  // Enough bands that one of a million entries fits in the cache, few enough that all of them can
  // be written to alternately.
  static constexpr std::int64_t kMostBands = 4096;

  struct Bucket {
    std::uint64_t key = 0;
    Entry* entries = nullptr;  // in `own`, or in the bulk allocation
    std::uint32_t size = 0;
    std::uint32_t capacity = 0;
    std::unique_ptr<Entry[]> own = nullptr;

    std::span<const Entry> all() const { return {entries, size}; }
    void grow() {
      // Cells hold few entries; doubling would waste a third of the memory of a million of them.
      capacity += std::max<std::uint32_t>(2, capacity / 4);
      auto more = std::make_unique_for_overwrite<Entry[]>(capacity);
      std::copy_n(entries, size, more.get());
      own = std::move(more);
      entries = own.get();
    }
  };

  std::int64_t floor_div(std::int64_t v) const {
    return v >= 0 ? v / cell_ : -((-v + cell_ - 1) / cell_);
  }
  std::int64_t row(std::int64_t latitude) const { return (latitude + kMaxLatitudeE7) / cell_; }
  std::int64_t band_of(Point p) const {
    return cell_ == 0 ? 0 : row(p.latitude_e7) / rows_of_band_;
  }
  std::uint64_t key(Point p) const {
    if (cell_ == 0) return 0;
    return static_cast<std::uint64_t>(row(p.latitude_e7) * columns_ +
                                      wrapped(floor_div(p.longitude_e7)));
  }
  // Columns wrap around the earth.
  std::int64_t wrapped(std::int64_t column) const {
    return (column % columns_ + columns_) % columns_;
  }
  void add(Point from, std::int64_t reach_m, const Bucket& b, std::int64_t row, std::int64_t column,
           std::vector<Near>& out) const {
    if (b.size == 0) return;
    const std::int64_t south = row * cell_ - kMaxLatitudeE7;
    const std::int64_t west = column * cell_;
    const std::int64_t least =
        least_distance_metres(from, south, south + cell_, west, west + cell_);
    if (least <= reach_m) out.push_back({least, b.all()});
  }

  std::int64_t cell_;
  std::int64_t columns_;
  std::int64_t rows_of_band_;
  // During a bulk build: the number of entries of each band, then the next position in it.
  std::vector<std::uint32_t> bands_;
  std::unique_ptr<Entry[]> placed_;
  std::size_t bulk_size_ = 0;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> index_;
  std::vector<Bucket> buckets_;
};

}  // namespace qiao
