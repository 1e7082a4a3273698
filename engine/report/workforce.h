// The workforce of four kinds (四位一体), by area, against the standard of the policy.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::string_view kSocialWorkCertificate = "social_worker";

// Person by person; see OverviewCount.
class WorkforceCount {
 public:
  WorkforceCount(const State& state, Slot within, Time now) : state_(state), within_(within), now_(now) {}
  void add(Slot person);
  pb::WorkforceReport finish();

 private:
  const State& state_;
  Slot within_;
  Time now_;
  // By the area right below `within_`; kNoSlot for what is in `within_` itself.
  boost::unordered_flat_map<Slot, pb::WorkforceRow> rows_;
  Slot branch(Slot area) const;
};

}  // namespace qiao
