// Who may give which command: one table.
#pragma once

#include "engine/base/refusal.h"
#include "engine/market/state.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

// Is the command open to the actor's role at all? Looks at the command and the actor only.
Status check_role(const pb::Command& command);

// The actor's party exists and may act (lead, resident and market have none).
Status check_actor(const pb::Command& command, const State& state);

// An organiser acts for its own area and all below; the lead, the market and a resident are not held to an area.
Status check_area(const pb::Actor& actor, const State& state, Slot area);

// A supplier acts for its own party and those that belong to it.
Status check_party(const pb::Actor& actor, const State& state, Slot party);

}  // namespace qiao
