// The invariants of a market. Shares no code with the functions that maintain them.
#pragma once

#include <string>
#include <vector>

#include "engine/rows/state.h"

namespace qiao {

// Checks every invariant of DESIGN.md §4 over the whole state, from the rows themselves. Each
// violation is one line of text; empty means none. O(rows log rows). Stops after kMaxBreaches.
inline constexpr std::size_t kMaxBreaches = 100;
std::vector<std::string> check_invariants(const State& state);

// A hash of the rows: equal for equal states, and different with high probability otherwise.
std::uint64_t digest(const State& state);

}  // namespace qiao
