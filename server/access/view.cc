#include "server/access/view.h"

#include "engine/rows/marked.h"

namespace qiao {
namespace {

// About a kilometre: near enough to decide whether to go, too far to find the door.
constexpr std::int32_t kCoarse = 100'000;

std::int32_t coarse(std::int32_t e7) {
  return (e7 >= 0 ? (e7 + kCoarse / 2) : (e7 - kCoarse / 2)) / kCoarse * kCoarse;
}

// What the rules ask, by the State.
struct Viewed {
  const State& state;
  const pb::Actor& actor;
  Slot slot;

  bool within_mine(Slot area) const { return area != kNoSlot && in_area_of(actor, state, area); }
  bool mine(Slot party) const { return party != kNoSlot && in_party_of(actor, state, party); }
  bool of_my_need(Slot need) const {
    return same_id(actor.resident_ref(), state.needs()[need].resident_ref);
  }
};

struct ViewedParty : Viewed {
  const PartyRow& row() const { return state.parties()[slot]; }
  bool in_area() const { return within_mine(row().area); }
  bool of_party() const { return mine(slot); }
  bool active() const { return row().standing == pb::STANDING_ACTIVE; }
};

struct ViewedPerson : Viewed {
  const PersonRow& row() const { return state.persons()[slot]; }
  bool in_area() const { return within_mine(state.parties()[row().party].area); }
  bool of_party() const { return mine(row().party); }
  bool of_person() const { return same_id(actor.person_id(), row().id.value()); }
};

struct ViewedOffer : Viewed {
  bool of_party() const { return mine(state.offers()[slot].party); }
};

struct ViewedNeed : Viewed {
  const NeedRow& row() const { return state.needs()[slot]; }
  bool in_area() const { return within_mine(row().area); }
  bool of_resident() const { return of_my_need(slot); }
  bool served() const {
    for (Slot m = row().first_match; m != kNoSlot; m = state.matches()[m].next_of_need) {
      const MatchRow& match = state.matches()[m];
      if (serving(match.state) && mine(state.offers()[match.offer].party)) return true;
    }
    return false;
  }
  pb::NeedState need_state() const { return row().state; }
  bool opened() const { return was_public(state.load_need(slot)); }
};

struct ViewedMatch : Viewed {
  const MatchRow& row() const { return state.matches()[slot]; }
  Slot party() const { return state.offers()[row().offer].party; }
  bool in_area() const { return within_mine(state.needs()[row().need].area); }
  bool party_in_area() const { return within_mine(state.parties()[party()].area); }
  bool of_party() const { return mine(party()); }
  bool of_resident() const { return of_my_need(row().need); }
};

struct ViewedNotification : Viewed {
  const NotificationRow& row() const { return state.notifications()[slot]; }
  bool in_area() const { return within_mine(state.needs()[row().need].area); }
  bool party_in_area() const { return within_mine(state.parties()[row().party].area); }
  bool of_party() const { return mine(row().party); }
};

struct ViewedAccount : Viewed {
  const AccountRow& row() const { return state.accounts()[slot]; }
  Slot party() const { return state.parties().find(row().party); }
  // Where it has no party: the area whose organisers look after it.
  bool in_area() const {
    if (party() != kNoSlot) return within_mine(state.parties()[party()].area);
    return within_mine(state.areas().find(AreaCode{state.load_account(slot).area_code()}));
  }
  bool of_party() const { return mine(party()); }
  bool of_account() const { return same_id(actor.account_id(), row().id.value()); }
};

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
  if (need.has_point())
    *need.mutable_point() = public_point({need.point().latitude_e7(), need.point().longitude_e7()});
  need.clear_resident_ref();
  need.clear_excluded_party_ids();
  need.clear_reason();
  // Those who may come and serve read what it is about; free text is not for everybody on the
  // street.
  if (!signed_in) need.clear_description();
}

void make_public(pb::Party& party) {
  clear_marked(party);
  party.clear_credit_code();
  party.clear_excluded_categories();
  party.clear_excluded_area_codes();
}

void make_public(pb::Event& event) {
  event.clear_actor();
  if (event.has_need()) make_public(*event.mutable_need(), true);
  if (event.has_party()) make_public(*event.mutable_party());
}

void mask_event(pb::Event& event,
                const std::function<std::string(std::uint64_t area_code)>& area_name) {
  if (event.has_party()) mask(*event.mutable_party(), {});
  if (event.has_person()) mask(*event.mutable_person(), {});
  if (event.has_account()) mask(*event.mutable_account(), {});
  if (event.has_grant()) mask(*event.mutable_grant(), {});
  if (event.has_need() && has_marked(event.need()))
    mask(*event.mutable_need(), area_name(event.need().area_code()));
}

Sight View::party(Slot slot) const {
  return sight_of_party(scope_, actor_.role(), ViewedParty{{state_, actor_, slot}});
}

Sight View::person(Slot slot) const {
  return sight_of_person(scope_, ViewedPerson{{state_, actor_, slot}});
}

Sight View::offer(Slot slot) const {
  return sight_of_offer(scope_, ViewedOffer{{state_, actor_, slot}});
}

Sight View::need(Slot slot) const {
  return sight_of_need(scope_, actor_.role(), ViewedNeed{{state_, actor_, slot}});
}

Sight View::match(Slot slot) const {
  return sight_of_match(scope_, ViewedMatch{{state_, actor_, slot}});
}

Sight View::notification(Slot slot) const {
  return sight_of_notification(scope_, ViewedNotification{{state_, actor_, slot}});
}

Sight View::account(Slot slot) const {
  return sight_of_account(scope_, ViewedAccount{{state_, actor_, slot}});
}

Sight sight_of(const State& s, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id) {
  const auto seen = [&](Operation look, Slot slot, Sight (View::*sight)(Slot) const) {
    if (slot == kNoSlot) return Sight::kNothing;
    return (View(s, actor, scope_of(s, look, actor)).*sight)(slot);
  };
  switch (kind) {
    case pb::ROW_KIND_AREA:
      return whole_if(s.areas().find(AreaCode{id}) != kNoSlot);
    case pb::ROW_KIND_PARTY:
      return seen(Operation::kGetParty, s.parties().find(PartyId{id}), &View::party);
    case pb::ROW_KIND_PERSON:
      return seen(Operation::kGetPerson, s.persons().find(PersonId{id}), &View::person);
    case pb::ROW_KIND_OFFER:
      return seen(Operation::kGetOffer, s.offers().find(OfferId{id}), &View::offer);
    case pb::ROW_KIND_NEED:
      return seen(Operation::kGetNeed, s.needs().find(NeedId{id}), &View::need);
    case pb::ROW_KIND_MATCH:
      return seen(Operation::kGetMatch, s.matches().find(MatchId{id}), &View::match);
    case pb::ROW_KIND_ACCOUNT:
      return seen(Operation::kGetAccount, s.accounts().find(AccountId{id}), &View::account);
    case pb::ROW_KIND_GRANT: {
      const Slot grant = s.grants().find(GrantId{id});
      if (grant == kNoSlot) return Sight::kNothing;
      const bool own = s.accounts()[s.grants()[grant].account].id.value() == actor.account_id();
      return whole_if(own || scope_of(Operation::kRevokeToken, actor.role()) == Scope::kAll);
    }
    default:
      return Sight::kNothing;
  }
}

bool is_there(const State& s, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id) {
  return sight_of(s, actor, kind, id) != Sight::kNothing;
}

Refusal not_there(pb::RowKind kind, std::uint64_t id, std::string field) {
  static constexpr std::pair<const char*, const char*> kWords[] = {
      {"", ""},           {"area ", "区域"}, {"party ", "主体"},   {"person ", "人员"},
      {"offer ", "供给"}, {"need ", "需求"}, {"match ", "对接单"}, {"account ", "账号"},
      {"grant ", "授权"}};
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
Owner owner_of(const State& state, std::uint64_t account_id) {
  const Slot account = state.accounts().find(AccountId{account_id});
  if (account == kNoSlot) return {};
  const AccountRow& row = state.accounts()[account];
  return {row.id.value(), row.person.value(), row.resident_ref};
}

bool View::owns(pb::Event::RowCase kind, std::uint64_t id) const {
  const Slot need = kind == pb::Event::kNeed ? state_.needs().find(NeedId{id}) : kNoSlot;
  return owns_row(owner_of(state_, actor_.account_id()), kind, id,
                  need == kNoSlot ? 0 : state_.needs()[need].resident_ref);
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
