// The overview of the city, or a part of it.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "engine/report/durations.h"
#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

// Whether the area is in that part of the city. kNoSlot means all of it.
bool in_part(const State& state, Slot area, Slot within);

// Counts in steps, so that the caller can pause in between. The market may change meanwhile: a row
// counts as it is when it is read, and rows that were added after the start do not count. Reads the
// market.
class OverviewCount {
 public:
  // The funnel covers needs created since then; waiting needs are counted whenever they were
  // created.
  OverviewCount(const State& state, Slot within, Time now, Time since);
  // O(areas + needs + parties), each a tenth of a microsecond at most.
  std::size_t steps() const;
  // Call once for each step, in order.
  void add(std::size_t step);
  // Call after all steps. Takes the time of a few hundred areas.
  pb::Overview finish();

 private:
  struct Waits {
    std::uint32_t needs = 0;
    std::uint32_t since = 0;
    std::int64_t missing_units = 0;
  };
  struct Gives {
    std::uint32_t parties = 0;
    std::uint32_t offers = 0;
  };
  struct Tally {
    Waits waits;
    Gives gives;
    std::int64_t asked_micro = 0;
    std::int64_t filled_micro = 0;
  };
  struct Waiting {
    std::uint32_t opened;
    Slot need;
  };
  static constexpr std::size_t kSteps = 6;
  static constexpr std::size_t kLevels = 3;  // communities, towns, cities

  bool inside(Slot area) const { return within_ == kNoSlot || inside_[area]; }
  bool empty(Slot area) const;
  void add_area(Slot area);
  void add_need(Slot need);
  void add_to_funnel(Slot need);
  static bool waits_longer(const Waiting& a, const Waiting& b);
  void add_waiting(Slot need, std::int64_t missing);
  void prefetch(Slot area) const;
  void add_party(Slot party);
  void mark_levels(Slot area);
  void choose_level();
  void roll_up(Slot area);
  Slot ancestor(Slot area, pb::AreaLevel level) const;
  void put_areas(pb::Overview& overview) const;
  void put_waiting(pb::Overview& overview) const;
  void put_categories(pb::Overview& overview);

  const State& state_;
  Slot within_;
  Time now_;
  Time since_;
  Slot areas_;
  Slot needs_;
  Slot parties_;
  std::vector<bool> inside_;
  // By area. Separate and small, because they are accessed in the order of parties and offers.
  Chunks<Waits> waits_;
  Chunks<Gives> gives_;
  std::array<std::vector<bool>, kLevels> marked_;
  std::array<std::size_t, kLevels> marks_{};
  std::size_t level_ = 0;
  boost::unordered_flat_map<Slot, Tally> rolled_;  // only the areas that are shown
  std::array<std::uint32_t, pb::NeedState_ARRAYSIZE> by_state_{};
  std::array<Durations, kSteps> funnel_;
  std::array<pb::PartyTally, 3> kinds_;
  std::vector<pb::CategoryTally> categories_;
  std::vector<Waiting> waiting_;  // a heap, the shortest wait on top
};

}  // namespace qiao
