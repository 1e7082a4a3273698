// Clearing instances to measure with.
#pragma once

#include "benchmarks/nation.h"
#include "engine/clear/collect.h"
#include "engine/clear/instance.h"

namespace qiao::bench {

// Everything open in the market, copied out on two threads. As the server does, fewer offers are
// listed for each line where there are many needs.
Instance collect_all(const RankedMarket& market);

// Lines over supply, where supply is counted in lines: the room of each offer at each instant at
// which it can serve somebody, over what a line there misses on average.
double load_of(const Instance& instance);

// The same with as much supply as makes that load: rooms are scaled down and rounded by chance,
// without bias; offers that are left without room, or with less than their smallest lot, drop out.
// For instances in which every offer is listed: where lists were cut, what was cut off would be
// left as it was (Size::supply thins a market before it is copied out).
Instance at_load(const Instance& instance, double load, std::uint64_t seed);

// Lines of one unit and offers of one unit or more, `degree` random offers to a line with values of
// 1 .. 1,000: a transport problem.
Instance transport(std::uint32_t lines, std::uint32_t offers, std::uint32_t degree,
                   std::int32_t quantity, std::uint64_t seed);

}  // namespace qiao::bench
