// Whether an actor may do what a command asks, and to which rows. The table is
// engine/rows/operations.inc.
#pragma once

#include "engine/base/refusal.h"
#include "engine/rows/operations.h"
#include "engine/rows/state.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

// What a role has of an operation. An organiser that is not active has of the whole city only what
// a resident has; its area is none (in_area_of).
Scope scope_of(Operation operation, pb::Role role, bool active);
Scope scope_of(const State& state, Operation operation, const pb::Actor& actor);

// What the actor's role has of the command. Refused where that is nothing. Looks at the command and
// the actor only.
Result<Scope> check_role(const pb::Command& command);

// The actor's party exists, is of the right kind and may act (roles without a party have none).
Status check_actor(const pb::Command& command, const State& state);

// Where the scope is an area: it is the actor's own area or below.
Status check_area(Scope scope, const pb::Actor& actor, const State& state, Slot area);

// Where the scope is a party: it is the actor's own or belongs to it.
Status check_party(Scope scope, const pb::Actor& actor, const State& state, Slot party);

// Where the scope is one's own: the need carries the resident's number.
Status check_resident(Scope scope, const pb::Actor& actor, std::uint64_t resident_ref);

// The same as questions, whatever the role. A party that is not active has no area.
bool in_area_of(const pb::Actor& actor, const State& state, Slot area);
bool in_party_of(const pb::Actor& actor, const State& state, Slot party);

}  // namespace qiao
