#include "engine/rows/operations.h"

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
  // One for each role, in the order of the columns of operations.inc.
  std::array<Scope, 8> scopes;
};

constexpr auto A = Scope::kAll;
constexpr auto R = Scope::kArea;
constexpr auto P = Scope::kParty;
constexpr auto M = Scope::kMatched;
constexpr auto O = Scope::kOwn;
constexpr auto V = Scope::kView;
constexpr auto _ = Scope::kNone;
constexpr auto L = Effect::kLooks;
constexpr auto C = Effect::kChanges;
constexpr auto K = Effect::kGivesAccess;
constexpr auto B = Growth::kBounded;
constexpr auto G = Growth::kGrows;
constexpr Row kTable[] = {
#define QIAO_OPERATION(name, id, effect, cost, growth, ...) \
  Row{id, effect, std::chrono::microseconds{cost}, growth, {__VA_ARGS__}},
#include "engine/rows/operations.inc"
#undef QIAO_OPERATION
};

std::optional<std::size_t> column(pb::Role role) {
  switch (role) {
    case pb::ROLE_LEAD:
      return 0;
    case pb::ROLE_ORGANISER:
      return 1;
    case pb::ROLE_SUPPLIER:
      return 2;
    case pb::ROLE_MEMBER:
      return 3;
    case pb::ROLE_RESIDENT:
      return 4;
    case pb::ROLE_AUDITOR:
      return 5;
    case pb::ROLE_ANONYMOUS:
      return 6;
    case pb::ROLE_MARKET:
      return 7;
    default:
      return std::nullopt;
  }
}

Operation operation_of(const pb::SetStanding& set) {
  return set.standing() == pb::STANDING_SUSPENDED ? Operation::kSuspendParty
                                                  : Operation::kApproveParty;
}

// Accounts that checked the need in themselves open it, unless they say otherwise.
Operation operation_of(const pb::PostNeed& post, pb::Role role) {
  const bool opens = post.until() == pb::NEED_STATE_OPEN ||
                     (post.until() == pb::NEED_STATE_UNSPECIFIED && role != pb::ROLE_RESIDENT);
  return opens ? Operation::kApproveNeed : Operation::kPostNeed;
}

Operation operation_of(const pb::MoveNeed& move) {
  switch (move.verb()) {
    case pb::NEED_VERB_APPROVE:
      return Operation::kApproveNeed;
    case pb::NEED_VERB_REJECT:
      return Operation::kRejectNeed;
    case pb::NEED_VERB_CANCEL:
      return Operation::kCancelNeed;
    default:
      return Operation::kSubmitNeed;
  }
}

Operation operation_of(const pb::MakeMatch& make) {
  switch (make.how()) {
    case pb::MATCH_STATE_CLAIMED:
      return Operation::kClaimLine;
    case pb::MATCH_STATE_DISPATCHED:
      return Operation::kDispatchMatch;
    default:
      return Operation::kProposeMatch;
  }
}

Operation operation_of(const pb::MoveMatch& move) {
  switch (move.verb()) {
    case pb::MATCH_VERB_DISPATCH:
      return Operation::kDispatchProposal;
    case pb::MATCH_VERB_CONFIRM:
      return Operation::kConfirmClaim;
    case pb::MATCH_VERB_ACCEPT:
      return Operation::kAcceptMatch;
    case pb::MATCH_VERB_DECLINE:
      return Operation::kDeclineMatch;
    case pb::MATCH_VERB_WITHDRAW:
      return Operation::kWithdrawMatch;
    case pb::MATCH_VERB_CHECK_IN:
      return Operation::kCheckIn;
    case pb::MATCH_VERB_CHECK_OUT:
      return Operation::kCheckOut;
    case pb::MATCH_VERB_NO_SHOW:
      return Operation::kReportNoShow;
    case pb::MATCH_VERB_CANCEL:
      return Operation::kCancelMatch;
    default:
      return Operation::kVerifyMatch;
  }
}

Operation operation_of(const pb::Disclose& disclose) {
  const bool whole = disclose.purpose() == pb::DISCLOSURE_PURPOSE_EXPORT;
  switch (disclose.subject()) {
    case pb::SUBJECT_KIND_PERSON:
      return whole ? Operation::kExportPerson : Operation::kRevealPerson;
    case pb::SUBJECT_KIND_PARTY:
      return Operation::kRevealParty;
    case pb::SUBJECT_KIND_RESIDENT:
      return Operation::kExportResident;
    default:
      return Operation::kRevealNeed;
  }
}

Operation operation_of(const pb::Erase& erase) {
  switch (erase.subject()) {
    case pb::SUBJECT_KIND_PERSON:
      return Operation::kErasePerson;
    case pb::SUBJECT_KIND_PARTY:
      return Operation::kEraseParty;
    case pb::SUBJECT_KIND_RESIDENT:
      return Operation::kEraseResident;
    default:
      return Operation::kEraseNeed;
  }
}

}  // namespace

Scope scope_of(Operation operation, pb::Role role) {
  const auto at = column(role);
  return at ? kTable[static_cast<std::size_t>(operation)].scopes[*at] : Scope::kNone;
}

bool is_role(pb::Role role) { return column(role).has_value(); }

std::string_view name_of(Operation operation) {
  return kTable[static_cast<std::size_t>(operation)].name;
}

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

bool is_read_only(Operation operation) {
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
      in = in || scope == "write" || (scope == "read" && is_read_only(operation)) ||
           scope == name_of(operation);
    }
    all.set(i, in);
  }
  return all;
}

std::optional<Operation> operation_of(const pb::Command& c) {
  switch (c.body_case()) {
    case pb::Command::kPutTaxonomy:
      return Operation::kPutTaxonomy;
    case pb::Command::kSetPolicy:
      return Operation::kSetPolicy;
    case pb::Command::kPutArea:
      return Operation::kPutArea;
    case pb::Command::kRegisterParty:
      return Operation::kRegisterParty;
    case pb::Command::kUpdateParty:
      return Operation::kUpdateParty;
    case pb::Command::kSetStanding:
      return operation_of(c.set_standing());
    case pb::Command::kPutPerson:
      return c.put_person().id() == 0 ? Operation::kAddPerson : Operation::kUpdatePerson;
    case pb::Command::kRemovePerson:
      return Operation::kRemovePerson;
    case pb::Command::kPostOffer:
      return Operation::kPostOffer;
    case pb::Command::kUpdateOffer:
      return Operation::kUpdateOffer;
    case pb::Command::kWithdrawOffer:
      return Operation::kWithdrawOffer;
    case pb::Command::kPostNeed:
      return operation_of(c.post_need(), c.actor().role());
    case pb::Command::kUpdateNeed:
      return Operation::kUpdateNeed;
    case pb::Command::kMoveNeed:
      return operation_of(c.move_need());
    case pb::Command::kReviewNeed:
      return Operation::kReviewNeed;
    case pb::Command::kMakeMatch:
      return operation_of(c.make_match());
    case pb::Command::kMoveMatch:
      return operation_of(c.move_match());
    case pb::Command::kNotify:
      return Operation::kNotify;
    case pb::Command::kTick:
      return Operation::kTick;
    case pb::Command::kBatch:
      return Operation::kApplyBatch;
    case pb::Command::kPutAccount:
      return c.put_account().account().id() == 0 ? Operation::kCreateAccount
                                                 : Operation::kUpdateAccount;
    case pb::Command::kSetPassword:
      return Operation::kChangePassword;
    case pb::Command::kLockAccount:
      return Operation::kLockAccount;
    case pb::Command::kAddGrant:
      return c.add_grant().grant().kind() == pb::GRANT_KIND_INVITATION
                 ? Operation::kCreateInvitation
                 : Operation::kCreateToken;
    case pb::Command::kRevokeGrant:
      return Operation::kRevokeToken;
    case pb::Command::kDisclose:
      return operation_of(c.disclose());
    case pb::Command::kErase:
      return operation_of(c.erase());
    case pb::Command::BODY_NOT_SET:
      break;
  }
  return std::nullopt;
}

}  // namespace qiao
