// Taxonomy, policy, areas, parties and their people.
#include <algorithm>

#include "engine/identity/reach.h"
#include "engine/identity/roles.h"
#include "engine/market/emit.h"
#include "engine/market/settable.h"
#include "engine/market/validate.h"
#include "engine/rows/limits.h"
#include "engine/rows/marked.h"

namespace qiao {

void set_about(pb::Event&, const pb::Taxonomy&, const State&) {}

void set_about(pb::Event&, const pb::Policy&, const State&) {}

void set_about(pb::Event& e, const pb::Area& area, const State&) { e.set_area_code(area.code()); }

void set_about(pb::Event& e, const pb::Party& party, const State&) {
  e.set_area_code(party.area_code());
  e.set_party_id(party.id());
}

void set_about(pb::Event& e, const pb::Person& person, const State& state) {
  e.set_area_code(area_of_party(state, person.party_id()));
  e.set_party_id(person.party_id());
}

Status Market::put_taxonomy(const pb::Taxonomy& taxonomy) {
  QIAO_TRY(check_version(state_.taxonomy().version()));
  QIAO_TRY(validate(taxonomy, state_.vocabulary()));
  emit(pb::EVENT_KIND_TAXONOMY_CHANGED, taxonomy);
  answer(pb::Event::kTaxonomy, 0);
  return outcome::success();
}

Status Market::set_policy(const pb::Policy& policy) {
  QIAO_TRY(check_version(state_.policy().version()));
  QIAO_TRY(validate(policy));
  const bool moves =
      state_.policy().version() != 0 && policy.time_zone() != state_.policy().time_zone();
  if (moves && state_.offers().size() + state_.needs().size() > 0)
    return refuse(Code::kTimeZoneInUse, "timeZone");
  emit(pb::EVENT_KIND_POLICY_CHANGED, policy);
  answer(pb::Event::kPolicy, 0);
  return outcome::success();
}

namespace {

// GB/T 10114: the first six digits identify the city, nine the town, twelve the community. A
// community cannot assign codes of its own: it uses those of its town.
bool is_code_of(std::uint64_t code, std::uint64_t organiser_area) {
  constexpr std::uint64_t kTown = 1'000;
  constexpr std::uint64_t kCity = 1'000'000;
  const std::uint64_t unit = organiser_area % kCity == 0 ? kCity : kTown;
  return code / unit == organiser_area / unit;
}

}  // namespace

Status Market::put_area(const pb::Area& area) {
  const Slot before = state_.areas().find(AreaCode{area.code()});
  if (before != kNoSlot) {
    QIAO_TRY(check_area(scope_, actor_, state_, before));
    QIAO_TRY(check_version(state_.load_area(before).version()));
  }
  QIAO_TRY(validate(area, state_));
  const Slot parent =
      area.parent_code() == 0 ? kNoSlot : state_.areas().find(AreaCode{area.parent_code()});
  if (before == kNoSlot) {
    QIAO_TRY(check_area(scope_, actor_, state_, parent));
    const Slot organiser = state_.parties().find(PartyId{actor_.party_id()});
    if (scope_ == Scope::kArea &&
        !is_code_of(area.code(), state_.areas()[state_.parties()[organiser].area].id.value()))
      return refuse(Code::kNotYours, "code");
  }
  pb::Area row;
  copy_settable(area, row);
  if (!row.has_point()) {
    const Point p = state_.areas()[parent].point;
    row.mutable_point()->set_latitude_e7(p.latitude_e7);
    row.mutable_point()->set_longitude_e7(p.longitude_e7);
  }
  emit(pb::EVENT_KIND_AREA_CHANGED, std::move(row));
  answer(pb::Event::kArea, area.code());
  return outcome::success();
}

namespace {

void complete(pb::Party& party, const State& state) {
  if (!party.has_point()) {
    const Point p = state.areas()[state.areas().find(AreaCode{party.area_code()})].point;
    party.mutable_point()->set_latitude_e7(p.latitude_e7);
    party.mutable_point()->set_longitude_e7(p.longitude_e7);
  }
  if (party.service_radius_m() == 0) party.set_service_radius_m(state.policy().default_radius_m());
}

// The depth of the tree below the party.
int height_of(const State& state, PartyId party, int depth = 0) {
  int height = 0;
  if (depth > kMaxPartyDepth) return height;
  for (const PartyId branch : state.branches_of(party)) {
    height = std::max(height, 1 + height_of(state, branch, depth + 1));
  }
  return height;
}

// The number of parties in the tree below and including the party, counted up to one more than
// `most`.
int size_of_tree(const State& state, PartyId party, int most, int depth = 0) {
  int size = 1;
  if (depth > kMaxPartyDepth) return size;
  for (const PartyId branch : state.branches_of(party)) {
    if (size > most) break;
    size += size_of_tree(state, branch, most - size, depth + 1);
  }
  return size;
}

// A parent may act on behalf of its branches and see their members: only an actor that may act for
// both may set it.
Status check_parent(const State& state, const pb::Actor& actor, Scope scope, const pb::Party& row,
                    std::uint64_t before) {
  if (row.parent_id() == before) return outcome::success();
  // A branch may not be taken from a team in another area.
  const bool taken_away = scope == Scope::kArea && before != 0 &&
                          !all_in_area_of(state, actor, topmost_of(state, PartyId{before}));
  if (taken_away) return refuse(Code::kNotYours, "parentId");
  if (row.parent_id() == 0) return outcome::success();
  if (organises(row.kind())) {
    return refuse(Code::kWrongState, "parentId", "an organiser belongs to no other party",
                  "组织单位不能隶属于其他单位");
  }
  const Slot parent = state.parties().find(PartyId{row.parent_id()});
  int depth = 2 + height_of(state, PartyId{row.id()});
  for (Slot above = parent; above != kNoSlot; ++depth) {
    const PartyRow& party = state.parties()[above];
    if (party.id == PartyId{row.id()}) {
      return refuse(Code::kWrongState, "parentId", "that party belongs to this one",
                    "该单位隶属于本单位");
    }
    if (depth > kMaxPartyDepth)
      return refuse(Code::kTooMany, "parentId", std::to_string(kMaxPartyDepth));
    above = party.parent ? state.parties().find(party.parent) : kNoSlot;
  }
  const PartyId top = topmost_of(state, PartyId{row.parent_id()});
  const int joined = row.id() == 0 ? 1 : size_of_tree(state, PartyId{row.id()}, kMaxPartiesOfTree);
  if (joined + size_of_tree(state, top, kMaxPartiesOfTree) > kMaxPartiesOfTree)
    return refuse(Code::kTooMany, "parentId", std::to_string(kMaxPartiesOfTree));
  // An organiser may join two parties if all parties of both trees are in its area: no team
  // elsewhere gains a branch or a parent.
  const auto both_in_area = [&] {
    return all_in_area_of(state, actor, top) &&
           (row.id() == 0 || all_in_area_of(state, actor, PartyId{row.id()}));
  };
  const bool may = scope == Scope::kParty  ? in_party_of(actor, state, parent)
                   : scope == Scope::kArea ? both_in_area()
                                           : true;
  return may ? Status(outcome::success()) : Status(refuse(Code::kNotYours, "parentId"));
}

}  // namespace

Status Market::register_party(const pb::Party& party) {
  pb::Party row;
  copy_settable(party, row);
  QIAO_TRY(unmask(row, pb::Party(), {}));
  QIAO_TRY(validate(row, state_));
  const Slot area = state_.areas().find(AreaCode{party.area_code()});
  QIAO_TRY(check_area(scope_, actor_, state_, area));
  if (organises(party.kind()) && actor_.role() == pb::ROLE_SUPPLIER)
    return refuse(Code::kRoleForbidden, "kind");
  if (party.kind() == pb::PARTY_KIND_LEAD && actor_.role() != pb::ROLE_LEAD)
    return refuse(Code::kRoleForbidden, "kind");
  if (!may_organise(state_, actor_, scope_, area, party.kind()))
    return refuse(Code::kNotYours, "areaCode");
  // A team may register a branch of its own, or a party without a parent.
  QIAO_TRY(check_parent(
      state_, actor_,
      scope_ == Scope::kAll && actor_.role() == pb::ROLE_SUPPLIER ? Scope::kParty : scope_, row,
      0));
  row.set_id(next_id());
  row.set_created_at(to_int(now_));
  // A party that an organiser or the lead registers needs no approval.
  row.set_standing(actor_.role() == pb::ROLE_SUPPLIER ? pb::STANDING_PENDING : pb::STANDING_ACTIVE);
  complete(row, state_);
  answer(pb::Event::kParty, row.id());
  emit(pb::EVENT_KIND_PARTY_REGISTERED, std::move(row));
  return outcome::success();
}

Status Market::update_party(const pb::Party& party) {
  QIAO_TRY(auto slot, find_party(party.id(), "id"));
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[slot].area));
  QIAO_TRY(check_party(scope_, actor_, state_, slot));
  const pb::Party before = state_.load_party(slot);
  QIAO_TRY(check_version(before.version()));
  pb::Party row = before;
  copy_settable(party, row);
  QIAO_TRY(unmask(row, before, {}));
  QIAO_TRY(validate(row, state_));
  if (row.kind() != before.kind()) return refuse(Code::kNotSettable, "kind");
  QIAO_TRY(check_parent(state_, actor_, scope_, row, before.parent_id()));
  // An organiser's area limits its rights: it may not change its own, nor grant rights that it does
  // not have.
  const bool own = actor_.role() == pb::ROLE_ORGANISER && actor_.party_id() == row.id();
  if (is_peer_organiser(state_, actor_, scope_, slot)) return refuse(Code::kNotYours, "id");
  if (own && row.area_code() != before.area_code()) return refuse(Code::kRoleForbidden, "areaCode");
  const Slot area = state_.areas().find(AreaCode{row.area_code()});
  if (!own && !may_organise(state_, actor_, scope_, area, row.kind()))
    return refuse(Code::kNotYours, "areaCode");
  if (scope_ == Scope::kArea && !in_area_of(actor_, state_, area))
    return refuse(Code::kNotYours, "areaCode");
  // A change of what was checked for approval requires a new approval.
  const bool as_approved = row.name() == before.name() && row.area_code() == before.area_code() &&
                           row.credit_code() == before.credit_code() &&
                           row.parent_id() == before.parent_id();
  if (scope_ == Scope::kParty && !as_approved && before.standing() == pb::STANDING_ACTIVE)
    row.set_standing(pb::STANDING_PENDING);
  complete(row, state_);
  answer(pb::Event::kParty, row.id());
  emit(pb::EVENT_KIND_PARTY_CHANGED, std::move(row));
  return outcome::success();
}

Status Market::set_standing(const pb::SetStanding& change) {
  QIAO_TRY(auto slot, find_party(change.party_id(), "partyId"));
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[slot].area));
  pb::Party row = state_.load_party(slot);
  const bool own = row.id() == actor_.party_id();
  if (is_peer_organiser(state_, actor_, scope_, slot) ||
      (own && scope_ == Scope::kArea && organises(row.kind())))
    return refuse(Code::kNotYours, "partyId");
  QIAO_TRY(check_version(row.version()));
  if (change.standing() != pb::STANDING_ACTIVE && change.standing() != pb::STANDING_SUSPENDED) {
    return refuse(Code::kOutOfRange, "standing", "STANDING_ACTIVE, STANDING_SUSPENDED");
  }
  if (row.standing() == change.standing()) {
    return refuse(Code::kWrongState, "standing", pb::Standing_Name(row.standing()));
  }
  row.set_standing(change.standing());
  answer(pb::Event::kParty, row.id());
  emit(pb::EVENT_KIND_PARTY_CHANGED, std::move(row));
  return outcome::success();
}

Status Market::put_person(const pb::Person& person) {
  pb::Person before;
  if (person.id() != 0) {
    const Slot slot = state_.persons().find(PersonId{person.id()});
    if (slot == kNoSlot) return refuse(Code::kNotFound, "id", "person", "人员");
    QIAO_TRY(check_own(scope_, actor_, person.id()));
    before = state_.load_person(slot);
    QIAO_TRY(check_version(before.version()));
    if (before.removed()) return refuse(Code::kWrongState, "id", "removed", "已移除");
    if (before.party_id() != person.party_id()) return refuse(Code::kNotSettable, "partyId");
  }
  pb::Person row = before;
  copy_settable(person, row);
  if (person.id() == 0) {
    row.set_id(next_id());
    row.set_created_at(to_int(now_));
  }
  QIAO_TRY(unmask(row, before, {}));
  QIAO_TRY(validate(row, state_, now_));
  const Slot party = state_.parties().find(PartyId{person.party_id()});
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[party].area));
  if (is_peer_organiser(state_, actor_, scope_, party)) return refuse(Code::kNotYours, "partyId");
  QIAO_TRY(check_party(scope_, actor_, state_, party));
  QIAO_TRY(check_approved(scope_, state_, party));
  // A member may not change its own qualifications and kind of work; its party does.
  if (scope_ == Scope::kOwn) {
    QIAO_TRY(check_own_fields(row, before));
  }
  answer(pb::Event::kPerson, row.id());
  emit(pb::EVENT_KIND_PERSON_CHANGED, std::move(row));
  return outcome::success();
}

Status Market::remove_person(const pb::RemovePerson& removal) {
  const Slot slot = state_.persons().find(PersonId{removal.person_id()});
  if (slot == kNoSlot) return refuse(Code::kNotFound, "personId", "person", "人员");
  const Slot party = state_.persons()[slot].party;
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[party].area));
  QIAO_TRY(check_party(scope_, actor_, state_, party));
  if (is_peer_organiser(state_, actor_, scope_, party)) return refuse(Code::kNotYours, "personId");
  pb::Person row = state_.load_person(slot);
  QIAO_TRY(check_version(row.version()));
  if (row.removed()) return refuse(Code::kWrongState, "personId", "removed", "已移除");
  row.set_removed(true);
  row.set_removed_at(to_int(now_));
  answer(pb::Event::kPerson, row.id());
  emit(pb::EVENT_KIND_PERSON_CHANGED, std::move(row));
  // The accounts of a person who has left are disabled, and their sessions and tokens end.
  const auto accounts = state_.accounts_of_person(PersonId{removal.person_id()});
  for (const Slot account : std::vector<Slot>(accounts.begin(), accounts.end())) {
    pb::Account ended = state_.load_account(account);
    if (ended.disabled()) continue;
    ended.set_disabled(true);
    emit(pb::EVENT_KIND_ACCOUNT_CHANGED, std::move(ended));
    end_grants(account, Ending::kAll);
  }
  return outcome::success();
}

}  // namespace qiao
