// Random requests that reference existing rows, so that many of them succeed.
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
  // Of the rows in that area or below. An account without a party belongs to its own area.
  Pool(const State& state, AreaCode area);

  // The kind of row that a field of that name references; nullptr if it is no reference.
  const std::vector<std::uint64_t>* of(const google::protobuf::FieldDescriptor& field) const;
};

// A request of any kind except batch, putTaxonomy and setPolicy: with random values, or a row of
// the pool with one field changed. Empty if the pool has no row of some kind.
pb::Request random_request(const State& state, const Pool& pool, Random& random);

// A change of one field of the actor's own person, party or account. Empty where it has none.
pb::Request random_own_change(const State& state, const Pool& pool, const pb::Actor& actor,
                              Random& random);

// A request that creates a match, or changes the state of a match or a need; random_request()
// seldom does. Empty if the pool has no need or no offer.
pb::Request random_move(const Pool& pool, Random& random);

}  // namespace qiao
