#include "engine/identity/reach.h"

#include <algorithm>

namespace qiao {
namespace {

// The area of the account's party, or else its own; kNoSlot if it has none.
Slot area_of(const State& state, const pb::Account& account) {
  const Slot party = state.parties().find(PartyId{account.party_id()});
  return party != kNoSlot ? state.parties()[party].area
                          : state.areas().find(AreaCode{account.area_code()});
}

// Whether the branch, or one below it, is active or has people, offers or accounts.
bool counts(const State& state, PartyId branch, int depth) {
  const Slot slot = state.parties().find(branch);
  if (slot == kNoSlot || depth > kMaxPartyDepth) return false;
  const PartyRow& row = state.parties()[slot];
  if (row.standing == pb::STANDING_ACTIVE || row.first_person != kNoSlot ||
      row.first_offer != kNoSlot || !state.accounts_of_party(branch).empty())
    return true;
  const auto own = state.branches_of(branch);
  return std::any_of(own.begin(), own.end(),
                     [&](PartyId below) { return counts(state, below, depth + 1); });
}

bool all_in_area(const State& state, const pb::Actor& actor, PartyId party, int depth) {
  const Slot slot = state.parties().find(party);
  if (slot == kNoSlot || !in_area_of(actor, state, state.parties()[slot].area)) return false;
  // Journals of older versions may contain cycles of parties.
  if (depth > kMaxPartyDepth) return false;
  const auto branches = state.branches_of(party);
  return std::all_of(branches.begin(), branches.end(), [&](PartyId branch) {
    return !counts(state, branch, 0) || all_in_area(state, actor, branch, depth + 1);
  });
}

}  // namespace

PartyId topmost_of(const State& state, PartyId party) {
  for (int depth = 0; depth < kMaxPartyDepth; ++depth) {
    const Slot slot = state.parties().find(party);
    if (slot == kNoSlot || !state.parties()[slot].parent) break;
    party = state.parties()[slot].parent;
  }
  return party;
}

bool is_below(const State& state, const pb::Actor& actor, Slot area) {
  const Slot own = state.parties().find(PartyId{actor.party_id()});
  return own != kNoSlot && area != state.parties()[own].area && in_area_of(actor, state, area);
}

bool is_below(const State& state, const pb::Actor& actor, PartyId party) {
  const Slot slot = state.parties().find(party);
  return slot != kNoSlot && is_below(state, actor, state.parties()[slot].area);
}

bool is_peer_organiser(const State& state, const pb::Actor& actor, Scope scope, Slot party) {
  const PartyRow& row = state.parties()[party];
  return scope == Scope::kArea && organises(row.kind) && row.id.value() != actor.party_id() &&
         !is_below(state, actor, row.area);
}

bool may_organise(const State& state, const pb::Actor& actor, Scope scope, Slot area,
                  pb::PartyKind kind) {
  return scope != Scope::kArea || !organises(kind) || is_below(state, actor, area);
}

bool all_in_area_of(const State& state, const pb::Actor& actor, PartyId party) {
  return all_in_area(state, actor, party, 0);
}

Status check_reach(const State& state, const pb::Actor& actor, Scope scope,
                   const pb::Account& account) {
  if (scope == Scope::kAll) return outcome::success();
  const PartyId id{account.party_id()};
  const Slot party = state.parties().find(id);
  if (scope == Scope::kParty) {
    if (!acts_for_supplier(account.role())) return refuse(Code::kRoleForbidden, "role");
    return check_party(scope, actor, state, party);
  }
  const bool below = acts_for_supplier(account.role()) || account.role() == pb::ROLE_ORGANISER ||
                     account.role() == pb::ROLE_RESIDENT;
  if (!below) return refuse(Code::kRoleForbidden, "role");
  const Slot area = area_of(state, account);
  if (area == kNoSlot) return refuse(Code::kNotYours, "areaCode");
  QIAO_TRY(check_area(scope, actor, state, area));
  const bool colleague = account.party_id() == actor.party_id();
  if (account.role() == pb::ROLE_ORGANISER && !colleague && !is_below(state, actor, id))
    return refuse(Code::kNotYours, "partyId");
  if (acts_for_supplier(account.role()) && !all_in_area_of(state, actor, id))
    return refuse(Code::kNotYours, "partyId");
  return check_needs_of_resident(state, actor, scope, account.resident_ref());
}

Status check_account_place(const State& state, const pb::Actor& actor, Scope scope,
                           const pb::Account& account) {
  const bool resident = account.role() == pb::ROLE_RESIDENT;
  if (scope != Scope::kArea || !(resident || acts_for_supplier(account.role())))
    return check_reach(state, actor, scope, account);
  const Slot area = area_of(state, account);
  if (area == kNoSlot) return refuse(Code::kNotYours, "areaCode");
  return check_area(scope, actor, state, area);
}

bool is_peer_in_use(const pb::Actor& actor, Scope scope, const pb::Account& account) {
  const bool in_use = !account.password_hash().empty() || !account.external_id().empty();
  return scope != Scope::kAll && in_use && account.role() == actor.role() &&
         account.party_id() == actor.party_id() && account.id() != actor.account_id();
}

Status check_invitation(const State& state, const pb::Actor& actor, Scope scope,
                        const pb::Account& account) {
  // The password of an account's own is changed with the old one.
  if (account.id() == actor.account_id()) return refuse(Code::kRoleForbidden, "accountId");
  if (is_peer_in_use(actor, scope, account)) return refuse(Code::kNotYours, "accountId");
  return check_approved(scope, state, actor, account);
}

Status check_needs_of_resident(const State& state, const pb::Actor& actor, Scope scope,
                               std::uint64_t resident_ref) {
  Slot need = state.first_need_of_resident(resident_ref);
  for (; need != kNoSlot; need = state.needs()[need].next_of_resident) {
    if (!check_area(scope, actor, state, state.needs()[need].area)) {
      return refuse(Code::kNotYours, "residentRef");
    }
  }
  return outcome::success();
}

Status check_resident_ref(const State& state, const pb::Actor& actor, Scope scope,
                          std::uint64_t resident_ref, const std::string& field) {
  if (resident_ref == 0 || scope == Scope::kAll) return outcome::success();
  if (scope == Scope::kOwn) return check_resident(scope, actor, resident_ref);
  bool known = false;
  bool elsewhere = resident_ref >= kAccountResidents;
  Slot need = state.first_need_of_resident(resident_ref);
  for (; need != kNoSlot && !known; need = state.needs()[need].next_of_resident) {
    elsewhere = true;
    known = in_area_of(actor, state, state.needs()[need].area);
  }
  for (const Slot slot : state.accounts_of_resident(resident_ref)) {
    const pb::Account account = state.load_account(slot);
    elsewhere = elsewhere || account.area_code() != 0;
    known = known || in_area_of(actor, state, state.areas().find(AreaCode{account.area_code()}));
  }
  if (known || !elsewhere) return outcome::success();
  if (resident_ref >= kAccountResidents) return resident_ref_out_of_range(field);
  return unknown_resident(field, resident_ref);
}

Status check_approved(Scope scope, const State& state, Slot party) {
  const bool applied_for = state.parties()[party].standing == pb::STANDING_PENDING;
  if (scope != Scope::kParty || !applied_for) return outcome::success();
  return refuse(Code::kActorSuspended, "partyId");
}

Status check_approved(Scope scope, const State& state, const pb::Actor& actor,
                      const pb::Account& account) {
  const Slot party = state.parties().find(PartyId{account.party_id()});
  if (party == kNoSlot || account.party_id() == actor.party_id()) return outcome::success();
  return check_approved(scope, state, party);
}

Refusal unknown_resident(std::string field, std::uint64_t resident_ref) {
  const std::string number = std::to_string(resident_ref);
  return refuse(Code::kNotFound, std::move(field), "resident " + number, "居民" + number);
}

Refusal resident_ref_out_of_range(std::string field) {
  return refuse(Code::kOutOfRange, std::move(field), "1.." + std::to_string(kAccountResidents - 1));
}

}  // namespace qiao
