// The workforce of four kinds (四位一体), by area, against the standard of the policy.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::string_view kSocialWorkCertificate = "social_worker";

// Step by step; see OverviewCount.
class WorkforceCount {
 public:
  WorkforceCount(const State& state, Slot within, Time now);
  // O(persons + areas).
  std::size_t steps() const { return std::size_t{persons_} + areas_; }
  void add(std::size_t step);
  pb::WorkforceReport finish();

 private:
  void add_person(Slot person);
  void add_area(Slot area);

  const State& state_;
  Slot within_;
  Time now_;
  Slot persons_;
  Slot areas_;
  std::uint64_t population_ = 0;
  // By the area right below `within_`; kNoSlot for what is in `within_` itself.
  boost::unordered_flat_map<Slot, pb::WorkforceRow> rows_;
  Slot branch(Slot area) const;
};

}  // namespace qiao
