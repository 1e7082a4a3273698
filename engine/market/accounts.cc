// Accounts and their credentials.
#include "engine/identity/accounts.h"

#include "engine/base/ascii.h"
#include "engine/identity/reach.h"
#include "engine/market/emit.h"
#include "engine/market/settable.h"
#include "engine/market/validate.h"
#include "engine/rows/limits.h"
#include "engine/rows/marked.h"

namespace qiao {
namespace {

Result<Slot> find_account(const State& state, std::uint64_t id, const char* field) {
  const Slot slot = state.accounts().find(AccountId{id});
  if (slot == kNoSlot)
    return refuse(Code::kNotFound, field, "account " + std::to_string(id),
                  "账号" + std::to_string(id));
  return slot;
}

bool ended(const GrantRow& grant, Time now) { return grant.revoked || grant.expires <= now; }

}  // namespace

void set_about(pb::Event& e, const pb::Account& account, const State&) {
  e.set_party_id(account.party_id());
}

void set_about(pb::Event&, const pb::Grant&, const State&) {}

Status Market::put_account(const pb::Account& sent) {
  pb::Account before;
  Slot slot = kNoSlot;
  if (sent.id() != 0) {
    QIAO_TRY(slot, find_account(state_, sent.id(), "id"));
    before = state_.load_account(slot);
    QIAO_TRY(check_account_place(state_, actor_, scope_, before));
    QIAO_TRY(check_version(before.version()));
    if (before.erased()) return refuse(Code::kWrongState, "id", "erased", "已清除");
  }
  pb::Account row = before;
  copy_settable(sent, row);
  row.set_login(ascii_lower(row.login()));
  QIAO_TRY(unmask(row, before, {}));
  QIAO_TRY(validate(row, state_));
  // Before the rights are checked: they depend on the needs with that number.
  const std::uint64_t own = before.resident_ref() != 0
                                ? before.resident_ref()
                                : kAccountResidents + (sent.id() != 0 ? sent.id() : next_id());
  if (row.role() == pb::ROLE_RESIDENT && row.resident_ref() == 0) row.set_resident_ref(own);
  QIAO_TRY(check_account_change(state_, actor_, scope_, before, row));
  const Slot same_login = state_.account_by_login(row.login());
  if (same_login != kNoSlot && same_login != slot) return refuse(Code::kLoginTaken, "login");
  const Slot same_identity = state_.account_by_external_id(row.external_id());
  if (!row.external_id().empty() && same_identity != kNoSlot && same_identity != slot)
    return refuse(Code::kLoginTaken, "externalId");
  if (row.person_id() != 0 && row.person_id() != before.person_id() &&
      state_.accounts_of_person(PersonId{row.person_id()}).size() >= kMaxAccountsOfPerson)
    return refuse(Code::kTooMany, "personId", std::to_string(kMaxAccountsOfPerson));
  if (row.role() == pb::ROLE_RESIDENT) {
    if (row.resident_ref() >= kAccountResidents && row.resident_ref() != own)
      return resident_ref_out_of_range("residentRef");
    // A resident's number gives access to all needs that have it, wherever they are.
    const bool other = row.resident_ref() != own;
    if (other && scope_ != Scope::kAll) return refuse(Code::kRoleForbidden, "residentRef");
  }
  const bool loses_lead = before.role() == pb::ROLE_LEAD && !before.disabled() &&
                          (row.role() != pb::ROLE_LEAD || row.disabled());
  if (loses_lead && actor_.role() != pb::ROLE_MARKET && !lead_remains_without(state_, slot))
    return refuse(Code::kLastLead, row.disabled() ? "disabled" : "role");
  if (sent.id() == 0) {
    row.set_id(next_id());
    row.set_created_at(to_int(now_));
  }
  answer(pb::Event::kAccount, row.id());
  // Sessions and tokens of the account do not remain valid for another role or party.
  const bool other = row.role() != before.role() || row.party_id() != before.party_id() ||
                     row.person_id() != before.person_id() ||
                     row.resident_ref() != before.resident_ref();
  const bool ends = slot != kNoSlot && (row.disabled() || other);
  emit(pb::EVENT_KIND_ACCOUNT_CHANGED, std::move(row));
  if (ends) end_grants(slot, Ending::kAll);
  return outcome::success();
}

void Market::end_grants(Slot account, Ending which) {
  for (Slot g = state_.accounts()[account].first_grant; g != kNoSlot;
       g = state_.grants()[g].next_of_account) {
    const GrantRow& row = state_.grants()[g];
    if (ended(row, now_) || (which == Ending::kAllButTokens && row.kind == pb::GRANT_KIND_TOKEN))
      continue;
    pb::Grant grant = state_.load_grant(g);
    grant.set_revoked(true);
    emit(pb::EVENT_KIND_GRANT_REVOKED, std::move(grant));
  }
}

Status Market::set_password(const pb::SetPassword& change) {
  QIAO_TRY(const auto slot, find_account(state_, change.account_id(), "accountId"));
  QIAO_TRY(check_account(state_, actor_, scope_, slot));
  if (!is_password_hash(change.password_hash()))
    return refuse(Code::kOutOfRange, "passwordHash", std::string(kPasswordHashForm));
  pb::Account row = state_.load_account(slot);
  if (row.disabled()) return refuse(Code::kAccountDisabled, "accountId");
  row.set_password_hash(change.password_hash());
  row.clear_locked_until();
  answer(pb::Event::kAccount, row.id());
  emit(pb::EVENT_KIND_PASSWORD_SET, std::move(row));
  // Sessions that were opened with the old password end, so that people log in with the new one;
  // tokens belong to programs and stay.
  end_grants(slot, Ending::kAllButTokens);
  return outcome::success();
}

Status Market::lock_account(const pb::LockAccount& lock) {
  QIAO_TRY(const auto slot, find_account(state_, lock.account_id(), "accountId"));
  pb::Account row = state_.load_account(slot);
  row.set_locked_until(lock.until());
  answer(pb::Event::kAccount, row.id());
  emit(pb::EVENT_KIND_ACCOUNT_LOCKED, std::move(row));
  return outcome::success();
}

Status Market::add_grant(const pb::Grant& sent) {
  QIAO_TRY(const auto account, find_account(state_, sent.account_id(), "accountId"));
  QIAO_TRY(check_account(state_, actor_, scope_, account));
  if (state_.accounts()[account].disabled) return refuse(Code::kAccountDisabled, "accountId");
  if (sent.kind() == pb::GRANT_KIND_SESSION && actor_.role() != pb::ROLE_MARKET)
    return refuse(Code::kRoleForbidden, "kind");
  if (sent.kind() == pb::GRANT_KIND_INVITATION) {
    QIAO_TRY(check_invitation(state_, actor_, scope_, state_.load_account(account)));
  }
  QIAO_TRY(validate(sent, now_));
  const auto secret = parse_secret_hash(sent.secret_hash());
  if (!secret) return refuse(Code::kOutOfRange, "secretHash", "64 x 0-9 a-f");
  if (state_.grant_by_secret(*secret) != kNoSlot)
    return refuse(Code::kDuplicate, "secretHash", "…");
  pb::Grant row = sent;
  row.set_id(next_id());
  row.set_created_at(to_int(now_));
  row.set_revoked(false);
  // Rows of grants that have ended are reused, so that frequent log-ins do not make the account
  // grow.
  const int most =
      sent.kind() == pb::GRANT_KIND_TOKEN ? kMaxTokensPerAccount : kMaxSessionsPerAccount;
  int live = 0;
  Slot oldest = kNoSlot;
  for (Slot g = state_.accounts()[account].first_grant; g != kNoSlot;
       g = state_.grants()[g].next_of_account) {
    const GrantRow& other = state_.grants()[g];
    if (other.kind != sent.kind()) continue;
    if (ended(other, now_)) {
      row.set_id(other.id.value());
    } else {
      ++live;
      if (oldest == kNoSlot || other.expires < state_.grants()[oldest].expires) oldest = g;
    }
  }
  if (row.id() == next_id() && live >= most) {
    if (sent.kind() == pb::GRANT_KIND_TOKEN)
      return refuse(Code::kTooManyGrants, "accountId", std::to_string(most));
    row.set_id(state_.grants()[oldest].id.value());
  }
  answer(pb::Event::kGrant, row.id());
  emit(pb::EVENT_KIND_GRANT_MADE, std::move(row));
  return outcome::success();
}

Status Market::revoke_grant(const pb::RevokeGrant& revoke) {
  const Slot slot = state_.grants().find(GrantId{revoke.grant_id()});
  if (slot == kNoSlot)
    return refuse(Code::kNotFound, "id", "grant " + std::to_string(revoke.grant_id()),
                  "登录、令牌或邀请" + std::to_string(revoke.grant_id()));
  QIAO_TRY(check_account(state_, actor_, scope_, state_.grants()[slot].account));
  pb::Grant row = state_.load_grant(slot);
  if (row.revoked()) return refuse(Code::kWrongState, "id", "revoked", "已撤销");
  row.set_revoked(true);
  answer(pb::Event::kGrant, row.id());
  emit(pb::EVENT_KIND_GRANT_REVOKED, std::move(row));
  return outcome::success();
}

}  // namespace qiao
