#include "engine/identity/accounts.h"

#include "engine/identity/reach.h"

namespace qiao {

Status check_account(const State& state, const pb::Actor& actor, Scope scope, Slot slot) {
  const AccountRow& row = state.accounts()[slot];
  switch (scope) {
    case Scope::kAll:
      return outcome::success();
    case Scope::kOwn:
      if (actor.account_id() != 0 && actor.account_id() == row.id.value())
        return outcome::success();
      return refuse(Code::kNotYours, "actor.accountId");
    default:
      return check_account_reach(state, actor, scope, state.load_account(slot));
  }
}

Status check_account_reach(const State& state, const pb::Actor& actor, Scope scope,
                           const pb::Account& account) {
  if (actor.role() == pb::ROLE_MARKET) {
    // The first account, and those of a demonstration that are disabled when it ends.
    return account.role() == pb::ROLE_LEAD || account.disabled() || account.id() != 0
               ? Status(outcome::success())
               : Status(refuse(Code::kRoleForbidden, "role"));
  }
  return check_reach(state, actor, scope, account);
}

Status check_account_change(const State& state, const pb::Actor& actor, Scope scope,
                            const pb::Account& before, const pb::Account& after) {
  if (before.id() != 0) {
    pb::Account as_before = after;
    as_before.set_disabled(before.disabled());
    // Disabling an account gives nobody access. Enabling it gives access, and may revert a decision
    // of somebody above.
    if (after.disabled() && as_before.SerializeAsString() == before.SerializeAsString())
      return outcome::success();
    QIAO_TRY(check_account_reach(state, actor, scope, before));
    if (is_peer_in_use(actor, scope, before)) return refuse(Code::kNotYours, "accountId");
    QIAO_TRY(check_approved(scope, state, actor, before));
  }
  QIAO_TRY(check_account_reach(state, actor, scope, after));
  QIAO_TRY(check_approved(scope, state, actor, after));
  // The owner of that identity can log in to the account: naming a wrong one would give a stranger
  // access.
  if (after.external_id() != before.external_id() && scope != Scope::kAll)
    return refuse(Code::kRoleForbidden, "externalId");
  return outcome::success();
}

bool lead_remains_without(const State& state, Slot account) {
  for (Slot s = 0; s < state.accounts().size(); ++s) {
    if (s != account && state.accounts()[s].role == pb::ROLE_LEAD && !state.accounts()[s].disabled)
      return true;
  }
  return false;
}

}  // namespace qiao
