// Grids are the same whether their entries came one by one or many at once, and whatever happens to
// them then.
#include "engine/match/grid.h"

#include <gtest/gtest.h>

#include <set>

#include "engine/base/random.h"

namespace qiao {
namespace {

struct Entry {
  Point point;
  std::uint32_t id;
};

// A grid, and where each of its entries is.
struct Kept {
  explicit Kept(std::int64_t cell) : grid(cell) {}

  void insert(const Entry& e) {
    at.resize(std::max<std::size_t>(at.size(), e.id + 1U));
    at[e.id] = grid.insert(e);
  }
  void erase(std::uint32_t id) {
    const GridPosition p = at[id];
    at[id] = {};
    grid.erase(p, [&](const Entry& moved) { at[moved.id] = p; });
  }
  std::multiset<std::uint32_t> near(Point from, std::int64_t reach_m) const {
    std::vector<Grid<Entry>::Near> cells;
    grid.near(from, reach_m, cells);
    std::multiset<std::uint32_t> ids;
    for (const auto& cell : cells) {
      for (const Entry& e : cell.entries) ids.insert(e.id);
    }
    return ids;
  }

  Grid<Entry> grid;
  std::vector<GridPosition> at;
};

Point any_point(Random& random) {
  // Most in one county, so that cells have several; some anywhere, poles and the date line among
  // them.
  if (random.chance(80)) {
    return {static_cast<std::int32_t>(306'000'000 + random.below(4'000'000)),
            static_cast<std::int32_t>(1'190'000'000 + random.below(4'000'000))};
  }
  const auto at = [&](std::int32_t most) {
    return static_cast<std::int32_t>(
        static_cast<std::int64_t>(random.below(2 * static_cast<std::uint64_t>(most) + 1)) - most);
  };
  return random.chance(20) ? Point{random.chance(50) ? kMaxLatitudeE7 : -kMaxLatitudeE7,
                                   random.chance(50) ? kMaxLongitudeE7 : -kMaxLongitudeE7}
                           : Point{at(kMaxLatitudeE7), at(kMaxLongitudeE7)};
}

TEST(Grid, IsTheSameFilledAtOnceOrOneByOne) {
  for (const std::int64_t cell : {200'000, 500'000, 10'000'000, 0}) {
    for (std::uint64_t seed = 1; seed <= 10; ++seed) {
      SCOPED_TRACE("cell " + std::to_string(cell) + ", seed " + std::to_string(seed));
      Random random(seed);
      std::vector<Entry> entries;
      const auto count = static_cast<std::uint32_t>(random.below(2'000));
      for (std::uint32_t id = 0; id < count; ++id) entries.push_back({any_point(random), id});
      Kept once(cell);
      Kept one_by_one(cell);
      for (const Entry& e : entries) once.grid.count(e.point);
      once.grid.allocate();
      once.at.resize(entries.size());
      for (const Entry& e : entries) once.grid.place(e.point) = e;
      EXPECT_EQ(once.grid.bulk_size(), entries.size());
      once.grid.finish([&](const Entry& e, GridPosition p) { once.at[e.id] = p; });
      for (const Entry& e : entries) one_by_one.insert(e);

      std::set<std::uint32_t> there;
      for (const Entry& e : entries) there.insert(e.id);
      for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 20; ++i) {
          const Point from = any_point(random);
          const auto reach = static_cast<std::int64_t>(random.below(300'000));
          EXPECT_EQ(once.near(from, reach), one_by_one.near(from, reach));
        }
        const auto all = once.near({}, kMaxDistanceMetres);
        EXPECT_TRUE(std::equal(all.begin(), all.end(), there.begin(), there.end()));
        for (int i = 0; i < 50; ++i) {
          const auto id = static_cast<std::uint32_t>(random.below(entries.size() + 1));
          if (id == entries.size()) entries.push_back({any_point(random), id});
          Entry& e = entries[id];
          if (there.erase(id) != 0) {
            once.erase(id);
            one_by_one.erase(id);
          } else {
            e.point = any_point(random);
            once.insert(e);
            one_by_one.insert(e);
            there.insert(id);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace qiao
