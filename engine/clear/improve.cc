#include "engine/clear/improve.h"

#include <algorithm>

namespace qiao {
namespace {

// The selected needs account for this percentage of the loss of all needs; the rest is spread over
// very many.
constexpr int kSelectedLossPercent = 90;
// A need that could not be improved counts as if its loss were half as large, after the next
// failure a quarter; at least 2 to the power of minus this, because its neighbours change.
constexpr std::uint8_t kMostFailuresInARow = 6;

}  // namespace

Improver::Improver(const Instance& instance, std::span<const Worth> prices, std::uint64_t seed,
                   const Workers& workers)
    : instance_(instance),
      prices_(prices),
      workers_(workers),
      random_(seed),
      held_(instance.edges.size()),
      room_(instance.slots.size()),
      worth_(instance.needs.size()),
      potential_(instance.needs.size()),
      live_of_(instance.lines.size()),
      failures_in_a_row_(instance.needs.size()),
      chooser_(instance),
      changed_in_(instance.needs.size()),
      fixed_in_(instance.needs.size()),
      closed_(instance.slots.size()) {
  for (std::size_t s = 0; s < room_.size(); ++s) room_[s] = instance.slots[s].room;
  const std::vector<Worth> free(instance.slots.size(), 0);
  choose_each(instance, workers_, [&](Chooser& chooser, std::size_t, std::uint32_t n) {
    potential_[n] = chooser.choose(instance.needs[n], free);
  });
}

void Improver::add_units(std::uint32_t edge, std::int32_t units) {
  held_[edge] += units;
  const Edge& e = instance_.edges[edge];
  for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) room_[s] -= units;
}

// Removes what the group holds, and lists the offers that it could then use.
void Improver::remove(std::vector<Part>& held) {
  held.clear();
  for (const std::uint32_t n : group_) {
    each_held(n, [&](std::uint32_t e) {
      held.push_back({e, held_[e]});
      add_units(e, -held_[e]);
    });
    total_ -= worth_[n];
    worth_[n] = 0;
  }
  list_live();
}

// When supply is scarce most offers in a line's list have no room: they are examined once per group
// instead of once per attempt.
void Improver::list_live() {
  live_.clear();
  for (const std::uint32_t n : group_) {
    const ClearNeed& need = instance_.needs[n];
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      const auto begin = static_cast<std::uint32_t>(live_.size());
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        const Edge& edge = instance_.edges[e];
        if (held_[e] > 0 || room_on(edge) >= std::max(1, instance_.offers[edge.offer].smallest_lot))
          live_.push_back({edge.unit, price_of(edge, prices_) / 4, e});
      }
      live_of_[l] = {begin, static_cast<std::uint32_t>(live_.size())};
    }
  }
}

std::int32_t Improver::room_on(const Edge& edge) const {
  std::int32_t units = edge.most;
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s)
    units = std::min(units, room_[s]);
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
      if (held_[o.edge] != 0) add_units(o.edge, -held_[o.edge]);
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

// Takes at most `limit` units for the line and returns how many.
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
  std::sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) {
    return a.key != b.key ? a.key > b.key : a.edge < b.edge;
  });
  std::int64_t left = wanted;
  for (const Option& o : options_) {
    if (left == 0) break;
    const auto units = static_cast<std::int32_t>(std::min<std::int64_t>(o.units, left));
    if (units < instance_.offers[instance_.edges[o.edge].offer].smallest_lot) continue;
    // If an offer serves two lines of a need, taking for one changes the room for the other; but
    // lines are served one after another, so the room examined here is current.
    add_units(o.edge, units);
    left -= units;
  }
  return wanted - left;
}

// Removes further offers of a line that add less than they cost.
void Improver::drop_costly_splits(std::uint32_t n) {
  const ClearNeed& need = instance_.needs[n];
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    // Each professional may be required for volunteers.
    if (need.ratio > 0 && line.professional) continue;
    const auto offers = live(l);
    std::uint32_t parties = 0;
    for (const Live& o : offers) parties += held_[o.edge] > 0 ? 1 : 0;
    for (std::size_t i = offers.size(); i-- > 0 && parties > 1;) {
      const std::uint32_t e = offers[i].edge;
      if (held_[e] == 0 || offers[i].unit * held_[e] >= line.split) continue;
      add_units(e, -held_[e]);
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
  std::int64_t volunteers =
      need.ratio == 0 ? INT32_MAX
                      : std::max<std::int64_t>(0, professionals * need.ratio - need.volunteers);
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
    drop_costly_splits(n);
  }
  count_worth(n);
  if (worth_[n] < 0) empty(n);
}

bool Improver::is_unfilled(std::uint32_t n) const {
  // More than a ten-thousandth below its potential.
  return worth_[n] + potential_[n] / 10'000 < potential_[n];
}

template <class Value>
std::vector<std::pair<Worth, std::uint32_t>> Improver::ranked(Value value) const {
  std::vector<std::vector<std::pair<Worth, std::uint32_t>>> of_part(need_parts(instance_));
  choose_each(instance_, workers_, [&](Chooser& chooser, std::size_t part, std::uint32_t n) {
    if (const Worth v = value(chooser, n); v >= 0) of_part[part].emplace_back(v, n);
  });
  std::vector<std::pair<Worth, std::uint32_t>> all;
  for (const auto& part : of_part) all.insert(all.end(), part.begin(), part.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  return all;
}

void Improver::start_from(const Allocation& held) {
  for (std::uint32_t n = 0; n < instance_.needs.size(); ++n) {
    const ClearNeed& need = instance_.needs[n];
    bool complete = true;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      std::int64_t units = 0;
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        if (held[e] == 0 || held[e] < instance_.offers[instance_.edges[e].offer].smallest_lot)
          continue;
        add_units(e, held[e]);
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
    if (!complete) drop_costly_splits(n);
    count_worth(n);
    if (worth_[n] < 0) empty(n);
  }
  // Unfilled needs, by what they would gain above the prices.
  const auto by_gain = ranked([this](Chooser& chooser, std::uint32_t n) {
    return is_unfilled(n) ? chooser.choose(instance_.needs[n], prices_) : -1;
  });
  for (const auto& [gain, n] : by_gain) {
    group_.assign(1, n);
    const Worth before = worth_[n];
    remove(before_);
    serve(n, kWholePrice);
    if (worth_[n] < before) put_back(before_);
  }
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
  return need.ratio == 0 || volunteers == 0 ||
         volunteers + need.volunteers <= professionals * need.ratio;
}

// What the need would gain alone at the prices, less what it gains now.
Worth Improver::loss(Chooser& chooser, std::uint32_t n) const {
  Worth loss = chooser.choose(instance_.needs[n], prices_) - worth_[n];
  each_held(n, [&](std::uint32_t e) { loss += price_of(instance_.edges[e], prices_) * held_[e]; });
  return loss;
}

void Improver::find_by_loss(std::uint64_t most) {
  by_loss_ = ranked([this](Chooser& chooser, std::uint32_t n) {
    const Worth l = loss(chooser, n) >> failures_in_a_row_[n];
    return l > 0 ? l : -1;
  });
  __int128 all = 0;
  for (const auto& [l, n] : by_loss_) all += l;
  __int128 sum = 0;
  std::size_t kept = 0;
  while (kept < std::min<std::uint64_t>(by_loss_.size(), most) &&
         sum * 100 < all * kSelectedLossPercent)
    sum += by_loss_[kept++].first;
  by_loss_.resize(kept);
  // In the order of their numbers, so that neighbours use what the previous need has brought into
  // the cache. Measured on the nation: nearly twice as many per second.
  std::sort(by_loss_.begin(), by_loss_.end(),
            [](const auto& a, const auto& b) { return a.second < b.second; });
}

bool Improver::try_insert(std::uint32_t need) { return chain(need) || ruin_and_recreate(need); }

void Improver::improve_around(std::span<const std::uint32_t> needs, int times) {
  for (int i = 0; i < times; ++i) {
    for (const std::uint32_t n : needs) {
      if (is_unfilled(n)) try_insert(n);
    }
  }
}

// Unfilled needs, in any order, including those that would not gain at the prices.
void Improver::find_unfilled() {
  by_loss_.clear();
  for (std::uint32_t n = 0; n < instance_.needs.size(); ++n) {
    if (is_unfilled(n)) by_loss_.emplace_back(0, n);
  }
  for (std::size_t k = by_loss_.size(); k > 1; --k)
    std::swap(by_loss_[k - 1], by_loss_[random_.below(k)]);
}

std::uint64_t Improver::improve(std::uint64_t steps, const std::function<bool()>& keep_going) {
  by_loss_.clear();
  std::uint64_t better = 0;
  std::uint64_t better_before = 0;  // when these were found
  std::size_t at = 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    if (step % 64 == 0 && !keep_going()) break;
    if (at == by_loss_.size()) {
      // If none of the needs with the greatest loss can be improved, another one may be.
      const bool any = step == 0 || better > better_before;
      better_before = better;
      if (any) find_by_loss(steps - step);
      if (!any || by_loss_.empty()) find_unfilled();
      if (by_loss_.empty()) break;
      at = 0;
    }
    const std::uint32_t n = by_loss_[at++].second;
    if (try_insert(n)) {
      ++better;
      failures_in_a_row_[n] = 0;
    } else if (failures_in_a_row_[n] < kMostFailuresInARow) {
      ++failures_in_a_row_[n];
    }
  }
  return better;
}

}  // namespace qiao
