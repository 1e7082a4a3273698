// Whether an actor may do what a command requests, and to which rows. The table is
// engine/rows/operations.inc.
#pragma once

#include "engine/base/refusal.h"
#include "engine/rows/operations.h"
#include "engine/rows/state.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

// The scope of a role for an operation. An organiser that is not active has the scope of the whole
// city only for operations for which a resident has it too; it has no area (in_area_of).
Scope scope_of(Operation operation, pb::Role role, bool active);
Scope scope_of(const State& state, Operation operation, const pb::Actor& actor);

// The scope of the actor's role for the command. Refused if there is none. Reads only the command
// and the actor.
Result<Scope> check_role(const pb::Command& command);

// Refuses unless the actor's party exists, is of the right kind and may act. Roles without a party
// pass.
Status check_actor(const pb::Command& command, const State& state);

// If the scope is an area, refuses rows outside the actor's area.
Status check_area(Scope scope, const pb::Actor& actor, const State& state, Slot area);

// If the scope is a party, refuses parties other than the actor's own and those below it.
Status check_party(Scope scope, const pb::Actor& actor, const State& state, Slot party);

// If the scope is the account's own rows, refuses needs of other residents.
Status check_resident(Scope scope, const pb::Actor& actor, std::uint64_t resident_ref);

// If the scope is the account's own rows, refuses other people's rows.
Status check_own(Scope scope, const pb::Actor& actor, std::uint64_t person_id);

// The same conditions, independent of the role. A party that is not active has no area.
bool in_area_of(const pb::Actor& actor, const State& state, Slot area);
bool in_party_of(const pb::Actor& actor, const State& state, Slot party);

}  // namespace qiao
