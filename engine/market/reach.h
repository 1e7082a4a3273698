// How far an account reaches: nobody gives a way in to one that reaches further than its own, and
// nobody acts for a party that does.
#pragma once

#include "engine/market/roles.h"
#include "engine/market/state.h"

namespace qiao {

// Parties belong to one another at most so deep.
inline constexpr int kMaxPartyDepth = 8;

// Acts for a party that gives, or as one of its members.
constexpr bool gives(pb::Role role) {
  return role == pb::ROLE_SUPPLIER || role == pb::ROLE_MEMBER;
}

// Is the party in the actor's area, and are all that belong to it? Whoever acts for it acts for them.
bool all_in_area_of(const State& state, const pb::Actor& actor, PartyId party);

// May the actor, who has that scope of the operation, give a way in to such an account? Refused where
// it reaches further than the actor: in its role, to another area or party, or, for a resident, to
// needs elsewhere.
Status check_reach(const State& state, const pb::Actor& actor, Scope scope,
                   const pb::Account& account);
// Are all needs of the resident within what the actor has of the operation?
Status check_needs_of_resident(const State& state, const pb::Actor& actor, Scope scope,
                               std::uint64_t resident_ref);

}  // namespace qiao
