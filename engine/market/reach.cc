#include "engine/market/reach.h"

#include <algorithm>

namespace qiao {
namespace {

bool all_in_area(const State& state, const pb::Actor& actor, PartyId party, int depth) {
  const Slot slot = state.parties().find(party);
  if (slot == kNoSlot || !in_area_of(actor, state, state.parties()[slot].area)) return false;
  // A journal of before may have parties that belong to themselves.
  if (depth > kMaxPartyDepth) return false;
  const auto branches = state.branches_of(party);
  return std::all_of(branches.begin(), branches.end(), [&](PartyId branch) {
    return all_in_area(state, actor, branch, depth + 1);
  });
}

}  // namespace

bool all_in_area_of(const State& state, const pb::Actor& actor, PartyId party) {
  return all_in_area(state, actor, party, 0);
}

Status check_reach(const State& state, const pb::Actor& actor, Scope scope,
                   const pb::Account& account) {
  if (scope == Scope::kAll) return outcome::success();
  const PartyId id{account.party_id()};
  const Slot party = state.parties().find(id);
  if (scope == Scope::kParty) {
    if (!gives(account.role())) return refuse(Code::kRoleForbidden, "role");
    return check_party(scope, actor, state, party);
  }
  const bool below = gives(account.role()) || account.role() == pb::ROLE_ORGANISER ||
                     account.role() == pb::ROLE_RESIDENT;
  if (!below) return refuse(Code::kRoleForbidden, "role");
  const Slot area = party != kNoSlot ? state.parties()[party].area
                                     : state.areas().find(AreaCode{account.area_code()});
  if (area == kNoSlot) return refuse(Code::kNotYours, "areaCode");
  QIAO_TRY(check_area(scope, actor, state, area));
  if (gives(account.role()) && !all_in_area_of(state, actor, id)) return refuse(Code::kNotYours, "partyId");
  return check_needs_of_resident(state, actor, scope, account.resident_ref());
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

}  // namespace qiao
