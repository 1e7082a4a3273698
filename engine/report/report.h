// Needs of a period, grouped by one property, with their results.
#pragma once

#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/paged_array.h"
#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

enum class ReportBy : std::uint8_t { kProgramme, kCategory, kBeneficiary, kArea, kMonth };
std::optional<ReportBy> report_by(std::string_view word);
inline constexpr std::string_view kReportWords = "programme, category, beneficiary, area, month";

// The property to group by.
struct ReportScope {
  Slot within = kNoSlot;  // an area: there and below; kNoSlot: everywhere
  ReportBy by = ReportBy::kProgramme;
  Time from{};
  Time to{};
  friend bool operator==(const ReportScope&, const ReportScope&) = default;
};

// In steps; see OverviewCount. There may be as many groups as communities.
class ReportCount {
 public:
  ReportCount(const State& state, const ReportScope& scope);
  // O(needs).
  std::size_t steps() const { return needs_; }
  void add(std::size_t need);
  // Call after all steps: sorts the groups. Does not read the market, so that it may run on any
  // thread: a nation has 100,000 groups.
  void sort();
  // Call after sort(): the report without its rows, and each row.
  pb::Report head() const;
  std::size_t rows() const { return sorted_.size(); }
  pb::ReportRow row(std::size_t place) const;

 private:
  struct Group {
    std::string code;
    pb::ReportRow row;
    boost::unordered_flat_set<Slot> parties;
  };
  // The key of a group, and its code: an index of the taxonomy, the slot of an area, or 202611.
  std::uint32_t key_of(Slot need) const;
  std::string code_of(std::uint32_t key) const;
  void name(pb::ReportRow& row) const;
  pb::ReportRow counted(Slot need) const;
  void add_services(Slot need, pb::ReportRow& row, Group& group);

  const State& state_;
  ReportScope scope_;
  Slot needs_;
  PagedArray<Group*> groups_;  // by key; nullptr: none
  std::deque<Group> all_;
  std::vector<const Group*> sorted_;
  pb::ReportRow total_;
  std::vector<bool> parties_;  // by slot: whether it served
};

// How long a match took: from check-in to check-out, in seconds. 0 if it was not served.
std::int64_t served_seconds(const pb::Match& match);

}  // namespace qiao
