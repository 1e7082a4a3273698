// What is always true of a market. Shares no code with what keeps it true.
#pragma once

#include <string>
#include <vector>

#include "engine/rows/state.h"

namespace qiao {

// Checks every invariant of DESIGN.md §4 over the whole state, from the rows themselves. Each
// broken one is a line of text; empty is good. O(rows log rows). Stops after kMaxBreaches.
inline constexpr std::size_t kMaxBreaches = 100;
std::vector<std::string> check_invariants(const State& state);

// A number that two states share when their rows are the same (and hardly ever otherwise).
std::uint64_t digest(const State& state);

}  // namespace qiao
