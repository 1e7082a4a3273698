// What posting a need would find, while its form is being filled in, and what would improve it.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// Line by line, so that the caller can pause in between. Reads the market.
class Preview {
 public:
  // The need must have been validated; it is treated as open. only_line: its number, 0: all.
  Preview(const Ranking& ranking, const pb::Need& need, std::uint32_t only_line, Time now);
  // O(lines): about a dozen counts for each, each over the offers within reach.
  std::size_t steps() const;
  // Each once, in their order.
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
