#include "engine/clear/plan.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/clear/choice.h"

namespace qiao {
namespace {

// Limits of what is cleared again: holders of a contested offer, and lines for a new offer.
constexpr std::size_t kRivals = 12;
constexpr std::size_t kLinesPerOffer = 20;

bool covers(const Interval& window, Time at) {
  return !is_set(at) || (window.start <= at && at < window.end);
}

}  // namespace

const std::vector<PlannedPart>& Plan::of(Slot need) const {
  static const std::vector<PlannedPart> kNone;
  const auto it = parts_.find(need);
  return it == parts_.end() ? kNone : it->second;
}

void Plan::add_needs_of(Slot offer, std::vector<Slot>& needs) const {
  const auto it = uses_.find(offer);
  if (it == uses_.end()) return;
  for (const Use& use : it->second) needs.push_back(use.need);
}

std::int64_t Plan::price_micro(Slot offer, const Interval& window) const {
  const auto it = prices_.find(offer);
  if (it == prices_.end()) return 0;
  Sum sum = 0;
  for (const Priced& p : it->second) sum += covers(window, p.at) ? p.price : 0;
  return kept_within(sum) / per_micro_;
}

std::int64_t Plan::gain_micro(Slot line) const {
  const auto it = line_gain_.find(line);
  return it == line_gain_.end() ? 0 : it->second;
}

// The current room in the market, without what is booked.
void Plan::reprice(Slot offer) {
  const auto it = prices_.find(offer);
  if (it == prices_.end()) return;
  const State& state = ranking_.state();
  const OfferRow& row = state.offers()[offer];
  for (Priced& p : it->second) {
    bound_ -= static_cast<Sum>(p.price) * p.room;
    if (!row.active) {
      p.room = 0;
    } else if (!is_set(p.at)) {
      p.room = std::max<std::int64_t>(0, row.quantity - row.given);
    } else {
      p.room = row.quantity;
      if (const auto* bookings = state.bookings(offer); bookings != nullptr) {
        for (const Booking& b : *bookings) p.room -= covers(b.window, p.at) ? b.quantity : 0;
      }
      p.room = std::max<std::int64_t>(0, p.room);
    }
    bound_ += static_cast<Sum>(p.price) * p.room;
  }
}

void Plan::drop(Slot need) {
  const auto sum = gains_.find(need);
  if (sum == gains_.end()) return;
  bound_ -= sum->second.bound;
  value_ -= sum->second.value;
  for (const Slot l : sum->second.lines) line_gain_.erase(l);
  gains_.erase(sum);
  const auto parts = parts_.find(need);
  if (parts == parts_.end()) return;
  for (const PlannedPart& p : parts->second) {
    auto& uses = uses_[p.offer];
    std::erase_if(uses, [&](const Use& u) { return u.need == need; });
    if (uses.empty()) uses_.erase(p.offer);
  }
  parts_.erase(parts);
}

void Plan::put(const Instance& in, const Allocation& held, std::uint32_t n,
               std::span<const Worth> prices, Worth alone) {
  const ClearNeed& need = in.needs[n];
  const Worth value = worth_of(in, need, held);
  NeedSum& sum = gains_[need.ref];
  sum = {alone, value, {}};
  bound_ += alone;
  value_ += value;
  std::vector<PlannedPart> parts;
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = in.lines[l];
    std::int64_t units = 0;
    Worth least = 0;
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
      if (held[e] == 0) continue;
      const Edge& edge = in.edges[e];
      const Worth price = price_of(edge, prices);
      const Worth gain = std::max<Worth>(0, edge.unit - price);
      least = units == 0 ? gain : std::min(least, gain);
      units += held[e];
      const Slot offer = in.offers[edge.offer].ref;
      const Sum whole = static_cast<Sum>(edge.unit) * line.asked;
      const std::int64_t value_micro = kept_within(whole) / in.per_micro;
      parts.push_back({line.ref, offer, held[e], value_micro, price / in.per_micro});
      uses_[offer].push_back({need.ref, line.window, held[e]});
    }
    if (units == line.missing && least >= in.per_micro) {
      line_gain_[line.ref] = least / in.per_micro;
      sum.lines.push_back(line.ref);
    }
  }
  if (!parts.empty()) parts_[need.ref] = std::move(parts);
}

void Plan::replace(const Instance& instance, const Cleared& cleared) {
  parts_.clear();
  gains_.clear();
  line_gain_.clear();
  prices_.clear();
  uses_.clear();
  value_ = 0;
  bound_ = 0;
  per_micro_ = instance.per_micro;
  for (std::size_t s = 0; s < instance.slots.size(); ++s) {
    if (cleared.prices[s] == 0) continue;
    const ClearSlot& slot = instance.slots[s];
    prices_[instance.offers[slot.offer].ref].push_back({slot.at, cleared.prices[s], slot.room});
    bound_ += static_cast<Sum>(cleared.prices[s]) * slot.room;
  }
  Chooser chooser(instance);
  for (std::uint32_t n = 0; n < instance.needs.size(); ++n) {
    put(instance, cleared.held, n, cleared.prices,
        chooser.choose(instance.needs[n], cleared.prices));
  }
}

std::unique_ptr<Plan::Refresh> Plan::begin(std::vector<Slot> needs, std::vector<Slot> offers,
                                           Time now) const {
  auto refresh = std::make_unique<Refresh>(Collector(ranking_, now));
  refresh->now = now;
  refresh->offers = std::move(offers);
  refresh->needs = std::move(needs);
  refresh->per_micro = per_micro_;
  return refresh;
}

// The needs that hold something of the offer, and those that it could serve.
void Plan::read_offer(Refresh& refresh, Slot offer) {
  reprice(offer);
  if (const auto uses = uses_.find(offer); uses != uses_.end()) {
    for (const Use& u : uses->second) refresh.needs.push_back(u.need);
  }
  for (const Candidate& c : ranking_.open_lines_of(offer, kLinesPerOffer, refresh.now))
    refresh.needs.push_back(ranking_.state().line(c.line).need);
}

// The needs that hold something with a price which the line could use.
void Plan::read_rivals(Refresh& refresh, Slot line) const {
  const State& state = ranking_.state();
  for (const Candidate& c : ranking_.proposable(line, kRivals, state.last_time())) {
    const auto uses = uses_.find(c.offer);
    if (uses == uses_.end() || !prices_.contains(c.offer)) continue;
    for (const Use& u : uses->second) {
      if (refresh.rivals == kRivals) return;
      if (!overlap(u.window, state.line(line).window)) continue;
      refresh.needs.push_back(u.need);
      ++refresh.rivals;
    }
  }
}

// The next line of the changed needs; false if there is none.
bool Plan::read_next_line(Refresh& refresh) const {
  if (refresh.next == refresh.changed || refresh.needs.size() >= kMostAgain) return false;
  const NeedRow& need = ranking_.state().needs()[refresh.needs[refresh.next]];
  if (refresh.next_line < need.line_count && refresh.rivals < kRivals) {
    read_rivals(refresh, need.first_line + refresh.next_line++);
  } else {
    ++refresh.next;
    refresh.next_line = 0;
    refresh.rivals = 0;
  }
  return true;
}

bool Plan::read_some(Refresh& refresh) {
  using Part = Refresh::Part;
  const auto part_done = [&refresh] {
    refresh.part = static_cast<Part>(static_cast<int>(refresh.part) + 1);
    refresh.next = 0;
  };
  switch (refresh.part) {
    case Part::kOffers:
      if (refresh.next < refresh.offers.size()) {
        read_offer(refresh, refresh.offers[refresh.next++]);
        break;
      }
      refresh.changed = refresh.needs.size();
      part_done();
      break;
    case Part::kRivals:
      if (read_next_line(refresh)) break;
      std::sort(refresh.needs.begin(), refresh.needs.end());
      refresh.needs.erase(std::unique(refresh.needs.begin(), refresh.needs.end()),
                          refresh.needs.end());
      if (refresh.needs.size() > kMostAgain) refresh.needs.resize(kMostAgain);
      part_done();
      break;
    case Part::kNeeds:
      if (refresh.next < refresh.needs.size()) {
        const Slot need = refresh.needs[refresh.next++];
        drop(need);
        refresh.collector.add(need);
        break;
      }
      refresh.offers_found = refresh.collector.offers();
      part_done();
      break;
    case Part::kRoom:
      if (refresh.next < refresh.offers_found.size()) {
        const Slot offer = refresh.offers_found[refresh.next++];
        if (const auto uses = uses_.find(offer); uses != uses_.end()) refresh.held.insert(*uses);
        if (const auto prices = prices_.find(offer); prices != prices_.end())
          refresh.standing.insert(*prices);
        break;
      }
      part_done();
      break;
    case Part::kRead:
      return false;
  }
  return true;
}

void Plan::solve(Refresh& refresh, const ClearOptions& options) {
  // What a need would gain alone is computed with all room.
  Collector unoccupied = refresh.collector;
  // What other needs hold is not available.
  refresh.collector.occupy([&refresh](Slot offer, std::vector<Booking>& into) {
    const auto uses = refresh.held.find(offer);
    if (uses == refresh.held.end()) return;
    for (const Use& u : uses->second) into.push_back({u.window, u.units, kNoSlot});
  });
  refresh.instance = refresh.collector.finish(alone, refresh.per_micro);
  refresh.prices = standing_prices(refresh.instance, refresh.standing);
  const Instance free = unoccupied.finish(alone, refresh.per_micro);
  const std::vector<Worth> free_prices = standing_prices(free, refresh.standing);
  Chooser chooser(free);
  for (const ClearNeed& need : free.needs)
    refresh.gains[need.ref] = chooser.choose(need, free_prices);
  ClearOptions warm = options;
  warm.prices = refresh.prices;
  refresh.cleared = clear_market(refresh.instance, warm);
}

void Plan::finish(const Refresh& refresh, std::uint32_t need) {
  const auto gain = refresh.gains.find(refresh.instance.needs[need].ref);
  put(refresh.instance, refresh.cleared.held, need, refresh.prices,
      gain == refresh.gains.end() ? Worth{0} : gain->second);
}

std::size_t Plan::refresh(const std::vector<Slot>& needs, const std::vector<Slot>& offers, Time now,
                          const ClearOptions& options) {
  const auto refresh = begin(needs, offers, now);
  while (read_some(*refresh)) {
  }
  solve(*refresh, options);
  for (std::uint32_t n = 0; n < refresh->instance.needs.size(); ++n) finish(*refresh, n);
  return refresh->needs.size();
}

// The plan's prices on the slots of another instance, such that a bound remains a bound: a slot
// gets the prices of the instants that are in all windows over it.
std::vector<Worth> Plan::standing_prices(const Instance& in, const Prices& standing) {
  std::vector<Worth> prices(in.slots.size(), 0);
  for (std::uint32_t o = 0; o < in.offers.size(); ++o) {
    const auto priced = standing.find(in.offers[o].ref);
    if (priced == standing.end()) continue;
    for (const Priced& p : priced->second) {
      for (std::uint32_t s = in.offers[o].first_slot;
           s < in.offers[o].first_slot + in.offers[o].slots; ++s) {
        const auto users = in.users_of(s);
        const bool all = std::all_of(users.begin(), users.end(), [&](std::uint32_t e) {
          return covers(in.lines[in.line_of_edge[e]].window, p.at);
        });
        if (!all) continue;
        prices[s] = kept_within(static_cast<Sum>(prices[s]) + p.price);
        break;
      }
    }
  }
  return prices;
}

}  // namespace qiao
