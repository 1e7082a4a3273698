// The rules of what somebody sees of a row: nothing, what is public of it, or the whole.
//
// Answers (View, by the State) and the watch feed (Watch, by the event and Relations) know the
// facts from different places; the rules are here, once, one for each kind of row. A rule takes the
// scope that the role has of the operation that reads such a row (kRead), the role, and `facts`,
// which it asks only for what it needs:
//   in_area()        the row, or the party it is of, lies in the viewer's area or below
//   party_in_area()  of a match or a notification: its party does
//   of_party()       the row is, or is of, the viewer's party or one that belongs to it
//   served()         of a need: such a party serves it, see serving()
//   of_person(), of_resident(), of_account()  it is of the viewer itself
//   active()         of a party: its standing
//   need_state(), opened()  of a need: its state; whether it was ever on the public board
#pragma once

#include <concepts>
#include <cstdint>

#include "engine/identity/roles.h"
#include "engine/rows/kinds.h"
#include "qiao/v1/event.pb.h"

namespace qiao {

enum class Sight : std::uint8_t { kNothing, kPublic, kWhole };

constexpr Sight whole_if(bool mine, Sight otherwise = Sight::kNothing) {
  return mine ? Sight::kWhole : otherwise;
}

// 0 stands for none, which is nobody's own.
constexpr bool same_id(std::uint64_t mine, std::uint64_t its) { return mine != 0 && mine == its; }

// A match whose party sees its need whole: one that was asked, or that serves it, until it has
// served; not one that only claimed and waits for the organiser, and not after it declined.
constexpr bool serving(pb::MatchState state) {
  return state == pb::MATCH_STATE_DISPATCHED ||
         (state >= pb::MATCH_STATE_ACCEPTED && state <= pb::MATCH_STATE_SERVED);
}

// The account that looks, whoever it acts for: its own personal data are shown to it unmasked.
struct Owner {
  std::uint64_t account = 0;
  std::uint64_t person = 0;
  std::uint64_t resident_ref = 0;
};

// `resident_ref`: of a need.
constexpr bool owns_row(const Owner& me, pb::Event::RowCase kind, std::uint64_t id,
                        std::uint64_t resident_ref) {
  switch (kind) {
    case pb::Event::kAccount:
      return same_id(me.account, id);
    case pb::Event::kPerson:
      return same_id(me.person, id);
    case pb::Event::kNeed:
      return same_id(me.resident_ref, resident_ref);
    default:
      return false;
  }
}

// What is no secret, and what has no place but the journal: whoever may read it sees the whole.
template <class Kind, class Facts>
requires std::same_as<Kind, kinds::Taxonomy> || std::same_as<Kind, kinds::Policy> ||
    std::same_as<Kind, kinds::Area> || std::same_as<Kind, kinds::Grant>
        Sight sight_of(Kind, Scope scope, pb::Role, const Facts&) {
  return whole_if(scope != Scope::kNone);
}

template <class Facts>
Sight sight_of(kinds::Party, Scope scope, pb::Role role, const Facts& facts) {
  if (scope == Scope::kAll) return Sight::kWhole;
  if (scope != Scope::kLook) return Sight::kNothing;
  const bool mine = role == pb::ROLE_ORGANISER ? facts.in_area() : facts.of_party();
  return whole_if(mine, facts.active() ? Sight::kPublic : Sight::kNothing);
}

template <class Facts>
Sight sight_of(kinds::Person, Scope scope, pb::Role, const Facts& facts) {
  switch (scope) {
    case Scope::kAll:
      return Sight::kWhole;
    case Scope::kArea:
      return whole_if(facts.in_area());
    case Scope::kParty:
      return whole_if(facts.of_party());
    case Scope::kOwn:
      return whole_if(facts.of_person());
    default:
      return Sight::kNothing;
  }
}

template <class Facts>
Sight sight_of(kinds::Offer, Scope scope, pb::Role, const Facts& facts) {
  return whole_if(scope == Scope::kAll || (scope == Scope::kParty && facts.of_party()));
}

// Who sees a need whole for one operation sees it so for all: the role decides, where the scope is
// not the whole city.
template <class Facts>
bool sees_whole_need(Scope scope, pb::Role role, const Facts& facts) {
  if (scope == Scope::kAll) return true;
  switch (role) {
    case pb::ROLE_ORGANISER:
      return facts.in_area();
    case pb::ROLE_SUPPLIER:
    case pb::ROLE_MEMBER:
      return facts.served();
    case pb::ROLE_RESIDENT:
      return facts.of_resident();
    default:
      return false;
  }
}

template <class Facts>
Sight sight_of(kinds::Need, Scope scope, pb::Role role, const Facts& facts) {
  if (scope == Scope::kNone) return Sight::kNothing;
  if (sees_whole_need(scope, role, facts)) return Sight::kWhole;
  switch (facts.need_state()) {
    case pb::NEED_STATE_OPEN:
    case pb::NEED_STATE_FILLED:
    case pb::NEED_STATE_IN_SERVICE:
    case pb::NEED_STATE_DONE:
    case pb::NEED_STATE_REVIEWED:
      return Sight::kPublic;
    case pb::NEED_STATE_CANCELLED:
    case pb::NEED_STATE_EXPIRED:
      return facts.opened() ? Sight::kPublic : Sight::kNothing;
    default:
      return Sight::kNothing;
  }
}

template <class Facts>
Sight sight_of(kinds::Match, Scope scope, pb::Role, const Facts& facts) {
  switch (scope) {
    case Scope::kAll:
      return Sight::kWhole;
    // Of a need there, or of a team from there.
    case Scope::kArea:
      return whole_if(facts.in_area() || facts.party_in_area());
    case Scope::kParty:
      return whole_if(facts.of_party());
    case Scope::kOwn:
      return whole_if(facts.of_resident());
    default:
      return Sight::kNothing;
  }
}

template <class Facts>
Sight sight_of(kinds::Notification, Scope scope, pb::Role, const Facts& facts) {
  switch (scope) {
    case Scope::kAll:
      return Sight::kWhole;
    case Scope::kArea:
      return whole_if(facts.in_area() || facts.party_in_area());
    case Scope::kParty:
      return whole_if(facts.of_party());
    default:
      return Sight::kNothing;
  }
}

// That somebody saw the contact of a need. Of other rows only who sees the whole journal is told.
template <class Facts>
Sight sight_of(kinds::Disclosure, Scope scope, pb::Role, const Facts& facts) {
  switch (scope) {
    case Scope::kAll:
      return Sight::kWhole;
    case Scope::kArea:
      return whole_if(facts.in_area());
    case Scope::kOwn:
      return whole_if(facts.of_resident());
    default:
      return Sight::kNothing;
  }
}

template <class Facts>
Sight sight_of(kinds::Account, Scope scope, pb::Role, const Facts& facts) {
  if (scope == Scope::kNone) return Sight::kNothing;
  if (scope == Scope::kAll || facts.of_account()) return Sight::kWhole;
  switch (scope) {
    case Scope::kArea:
      return whole_if(facts.in_area());
    case Scope::kParty:
      return whole_if(facts.of_party());
    default:
      return Sight::kNothing;
  }
}

}  // namespace qiao
