// The workforce of four kinds (四位一体), by area, against the standard of the policy.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>
#include <vector>

#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::string_view kSocialWorkCertificate = "social_worker";

// In steps; see ReportCount for its use.
class WorkforceCount {
 public:
  WorkforceCount(const State& state, Slot within, Time now);
  // O(persons + areas).
  std::size_t steps() const { return std::size_t{persons_} + areas_; }
  void add(std::size_t step);
  void sort();
  pb::WorkforceReport head() const;
  std::size_t rows() const { return sorted_.size(); }
  pb::WorkforceRow row(std::size_t place) const;

 private:
  struct Row {
    std::uint64_t area_code = 0;
    pb::WorkforceRow counts;
  };
  Row& row_of(Slot area);
  std::uint32_t needed(std::uint64_t people) const;
  void add_person(Slot person);
  void add_area(Slot area);

  const State& state_;
  Slot within_;
  Time now_;
  Slot persons_;
  Slot areas_;
  std::uint64_t population_ = 0;
  // By the area directly below `within_`; kNoSlot for persons in `within_` itself.
  boost::unordered_flat_map<Slot, Row> rows_;
  std::vector<std::pair<Slot, const Row*>> sorted_;
  pb::WorkforceRow total_;
  Slot branch(Slot area) const;
};

}  // namespace qiao
