// The city, or a part of it, at a glance.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

// Is the area in that part of the city? kNoSlot stands for all of it.
bool in_part(const State& state, Slot area, Slot within);

// Counts need by need, so that whoever has something else to do can stop in between; the market may change meanwhile, and
// a need counts as it was when it was looked at. Reads the market.
class OverviewCount {
 public:
  // The funnel is of needs written since then; what waits is everything that does.
  OverviewCount(const State& state, Slot within, Time now, Time since);
  // About 1 us: it parses the need.
  void add(Slot need);
  // O(areas + parties + offers).
  pb::Overview finish();

 private:
  pb::AreaLevel roll_up();
  static constexpr std::size_t kSteps = 6;
  struct Step {
    std::uint32_t needs = 0;
    std::vector<std::int64_t> took;
  };
  const State& state_;
  Slot within_;
  Time now_;
  Time since_;
  std::array<std::uint32_t, pb::NeedState_ARRAYSIZE> by_state_{};
  std::array<Step, kSteps> steps_;
  boost::unordered_flat_map<Slot, pb::AreaTally> areas_;
  std::vector<pb::CategoryTally> categories_;
  std::vector<pb::WaitingNeed> waiting_;  // a heap, the shortest wait on top
};

}  // namespace qiao
