// The rules that decide whether an actor sees nothing, the public fields or all fields of a row.
//
// Responses (View, from the State) and the watch feed (Watch, from the event and Relations) obtain
// the facts differently but share these rules, one for each kind of row. A rule takes the role, the
// scope that the role has for the operation that reads such a row (kRead), and `facts`, which
// computes only the facts that the rule uses:
//   in_area()        the row, or the party it belongs to, is in the viewer's area or below
//   party_in_area()  of a match or a notification: its party is
//   of_party()       the row is, or belongs to, the viewer's party or one of its branches
//   served()         of a need: such a party serves it, see serving()
//   of_person(), of_resident(), of_account()  it belongs to the viewer itself
//   active()         of a party: its standing is active
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

// 0 means none and never matches.
constexpr bool same_id(std::uint64_t mine, std::uint64_t its) { return mine != 0 && mine == its; }

// Whether the party of a match in this state sees all of its need: from the dispatch or the
// confirmed claim until it has served. Not while a claim waits for the organiser, and not after
// declining.
constexpr bool serving(pb::MatchState state) {
  return state == pb::MATCH_STATE_DISPATCHED ||
         (state >= pb::MATCH_STATE_ACCEPTED && state <= pb::MATCH_STATE_SERVED);
}

// The viewer's own account, also when it acts on behalf of another: its own personal data are not
// masked.
struct Owner {
  std::uint64_t account = 0;
  std::uint64_t person = 0;
  std::uint64_t resident_ref = 0;
};

// `resident_ref` is used for a need only.
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

// Public kinds of row, and grants, which only the journal shows: a role that may read them sees all
// fields.
template <class Kind, class Facts>
requires std::same_as<Kind, kinds::Taxonomy> || std::same_as<Kind, kinds::Policy> ||
    std::same_as<Kind, kinds::Area> || std::same_as<Kind, kinds::Grant>
        Sight sight_of(Kind, Scope scope, pb::Role, const Facts&) {
  return whole_if(scope != Scope::kNone);
}

template <class Facts>
Sight sight_of(kinds::Party, Scope scope, pb::Role role, const Facts& facts) {
  if (scope == Scope::kAll) return Sight::kWhole;
  if (scope != Scope::kView) return Sight::kNothing;
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

// Independent of the operation: the role decides, unless the scope is the whole city.
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
    // Matches of needs in the area, and of teams from the area.
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

// The record that somebody saw the contact of a need. Disclosures of other rows are visible only
// with access to the whole journal.
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
