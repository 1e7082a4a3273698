// The reach of an account: nobody may give credentials to an account that reaches further than its
// own, or act on behalf of a party that does.
#pragma once

#include "engine/identity/roles.h"
#include "engine/rows/state.h"

namespace qiao {

// Maximum depth of the tree of parties.
inline constexpr int kMaxPartyDepth = 8;

// Roles that act for a supplier: the supplier itself or one of its members.
constexpr bool acts_for_supplier(pb::Role role) {
  return role == pb::ROLE_SUPPLIER || role == pb::ROLE_MEMBER;
}

// The root of the tree that the party belongs to.
PartyId topmost_of(const State& state, PartyId party);

// Whether the party lies below the actor's area, and not in the same one. Organisers of the same
// area have no rights over each other; only those above have.
bool is_below(const State& state, const pb::Actor& actor, PartyId party);

bool is_below(const State& state, const pb::Actor& actor, Slot area);

// Whether the party is another organiser of the actor's own area, over which the actor has no
// rights.
bool is_peer_organiser(const State& state, const pb::Actor& actor, Scope scope, Slot party);

// Whether the actor may have an organiser there. It has no rights over others in its own area, so
// it may not create one there. True for parties that do not organise.
bool may_organise(const State& state, const pb::Actor& actor, Scope scope, Slot area,
                  pb::PartyKind kind);

// Whether the party and all parties below it are in the actor's area, because an actor for the
// party acts for all of them. Branches that are not active and have no accounts, people or offers
// are ignored: they may exist only because the team applied for them.
bool all_in_area_of(const State& state, const pb::Actor& actor, PartyId party);

// Whether the actor, with that scope of the operation, may give credentials to the account. Refused
// if the account reaches further than the actor: by its role, to another area or party, or, for a
// resident, to needs elsewhere.
Status check_reach(const State& state, const pb::Actor& actor, Scope scope,
                   const pb::Account& account);
// Whether the account is within the actor's scope, however far it reaches. Sufficient to disable
// it, which gives nobody access.
Status check_account_place(const State& state, const pb::Actor& actor, Scope scope,
                           const pb::Account& account);
// Another account of the same role and party that has been logged in to. It belongs to that person;
// only somebody above may change more than whether it is disabled.
bool is_peer_in_use(const pb::Actor& actor, Scope scope, const pb::Account& account);
// Whether the actor may give the account an invitation. In addition to check_reach(): not its own
// account, not a peer's, not one of a branch that is only applied for.
Status check_invitation(const State& state, const pb::Actor& actor, Scope scope,
                        const pb::Account& account);
// Whether all needs of the resident are within the actor's scope.
Status check_needs_of_resident(const State& state, const pb::Actor& actor, Scope scope,
                               std::uint64_t resident_ref);
// Whether the actor may post a need for that resident. An organiser may if the resident has a need
// or an account in its area, or if the number is not in use. Otherwise refused as if there were no
// such resident.
Status check_resident_ref(const State& state, const pb::Actor& actor, Scope scope,
                          std::uint64_t resident_ref, const std::string& field);
// Refuses to let a team add people and offers to a branch before it is approved.
Status check_approved(Scope scope, const State& state, Slot party);
// The same for the party of an account, if it is a branch.
Status check_approved(Scope scope, const State& state, const pb::Actor& actor,
                      const pb::Account& account);
Refusal unknown_resident(std::string field, std::uint64_t resident_ref);
// Refuses a number outside the range of those that organisers assign.
Refusal resident_ref_out_of_range(std::string field);

}  // namespace qiao
