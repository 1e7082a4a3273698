// Random requests that refer to rows which exist, so that many of them are carried out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/rows/state.h"
#include "qiao/v1/request.pb.h"

namespace qiao {

// Ids and codes of rows that exist.
struct Pool {
  std::vector<std::uint64_t> areas, parties, persons, offers, needs, matches, accounts;
  std::vector<std::uint64_t> residents{7, 8, 9};

  // Of all rows.
  explicit Pool(const State& state);
  // Of the rows that lie in that area or below. An account without a party lies in its own area.
  Pool(const State& state, AreaCode area);

  // What a field of that name refers to; nullptr where it is no reference.
  const std::vector<std::uint64_t>* of(const google::protobuf::FieldDescriptor& field) const;
};

// A request of any kind but batch, putTaxonomy and setPolicy: with random values, or a row of the
// pool as it is with one field changed. Empty where the pool has no row of some kind.
pb::Request random_request(const State& state, const Pool& pool, Random& random);

// A change of one field of the actor's own person, party or account. Empty where it has none.
pb::Request random_own_change(const State& state, const Pool& pool, const pb::Actor& actor,
                              Random& random);

// A request that makes a match, or moves a match or a need on; random_request() seldom does. Empty
// where the pool has no need or no offer.
pb::Request random_move(const Pool& pool, Random& random);

}  // namespace qiao
