#include "engine/clear/improve.h"

#include <algorithm>
#include <numeric>

#include "engine/clear/choice.h"

namespace qiao {
namespace {

constexpr std::size_t kGroup = 10;       // needs emptied together, at most
constexpr std::size_t kHoldersSeen = 48; // of one slot
constexpr int kOrders = 6;
constexpr std::size_t kNeighbours = 256;
constexpr std::size_t kEdgesToTryAll = 14;  // of a group
constexpr std::uint64_t kMostTries = 20'000;

}  // namespace

Improver::Improver(const Instance& instance, std::span<const Worth> prices, std::uint64_t seed)
    : instance_(instance), prices_(prices), random_(seed), held_(instance.edges.size()), room_(instance.slots.size()), worth_(instance.needs.size()), live_of_(instance.lines.size()) {
  for (std::size_t s = 0; s < room_.size(); ++s) room_[s] = instance.slots[s].room;
  const std::vector<Worth> free(instance.slots.size(), 0);
  Chooser chooser(instance);
  potential_.reserve(instance.needs.size());
  for (const ClearNeed& need : instance.needs) potential_.push_back(chooser.choose(need, free));
}

void Improver::take(std::uint32_t edge, std::int32_t units) {
  held_[edge] += units;
  const Edge& e = instance_.edges[edge];
  for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) room_[s] -= units;
}

// Takes out what the group holds, and lists what it could then have.
void Improver::lift(std::vector<Part>& held) {
  held.clear();
  for (const std::uint32_t n : group_) {
    const ClearNeed& need = instance_.needs[n];
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        if (held_[e] == 0) continue;
        held.push_back({e, held_[e]});
        take(e, -held_[e]);
      }
    }
    total_ -= worth_[n];
    worth_[n] = 0;
  }
  list_live();
}

// Where supply is scarce most offers in a line's list have no room: they are looked at once a group, not once an attempt.
void Improver::list_live() {
  live_.clear();
  for (const std::uint32_t n : group_) {
    const ClearNeed& need = instance_.needs[n];
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      const auto begin = static_cast<std::uint32_t>(live_.size());
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        const Edge& edge = instance_.edges[e];
        if (held_[e] > 0 || room_on(edge) >= std::max(1, instance_.offers[edge.offer].smallest_lot)) live_.push_back({edge.unit, price_of(edge, prices_) / 4, e});
      }
      live_of_[l] = {begin, static_cast<std::uint32_t>(live_.size())};
    }
  }
}

std::int32_t Improver::room_on(const Edge& edge) const {
  std::int32_t units = edge.most;
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) units = std::min(units, room_[s]);
  return units;
}

std::span<const Improver::Live> Improver::live(std::uint32_t line) const {
  const auto [begin, end] = live_of_[line];
  return {live_.data() + begin, end - begin};
}

void Improver::empty(std::uint32_t n) {
  const ClearNeed& need = instance_.needs[n];
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    for (const Live& o : live(l)) {
      if (held_[o.edge] != 0) take(o.edge, -held_[o.edge]);
    }
  }
  total_ -= worth_[n];
  worth_[n] = 0;
}

void Improver::count_worth(std::uint32_t n) {
  const Worth w = worth(n);
  total_ += w - worth_[n];
  worth_[n] = w;
}

Worth Improver::worth(std::uint32_t n) const {
  return worth_of(instance_, instance_.needs[n], [&](std::uint32_t l, auto add) {
    for (const Live& o : live(l)) {
      if (held_[o.edge] != 0) add(o.edge, held_[o.edge]);
    }
  });
}

// Units taken for the line, at most `limit`.
std::int64_t Improver::serve_line(std::uint32_t l, std::int64_t limit, int spare) {
  const ClearLine& line = instance_.lines[l];
  const std::int64_t wanted = std::min<std::int64_t>(line.missing, limit);
  if (wanted <= 0) return 0;
  options_.clear();
  for (const Live& o : live(l)) {
    const Edge& edge = instance_.edges[o.edge];
    std::int32_t units = room_on(edge);
    if (units < instance_.offers[edge.offer].smallest_lot || units <= 0) continue;
    units = static_cast<std::int32_t>(std::min<std::int64_t>(units, wanted));
    options_.push_back({o.unit - o.quarter_price * spare - line.split / units, o.edge, units});
  }
  std::sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) { return a.key != b.key ? a.key > b.key : a.edge < b.edge; });
  std::int64_t left = wanted;
  for (const Option& o : options_) {
    if (left == 0) break;
    const auto units = static_cast<std::int32_t>(std::min<std::int64_t>(o.units, left));
    if (units < instance_.offers[instance_.edges[o.edge].offer].smallest_lot) continue;
    // Rooms may have changed where an offer serves two lines of a need; it is looked at line by line, so they have not.
    take(o.edge, units);
    left -= units;
  }
  return wanted - left;
}

// Further offers on a line that bring less than they cost.
void Improver::drop_dear_splits(std::uint32_t n) {
  const ClearNeed& need = instance_.needs[n];
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    // Volunteers may only be there thanks to each professional.
    if (need.ratio > 0 && line.professional) continue;
    const auto offers = live(l);
    std::uint32_t parties = 0;
    for (const Live& o : offers) parties += held_[o.edge] > 0 ? 1 : 0;
    for (std::size_t i = offers.size(); i-- > 0 && parties > 1;) {
      const std::uint32_t e = offers[i].edge;
      if (held_[e] == 0 || offers[i].unit * held_[e] >= line.split) continue;
      take(e, -held_[e]);
      --parties;
    }
  }
}

void Improver::serve(std::uint32_t n, int spare) {
  const ClearNeed& need = instance_.needs[n];
  std::int64_t professionals = need.professionals;
  bool complete = true;
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    if (!instance_.lines[l].professional) continue;
    const std::int64_t units = serve_line(l, instance_.lines[l].missing, spare);
    professionals += units;
    complete = complete && units == instance_.lines[l].missing;
  }
  std::int64_t volunteers = need.ratio == 0 ? INT32_MAX : std::max<std::int64_t>(0, professionals * need.ratio - need.volunteers);
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    if (line.professional) continue;
    const std::int64_t units = serve_line(l, line.people ? volunteers : line.missing, spare);
    if (line.people) volunteers -= units;
    complete = complete && units == line.missing;
  }
  if (!complete) {
    if (need.all_or_nothing) {
      empty(n);
      return;
    }
    drop_dear_splits(n);
  }
  count_worth(n);
  if (worth_[n] < 0) empty(n);
}

bool Improver::wants(std::uint32_t n) const {
  // More than a ten-thousandth below all it can have.
  return worth_[n] + potential_[n] / 10'000 < potential_[n];
}

void Improver::find_wanting() {
  wanting_.clear();
  for (std::uint32_t n = 0; n < instance_.needs.size(); ++n) {
    if (wants(n)) wanting_.push_back(n);
  }
}

void Improver::settle(const Allocation& held) {
  for (std::uint32_t n = 0; n < instance_.needs.size(); ++n) {
    const ClearNeed& need = instance_.needs[n];
    bool complete = true;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      std::int64_t units = 0;
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        if (held[e] == 0 || held[e] < instance_.offers[instance_.edges[e].offer].smallest_lot) continue;
        take(e, held[e]);
        units += held[e];
      }
      complete = complete && units == line.missing;
    }
    group_.assign(1, n);
    list_live();
    if (!keeps_rules(n)) {
      empty(n);
      continue;
    }
    if (!complete) drop_dear_splits(n);
    count_worth(n);
    if (worth_[n] < 0) empty(n);
  }
  // Who lacks something, by what it would gain above the prices.
  find_wanting();
  Chooser chooser(instance_);
  std::vector<std::pair<Worth, std::uint32_t>> by_gain;
  by_gain.reserve(wanting_.size());
  for (const std::uint32_t n : wanting_) by_gain.emplace_back(chooser.choose(instance_.needs[n], prices_), n);
  std::sort(by_gain.begin(), by_gain.end(), [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  for (const auto& [gain, n] : by_gain) {
    group_.assign(1, n);
    const Worth before = worth_[n];
    lift(before_);
    serve(n, 4);
    if (worth_[n] < before) put_back(before_);
  }
}

// The need, and those who hold what it could use.
void Improver::gather(std::uint32_t n) {
  group_.assign(1, n);
  const ClearNeed& need = instance_.needs[n];
  auto join = [&](std::uint32_t other) {
    if (group_.size() < kGroup && std::find(group_.begin(), group_.end(), other) == group_.end()) group_.push_back(other);
  };
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    if (line.edges == 0) continue;
    // Anywhere in its list, so that each of its offers gets its turn.
    const std::uint32_t start = static_cast<std::uint32_t>(random_.below(line.edges));
    for (std::uint32_t i = 0; i < line.edges && group_.size() < kGroup; ++i) {
      const Edge& edge = instance_.edges[line.first_edge + (start + i) % line.edges];
      for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots && group_.size() < kGroup; ++s) {
        const auto users = instance_.users_of(s);
        const std::size_t from = random_.below(users.size());
        for (std::size_t u = 0; u < std::min(users.size(), kHoldersSeen) && group_.size() < kGroup; ++u) {
          const std::uint32_t e = users[(from + u) % users.size()];
          const std::uint32_t other = instance_.lines[instance_.line_of_edge[e]].need;
          // Holders, and now and then one that lacks as well.
          if (held_[e] > 0 || (room_[s] == 0 && wants(other) && random_.chance(25))) join(other);
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
  for (const Part& p : parts) take(p.edge, p.units);
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

bool Improver::keeps_rules(std::uint32_t n) const {
  const ClearNeed& need = instance_.needs[n];
  std::int64_t volunteers = 0;
  std::int64_t professionals = need.professionals;
  bool any = false;
  bool complete = true;
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    std::int64_t units = 0;
    for (const Live& o : live(l)) units += held_[o.edge];
    if (units > line.missing) return false;
    any = any || units > 0;
    complete = complete && units == line.missing;
    if (line.people) volunteers += units;
    if (line.professional) professionals += units;
  }
  if (need.all_or_nothing && any && !complete) return false;
  return need.ratio == 0 || volunteers == 0 || volunteers + need.volunteers <= professionals * need.ratio;
}

// Every choice of the group, depth first, while what is left could still make it better.
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
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) most = std::min(most, room_[s]);
  for (std::int32_t units = most; units >= 0; --units) {
    if (units > 0 && units < instance_.offers[edge.offer].smallest_lot) continue;
    take(e, units);
    try_all(at + 1, g, so_far);
    take(e, -units);
  }
}

bool Improver::ruin_and_recreate(std::uint32_t n) {
  gather(n);
  const Worth before = total_;
  lift(before_);
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
    // First the one that lacks, then any order.
    if (i > 0) {
      for (std::size_t k = order_.size(); k > 1; --k) std::swap(order_[k - 1], order_[random_.below(k)]);
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

void Improver::improve_around(std::span<const std::uint32_t> needs, int times) {
  for (int i = 0; i < times; ++i) {
    for (const std::uint32_t n : needs) {
      if (wants(n)) ruin_and_recreate(n);
    }
  }
}

std::uint64_t Improver::improve(std::uint64_t steps, const std::function<bool()>& go_on) {
  std::uint64_t better = 0;
  find_wanting();
  std::size_t at = 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    if (step % 64 == 0 && !go_on()) break;
    if (at == wanting_.size()) {
      find_wanting();
      if (wanting_.empty()) break;
      // In any order among neighbours, but neighbours together: what one ruin brought into the cache serves the next.
      for (std::size_t begin = 0; begin < wanting_.size(); begin += kNeighbours) {
        const std::size_t count = std::min(kNeighbours, wanting_.size() - begin);
        for (std::size_t k = count; k > 1; --k) std::swap(wanting_[begin + k - 1], wanting_[begin + random_.below(k)]);
      }
      at = 0;
    }
    const std::uint32_t n = wanting_[at++];
    if (ruin_and_recreate(n)) ++better;
  }
  return better;
}

}  // namespace qiao
