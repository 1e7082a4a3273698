// The certificate: how much the best can be worth, proved by prices.
//
// Whatever the prices, no allocation is worth more than the sum of what each need would gain if it chose alone, plus what
// all room would cost (weak Lagrangian duality; Fisher, "The Lagrangian relaxation method for solving integer programming
// problems", Management Science 1981).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/clear/instance.h"
#include "engine/clear/workers.h"

namespace qiao {

// O(edges log edges of a line). Prices >= 0, one for each slot. The same whatever the number of threads.
Worth upper_bound(const Instance& instance, std::span<const Worth> prices, const Workers& workers);

// Moves prices towards a lower bound by subgradient steps of Polyak's length, at most `rounds` of them, aiming at `value`
// (that of an allocation). Keeps the best; returns its bound. Asks go_on(bound so far) before each round.
Worth polish(const Instance& instance, std::vector<Worth>& prices, Worth value, int rounds, const Workers& workers,
             const std::function<bool(Worth bound)>& go_on);

}  // namespace qiao
