// A team's open lines in the order that clearing prefers.
#pragma once

#include <vector>

#include "engine/clear/plan.h"

namespace qiao {

// A line, and what taking it adds to the total, in millionths of value: the value of the pair, less
// the price of the offer's units, less what the line would gain from another offer. By
// complementary slackness this is about 0 where clearing would use the offer, and negative
// elsewhere: if every team takes the top of its list, together they do what clearing intends
// (DESIGN.md §5).
struct Steered {
  Candidate candidate;
  std::int64_t adds_micro;
  std::int32_t planned;  // units of this offer that the plan assigns to the line
};

// The party's open lines: first those that the plan assigns to it (at its prices others may add as
// much), then by what they add; ties by value. Considers the kMaxRanked lines of the greatest
// value.
std::vector<Steered> steered_lines(const Ranking& ranking, const Plan& plan, Slot party,
                                   std::size_t k, Time now);

}  // namespace qiao
