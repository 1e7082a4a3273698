#include <algorithm>

#include "engine/clear/improve.h"

namespace qiao {
namespace {

constexpr std::size_t kGroup = 10;        // needs emptied together, at most
constexpr std::size_t kHoldersSeen = 48;  // of one slot
constexpr int kOrders = 6;
constexpr std::size_t kEdgesToTryAll = 14;  // of a group
constexpr std::uint64_t kMostTries = 20'000;

}  // namespace

// Adds the need and those that hold what it could use.
void Improver::gather(std::uint32_t n) {
  group_.assign(1, n);
  const ClearNeed& need = instance_.needs[n];
  auto join = [&](std::uint32_t other) {
    if (group_.size() < kGroup && std::find(group_.begin(), group_.end(), other) == group_.end())
      group_.push_back(other);
  };
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    if (line.edges == 0) continue;
    // Starts at a random offer of the list, so that every offer is tried.
    const std::uint32_t start = static_cast<std::uint32_t>(random_.below(line.edges));
    for (std::uint32_t i = 0; i < line.edges && group_.size() < kGroup; ++i) {
      const Edge& edge = instance_.edges[line.first_edge + (start + i) % line.edges];
      for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots && group_.size() < kGroup; ++s) {
        const auto users = instance_.users_of(s);
        const std::size_t from = random_.below(users.size());
        for (std::size_t u = 0; u < std::min(users.size(), kHoldersSeen) && group_.size() < kGroup;
             ++u) {
          const std::uint32_t e = users[(from + u) % users.size()];
          const std::uint32_t other = instance_.lines[instance_.line_of_edge[e]].need;
          // Holders, and occasionally one that is unfilled as well.
          if (held_[e] > 0 || (room_[s] == 0 && is_unfilled(other) && random_.chance(25)))
            join(other);
        }
      }
    }
  }
}

void Improver::keep(std::vector<Part>& into) const {
  into.clear();
  for (const Live& o : live_) {
    if (held_[o.edge] > 0) into.push_back({o.edge, held_[o.edge]});
  }
}

void Improver::put_back(const std::vector<Part>& parts) {
  for (const std::uint32_t n : group_) empty(n);
  for (const Part& p : parts) add_units(p.edge, p.units);
  for (const std::uint32_t n : group_) count_worth(n);
}

bool Improver::worth_trying_all() {
  tries_.clear();
  rest_.assign(group_.size() + 1, 0);
  for (std::size_t g = 0; g < group_.size(); ++g) {
    const ClearNeed& need = instance_.needs[group_[g]];
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        if (tries_.size() == kEdgesToTryAll) return false;
        tries_.push_back({e, g});
      }
    }
  }
  for (std::size_t g = group_.size(); g-- > 0;) rest_[g] = rest_[g + 1] + potential_[group_[g]];
  return true;
}

// Tries every choice of the group, depth first, while the remaining needs could still improve the
// result.
void Improver::try_all(std::size_t at, std::size_t g, Worth so_far) {
  if (++tried_ > kMostTries) return;
  while (g < group_.size() && (at == tries_.size() || tries_[at].need != g)) {
    if (!keeps_rules(group_[g])) return;
    so_far += worth(group_[g]);
    ++g;
  }
  if (so_far + rest_[g] <= best_of_tries_) return;
  if (g == group_.size()) {
    best_of_tries_ = so_far;
    keep(best_);
    return;
  }
  const std::uint32_t e = tries_[at].edge;
  const Edge& edge = instance_.edges[e];
  std::int32_t most = std::min(edge.most, instance_.lines[instance_.line_of_edge[e]].missing);
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s)
    most = std::min(most, room_[s]);
  for (std::int32_t units = most; units >= 0; --units) {
    if (units > 0 && units < instance_.offers[edge.offer].smallest_lot) continue;
    add_units(e, units);
    try_all(at + 1, g, so_far);
    add_units(e, -units);
  }
}

bool Improver::ruin_and_recreate(std::uint32_t n) {
  gather(n);
  const Worth before = total_;
  remove(before_);
  order_ = group_;
  Worth best = before;
  bool found = false;
  if (worth_trying_all()) {
    const Worth others = total_;
    best_of_tries_ = before - others;
    tried_ = 0;
    try_all(0, 0, 0);
    found = best_of_tries_ > before - others;
    put_back(found ? best_ : before_);
    return found;
  }
  for (int i = 0; i < kOrders; ++i) {
    if (i > 0) {
      for (const std::uint32_t g : group_) empty(g);
    }
    // The unfilled need first, then random orders.
    if (i > 0) {
      for (std::size_t k = order_.size(); k > 1; --k)
        std::swap(order_[k - 1], order_[random_.below(k)]);
    }
    const int spare = static_cast<int>(random_.below(5));
    for (const std::uint32_t g : order_) serve(g, spare);
    if (total_ > best) {
      best = total_;
      keep(best_);
      found = true;
    }
  }
  put_back(found ? best_ : before_);
  return found;
}

}  // namespace qiao
