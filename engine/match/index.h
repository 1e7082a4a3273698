// The index of matching: offers that can be matched and lines that need offers, by kind, place,
// skill and time.
#pragma once

#include <array>
#include <memory>
#include <vector>

#include "engine/base/workers.h"
#include "engine/match/grid.h"
#include "engine/rows/state.h"

namespace qiao {

// Skills and certificates as 64 bits without false negatives: the requirements are a subset of the
// qualifications only if the signatures are too.
std::uint64_t signature(const LineRow& line);
std::uint64_t signature(const OfferRow& offer);

// What a search needs to know of an offer before it reads its row.
struct OfferEntry {
  Point point;
  std::uint64_t signature;
  WeekMask week;
  Slot offer;
  std::uint32_t radius_m;  // 0 if the recipient collects the goods
};

// The same of a line.
struct LineEntry {
  Point point;
  std::uint64_t signature;
  WeekMask week;
  std::int32_t
      start_minute;  // of its window, minutes since 1970, rounded down; 32 bits reach the year 6053
  Slot line;
  Slot need;
  Slot fairness;
  std::uint32_t travel_m;
  pb::Urgency urgency;
};

inline constexpr std::array<std::int64_t, 5> kReachMetres = {2'000, 6'000, 20'000, 60'000, 200'000};
inline constexpr std::size_t kReachLevels = kReachMetres.size() + 1;

// Entries of one kind of supply (a time kind or a resource), in grids by reach: entries with a long
// reach are in coarse cells, so that a search visits few cells whatever the reach.
template <class Entry>
class KindIndex {
 public:
  using Cells = std::array<std::int64_t, kReachLevels>;  // the width of cells, by level

  static std::uint8_t level_of(std::int64_t reach_m) {
    std::uint8_t level = 0;
    while (level < kReachMetres.size() && reach_m > kReachMetres[level]) ++level;
    return level;
  }
  Grid<Entry>& grid(std::uint8_t level, const Cells& cells) {
    if (!levels_[level]) levels_[level] = std::make_unique<Grid<Entry>>(cells[level]);
    return *levels_[level];
  }
  template <class Visit>
  void each_grid(Visit visit) {
    for (auto& grid : levels_) {
      if (grid) visit(*grid);
    }
  }
  // Cells that may contain an entry within the greater of its own reach and reach_m.
  void near(Point from, std::int64_t reach_m, std::vector<typename Grid<Entry>::Near>& out) const {
    for (std::size_t level = 0; level < kReachLevels; ++level) {
      if (!levels_[level]) continue;
      const std::int64_t own =
          level < kReachMetres.size() ? kReachMetres[level] : kMaxDistanceMetres;
      levels_[level]->near(from, std::max(own, reach_m), out);
    }
  }

 private:
  std::array<std::unique_ptr<Grid<Entry>>, kReachLevels> levels_;
};

// Active offers and open lines by kind and place, for searches by distance. Refers to the state,
// which must outlive it. Updated by changes of the state. Single-threaded, except for the workers
// of build().
class Index {
 public:
  explicit Index(const State& state) : state_(state) {}

  // Rebuilds everything, in two parallel parts: about half the cost of adding entries one by one.
  void build(const Workers& workers);
  void put_offer(Slot offer);
  void take_offer(Slot offer);
  void put_need(Slot need);
  void take_need(Slot need);

  // nullptr if there is nothing of that kind.
  const KindIndex<OfferEntry>* offers(const LineRow& line) const {
    return at(offers_, line.time_kind, line.resource);
  }
  const KindIndex<LineEntry>* lines(const OfferRow& offer) const {
    return at(lines_, offer.time_kind, offer.resource);
  }

 private:
  template <class Entry>
  using Kinds = std::vector<std::unique_ptr<KindIndex<Entry>>>;
  struct Position {
    std::uint16_t kind = 0;  // 0: not in the index
    std::uint8_t level = 0;
    GridPosition at;
  };
  // Time kinds first, then resources.
  static std::uint16_t kind_of(std::uint8_t time_kind, std::uint16_t resource) {
    return time_kind != 0 ? static_cast<std::uint16_t>(time_kind)
                          : static_cast<std::uint16_t>(pb::TimeKind_ARRAYSIZE + resource);
  }
  template <class Entry>
  static const KindIndex<Entry>* at(const Kinds<Entry>& kinds, std::uint8_t time_kind,
                                    std::uint16_t resource) {
    const auto k = kind_of(time_kind, resource);
    return k < kinds.size() ? kinds[k].get() : nullptr;
  }
  // All of the position except the one in the grid. Positions and entries are filled in place:
  // returning and copying them would cause store-forwarding stalls.
  void fill(Position& position, Slot offer) const;
  void fill(Position& position, const NeedRow& need, Slot line) const;
  void fill(OfferEntry& entry, Slot offer) const;
  void fill(LineEntry& entry, const NeedRow& need, Slot line) const;
  // The first part of build(), for each of the two: every entry is placed in its grid.
  void place_offers();
  void place_lines();
  void take_line(Slot line);

  const State& state_;
  Kinds<OfferEntry> offers_;
  Kinds<LineEntry> lines_;
  std::vector<Position> offer_at_;
  std::vector<Position> line_at_;
};

}  // namespace qiao
