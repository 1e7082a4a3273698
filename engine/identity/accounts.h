// Which accounts an actor may create and change.
#pragma once

#include "engine/identity/roles.h"
#include "engine/rows/state.h"

namespace qiao {

// Refuses an account outside the scope of the actor's role for the operation.
Status check_account(const State& state, const pb::Actor& actor, Scope scope, Slot account);

// Refuses an account that reaches further than the actor; see check_reach(). The market itself may
// create leads and disabled accounts only.
Status check_account_reach(const State& state, const pb::Actor& actor, Scope scope,
                           const pb::Account& account);

// Refuses a change that gives access which the actor may not give. `before` has no id if the
// account is new.
Status check_account_change(const State& state, const pb::Actor& actor, Scope scope,
                            const pb::Account& before, const pb::Account& after);

// Whether an account of the lead other than this one is enabled. O(accounts).
bool lead_remains_without(const State& state, Slot account);

}  // namespace qiao
