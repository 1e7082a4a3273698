// How far an account reaches: nobody gives credentials to one that reaches further than its own,
// and nobody acts for a party that does.
#pragma once

#include "engine/identity/roles.h"
#include "engine/rows/state.h"

namespace qiao {

// Parties belong to one another at most so deep.
inline constexpr int kMaxPartyDepth = 8;

// Acts for a party that gives, or as one of its members.
constexpr bool gives(pb::Role role) { return role == pb::ROLE_SUPPLIER || role == pb::ROLE_MEMBER; }

// The party that the party belongs to, the one that this belongs to, and so on: the last.
PartyId topmost_of(const State& state, PartyId party);

// Does the party lie below the actor's area, and not in the same? Organisers of one area have no
// say over one another: that is for those above.
bool is_below(const State& state, const pb::Actor& actor, PartyId party);

bool is_below(const State& state, const pb::Actor& actor, Slot area);

// Is the party an organiser over which the actor has no say: another of its own area?
bool is_beside(const State& state, const pb::Actor& actor, Scope scope, Slot party);

// Is the party in the actor's area, and are all that belong to it? Whoever acts for it acts for
// them. A branch that is not active, with nobody and nothing in it, does not count: its team alone
// has written it down.
bool all_in_area_of(const State& state, const pb::Actor& actor, PartyId party);

// May the actor, who has that scope of the operation, give credentials to such an account? Refused
// where it reaches further than the actor: in its role, to another area or party, or, for a
// resident, to needs elsewhere.
Status check_reach(const State& state, const pb::Actor& actor, Scope scope,
                   const pb::Account& account);
// Does the account lie in what the actor has of the operation, however far it reaches? So it may be
// disabled: that gives nobody access.
Status check_account_place(const State& state, const pb::Actor& actor, Scope scope,
                           const pb::Account& account);
// Another account of the same role and party that somebody has logged in to: it is that person's,
// and only whoever is above changes more of it than whether it is disabled.
bool is_peer_in_use(const pb::Actor& actor, Scope scope, const pb::Account& account);
// May the actor give the account an invitation? Beyond check_reach(): not to oneself, not to a
// peer, not to a branch that is only applied for.
Status check_invitation(const State& state, const pb::Actor& actor, Scope scope,
                        const pb::Account& account);
// Are all needs of the resident within what the actor has of the operation?
Status check_needs_of_resident(const State& state, const pb::Actor& actor, Scope scope,
                               std::uint64_t resident_ref);
// May the actor write down a need of that resident? Whoever organises: where it knows the resident
// by a need or an account in its area, or nobody has the number yet. Others are refused as if there
// were no such resident.
Status check_resident_ref(const State& state, const pb::Actor& actor, Scope scope,
                          std::uint64_t resident_ref, const std::string& field);
// A team adds people and offers to a branch of its own once this has been approved.
Status check_approved(Scope scope, const State& state, Slot party);
// The same of an account's party, where it is a branch.
Status check_approved(Scope scope, const State& state, const pb::Actor& actor,
                      const pb::Account& account);
Refusal unknown_resident(std::string field, std::uint64_t resident_ref);
// Of a number beyond those that organisers give, which no account has.
Refusal resident_ref_out_of_range(std::string field);

}  // namespace qiao
