#include "server/access/view.h"

#include <utility>

#include "engine/rows/marked.h"

namespace qiao {
namespace {

// About a kilometre: precise enough to decide whether to go, too coarse to find the door.
constexpr std::int32_t kCoarse = 100'000;

std::int32_t coarse(std::int32_t e7) {
  return (e7 >= 0 ? (e7 + kCoarse / 2) : (e7 - kCoarse / 2)) / kCoarse * kCoarse;
}

// The facts that the rules use, from the State.
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
  // An account without a party has an area of its own.
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
  // Free text is shown only to accounts, which may claim the need.
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
  visit_kind(event.row_case(), [&](auto kind) {
    if (!has_marked(kind.row_in(std::as_const(event)))) return;
    const bool placed = event.has_need();
    mask(kind.row_in(event), placed ? area_name(event.need().area_code()) : std::string());
  });
}

// Areas are public.
Sight View::area(Slot) const { return Sight::kWhole; }

Sight View::party(Slot slot) const {
  return sight_of(kinds::Party{}, scope_, actor_.role(), ViewedParty{{state_, actor_, slot}});
}

Sight View::person(Slot slot) const {
  return sight_of(kinds::Person{}, scope_, actor_.role(), ViewedPerson{{state_, actor_, slot}});
}

Sight View::offer(Slot slot) const {
  return sight_of(kinds::Offer{}, scope_, actor_.role(), ViewedOffer{{state_, actor_, slot}});
}

Sight View::need(Slot slot) const {
  return sight_of(kinds::Need{}, scope_, actor_.role(), ViewedNeed{{state_, actor_, slot}});
}

Sight View::match(Slot slot) const {
  return sight_of(kinds::Match{}, scope_, actor_.role(), ViewedMatch{{state_, actor_, slot}});
}

Sight View::notification(Slot slot) const {
  return sight_of(kinds::Notification{}, scope_, actor_.role(),
                  ViewedNotification{{state_, actor_, slot}});
}

Sight View::account(Slot slot) const {
  return sight_of(kinds::Account{}, scope_, actor_.role(), ViewedAccount{{state_, actor_, slot}});
}

// No operation reads another account's grants; the role that may revoke all of them may see that
// they exist.
Sight View::grant(Slot slot) const {
  const bool own =
      state_.accounts()[state_.grants()[slot].account].id.value() == actor_.account_id();
  return whole_if(own || scope_of(Operation::kRevokeToken, actor_.role()) == Scope::kAll);
}

Sight sight_of(const State& s, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id) {
  return visit_keyed(case_of(kind), [&](auto k) {
    const Slot slot = s.rows(k).find(typename decltype(k)::Id{id});
    if (slot == kNoSlot) return Sight::kNothing;
    return View(s, actor, scope_of(s, k.kRead, actor)).sight(k, slot);
  });
}

bool is_there(const State& s, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id) {
  return sight_of(s, actor, kind, id) != Sight::kNothing;
}

Refusal not_there(pb::RowKind kind, std::uint64_t id, std::string field) {
  const auto row = case_of(kind);
  const std::string en = name_of(row);
  const std::string zh = chinese_name_of(row);
  const std::string number = std::to_string(id);
  return refuse(Code::kNotFound, std::move(field), en.empty() ? number : en + " " + number,
                zh + number);
}

pb::Area View::show_area(Slot slot) const { return state_.load_area(slot); }

pb::Party View::show_party(Slot slot) const {
  pb::Party m = state_.load_party(slot);
  if (party(slot) == Sight::kPublic) {
    make_public(m);
  } else {
    mask(m, {});
  }
  return m;
}

// An account's own personal data. An account that acts on behalf of another does not own that
// actor's data.
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

pb::Offer View::show_offer(Slot slot) const { return state_.load_offer(slot); }

pb::Need View::show_need(Slot slot) const {
  pb::Need m = state_.load_need(slot);
  if (need(slot) == Sight::kPublic) {
    make_public(m, actor_.role() != pb::ROLE_ANONYMOUS);
  } else if (has_marked(m) && !owns(pb::Event::kNeed, m.id())) {
    mask(m, state_.area_name(state_.needs()[slot].area));
  }
  return m;
}

pb::Match View::show_match(Slot slot) const { return state_.load_match(slot); }

pb::Notification View::show_notification(Slot slot) const { return state_.load_notification(slot); }

pb::Account View::show_account(Slot slot) const {
  pb::Account m = state_.load_account(slot);
  if (owns(pb::Event::kAccount, m.id())) {
    m.clear_password_hash();
  } else {
    mask(m, {});
  }
  return m;
}

pb::Grant View::show_grant(Slot slot) const {
  pb::Grant m = state_.load_grant(slot);
  mask(m, {});
  return m;
}

}  // namespace qiao
