#include "server/access/view.h"

#include "engine/market/personal.h"

namespace qiao {
namespace {

// About a kilometre: near enough to decide whether to go, too far to find the door.
constexpr std::int32_t kCoarse = 100'000;

std::int32_t coarse(std::int32_t e7) { return (e7 >= 0 ? (e7 + kCoarse / 2) : (e7 - kCoarse / 2)) / kCoarse * kCoarse; }

Sight whole_if(bool mine, Sight otherwise = Sight::kNothing) { return mine ? Sight::kWhole : otherwise; }

}  // namespace

bool was_public(const pb::Need& need) { return need.opened_at() != 0; }

pb::Point public_point(const Point& exact) {
  pb::Point p;
  p.set_latitude_e7(coarse(exact.latitude_e7));
  p.set_longitude_e7(coarse(exact.longitude_e7));
  return p;
}

void make_public(pb::Need& need, bool signed_in) {
  clear_marked(need);
  if (need.has_point()) *need.mutable_point() = public_point({need.point().latitude_e7(), need.point().longitude_e7()});
  need.clear_resident_ref();
  need.clear_excluded_party_ids();
  need.clear_reason();
  // Those who may come and serve read what it is about; free text is not for everybody on the street.
  if (!signed_in) need.clear_description();
}

void make_public(pb::Party& party) {
  clear_marked(party);
  party.clear_credit_code();
  party.clear_excluded_categories();
  party.clear_excluded_area_codes();
}

void mask_event(pb::Event& event, const std::function<std::string(std::uint64_t area_code)>& area_name) {
  if (event.has_party()) mask(*event.mutable_party(), {});
  if (event.has_person()) mask(*event.mutable_person(), {});
  if (event.has_account()) mask(*event.mutable_account(), {});
  if (event.has_grant()) mask(*event.mutable_grant(), {});
  if (event.has_need() && has_marked(event.need())) mask(*event.mutable_need(), area_name(event.need().area_code()));
}

bool View::serves(const NeedRow& need) const {
  for (Slot m = need.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
    // From being asked to being done: not before, and not after it said no.
    const auto state = state_.matches()[m].state;
    if (state < pb::MATCH_STATE_DISPATCHED || state > pb::MATCH_STATE_SERVED) continue;
    if (in_party(state_.offers()[state_.matches()[m].offer].party)) return true;
  }
  return false;
}

Sight View::party(Slot slot) const {
  const PartyRow& row = state_.parties()[slot];
  if (scope_ == Scope::kAll) return Sight::kWhole;
  if (scope_ != Scope::kLook) return Sight::kNothing;
  const bool mine = actor_.role() == pb::ROLE_ORGANISER ? in_area(row.area) : in_party(slot);
  return whole_if(mine, row.standing == pb::STANDING_ACTIVE ? Sight::kPublic : Sight::kNothing);
}

Sight View::person(Slot slot) const {
  const PersonRow& row = state_.persons()[slot];
  switch (scope_) {
    case Scope::kAll: return Sight::kWhole;
    case Scope::kArea: return whole_if(in_area(state_.parties()[row.party].area));
    case Scope::kParty: return whole_if(in_party(row.party));
    case Scope::kOwn: return whole_if(actor_.person_id() != 0 && actor_.person_id() == row.id.value());
    default: return Sight::kNothing;
  }
}

Sight View::offer(Slot slot) const {
  const OfferRow& row = state_.offers()[slot];
  if (scope_ == Scope::kAll) return Sight::kWhole;
  return whole_if(scope_ == Scope::kParty && in_party(row.party));
}

Sight View::need(Slot slot) const {
  const NeedRow& row = state_.needs()[slot];
  bool mine = scope_ == Scope::kAll;
  // Whoever sees it whole for one operation sees it so for all: the role decides, where the scope is not the whole city.
  switch (actor_.role()) {
    case pb::ROLE_ORGANISER: mine = mine || in_area(row.area); break;
    case pb::ROLE_SUPPLIER:
    case pb::ROLE_MEMBER: mine = mine || serves(row); break;
    case pb::ROLE_RESIDENT: mine = mine || (actor_.resident_ref() != 0 && actor_.resident_ref() == row.resident_ref); break;
    default: break;
  }
  if (mine) return Sight::kWhole;
  switch (row.state) {
    case pb::NEED_STATE_OPEN:
    case pb::NEED_STATE_FILLED:
    case pb::NEED_STATE_IN_SERVICE:
    case pb::NEED_STATE_DONE:
    case pb::NEED_STATE_REVIEWED: return Sight::kPublic;
    case pb::NEED_STATE_CANCELLED:
    case pb::NEED_STATE_EXPIRED: return was_public(state_.load_need(slot)) ? Sight::kPublic : Sight::kNothing;
    default: return Sight::kNothing;
  }
}

Sight View::match(Slot slot) const {
  const MatchRow& row = state_.matches()[slot];
  const Slot party = state_.offers()[row.offer].party;
  switch (scope_) {
    case Scope::kAll: return Sight::kWhole;
    // Of a need there, or of a team from there.
    case Scope::kArea: return whole_if(in_area(state_.needs()[row.need].area) || in_area(state_.parties()[party].area));
    case Scope::kParty: return whole_if(in_party(party));
    case Scope::kOwn: return whole_if(actor_.resident_ref() != 0 && actor_.resident_ref() == state_.needs()[row.need].resident_ref);
    default: return Sight::kNothing;
  }
}

Sight View::notification(Slot slot) const {
  const NotificationRow& row = state_.notifications()[slot];
  switch (scope_) {
    case Scope::kAll: return Sight::kWhole;
    case Scope::kArea: return whole_if(in_area(state_.needs()[row.need].area) || in_area(state_.parties()[row.party].area));
    case Scope::kParty: return whole_if(in_party(row.party));
    default: return Sight::kNothing;
  }
}

Sight View::account(Slot slot) const {
  const AccountRow& row = state_.accounts()[slot];
  if (scope_ == Scope::kAll) return Sight::kWhole;
  if (actor_.account_id() != 0 && actor_.account_id() == row.id.value()) return Sight::kWhole;
  const Slot party = state_.parties().find(row.party);
  switch (scope_) {
    case Scope::kArea: {
      const Slot area = party != kNoSlot ? state_.parties()[party].area : state_.areas().find(AreaCode{state_.load_account(slot).area_code()});
      return whole_if(area != kNoSlot && in_area(area));
    }
    case Scope::kParty: return whole_if(party != kNoSlot && in_party(party));
    default: return Sight::kNothing;
  }
}

bool is_there(const State& s, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id) {
  const auto seen = [&](Operation look, Slot slot, Sight (View::*sight)(Slot) const) {
    return slot != kNoSlot && (View(s, actor, scope_of(look, actor.role())).*sight)(slot) != Sight::kNothing;
  };
  switch (kind) {
    case pb::ROW_KIND_AREA: return s.areas().find(AreaCode{id}) != kNoSlot;
    case pb::ROW_KIND_PARTY: return seen(Operation::kGetParty, s.parties().find(PartyId{id}), &View::party);
    case pb::ROW_KIND_PERSON: return seen(Operation::kGetPerson, s.persons().find(PersonId{id}), &View::person);
    case pb::ROW_KIND_OFFER: return seen(Operation::kGetOffer, s.offers().find(OfferId{id}), &View::offer);
    case pb::ROW_KIND_NEED: return seen(Operation::kGetNeed, s.needs().find(NeedId{id}), &View::need);
    case pb::ROW_KIND_MATCH: return seen(Operation::kGetMatch, s.matches().find(MatchId{id}), &View::match);
    case pb::ROW_KIND_ACCOUNT: return seen(Operation::kGetAccount, s.accounts().find(AccountId{id}), &View::account);
    case pb::ROW_KIND_GRANT: {
      const Slot grant = s.grants().find(GrantId{id});
      if (grant == kNoSlot) return false;
      const bool own = s.accounts()[s.grants()[grant].account].id.value() == actor.account_id();
      return own || scope_of(Operation::kRevokeToken, actor.role()) == Scope::kAll;
    }
    default: return false;
  }
}

Refusal not_there(pb::RowKind kind, std::uint64_t id, std::string field) {
  static constexpr std::pair<const char*, const char*> kWords[] = {{"", ""}, {"area ", "区域"}, {"party ", "主体"}, {"person ", "人员"}, {"offer ", "供给"},
                                                                   {"need ", "需求"}, {"match ", "对接单"}, {"account ", "账号"}, {"grant ", "授权"}};
  const auto& [en, zh] = kWords[kind];
  const std::string number = std::to_string(id);
  return refuse(Code::kNotFound, std::move(field), en + number, zh + number);
}

pb::Party View::show_party(Slot slot) const {
  pb::Party m = state_.load_party(slot);
  if (party(slot) == Sight::kPublic) {
    make_public(m);
  } else {
    mask(m, {});
  }
  return m;
}

// One's own data are no secret to oneself; to somebody who acts for another they are another's.
const AccountRow* View::self() const {
  const Slot account = state_.accounts().find(AccountId{actor_.account_id()});
  return account == kNoSlot ? nullptr : &state_.accounts()[account];
}

bool View::owns(pb::Event::RowCase kind, std::uint64_t id) const {
  const AccountRow* me = self();
  if (me == nullptr) return false;
  if (kind == pb::Event::kAccount) return me->id.value() == id;
  if (kind == pb::Event::kPerson) return me->person.value() == id;
  if (kind != pb::Event::kNeed || me->resident_ref == 0) return false;
  const Slot slot = state_.needs().find(NeedId{id});
  return slot != kNoSlot && state_.needs()[slot].resident_ref == me->resident_ref;
}

pb::Person View::show_person(Slot slot) const {
  pb::Person m = state_.load_person(slot);
  if (!owns(pb::Event::kPerson, m.id())) mask(m, {});
  return m;
}

pb::Need View::show_need(Slot slot) const {
  pb::Need m = state_.load_need(slot);
  if (need(slot) == Sight::kPublic) {
    make_public(m, actor_.role() != pb::ROLE_ANONYMOUS);
  } else if (has_marked(m) && !owns(pb::Event::kNeed, m.id())) {
    mask(m, state_.area_name(state_.needs()[slot].area));
  }
  return m;
}

pb::Account View::show_account(Slot slot) const {
  pb::Account m = state_.load_account(slot);
  if (owns(pb::Event::kAccount, m.id())) {
    m.clear_password_hash();
  } else {
    mask(m, {});
  }
  return m;
}

}  // namespace qiao
