// What an account may do and see, for comparison before and after a request: after any request by A
// it is no more than before, unless the sender may grant it.
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
  // By slot, the access to parties, persons, offers, needs, matches and accounts.
  static constexpr std::size_t kKinds = 6;
  std::array<std::vector<Sight>, kKinds> seen;
};

// Whether an account other than the lead's may give credentials to an account with those rights,
// which must not exceed its own.
bool may_invite(const State& state, const pb::Actor& giver, const pb::Actor& account);

Rights rights_of(const State& state, const pb::Actor& actor);
// By slot, the areas in which an organiser acts; none for other roles.
std::vector<bool> areas_of(const State& state, const pb::Actor& actor);
// By slot, see Rights::parties.
std::vector<bool> parties_of(const State& state, const pb::Actor& actor);

// Whether an account that is `self` may act on behalf of that actor. By the rows alone: a lead for
// anybody, an organiser for organisers, suppliers and members in its areas, a supplier for its
// party and those below and for their members, everybody for themselves.
bool may_act_for(const State& state, const pb::Actor& self, const pb::Actor& actor);

// What `after` has and `before` has not, in words, e.g. "need 17 sight 2". Rows that were created
// in between are ignored.
std::vector<std::string> gained(const State& state, const Rights& before, const Rights& after);

// Whether a team sees a need whole after such a request, because it claims the need.
bool takes_need_on(const pb::Request& request);

}  // namespace qiao
