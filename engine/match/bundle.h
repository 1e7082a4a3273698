// Offers from the three sides that together fill a need.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// A suggestion: by line the scarcest first, the most valuable offers until the line is full; no
// offer is counted twice in the same window. With a ratio of professionals to volunteers,
// volunteers beyond what the professionals allow are left out. An all-or-nothing need that cannot
// be filled gets no parts, only the shortfalls. A heuristic, not an optimum: in clearing (DESIGN.md
// §5) needs compete.
pb::Bundle bundle(const Ranking& ranking, Slot need, Time now);

}  // namespace qiao
