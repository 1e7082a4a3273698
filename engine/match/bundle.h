// A combination of offers that together fill a need.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// Suggests offers for each line, beginning with the scarcest line and the most valuable offers,
// until it is full; no offer is counted twice in the same window. With a staffing ratio, volunteers
// beyond what the professionals allow are left out. An all-or-nothing need that cannot be filled
// gets no parts, only the shortfalls. A heuristic, not an optimum: it ignores other needs, unlike
// clearing (DESIGN.md §5).
pb::Bundle bundle(const Ranking& ranking, Slot need, Time now);

}  // namespace qiao
