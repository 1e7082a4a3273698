// Chooses what to drop if too much is kept.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <type_traits>

namespace qiao {

// The oldest item of the owner that keeps most, how much that owner keeps, and the total.
template <class Place>
struct Heaviest {
  Place oldest;
  std::size_t of_owner = 0;
  std::size_t all = 0;
};

// `rows`: the newest first. Rows without weight are ignored; if none has weight, `oldest` is the
// end. Among owners that keep the same, the one whose oldest item is older.
template <class Rows, class OwnerOf, class WeightOf>
auto heaviest(Rows& rows, OwnerOf owner_of, WeightOf weight_of) {
  using Owner = std::decay_t<decltype(owner_of(*rows.begin()))>;
  Heaviest<decltype(rows.begin())> found{rows.end()};
  boost::unordered_flat_map<Owner, std::size_t> weights;
  for (const auto& row : rows) {
    const std::size_t weight = weight_of(row);
    weights[owner_of(row)] += weight;
    found.all += weight;
  }
  for (auto row = rows.begin(); row != rows.end(); ++row) {
    const std::size_t of_owner = weights[owner_of(*row)];
    if (weight_of(*row) == 0 || of_owner < found.of_owner) continue;
    found.oldest = row;
    found.of_owner = of_owner;
  }
  return found;
}

}  // namespace qiao
