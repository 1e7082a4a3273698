// The problem that clearing solves, in plain arrays (DESIGN.md §5).
//
// Choose whole x >= 0 for each edge (a line, an offer) so as to maximise
//     sum unit*x  +  bonus of each need whose lines are all full  -  split for each further offer
//     on a line
// where a line takes no more than it misses; at each instant an offer provides no more than it has;
// an all-or-nothing need takes nothing unless it is full; and a need with a ratio has enough
// professionals for its volunteers.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/time.h"

namespace qiao {

// Value inside a clearing, in fractions of a millionth (Instance::per_micro of them are one), so
// that a kilogram of a tonne still counts.
using Worth = std::int64_t;
// Sums stay below this, so that they never overflow.
inline constexpr Worth kMostWorth = Worth{1} << 62;

// One offer for one line.
struct Edge {
  Worth unit = 0;  // for each unit; >= 0
  std::uint32_t offer = 0;
  std::uint32_t slot = 0;   // first slot of the offer in which it takes room
  std::uint32_t slots = 1;  // how many, consecutive
  std::int32_t most = 0;    // units; > 0
};

// A line of a need: what it misses, and what it gains.
struct ClearLine {
  Worth split = 0;  // cost of each offer beyond the first
  // Upper bound on the unit value of the offers that were left out; 0: none were.
  Worth best_omitted = 0;
  std::uint32_t need = 0;
  std::uint32_t first_edge = 0;
  std::uint32_t edges = 0;   // the most valuable first
  std::int32_t missing = 0;  // > 0
  std::int32_t asked = 0;    // >= missing
  std::uint32_t ref = 0;     // slot of the line in State
  Interval window{};
  bool people = false;
  bool professional = false;
};

// A need: its lines, and the conditions that hold for all of them together.
struct ClearNeed {
  Worth bonus = 0;  // when every line is full
  std::uint32_t first_line = 0;
  std::uint32_t lines = 0;
  std::uint32_t ref = 0;  // slot of the need in State
  std::uint32_t community = 0;
  std::int32_t volunteers = 0;  // already matched
  std::int32_t professionals = 0;
  std::uint16_t ratio = 0;  // volunteers for each professional; 0: not required
  bool all_or_nothing = false;
};

// An instant at which the promised quantity of an offer is highest, or all of its stock.
struct ClearSlot {
  Time at{};  // 0: stock
  std::uint32_t offer = 0;
  std::int32_t room = 0;  // >= 0
};

// An offer: its slots, and the smallest quantity that it provides.
struct ClearOffer {
  std::uint32_t ref = 0;  // slot of the offer in State
  std::uint32_t first_slot = 0;
  std::uint32_t slots = 0;
  std::int32_t smallest_lot = 1;
};

// A whole problem. A value: it refers to nothing outside, so that it can be solved on any thread
// while the market changes. Needs, lines, offers and slots refer to each other by index.
struct Instance {
  std::int64_t per_micro = 65'536;
  std::vector<ClearNeed> needs;
  std::vector<ClearLine> lines;  // those of a need are consecutive
  std::vector<Edge> edges;       // those of a line are consecutive
  std::vector<ClearOffer> offers;
  std::vector<ClearSlot> slots;  // those of an offer are consecutive, by time
  // The edges that take room in a slot: users[first_user[s] .. first_user[s + 1]).
  std::vector<std::uint32_t> first_user;
  std::vector<std::uint32_t> users;
  std::vector<std::uint32_t> line_of_edge;

  std::span<const Edge> edges_of(const ClearLine& l) const {
    return {edges.data() + l.first_edge, l.edges};
  }
  std::span<const std::uint32_t> users_of(std::uint32_t slot) const {
    return {users.data() + first_user[slot], first_user[slot + 1] - first_user[slot]};
  }
  // Fills users and line_of_edge; call when everything else is set.
  void link();
  std::size_t bytes() const;
};

// The price of one unit, at prices for each slot.
inline Worth price_of(const Edge& edge, std::span<const Worth> prices) {
  Worth sum = 0;
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) sum += prices[s];
  return sum;
}

// An allocation: units by edge.
using Allocation = std::vector<std::int32_t>;

// The objective of an allocation, by its definition. O(edges).
Worth worth_of(const Instance& instance, const Allocation& allocation);
// The value of one need.
Worth worth_of(const Instance& instance, const ClearNeed& need, const Allocation& allocation);
// The same when the edges that lines hold are known: each_held(line, add) calls add(edge, units)
// for each edge that the line of that number holds.
template <class EachHeld>
Worth worth_of(const Instance& instance, const ClearNeed& need, EachHeld each_held) {
  Worth sum = 0;
  bool complete = true;
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance.lines[l];
    std::int64_t units = 0;
    std::int64_t parties = 0;
    each_held(l, [&](std::uint32_t edge, std::int32_t held) {
      sum += instance.edges[edge].unit * held;
      units += held;
      ++parties;
    });
    if (parties > 1) sum -= line.split * (parties - 1);
    complete = complete && units == line.missing;
  }
  return complete ? sum + need.bonus : sum;
}

// The first constraint that an allocation violates, in words; nullptr if it is feasible. Shares no
// code with the solver.
const char* infeasible(const Instance& instance, const Allocation& allocation);

}  // namespace qiao
