#include "engine/clear/collect.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "engine/base/fixed.h"

namespace qiao {
namespace {

constexpr std::int64_t kFinest = 65'536;  // of a millionth, where sums allow it
// Needs that a worker takes at a time.
constexpr std::size_t kOffersPerPart = 256;
constexpr std::size_t kPerPart = 16'384;  // needs, offers, edges of which each is a small step

// Interleaves the bits of latitude and longitude (Morton, 1966): neighbours are mostly near on the
// curve.
std::uint64_t spread(std::uint64_t x) {
  x &= 0xffffffff;
  x = (x | x << 16) & 0x0000ffff0000ffffULL;
  x = (x | x << 8) & 0x00ff00ff00ff00ffULL;
  x = (x | x << 4) & 0x0f0f0f0f0f0f0f0fULL;
  x = (x | x << 2) & 0x3333333333333333ULL;
  return (x | x << 1) & 0x5555555555555555ULL;
}
std::uint64_t along_curve(Point p) {
  const auto latitude = static_cast<std::uint64_t>(std::int64_t{p.latitude_e7} + kMaxLatitudeE7);
  const auto longitude = static_cast<std::uint64_t>(std::int64_t{p.longitude_e7} + kMaxLongitudeE7);
  return spread(latitude >> 1) << 1 | spread(longitude >> 1);
}

// Calls each(i) for 0 .. count - 1.
template <class Each>
void for_each(const Workers& workers, std::size_t count, Each each) {
  in_parts(workers, count, kPerPart, [&](std::size_t, std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) each(i);
  });
}

}  // namespace

PlacedNeed placed(const State& state, Slot need) {
  return {along_curve(state.needs()[need].point), need};
}

// The instants at which the promised quantity of an offer can be highest: the beginning of a window
// or booking. An instant is redundant if a neighbour is in the same windows and has no more room.
std::vector<Instant> instants_of(std::vector<Interval>& windows,
                                 const std::vector<Booking>& bookings, std::int64_t capacity) {
  std::sort(windows.begin(), windows.end(), [](const Interval& a, const Interval& b) {
    return a.start != b.start ? a.start < b.start : a.end < b.end;
  });
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  std::vector<Time> times;
  Time last{};
  for (const Interval& w : windows) {
    times.push_back(w.start);
    last = std::max(last, w.end);
  }
  for (const Booking& b : bookings) {
    if (b.window.start > windows.front().start && b.window.start < last)
      times.push_back(b.window.start);
  }
  std::sort(times.begin(), times.end());
  times.erase(std::unique(times.begin(), times.end()), times.end());
  std::vector<Instant> kept;
  for (const Time t : times) {
    std::int64_t room = capacity;
    for (const Booking& b : bookings) {
      if (b.window.start <= t && t < b.window.end) room -= b.quantity;
    }
    const Instant now{t, std::max<std::int64_t>(0, room)};
    const auto covered = [](const Interval& w, Time at) { return w.start <= at && at < w.end; };
    if (std::none_of(windows.begin(), windows.end(),
                     [&](const Interval& w) { return covered(w, t); }))
      continue;
    while (!kept.empty() && now.room <= kept.back().room &&
           std::none_of(windows.begin(), windows.end(), [&](const Interval& w) {
             return covered(w, kept.back().at) && !covered(w, t);
           })) {
      kept.pop_back();
    }
    if (!kept.empty() && kept.back().room <= now.room &&
        std::none_of(windows.begin(), windows.end(), [&](const Interval& w) {
          return covered(w, t) && !covered(w, kept.back().at);
        })) {
      continue;
    }
    kept.push_back(now);
  }
  return kept;
}

std::uint32_t Collector::keep_offer(Slot slot) {
  Read& read = read_.front();
  std::uint32_t& place = read.offer_at[slot];
  if (place != 0) return place - 1;
  const State& state = ranking_.state();
  const OfferRow& row = state.offers()[slot];
  const bool stock = row.time_kind == 0;
  RawOffer& offer = read.offers.emplace_back(
      RawOffer{slot, stock ? row.quantity - row.given : row.quantity, row.smallest_lot, {}, stock});
  if (const auto* bookings = state.bookings(slot); !stock && bookings != nullptr)
    offer.bookings = *bookings;
  place = static_cast<std::uint32_t>(read.offers.size());
  return place - 1;
}

void Collector::add(Slot slot) {
  const State& state = ranking_.state();
  const NeedRow& need = state.needs()[slot];
  if (!takes_matches(need.state) || (is_set(need.deadline) && now_ >= need.deadline)) return;
  Read& read = read_.front();
  RawNeed raw{placed(state, slot),
              static_cast<std::uint32_t>(read.lines.size()),
              0,
              static_cast<std::uint32_t>(read.edges.size()),
              need.fairness,
              0,
              0,
              need.ratio,
              need.all_or_nothing};
  bool whole = true;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    const LineRow& line = state.line(l);
    const bool people = line.time_kind == pb::TIME_KIND_PEOPLE;
    const bool professional = line.time_kind == pb::TIME_KIND_PROFESSIONAL;
    if (people) raw.volunteers += line.held;
    if (professional) raw.professionals += line.held;
    const std::int32_t missing = line.quantity - line.held;
    if (missing <= 0) continue;
    if (now_ >= line.window.start) {
      whole = false;
      continue;
    }
    const auto found = ranking_.proposable(l, candidates_, now_);
    const std::int64_t best_omitted =
        found.size() == candidates_ ? found.back().judgement.value_micro : 0;
    read.lines.push_back({l, line.window, missing, line.quantity,
                          static_cast<std::uint32_t>(found.size()), best_omitted, people,
                          professional});
    ++raw.lines;
    for (const Candidate& c : found) {
      read.edges.push_back({c.judgement.value_micro, keep_offer(c.offer),
                            static_cast<std::int32_t>(c.judgement.available)});
    }
  }
  if (raw.lines == 0 || (need.all_or_nothing && !whole)) {
    read.lines.resize(raw.first_line);
    read.edges.resize(raw.first_edge);
    return;
  }
  read.needs.push_back(raw);
}

void Collector::join(Collector&& other) {
  std::move(other.read_.begin(), other.read_.end(), std::back_inserter(read_));
  other.read_.clear();
  other.read_.emplace_back();
}

std::size_t Collector::needs() const {
  std::size_t sum = 0;
  for (const Read& read : read_) sum += read.needs.size();
  return sum;
}

std::vector<Slot> Collector::offers() const {
  std::vector<Slot> found;
  for (const Read& read : read_) {
    for (const RawOffer& offer : read.offers) found.push_back(offer.offer);
  }
  return found;
}

void Collector::occupy(const std::function<void(Slot offer, std::vector<Booking>& into)>& others) {
  std::vector<Booking> more;
  for (Read& read : read_) {
    for (RawOffer& offer : read.offers) {
      more.clear();
      others(offer.offer, more);
      if (!offer.stock) {
        offer.bookings.insert(offer.bookings.end(), more.begin(), more.end());
        continue;
      }
      for (const Booking& b : more) offer.room -= b.quantity;
    }
  }
}

std::vector<Collector::Found> Collector::in_order() const {
  std::vector<Found> found;
  found.reserve(needs());
  for (std::uint32_t r = 0; r < read_.size(); ++r) {
    for (std::uint32_t i = 0; i < read_[r].needs.size(); ++i)
      found.push_back({read_[r].needs[i].at, r, i});
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Offers in the order in which the sorted needs reference them. Edges use that number from here on.
std::vector<const Collector::RawOffer*> Collector::number_offers(const std::vector<Found>& needs) {
  constexpr std::uint32_t kNone = 0xffffffffU;
  std::vector<const RawOffer*> offers;
  // Several collectors may have read the same offer.
  boost::unordered_flat_map<Slot, std::uint32_t> known;
  std::vector<std::vector<std::uint32_t>> numbers;
  numbers.reserve(read_.size());
  for (const Read& read : read_) numbers.emplace_back(read.offers.size(), kNone);
  for (const Found& f : needs) {
    Read& read = read_[f.read];
    const RawNeed& need = read.needs[f.index];
    std::uint32_t e = need.first_edge;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      for (const std::uint32_t end = e + read.lines[l].edges; e < end; ++e) {
        std::uint32_t& number = numbers[f.read][read.edges[e].offer];
        if (number == kNone) {
          const RawOffer& offer = read.offers[read.edges[e].offer];
          const auto [it, fresh] =
              known.try_emplace(offer.offer, static_cast<std::uint32_t>(offers.size()));
          if (fresh) offers.push_back(&offer);
          number = it->second;
        }
        read.edges[e].offer = number;
      }
    }
  }
  return offers;
}

// Everything except the slots in which each edge takes room.
void Collector::put_needs(const std::vector<Found>& needs, const Workers& workers,
                          Instance& out) const {
  out.needs.resize(needs.size());
  std::uint32_t lines = 0;
  std::vector<std::uint32_t> first_edge(needs.size() + 1, 0);
  for (std::size_t n = 0; n < needs.size(); ++n) {
    const Read& read = read_[needs[n].read];
    const RawNeed& raw = read.needs[needs[n].index];
    out.needs[n].first_line = lines;
    lines += raw.lines;
    first_edge[n + 1] = first_edge[n];
    for (std::uint32_t l = raw.first_line; l < raw.first_line + raw.lines; ++l)
      first_edge[n + 1] += read.lines[l].edges;
  }
  out.lines.resize(lines);
  out.edges.resize(first_edge.back());
  for_each(workers, needs.size(), [&](std::size_t n) {
    const Read& read = read_[needs[n].read];
    const RawNeed& from = read.needs[needs[n].index];
    ClearNeed& need = out.needs[n];
    need.lines = from.lines;
    need.ref = from.at.need;
    need.community = from.community;
    need.volunteers = from.volunteers;
    need.professionals = from.professionals;
    need.ratio = from.ratio;
    need.all_or_nothing = from.all_or_nothing;
    std::int64_t best_micro = 0;
    std::uint32_t raw_edge = from.first_edge;
    std::uint32_t edge = first_edge[n];
    for (std::uint32_t l = 0; l < from.lines; ++l) {
      const RawLine& raw = read.lines[from.first_line + l];
      ClearLine& line = out.lines[need.first_line + l];
      line.need = static_cast<std::uint32_t>(n);
      line.first_edge = edge;
      line.edges = raw.edges;
      line.missing = raw.missing;
      line.asked = raw.asked;
      line.window = raw.window;
      line.ref = raw.line;
      line.people = raw.people;
      line.professional = raw.professional;
      const auto unit = [&](std::int64_t value_micro) {
        return static_cast<Worth>(static_cast<__int128>(value_micro) * out.per_micro / raw.asked);
      };
      if (raw.edges > 0) {
        best_micro += read.edges[raw_edge].value_micro;
        line.split =
            unit(mul_micro(read.edges[raw_edge].value_micro, policy_.split_micro())) * raw.asked;
      }
      if (raw.best_omitted_micro > 0) line.best_omitted = unit(raw.best_omitted_micro) + 1;
      for (std::uint32_t i = 0; i < raw.edges; ++i, ++raw_edge, ++edge) {
        const RawEdge& e = read.edges[raw_edge];
        out.edges[edge] = {unit(e.value_micro), e.offer, 0, 0, e.available};
      }
    }
    need.bonus = mul_micro(best_micro, policy_.completeness_bonus_micro()) * out.per_micro;
  });
}

namespace {

// An edge of an offer, and its line.
struct Use {
  std::uint32_t edge;
  std::uint32_t line;
};

// Grouped by offer, in the order of edges; those of offer o end at ends[o].
std::vector<Use> uses_by_offer(const Instance& in, std::size_t offers,
                               std::vector<std::uint32_t>& ends) {
  ends.assign(offers + 1, 0);
  for (const Edge& e : in.edges) ++ends[e.offer + 1];
  for (std::size_t o = 0; o < offers; ++o) ends[o + 1] += ends[o];
  std::vector<Use> uses(in.edges.size());
  for (std::uint32_t l = 0; l < in.lines.size(); ++l) {
    const ClearLine& line = in.lines[l];
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e)
      uses[ends[in.edges[e].offer]++] = {e, l};
  }
  ends.pop_back();
  return uses;
}

// Sets the slots of an offer in which a window takes room, counted from `begin`, and the room
// there.
void place_edge(Edge& edge, const Interval& window, bool stock, std::span<const ClearSlot> slots,
                std::uint32_t begin) {
  edge.slot = begin;
  for (std::uint32_t s = begin; s < slots.size(); ++s) {
    if (!stock && slots[s].at < window.start) {
      edge.slot = s + 1;
      continue;
    }
    if (!stock && slots[s].at >= window.end) break;
    ++edge.slots;
    edge.most = std::min(edge.most, slots[s].room);
  }
}

// Edges that cannot be used are removed.
void drop_empty(Instance& in) {
  std::uint32_t kept = 0;
  for (ClearLine& line : in.lines) {
    const std::uint32_t begin = std::exchange(line.first_edge, kept);
    const std::uint32_t end = begin + std::exchange(line.edges, 0);
    for (std::uint32_t e = begin; e < end; ++e) {
      if (in.edges[e].most <= 0 || in.edges[e].slots == 0) continue;
      in.edges[kept++] = in.edges[e];
      ++line.edges;
    }
  }
  in.edges.resize(kept);
}

}  // namespace

// Adds offers and their slots, and sets the slots of each edge.
void Collector::place_offers(const std::vector<const RawOffer*>& offers, const Workers& workers,
                             Instance& out) {
  std::vector<std::uint32_t> ends;
  const std::vector<Use> uses = uses_by_offer(out, offers.size(), ends);
  out.offers.resize(offers.size());
  std::vector<std::vector<ClearSlot>> slots(parts_of(offers.size(), kOffersPerPart));
  in_parts(
      workers, offers.size(), kOffersPerPart,
      [&](std::size_t part, std::size_t first, std::size_t end) {
        std::vector<Interval> windows;
        for (std::size_t o = first; o < end; ++o) {
          const RawOffer& raw = *offers[o];
          const std::span<const Use> used(uses.data() + (o == 0 ? 0 : ends[o - 1]),
                                          uses.data() + ends[o]);
          const auto begin = static_cast<std::uint32_t>(slots[part].size());
          if (raw.stock) {
            slots[part].push_back({Time{}, static_cast<std::uint32_t>(o),
                                   static_cast<std::int32_t>(std::max<std::int64_t>(0, raw.room))});
          } else {
            windows.clear();
            for (const Use& u : used) windows.push_back(out.lines[u.line].window);
            for (const Instant& i : instants_of(windows, raw.bookings, raw.room))
              slots[part].push_back(
                  {i.at, static_cast<std::uint32_t>(o), static_cast<std::int32_t>(i.room)});
          }
          out.offers[o] = {raw.offer, begin, static_cast<std::uint32_t>(slots[part].size()) - begin,
                           static_cast<std::int32_t>(std::max<std::int64_t>(1, raw.smallest_lot))};
          for (const Use& u : used)
            place_edge(out.edges[u.edge], out.lines[u.line].window, raw.stock, slots[part], begin);
        }
      });
  // They were counted from the beginning of their part.
  std::vector<std::uint32_t> first_slot;
  for (const auto& of_part : slots) {
    first_slot.push_back(static_cast<std::uint32_t>(out.slots.size()));
    out.slots.insert(out.slots.end(), of_part.begin(), of_part.end());
  }
  for_each(workers, out.offers.size(),
           [&](std::size_t o) { out.offers[o].first_slot += first_slot[o / kOffersPerPart]; });
  for_each(workers, out.edges.size(), [&](std::size_t e) {
    out.edges[e].slot += first_slot[out.edges[e].offer / kOffersPerPart];
  });
}

Instance Collector::finish(const Workers& workers, std::int64_t per_micro) {
  Instance out;
  std::int64_t most = 1;
  std::size_t lines = 0;
  for (const Read& read : read_) {
    lines += read.lines.size();
    for (const RawEdge& e : read.edges) most = std::max(most, e.value_micro);
  }
  out.per_micro = per_micro > 0 ? per_micro : kFinest;
  while (per_micro == 0 && out.per_micro > 1 &&
         static_cast<__int128>(most) * out.per_micro * static_cast<std::int64_t>(lines) >
             kMostWorth / 8)
    out.per_micro /= 2;

  std::vector<Found> needs = in_order();
  const std::vector<const RawOffer*> offers = number_offers(needs);
  put_needs(needs, workers, out);
  // The edges of a nation take gigabytes.
  for (Read& read : read_) read.edges = {};
  needs = {};

  place_offers(offers, workers, out);
  drop_empty(out);
  out.link();
  read_.assign(1, {});
  return out;
}

}  // namespace qiao
