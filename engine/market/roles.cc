#include "engine/market/roles.h"

namespace qiao {
namespace {

enum Who : unsigned {
  kLead = 1U << pb::ROLE_LEAD,
  kOrganiser = 1U << pb::ROLE_ORGANISER,
  kSupplier = 1U << pb::ROLE_SUPPLIER,
  kResident = 1U << pb::ROLE_RESIDENT,
  kMarket = 1U << pb::ROLE_MARKET,
};
constexpr unsigned kStaff = kLead | kOrganiser;
constexpr unsigned kEverybody = kStaff | kSupplier | kResident;

unsigned who_may(const pb::Command& c) {
  switch (c.body_case()) {
    case pb::Command::kPutTaxonomy:
    case pb::Command::kSetPolicy: return kLead;
    case pb::Command::kPutArea:
    case pb::Command::kSetStanding: return kStaff;
    case pb::Command::kRegisterParty:
    case pb::Command::kUpdateParty:
    case pb::Command::kPutPerson:
    case pb::Command::kRemovePerson:
    case pb::Command::kPostOffer:
    case pb::Command::kUpdateOffer:
    case pb::Command::kWithdrawOffer: return kStaff | kSupplier;
    case pb::Command::kPostNeed:
      return c.post_need().until() == pb::NEED_STATE_OPEN ? kStaff : kStaff | kResident;
    case pb::Command::kUpdateNeed: return kStaff | kResident;
    case pb::Command::kMoveNeed:
      switch (c.move_need().verb()) {
        case pb::NEED_VERB_APPROVE:
        case pb::NEED_VERB_REJECT: return kStaff;
        default: return kStaff | kResident;
      }
    case pb::Command::kReviewNeed: return kStaff | kResident;
    case pb::Command::kMakeMatch:
      return c.make_match().how() == pb::MATCH_STATE_CLAIMED ? kLead | kSupplier : kStaff;
    case pb::Command::kMoveMatch:
      switch (c.move_match().verb()) {
        case pb::MATCH_VERB_DISPATCH:
        case pb::MATCH_VERB_CONFIRM:
        case pb::MATCH_VERB_VERIFY:
        case pb::MATCH_VERB_NO_SHOW:
        case pb::MATCH_VERB_CANCEL: return kStaff;
        case pb::MATCH_VERB_ACCEPT:
        case pb::MATCH_VERB_DECLINE:
        case pb::MATCH_VERB_WITHDRAW: return kLead | kSupplier;
        case pb::MATCH_VERB_CHECK_IN:
        case pb::MATCH_VERB_CHECK_OUT: return kStaff | kSupplier;
        default: return kEverybody;
      }
    case pb::Command::kNotify: return kMarket | kStaff;
    case pb::Command::kTick: return kMarket;
    case pb::Command::kBatch: return kEverybody;
    case pb::Command::BODY_NOT_SET: break;
  }
  return kEverybody;
}

}  // namespace

Status check_role(const pb::Command& command) {
  const auto role = command.actor().role();
  if (!pb::Role_IsValid(role) || role == pb::ROLE_UNSPECIFIED) return refuse(Code::kRequired, "actor.role");
  if ((who_may(command) & 1U << role) == 0) return refuse(Code::kRoleForbidden, "actor.role");
  return outcome::success();
}

Status check_actor(const pb::Command& command, const State& state) {
  const pb::Actor& actor = command.actor();
  if (actor.role() != pb::ROLE_ORGANISER && actor.role() != pb::ROLE_SUPPLIER) return outcome::success();
  if (actor.party_id() == 0) {
    // A team that is not there yet may ask to be registered.
    if (command.body_case() == pb::Command::kRegisterParty && actor.role() == pb::ROLE_SUPPLIER) return outcome::success();
    return refuse(Code::kRequired, "actor.partyId");
  }
  const Slot slot = state.parties().find(PartyId{actor.party_id()});
  if (slot == kNoSlot) return refuse(Code::kActorUnknown, "actor.partyId");
  const PartyRow& party = state.parties()[slot];
  const bool organises = party.kind == pb::PARTY_KIND_ORGANISER || party.kind == pb::PARTY_KIND_LEAD;
  if (organises != (actor.role() == pb::ROLE_ORGANISER)) return refuse(Code::kRoleForbidden, "actor.role");
  if (party.standing == pb::STANDING_ACTIVE) return outcome::success();
  // One that is suspended still answers for what it has promised.
  if (party.standing == pb::STANDING_SUSPENDED && command.body_case() == pb::Command::kMoveMatch) return outcome::success();
  return refuse(Code::kActorSuspended, "actor.partyId");
}

Status check_area(const pb::Actor& actor, const State& state, Slot area) {
  if (actor.role() != pb::ROLE_ORGANISER) return outcome::success();
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  if (party != kNoSlot && state.within(area, state.parties()[party].area)) return outcome::success();
  return refuse(Code::kNotYours, "actor.partyId");
}

Status check_party(const pb::Actor& actor, const State& state, Slot party) {
  if (actor.role() != pb::ROLE_SUPPLIER) return outcome::success();
  for (int depth = 0; party != kNoSlot && depth < 8; ++depth) {
    const PartyRow& row = state.parties()[party];
    if (row.id.value() == actor.party_id()) return outcome::success();
    party = row.parent ? state.parties().find(row.parent) : kNoSlot;
  }
  return refuse(Code::kNotYours, "actor.partyId");
}

}  // namespace qiao
