// A team's list in the order that clearing prefers.
#pragma once

#include <vector>

#include "engine/clear/plan.h"

namespace qiao {

// A line, and what taking it adds to the whole, in millionths of value: what the offer is worth
// there, less what its units are worth to others, less what the line would gain from another offer.
// By complementary slackness it is about 0 where clearing would put the offer, and negative
// elsewhere, so that teams that each take the top of their list together do what clearing intends
// (DESIGN.md §5).
struct Steered {
  Candidate candidate;
  std::int64_t adds_micro;
  std::int32_t planned;  // units that the plan has of this offer for the line
};

// The party's open lines: those that the plan assigns to it first (at its prices others may add as
// much), then by what they add, ties by value. Considers the kMaxRanked lines of the greatest
// value.
std::vector<Steered> steered_lines(const Ranking& ranking, const Plan& plan, Slot party,
                                   std::size_t k, Time now);

}  // namespace qiao
