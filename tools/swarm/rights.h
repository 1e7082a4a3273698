// What an account may do and see, to be compared before and after a request: after any request by
// A it is no more than before, unless somebody who may grant it sent the request.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "engine/rows/state.h"
#include "qiao/v1/request.pb.h"
#include "server/access/sight.h"

namespace qiao {

struct Rights {
  // Its role, the person and the resident that it is.
  pb::Actor actor;
  // By slot: the areas in which an organiser acts; the parties that are its own or in these areas.
  std::vector<bool> areas, parties;
  // By slot, what is seen of parties, persons, offers, needs, matches and accounts.
  static constexpr std::size_t kKinds = 6;
  std::array<std::vector<Sight>, kKinds> seen;
};

// May whoever is not the lead give a way in to an account with those rights? It reaches no further
// than the giver's own.
bool may_invite(const State& state, const pb::Actor& giver, const pb::Actor& account);

Rights rights_of(const State& state, const pb::Actor& actor);
// By slot, the areas in which an organiser acts; none for other roles.
std::vector<bool> areas_of(const State& state, const pb::Actor& actor);
// By slot, see Rights::parties.
std::vector<bool> parties_of(const State& state, const pb::Actor& actor);

// May an account that is `self` by itself act for that actor? By the rows alone: a lead for
// anybody, an organiser for organisers, suppliers and members in its areas, a supplier for its
// party and those below and for their members, everybody for itself.
bool may_act_for(const State& state, const pb::Actor& self, const pb::Actor& actor);

// What `after` has and `before` has not, in words, e.g. "need 17 sight 2". Rows that were made in
// between are left out.
std::vector<std::string> gained(const State& state, const Rights& before, const Rights& after);

// Does a team see a need whole by sending such a request? It takes the need on.
bool takes_need_on(const pb::Request& request);

}  // namespace qiao
