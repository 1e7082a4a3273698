#include "engine/clear/auction.h"

#include <algorithm>
#include <utility>

namespace qiao {
namespace {

// Forward and backward rounds with one step size, while each brings the result nearer to the
// optimum; if fewer lines than one in this many move, there are no more. Elsewhere there is one:
// measured on the nation at load 1, five more alternate between two results of the same worth and
// take three times as long as the first.
constexpr int kPasses = 6;
constexpr std::size_t kFewReleased = 1000;
// The average number of turns after which slots that lower their prices alternately stop.
constexpr std::uint64_t kLowersPerSlot = 30;
constexpr int kLittle = 8;
// Bids to prefetch ahead.
constexpr std::size_t kEdgesAhead = 6;
constexpr std::size_t kPricesAhead = 2;
constexpr std::uint32_t kNone = 0xffffffffU;
constexpr std::uint64_t kExaminedPerCall = 1 << 16;

struct LowestOnTop {
  template <class Holder>
  bool operator()(const Holder& a, const Holder& b) const {
    return a.bid != b.bid ? a.bid > b.bid : a.edge < b.edge;
  }
};

// A large market does not fit in a cache. The next bidders are known, so the memory that their bids
// read is prefetched. Always inline, because GCC omits calls to functions that only prefetch.
[[gnu::always_inline]] inline void prefetch_prices(const Instance& instance,
                                                   const std::vector<Worth>& prices,
                                                   std::uint32_t line) {
  for (const Edge& e : instance.edges_of(instance.lines[line])) __builtin_prefetch(&prices[e.slot]);
}

template <class Row>
[[gnu::always_inline]] inline void prefetch_rows(const std::vector<Row>& rows,
                                                 const ClearLine& line) {
  constexpr std::uint32_t kStep = std::max<std::uint32_t>(1, 64 / sizeof(Row));
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; e += kStep)
    __builtin_prefetch(&rows[e]);
}

bool is_transport(const Instance& instance) {
  return std::all_of(instance.needs.begin(), instance.needs.end(),
                     [](const ClearNeed& n) {
                       return n.lines == 1 && n.bonus == 0 && !n.all_or_nothing;
                     }) &&
         std::all_of(instance.lines.begin(), instance.lines.end(),
                     [](const ClearLine& l) { return l.split == 0; }) &&
         std::all_of(instance.edges.begin(), instance.edges.end(),
                     [](const Edge& e) { return e.slots == 1; });
}

}  // namespace

Auction::Auction(const Instance& instance, std::vector<Worth> prices)
    : instance_(instance),
      edges_(instance.edges.size()),
      slots_(instance.slots.size()),
      prices_(std::move(prices)),
      missing_(instance.lines.size()),
      waiting_(instance.lines.size()),
      gain_(instance.lines.size()),
      transport_(is_transport(instance)) {
  for (const ClearNeed& need : instance.needs) {
    bool possible = true;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      std::int64_t there = 0;
      for (const Edge& e : instance.edges_of(instance.lines[l])) there += e.most;
      possible = possible && there >= instance.lines[l].missing;
    }
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance.lines[l];
      const Worth share = possible ? need.bonus / need.lines / line.missing : 0;
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        const Edge& edge = instance.edges[e];
        // An all-or-nothing need that cannot be filled does not bid.
        edges_[e].unit = need.all_or_nothing && !possible
                             ? -1
                             : edge.unit + share - line.split / std::min(edge.most, line.missing);
      }
    }
  }
}

// A line keeps what it holds if no other choice is better by more than a step, and releases the
// rest.
bool Auction::begin_line(std::uint32_t l) {
  const ClearLine& line = instance_.lines[l];
  missing_[l] = line.missing;
  const Worth rise = unit_step(line);
  Worth next = 0;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    if (edges_[e].held < std::min(instance_.edges[e].most, line.missing))
      next = std::max(next, edges_[e].unit - price_of(instance_.edges[e]));
  }
  examined_ += line.edges;
  bool released = false;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    const std::int32_t units = std::exchange(edges_[e].held, 0);
    if (units == 0) continue;
    ++edges_[e].stamp;
    const Worth gain = edges_[e].unit - price_of(instance_.edges[e]);
    if (gain >= 0 && gain + rise >= next) {
      hold(e, units, std::max<Worth>(gain - next, 0) + rise);
    } else {
      released = true;
    }
  }
  if (missing_[l] > 0 && next > 0) wake(l);
  return released || (missing_[l] > 0 && next > rise);
}

Allocation Auction::held() const {
  Allocation held(edges_.size());
  for (std::size_t e = 0; e < held.size(); ++e) held[e] = edges_[e].held;
  return held;
}

void Auction::wake(std::uint32_t line) {
  if (waiting_[line]) return;
  waiting_[line] = 1;
  bidders_.push_back(line);
}

bool Auction::run(Worth step, Worth finest, const std::function<bool()>& keep_going) {
  step_ = step;
  finest_ = finest;
  for (int pass = 0; pass < (transport_ ? kPasses : 1); ++pass) {
    for (std::size_t s = 0; s < slots_.size(); ++s) {
      slots_[s].room = instance_.slots[s].room;
      slots_[s].holders.clear();
    }
    std::size_t released = 0;
    for (std::uint32_t l = 0; l < missing_.size(); ++l) released += begin_line(l) ? 1 : 0;
    // A line with several offers may hold units whose room would be worth more to others: they are
    // released and auctioned again.
    if (pass > 0 && released * kFewReleased <= missing_.size()) return true;
    if (!forward(keep_going) || !backward(keep_going)) return false;
  }
  return true;
}

bool Auction::forward(const std::function<bool()>& keep_going) {
  std::uint64_t ask_at = examined_ + kExaminedPerCall;
  while (!bidders_.empty()) {
    const std::uint32_t line = bidders_.front();
    bidders_.pop_front();
    if (bidders_.size() > kEdgesAhead) {
      const ClearLine& soon = instance_.lines[bidders_[kEdgesAhead]];
      prefetch_rows(instance_.edges, soon);
      prefetch_rows(edges_, soon);
      prefetch_prices(instance_, prices_, bidders_[kPricesAhead]);
    }
    waiting_[line] = 0;
    bid(line);
    if (examined_ < ask_at) continue;
    ask_at = examined_ + kExaminedPerCall;
    if (keep_going()) continue;
    for (const std::uint32_t l : bidders_) waiting_[l] = 0;
    bidders_.clear();
    return false;
  }
  return true;
}

bool Auction::backward(const std::function<bool()>& keep_going) {
  std::fill(gain_.begin(), gain_.end(), 0);
  for (std::uint32_t s = 0; s < slots_.size(); ++s) {
    if (slots_[s].room > 0 && prices_[s] > 0) {
      slots_[s].queued = 1;
      lowering_.push_back(s);
    }
  }
  // The room with a price bounds what lowering prices can gain. If that is small compared with what
  // the last step leaves uncertain for each line, lowering would process the whole market for
  // almost nothing. Measured on transport problems of 100,000 lines: compared with a longer step
  // than the last, the last round takes twice the work of all others together.
  const auto little = [&] {
    __int128 stake = 0;
    for (std::size_t s = 0; s < slots_.size(); ++s)
      stake += static_cast<__int128>(prices_[s]) * std::max(slots_[s].room, 0);
    return stake * kLittle <=
           static_cast<__int128>(finest_) * static_cast<std::int64_t>(missing_.size());
  };
  std::uint64_t ask_at = examined_ + kExaminedPerCall;
  bool go = true;
  for (std::uint64_t turn = 0;
       go && turn < kLowersPerSlot * (slots_.size() + 1) && !lowering_.empty(); ++turn) {
    if (turn % (slots_.size() + 1) == 0 && little()) break;
    const std::uint32_t slot = lowering_.front();
    lowering_.pop_front();
    slots_[slot].queued = 0;
    lower(slot);
    if (examined_ < ask_at) continue;
    ask_at = examined_ + kExaminedPerCall;
    go = keep_going();
  }
  for (const std::uint32_t s : lowering_) slots_[s].queued = 0;
  lowering_.clear();
  return go;
}

// The best offers for what is missing, each bid up to where the next best unit would be as good.
void Auction::bid(std::uint32_t l) {
  const ClearLine& line = instance_.lines[l];
  if (missing_[l] == 0) return;
  options_.clear();
  Worth best = 0;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    const std::int32_t more = std::min(instance_.edges[e].most, line.missing) - edges_[e].held;
    if (more <= 0) continue;
    const Worth gain = edges_[e].unit - price_of(instance_.edges[e]);
    if (gain > 0) options_.push_back({gain, e});
    if (gain <= best) continue;
    best = gain;
    // Most likely the next edge: prefetch all that its bid reads.
    __builtin_prefetch(&slots_[instance_.edges[e].slot]);
  }
  examined_ += line.edges;
  std::sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) {
    return a.gain != b.gain ? a.gain > b.gain : a.edge < b.edge;
  });
  std::int32_t left = missing_[l];
  std::size_t taken = 0;
  std::int32_t spare = 0;  // units of the last one taken beyond what the line needs
  for (; taken < options_.size() && left > 0; ++taken) {
    const std::uint32_t edge = options_[taken].edge;
    const std::int32_t more =
        std::min(instance_.edges[edge].most, line.missing) - edges_[edge].held;
    spare = std::max(0, more - left);
    left -= std::min(left, more);
  }
  const Worth behind = taken < options_.size() ? options_[taken].gain : 0;
  const Worth rise = unit_step(line);
  for (std::size_t i = 0; i < taken; ++i) {
    const std::uint32_t edge = options_[i].edge;
    const std::int32_t units = std::min(
        std::min(instance_.edges[edge].most, line.missing) - edges_[edge].held, missing_[l]);
    // The alternative for a lost unit: another unit of the last offer taken, or else the first
    // offer not taken.
    const Worth next = spare > 0 && i + 1 < taken ? options_[taken - 1].gain : behind;
    if (units > 0) place(edge, units, std::max<Worth>(options_[i].gain - next, 0) + rise);
  }
  if (line.missing > 1) bid_again(l);
  if (missing_[l] == 0) return;
  // Some units were outbid immediately, at prices that have risen; or no offer is worth its price
  // any more.
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    if (edges_[e].held < std::min(instance_.edges[e].most, line.missing) &&
        edges_[e].unit - price_of(instance_.edges[e]) > 0)
      return wake(l);
  }
}

void Auction::hold(std::uint32_t edge, std::int32_t units, Worth above) {
  const Edge& e = instance_.edges[edge];
  edges_[edge].held += units;
  missing_[instance_.line_of_edge[edge]] -= units;
  const std::uint32_t stamp = ++edges_[edge].stamp;
  for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) {
    slots_[s].room -= units;
    auto& heap = slots_[s].holders;
    heap.push_back({prices_[s] + above, edge, stamp});
    std::push_heap(heap.begin(), heap.end(), LowestOnTop{});
  }
}

// A line that lost part of an edge may move its other units too: their gain is limited by that of
// the lost part.
void Auction::bid_again(std::uint32_t l) {
  const ClearLine& line = instance_.lines[l];
  Worth next = 0;
  std::uint32_t holdings = 0;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    if (edges_[e].held > 0) ++holdings;
    if (edges_[e].held < std::min(instance_.edges[e].most, line.missing))
      next = std::max(next, edges_[e].unit - price_of(instance_.edges[e]));
  }
  if (holdings < 2) return;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    if (edges_[e].held > 0)
      hold(e, 0,
           std::max<Worth>(edges_[e].unit - price_of(instance_.edges[e]) - next, 0) +
               unit_step(line));
  }
}

void Auction::place(std::uint32_t edge, std::int32_t units, Worth above) {
  hold(edge, units, above);
  const Edge& e = instance_.edges[edge];
  for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) squeeze(s);
}

void Auction::give_back(std::uint32_t edge, std::int32_t units) {
  const Edge& e = instance_.edges[edge];
  edges_[edge].held -= units;
  if (edges_[edge].held == 0) ++edges_[edge].stamp;
  const std::uint32_t line = instance_.line_of_edge[edge];
  missing_[line] += units;
  for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) slots_[s].room += units;
}

void Auction::clean(std::uint32_t slot) {
  auto& heap = slots_[slot].holders;
  while (!heap.empty() && heap.front().stamp != edges_[heap.front().edge].stamp) {
    std::pop_heap(heap.begin(), heap.end(), LowestOnTop{});
    heap.pop_back();
  }
}

// The lowest bids lose what exceeds the capacity; the price of a full slot is its lowest bid.
void Auction::squeeze(std::uint32_t slot) {
  auto& heap = slots_[slot].holders;
  while (slots_[slot].room < 0) {
    clean(slot);
    const std::uint32_t edge = heap.front().edge;
    const Worth lost = heap.front().bid;
    const std::uint32_t line = instance_.line_of_edge[edge];
    give_back(edge, std::min(-slots_[slot].room, edges_[edge].held));
    prices_[slot] = std::max(prices_[slot], lost);
    wake(line);
  }
  if (slots_[slot].room > 0) return;
  clean(slot);
  if (!heap.empty()) prices_[slot] = std::max(prices_[slot], heap.front().bid);
}

Worth Auction::least_gain(std::uint32_t l, std::uint32_t but, std::uint32_t* edge) const {
  const ClearLine& line = instance_.lines[l];
  *edge = kNone;
  if (missing_[l] > 0) return 0;
  Worth least = 0;
  for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
    if (edges_[e].held == 0 || e == but) continue;
    const Worth gain = edges_[e].unit - price_of(instance_.edges[e]);
    if (*edge == kNone || gain < least) {
      least = gain;
      *edge = e;
    }
  }
  return std::max<Worth>(least, 0);
}

// Lowers the price of a slot with free room: lines that gain from it move there, the greatest gain
// first, each at a price at which the next line would gain nothing by moving. If none is left, the
// price is 0.
void Auction::lower(std::uint32_t slot) {
  // A line that moved its worst unit here may move the next unit too.
  while (slots_[slot].room > 0 && prices_[slot] > 0) {
    if (!admit(slot)) prices_[slot] = 0;
  }
}

bool Auction::admit(std::uint32_t slot) {
  bool any = false;
  options_.clear();
  for (const std::uint32_t e : instance_.users_of(slot)) {
    const Edge& edge = instance_.edges[e];
    const std::uint32_t l = instance_.line_of_edge[e];
    if (edges_[e].held >= std::min(edge.most, instance_.lines[l].missing)) continue;
    const Worth most = edges_[e].unit - (price_of(edge) - prices_[slot]);
    if (most <= 0) continue;
    ++examined_;
    // Prices only fall here, so a line never gains less than when it was last examined.
    const Worth rise = unit_step(instance_.lines[l]);
    if (most - gain_[l] <= rise) continue;
    examined_ += instance_.lines[l].edges;
    std::uint32_t from;
    const Worth gain = least_gain(l, e, &from);
    gain_[l] = edges_[e].held == 0 ? gain : std::min(gain, edges_[e].unit - price_of(edge));
    if ((from != kNone || missing_[l] > 0) && most - gain > rise)
      options_.push_back({most - gain, e});
  }
  std::sort(options_.begin(), options_.end(), [](const Option& a, const Option& b) {
    return a.gain != b.gain ? a.gain > b.gain : a.edge < b.edge;
  });
  Worth left_over = 0;
  for (std::size_t i = 0; i < options_.size() && slots_[slot].room > 0; ++i) {
    const std::uint32_t edge = options_[i].edge;
    const Edge& e = instance_.edges[edge];
    const std::uint32_t l = instance_.line_of_edge[edge];
    std::uint32_t from;
    least_gain(l, edge, &from);
    const std::int32_t more = std::min(e.most, instance_.lines[l].missing) - edges_[edge].held;
    const std::int32_t wanted = std::min(more, from == kNone ? missing_[l] : edges_[from].held);
    std::int32_t units = wanted;
    for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s)
      units = std::min(units, slots_[s].room);
    if (units <= 0) continue;
    const Worth rise = unit_step(instance_.lines[l]);
    if (from != kNone) {
      give_back(from, units);
      const Edge& left = instance_.edges[from];
      for (std::uint32_t s = left.slot; s < left.slot + left.slots; ++s) {
        if (s == slot || prices_[s] == 0 || slots_[s].queued) continue;
        slots_[s].queued = 1;
        lowering_.push_back(s);
      }
    }
    hold(edge, units, rise);
    any = true;
    // The price does not fall below the remaining demand: that of the next line, or of the lines
    // that moved here and would take more.
    std::uint32_t worst;
    const Worth gain = least_gain(l, edge, &worst);
    if (units < more && (worst != kNone || missing_[l] > 0))
      left_over = std::max(left_over, edges_[edge].unit - (price_of(e) - prices_[slot]) - gain);
    const Worth next = std::max(left_over, i + 1 < options_.size() ? options_[i + 1].gain : 0);
    prices_[slot] = std::min(prices_[slot], std::max<Worth>(0, next - rise));
  }
  return any;
}

}  // namespace qiao
