#include "engine/clear/collect.h"

#include <algorithm>
#include <utility>

#include "engine/base/fixed.h"

namespace qiao {
namespace {

constexpr std::int64_t kFinest = 65'536;  // of a millionth, where sums allow it

// Interleaves the bits of latitude and longitude (Morton, 1966): neighbours are mostly near on the curve.
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

}  // namespace

// Instants at which the windows of an offer pile up highest: some window begins there, or a booking does. One that lets no
// more windows through, and has no less room, than its neighbour says nothing new.
std::vector<Instant> instants_of(std::vector<Interval>& windows, const std::vector<Booking>& bookings, std::int64_t capacity) {
  std::sort(windows.begin(), windows.end(), [](const Interval& a, const Interval& b) { return a.start != b.start ? a.start < b.start : a.end < b.end; });
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  std::vector<Time> times;
  Time last{};
  for (const Interval& w : windows) {
    times.push_back(w.start);
    last = std::max(last, w.end);
  }
  for (const Booking& b : bookings) {
    if (b.window.start > windows.front().start && b.window.start < last) times.push_back(b.window.start);
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
    if (std::none_of(windows.begin(), windows.end(), [&](const Interval& w) { return covered(w, t); })) continue;
    while (!kept.empty() && now.room <= kept.back().room &&
           std::none_of(windows.begin(), windows.end(), [&](const Interval& w) { return covered(w, kept.back().at) && !covered(w, t); })) {
      kept.pop_back();
    }
    if (!kept.empty() && kept.back().room <= now.room &&
        std::none_of(windows.begin(), windows.end(), [&](const Interval& w) { return covered(w, t) && !covered(w, kept.back().at); })) {
      continue;
    }
    kept.push_back(now);
  }
  return kept;
}

void Collector::keep_offer(Slot slot) {
  const auto [it, fresh] = offers_.try_emplace(slot);
  if (!fresh) return;
  const State& state = ranking_.state();
  const OfferRow& row = state.offers()[slot];
  RawOffer& offer = it->second;
  offer.stock = row.time_kind == 0;
  offer.room = offer.stock ? row.quantity - row.given : row.quantity;
  offer.smallest_lot = row.smallest_lot;
  if (const auto* bookings = state.bookings(slot); !offer.stock && bookings != nullptr) offer.bookings = *bookings;
}

void Collector::add(Slot slot) {
  const State& state = ranking_.state();
  const NeedRow& need = state.needs()[slot];
  if (!takes_matches(need.state) || (is_set(need.deadline) && now_ >= need.deadline)) return;
  RawNeed raw{slot, along_curve(need.point), static_cast<std::uint32_t>(lines_.size()), 0, static_cast<std::uint32_t>(edges_.size()), need.fairness, 0, 0, need.ratio, need.all_or_nothing};
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
    const auto found = ranking_.candidates(l, candidates_, now_);
    const std::int64_t rest = found.size() == candidates_ ? found.back().judgement.value_micro : 0;
    lines_.push_back({l, line.window, missing, line.quantity, static_cast<std::uint32_t>(found.size()), rest, people, professional});
    ++raw.lines;
    for (const Candidate& c : found) {
      edges_.push_back({c.judgement.value_micro, c.offer, static_cast<std::int32_t>(c.judgement.available)});
      keep_offer(c.offer);
    }
  }
  if (raw.lines == 0 || (need.all_or_nothing && !whole)) {
    lines_.resize(raw.first_line);
    edges_.resize(raw.first_edge);
    return;
  }
  needs_.push_back(raw);
}

void Collector::join(Collector&& other) {
  const auto lines = static_cast<std::uint32_t>(lines_.size());
  const auto edges = static_cast<std::uint32_t>(edges_.size());
  for (RawNeed n : other.needs_) {
    n.first_line += lines;
    n.first_edge += edges;
    needs_.push_back(n);
  }
  lines_.insert(lines_.end(), other.lines_.begin(), other.lines_.end());
  edges_.insert(edges_.end(), other.edges_.begin(), other.edges_.end());
  for (auto& [slot, offer] : other.offers_) offers_.try_emplace(slot, std::move(offer));
  other.needs_.clear();
  other.lines_.clear();
  other.edges_.clear();
  other.offers_.clear();
}

void Collector::occupy(const std::function<void(Slot offer, std::vector<Booking>& into)>& others) {
  std::vector<Booking> more;
  for (auto& [slot, offer] : offers_) {
    more.clear();
    others(slot, more);
    if (!offer.stock) {
      offer.bookings.insert(offer.bookings.end(), more.begin(), more.end());
      continue;
    }
    for (const Booking& b : more) offer.room -= b.quantity;
  }
}

Instance Collector::finish(std::int64_t per_micro) {
  Instance out;
  std::stable_sort(needs_.begin(), needs_.end(), [](const RawNeed& a, const RawNeed& b) { return a.place != b.place ? a.place < b.place : a.need < b.need; });
  std::int64_t most = 1;
  for (const RawEdge& e : edges_) most = std::max(most, e.value_micro);
  out.per_micro = per_micro > 0 ? per_micro : kFinest;
  while (per_micro == 0 && out.per_micro > 1 && static_cast<__int128>(most) * out.per_micro * static_cast<std::int64_t>(lines_.size()) > kMostWorth / 8) out.per_micro /= 2;

  // Offers in the order in which sorted needs meet them; their edges together.
  boost::unordered_flat_map<Slot, std::uint32_t> number;
  struct Use {
    std::uint32_t edge;
    Interval window;
  };
  std::vector<std::uint32_t> uses_of;  // by offer, then where they begin
  std::vector<std::uint32_t> offer_of(edges_.size());
  std::vector<RawOffer*> raw_offers;
  for (const RawNeed& n : needs_) {
    std::uint32_t edge = n.first_edge;
    for (std::uint32_t l = n.first_line; l < n.first_line + n.lines; ++l) {
      for (std::uint32_t i = 0; i < lines_[l].edges; ++i, ++edge) {
        const auto [it, fresh] = number.try_emplace(edges_[edge].offer, static_cast<std::uint32_t>(out.offers.size()));
        if (fresh) {
          RawOffer& raw = offers_.find(edges_[edge].offer)->second;
          out.offers.push_back({edges_[edge].offer, 0, 0, static_cast<std::int32_t>(std::max<std::int64_t>(1, raw.smallest_lot))});
          raw_offers.push_back(&raw);
          uses_of.push_back(0);
        }
        offer_of[edge] = it->second;
        ++uses_of[it->second];
      }
    }
  }
  std::uint32_t at = 0;
  for (auto& u : uses_of) at += std::exchange(u, at);
  std::vector<Use> uses(edges_.size());
  for (const RawNeed& n : needs_) {
    std::uint32_t edge = n.first_edge;
    for (std::uint32_t l = n.first_line; l < n.first_line + n.lines; ++l) {
      for (std::uint32_t i = 0; i < lines_[l].edges; ++i, ++edge) uses[uses_of[offer_of[edge]]++] = {edge, lines_[l].window};
    }
  }
  // uses_of[o] is now where the uses of o end.
  struct Span {
    std::uint32_t slot;
    std::uint32_t slots;
    std::int32_t most;
  };
  std::vector<Span> spans(edges_.size());
  std::vector<Interval> windows;
  for (std::uint32_t o = 0; o < out.offers.size(); ++o) {
    const std::uint32_t begin = o == 0 ? 0 : uses_of[o - 1];
    const std::uint32_t end = uses_of[o];
    ClearOffer& offer = out.offers[o];
    const RawOffer& raw = *raw_offers[o];
    offer.first_slot = static_cast<std::uint32_t>(out.slots.size());
    if (raw.stock) {
      out.slots.push_back({Time{}, o, static_cast<std::int32_t>(std::max<std::int64_t>(0, raw.room))});
    } else {
      windows.clear();
      for (std::uint32_t u = begin; u < end; ++u) windows.push_back(uses[u].window);
      for (const Instant& i : instants_of(windows, raw.bookings, raw.room)) out.slots.push_back({i.at, o, static_cast<std::int32_t>(i.room)});
    }
    offer.slots = static_cast<std::uint32_t>(out.slots.size()) - offer.first_slot;
    for (std::uint32_t u = begin; u < end; ++u) {
      Span span{offer.first_slot, 0, edges_[uses[u].edge].available};
      for (std::uint32_t s = offer.first_slot; s < offer.first_slot + offer.slots; ++s) {
        if (!raw.stock && out.slots[s].at < uses[u].window.start) {
          span.slot = s + 1;
          continue;
        }
        if (!raw.stock && out.slots[s].at >= uses[u].window.end) break;
        ++span.slots;
        span.most = std::min(span.most, out.slots[s].room);
      }
      spans[uses[u].edge] = span;
    }
  }

  for (const RawNeed& n : needs_) {
    ClearNeed need;
    need.first_line = static_cast<std::uint32_t>(out.lines.size());
    need.lines = n.lines;
    need.ref = n.need;
    need.community = n.community;
    need.volunteers = n.volunteers;
    need.professionals = n.professionals;
    need.ratio = n.ratio;
    need.all_or_nothing = n.all_or_nothing;
    std::int64_t best_micro = 0;
    std::uint32_t raw_edge = n.first_edge;
    for (std::uint32_t l = n.first_line; l < n.first_line + n.lines; ++l) {
      const RawLine& raw = lines_[l];
      ClearLine line;
      line.need = static_cast<std::uint32_t>(out.needs.size());
      line.first_edge = static_cast<std::uint32_t>(out.edges.size());
      line.missing = raw.missing;
      line.asked = raw.asked;
      line.window = raw.window;
      line.ref = raw.line;
      line.people = raw.people;
      line.professional = raw.professional;
      const auto unit = [&](std::int64_t value_micro) { return static_cast<Worth>(static_cast<__int128>(value_micro) * out.per_micro / raw.asked); };
      if (raw.edges > 0) {
        best_micro += edges_[raw_edge].value_micro;
        line.split = unit(mul_micro(edges_[raw_edge].value_micro, policy_.split_micro())) * raw.asked;
      }
      if (raw.rest_micro > 0) line.rest = unit(raw.rest_micro) + 1;
      for (std::uint32_t i = 0; i < raw.edges; ++i, ++raw_edge) {
        const Span& span = spans[raw_edge];
        if (span.most <= 0 || span.slots == 0) continue;
        out.edges.push_back({unit(edges_[raw_edge].value_micro), offer_of[raw_edge], span.slot, span.slots, span.most});
        ++line.edges;
      }
      out.lines.push_back(line);
    }
    need.bonus = mul_micro(best_micro, policy_.completeness_bonus_micro()) * out.per_micro;
    out.needs.push_back(need);
  }
  out.link();
  needs_.clear();
  lines_.clear();
  edges_.clear();
  offers_.clear();
  return out;
}

}  // namespace qiao
