#include "engine/identity/roles.h"

#include "engine/identity/reach.h"

namespace qiao {

Scope scope_of(Operation operation, pb::Role role, bool active) {
  const Scope scope = scope_of(operation, role);
  const bool lost = role == pb::ROLE_ORGANISER && !active && scope == Scope::kAll &&
                    scope_of(operation, pb::ROLE_RESIDENT) != Scope::kAll;
  return lost ? Scope::kNone : scope;
}

Scope scope_of(const State& state, Operation operation, const pb::Actor& actor) {
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  const bool active = party != kNoSlot && state.parties()[party].standing == pb::STANDING_ACTIVE;
  return scope_of(operation, actor.role(), active);
}

Result<Scope> check_role(const pb::Command& command) {
  const auto role = command.actor().role();
  if (!is_role(role)) return refuse(Code::kRequired, "actor.role");
  const auto operation = operation_of(command);
  if (!operation) return refuse(Code::kRequired, "command");
  const Scope scope = scope_of(*operation, role);
  if (scope == Scope::kNone) return refuse(Code::kRoleForbidden, "actor.role");
  return scope;
}

Status check_actor(const pb::Command& command, const State& state) {
  const pb::Actor& actor = command.actor();
  const bool supplies = actor.role() == pb::ROLE_SUPPLIER || actor.role() == pb::ROLE_MEMBER;
  if (actor.role() != pb::ROLE_ORGANISER && !supplies) return outcome::success();
  if (actor.party_id() == 0) {
    // A team may apply for registration before it has a party.
    if (command.body_case() == pb::Command::kRegisterParty && actor.role() == pb::ROLE_SUPPLIER)
      return outcome::success();
    return refuse(Code::kRequired, "actor.partyId");
  }
  const Slot slot = state.parties().find(PartyId{actor.party_id()});
  if (slot == kNoSlot) return refuse(Code::kActorUnknown, "actor.partyId");
  const PartyRow& party = state.parties()[slot];
  if (organises(party.kind) == supplies) return refuse(Code::kRoleForbidden, "actor.role");
  if (party.standing == pb::STANDING_ACTIVE) return outcome::success();
  // A party that is suspended or waits for approval must still be able to keep its promises; and an
  // application may be corrected.
  if (command.body_case() == pb::Command::kMoveMatch) return outcome::success();
  if (party.standing == pb::STANDING_PENDING && command.body_case() == pb::Command::kUpdateParty)
    return outcome::success();
  // Access to the account's own rows does not depend on the party's standing.
  const auto operation = operation_of(command);
  if (operation && scope_of(*operation, actor.role()) == Scope::kOwn) return outcome::success();
  return refuse(Code::kActorSuspended, "actor.partyId");
}

bool in_area_of(const pb::Actor& actor, const State& state, Slot area) {
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  if (party == kNoSlot || state.parties()[party].standing != pb::STANDING_ACTIVE) return false;
  return state.within(area, state.parties()[party].area);
}

bool in_party_of(const pb::Actor& actor, const State& state, Slot party) {
  for (int depth = 0; party != kNoSlot && depth < kMaxPartyDepth; ++depth) {
    const PartyRow& row = state.parties()[party];
    if (row.id.value() == actor.party_id()) return true;
    party = row.parent ? state.parties().find(row.parent) : kNoSlot;
  }
  return false;
}

Status check_area(Scope scope, const pb::Actor& actor, const State& state, Slot area) {
  if (scope != Scope::kArea || in_area_of(actor, state, area)) return outcome::success();
  return refuse(Code::kNotYours, "actor.partyId");
}

Status check_party(Scope scope, const pb::Actor& actor, const State& state, Slot party) {
  if (scope != Scope::kParty || in_party_of(actor, state, party)) return outcome::success();
  return refuse(Code::kNotYours, "actor.partyId");
}

Status check_resident(Scope scope, const pb::Actor& actor, std::uint64_t resident_ref) {
  if (scope != Scope::kOwn || (actor.resident_ref() != 0 && actor.resident_ref() == resident_ref))
    return outcome::success();
  return refuse(Code::kNotYours, "actor.residentRef");
}

Status check_own(Scope scope, const pb::Actor& actor, std::uint64_t person_id) {
  if (scope != Scope::kOwn || (actor.person_id() != 0 && actor.person_id() == person_id))
    return outcome::success();
  return refuse(Code::kNotYours, "actor.personId");
}

}  // namespace qiao
