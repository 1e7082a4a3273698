// What a need would find if it were posted, and what would improve it, while its form is being
// filled in.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// Runs in steps, so that the caller can pause in between. Reads the market.
class Preview {
 public:
  // The need must be valid; it is treated as open. only_line: the number of a line; 0: all.
  Preview(const Ranking& ranking, const pb::Need& need, std::uint32_t only_line, Time now);
  // O(lines). Each step is one count over the offers within reach: of a line as it is, or with one
  // change.
  std::size_t steps() const;
  // Call once for each step, in order.
  void add(std::size_t step);
  pb::PreviewResponse finish() { return std::move(response_); }

 private:
  // A line with one of its properties changed.
  struct Change {
    const char* code;
    std::string zh;
    std::string en;
    pb::RequirementLine line;
    std::uint32_t travel_m;
    bool moves = false;
  };
  static std::vector<Change> changes_of(const pb::RequirementLine& line, const NeedRow& need,
                                        const TimeZone& zone, Time now);
  void begin_line(const pb::RequirementLine& sent, std::uint32_t number);
  void count_change(Change change);
  void finish_line();

  const Ranking& ranking_;
  pb::Need need_;
  std::uint32_t only_line_;
  Time now_;
  NeedRow row_;
  // The changes of the current line, and those that bring more parties.
  std::vector<Change> changes_;
  std::vector<std::pair<Ranking::Count, Change>> better_;
  pb::PreviewResponse response_;
};

}  // namespace qiao
