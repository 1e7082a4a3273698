// What a need would find if it were posted, and what would improve it, while its form is being
// filled in.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// Runs in steps, so that the caller can pause in between. Reads the market.
class Preview {
 public:
  // The need must be valid; it is treated as open. only_line: the number of a line; 0: all.
  Preview(const Ranking& ranking, const pb::Need& need, std::uint32_t only_line, Time now);
  // O(lines): about a dozen counts for each line, each over the offers within reach.
  std::size_t steps() const;
  // Call once for each step, in order.
  void add(std::size_t step);
  pb::PreviewResponse finish() { return std::move(response_); }

 private:
  void add_changes(const pb::RequirementLine& sent, std::uint32_t number, std::size_t parties,
                   pb::LinePreview& out);

  const Ranking& ranking_;
  pb::Need need_;
  std::uint32_t only_line_;
  Time now_;
  NeedRow row_;
  pb::PreviewResponse response_;
};

}  // namespace qiao
