// Needs of a stretch of time, grouped by one thing, with what became of them.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

enum class ReportBy : std::uint8_t { kProgramme, kCategory, kBeneficiary, kArea, kMonth };
std::optional<ReportBy> report_by(std::string_view word);
inline constexpr std::string_view kReportWords = "programme, category, beneficiary, area, month";

// Need by need; see OverviewCount.
class ReportCount {
 public:
  ReportCount(const State& state, Slot within, ReportBy by, Time from, Time to);
  void add(Slot need);
  pb::Report finish();

 private:
  struct Group {
    pb::ReportRow row;
    boost::unordered_flat_set<Slot> parties;
  };
  std::string code_of(const pb::Need& need) const;
  void name(pb::ReportRow& row) const;

  const State& state_;
  Slot within_;
  ReportBy by_;
  Time from_;
  Time to_;
  boost::unordered_flat_map<std::string, Group> groups_;
  Group total_;
};

// How long a match took: from check-in to check-out, in seconds. 0 where it was not served.
std::int64_t served_seconds(const pb::Match& match);

}  // namespace qiao
