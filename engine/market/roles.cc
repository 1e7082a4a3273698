#include "engine/market/roles.h"

#include "engine/market/reach.h"

#include <array>

namespace qiao {
namespace {

enum class Effect : std::uint8_t { kLooks, kChanges, kGivesAccess };
enum class Growth : std::uint8_t { kBounded, kGrows };

struct Row {
  std::string_view name;
  Effect effect;
  std::chrono::microseconds cost;
  Growth growth;
  // By column of operations.inc.
  std::array<Scope, 8> scopes;
};

constexpr auto A = Scope::kAll;
constexpr auto R = Scope::kArea;
constexpr auto P = Scope::kParty;
constexpr auto M = Scope::kMatched;
constexpr auto O = Scope::kOwn;
constexpr auto V = Scope::kLook;
constexpr auto _ = Scope::kNone;
constexpr auto L = Effect::kLooks;
constexpr auto C = Effect::kChanges;
constexpr auto K = Effect::kGivesAccess;
constexpr auto B = Growth::kBounded;
constexpr auto G = Growth::kGrows;
constexpr Row kTable[] = {
#define QIAO_OPERATION(name, id, effect, cost, growth, ...) \
  Row{id, effect, std::chrono::microseconds{cost}, growth, {__VA_ARGS__}},
#include "engine/market/operations.inc"
#undef QIAO_OPERATION
};

std::optional<std::size_t> column(pb::Role role) {
  switch (role) {
    case pb::ROLE_LEAD: return 0;
    case pb::ROLE_ORGANISER: return 1;
    case pb::ROLE_SUPPLIER: return 2;
    case pb::ROLE_MEMBER: return 3;
    case pb::ROLE_RESIDENT: return 4;
    case pb::ROLE_AUDITOR: return 5;
    case pb::ROLE_ANONYMOUS: return 6;
    case pb::ROLE_MARKET: return 7;
    default: return std::nullopt;
  }
}

Operation operation_of(const pb::MoveNeed& move) {
  switch (move.verb()) {
    case pb::NEED_VERB_APPROVE: return Operation::kApproveNeed;
    case pb::NEED_VERB_REJECT: return Operation::kRejectNeed;
    case pb::NEED_VERB_CANCEL: return Operation::kCancelNeed;
    default: return Operation::kSubmitNeed;
  }
}

Operation operation_of(const pb::MoveMatch& move) {
  switch (move.verb()) {
    case pb::MATCH_VERB_DISPATCH: return Operation::kDispatchProposal;
    case pb::MATCH_VERB_CONFIRM: return Operation::kConfirmClaim;
    case pb::MATCH_VERB_ACCEPT: return Operation::kAcceptMatch;
    case pb::MATCH_VERB_DECLINE: return Operation::kDeclineMatch;
    case pb::MATCH_VERB_WITHDRAW: return Operation::kWithdrawMatch;
    case pb::MATCH_VERB_CHECK_IN: return Operation::kCheckIn;
    case pb::MATCH_VERB_CHECK_OUT: return Operation::kCheckOut;
    case pb::MATCH_VERB_NO_SHOW: return Operation::kReportNoShow;
    case pb::MATCH_VERB_CANCEL: return Operation::kCancelMatch;
    default: return Operation::kVerifyMatch;
  }
}

Operation operation_of(const pb::Disclose& disclose) {
  const bool whole = disclose.purpose() == pb::DISCLOSURE_PURPOSE_EXPORT;
  switch (disclose.subject()) {
    case pb::SUBJECT_KIND_PERSON: return whole ? Operation::kExportPerson : Operation::kRevealPerson;
    case pb::SUBJECT_KIND_PARTY: return Operation::kRevealParty;
    case pb::SUBJECT_KIND_RESIDENT: return Operation::kExportResident;
    default: return Operation::kRevealNeed;
  }
}

Operation operation_of(const pb::Erase& erase) {
  switch (erase.subject()) {
    case pb::SUBJECT_KIND_PERSON: return Operation::kErasePerson;
    case pb::SUBJECT_KIND_PARTY: return Operation::kEraseParty;
    case pb::SUBJECT_KIND_RESIDENT: return Operation::kEraseResident;
    default: return Operation::kEraseNeed;
  }
}

}  // namespace

Scope scope_of(Operation operation, pb::Role role) {
  const auto at = column(role);
  return at ? kTable[static_cast<std::size_t>(operation)].scopes[*at] : Scope::kNone;
}

std::string_view name_of(Operation operation) { return kTable[static_cast<std::size_t>(operation)].name; }

std::optional<Operation> find_operation(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kTable); ++i) {
    if (kTable[i].name == name) return static_cast<Operation>(i);
  }
  return std::nullopt;
}

static_assert(static_cast<std::size_t>(Operation::kCount) <= 128);

bool gives_access(Operation operation) {
  return kTable[static_cast<std::size_t>(operation)].effect == Effect::kGivesAccess;
}

bool only_looks(Operation operation) {
  return kTable[static_cast<std::size_t>(operation)].effect == Effect::kLooks;
}

std::chrono::microseconds cost_of(Operation operation) {
  return kTable[static_cast<std::size_t>(operation)].cost;
}

bool grows(Operation operation) {
  return kTable[static_cast<std::size_t>(operation)].growth == Growth::kGrows;
}

std::bitset<128> operations_of(const pb::Grant& grant) {
  std::bitset<128> all;
  for (std::size_t i = 0; i < static_cast<std::size_t>(Operation::kCount); ++i) {
    const auto operation = static_cast<Operation>(i);
    bool in = grant.scopes().empty();
    for (const std::string& scope : grant.scopes()) {
      if (gives_access(operation)) break;
      in = in || scope == "write" || (scope == "read" && only_looks(operation)) ||
           scope == name_of(operation);
    }
    all.set(i, in);
  }
  return all;
}

std::optional<Operation> operation_of(const pb::Command& c) {
  switch (c.body_case()) {
    case pb::Command::kPutTaxonomy: return Operation::kPutTaxonomy;
    case pb::Command::kSetPolicy: return Operation::kSetPolicy;
    case pb::Command::kPutArea: return Operation::kPutArea;
    case pb::Command::kRegisterParty: return Operation::kRegisterParty;
    case pb::Command::kUpdateParty: return Operation::kUpdateParty;
    case pb::Command::kSetStanding: return c.set_standing().standing() == pb::STANDING_SUSPENDED ? Operation::kSuspendParty : Operation::kApproveParty;
    case pb::Command::kPutPerson: return c.put_person().id() == 0 ? Operation::kAddPerson : Operation::kUpdatePerson;
    case pb::Command::kRemovePerson: return Operation::kRemovePerson;
    case pb::Command::kPostOffer: return Operation::kPostOffer;
    case pb::Command::kUpdateOffer: return Operation::kUpdateOffer;
    case pb::Command::kWithdrawOffer: return Operation::kWithdrawOffer;
    case pb::Command::kPostNeed: return c.post_need().until() == pb::NEED_STATE_OPEN ? Operation::kApproveNeed : Operation::kPostNeed;
    case pb::Command::kUpdateNeed: return Operation::kUpdateNeed;
    case pb::Command::kMoveNeed: return operation_of(c.move_need());
    case pb::Command::kReviewNeed: return Operation::kReviewNeed;
    case pb::Command::kMakeMatch:
      switch (c.make_match().how()) {
        case pb::MATCH_STATE_CLAIMED: return Operation::kClaimLine;
        case pb::MATCH_STATE_DISPATCHED: return Operation::kDispatchMatch;
        default: return Operation::kProposeMatch;
      }
    case pb::Command::kMoveMatch: return operation_of(c.move_match());
    case pb::Command::kNotify: return Operation::kNotify;
    case pb::Command::kTick: return Operation::kTick;
    case pb::Command::kBatch: return Operation::kApplyBatch;
    case pb::Command::kPutAccount: return c.put_account().account().id() == 0 ? Operation::kCreateAccount : Operation::kUpdateAccount;
    case pb::Command::kSetPassword: return Operation::kChangePassword;
    case pb::Command::kLockAccount: return Operation::kLockAccount;
    case pb::Command::kAddGrant: return c.add_grant().grant().kind() == pb::GRANT_KIND_INVITATION ? Operation::kCreateInvitation : Operation::kCreateToken;
    case pb::Command::kRevokeGrant: return Operation::kRevokeToken;
    case pb::Command::kDisclose: return operation_of(c.disclose());
    case pb::Command::kErase: return operation_of(c.erase());
    case pb::Command::BODY_NOT_SET: break;
  }
  return std::nullopt;
}

Result<Scope> check_role(const pb::Command& command) {
  const auto role = command.actor().role();
  if (!column(role)) return refuse(Code::kRequired, "actor.role");
  const auto operation = operation_of(command);
  if (!operation) return refuse(Code::kRequired, "command");
  const Scope scope = scope_of(*operation, role);
  if (scope == Scope::kNone) return refuse(Code::kRoleForbidden, "actor.role");
  return scope;
}

Status check_actor(const pb::Command& command, const State& state) {
  const pb::Actor& actor = command.actor();
  const bool gives = actor.role() == pb::ROLE_SUPPLIER || actor.role() == pb::ROLE_MEMBER;
  if (actor.role() != pb::ROLE_ORGANISER && !gives) return outcome::success();
  if (actor.party_id() == 0) {
    // A team that is not there yet may ask to be registered.
    if (command.body_case() == pb::Command::kRegisterParty && actor.role() == pb::ROLE_SUPPLIER) return outcome::success();
    return refuse(Code::kRequired, "actor.partyId");
  }
  const Slot slot = state.parties().find(PartyId{actor.party_id()});
  if (slot == kNoSlot) return refuse(Code::kActorUnknown, "actor.partyId");
  const PartyRow& party = state.parties()[slot];
  if (organises(party.kind) == gives) return refuse(Code::kRoleForbidden, "actor.role");
  if (party.standing == pb::STANDING_ACTIVE) return outcome::success();
  // One that is suspended, or waits to be checked again, still answers for what it has promised; and what is to be checked
  // may be corrected meanwhile.
  if (command.body_case() == pb::Command::kMoveMatch) return outcome::success();
  if (party.standing == pb::STANDING_PENDING && command.body_case() == pb::Command::kUpdateParty) return outcome::success();
  // What is one's own is not lost with the party's standing.
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
  if (scope != Scope::kOwn || (actor.resident_ref() != 0 && actor.resident_ref() == resident_ref)) return outcome::success();
  return refuse(Code::kNotYours, "actor.residentRef");
}

}  // namespace qiao
