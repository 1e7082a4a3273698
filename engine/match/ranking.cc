#include "engine/match/ranking.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

// The k best so far, with access to the worst of them. Only small keys move; the candidates stay in
// place.
template <class Better>
class TopK {
 public:
  TopK(std::size_t k, Better better) : k_(k), better_(better) {
    heap_.reserve(k + 1);
    candidates_.reserve(k + 1);
  }

  // Entries with a lower value are not among the k best.
  double threshold() const {
    return heap_.size() < k_
               ? -1
               : static_cast<double>(candidates_[heap_.front()].judgement.value_micro);
  }
  void add(const Candidate& c) {
    if (heap_.size() == k_ && !better_(c, candidates_[heap_.front()])) return;
    const auto better = [this](std::uint32_t a, std::uint32_t b) {
      return better_(candidates_[a], candidates_[b]);
    };
    heap_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    candidates_.push_back(c);
    std::push_heap(heap_.begin(), heap_.end(), better);
    if (heap_.size() <= k_) return;
    std::pop_heap(heap_.begin(), heap_.end(), better);
    // The candidate takes the place of the removed one.
    const std::uint32_t lost = heap_.back();
    heap_.pop_back();
    if (lost + 1 != candidates_.size()) {
      candidates_[lost] = candidates_.back();
      std::replace(heap_.begin(), heap_.end(), static_cast<std::uint32_t>(candidates_.size() - 1),
                   lost);
    }
    candidates_.pop_back();
  }
  std::vector<Candidate> take() {
    std::sort(candidates_.begin(), candidates_.end(), better_);
    return std::move(candidates_);
  }

 private:
  std::size_t k_;
  Better better_;
  std::vector<std::uint32_t> heap_;
  std::vector<Candidate> candidates_;
};

// Entries judged together: enough that the rows of the next ones are prefetched meanwhile, few
// enough that the threshold they raise still skips farther cells.
constexpr std::size_t kJudgedAtOnce = 64;

// The first entries of a cell are prefetched while the previous cell is processed.
template <class Entry>
void prefetch_begin(std::span<const Entry> entries) {
  constexpr std::size_t kBytes = 512;
  const auto* begin = reinterpret_cast<const char*>(entries.data());
  for (std::size_t at = 0; at < std::min(kBytes, entries.size() * sizeof(Entry)); at += 64)
    __builtin_prefetch(begin + at);
}

template <class Entry>
using Cells = std::vector<typename Grid<Entry>::Near>;

template <class Entry>
void find_cells(const KindIndex<Entry>& index, Point from, std::int64_t reach_m,
                Cells<Entry>& cells) {
  cells.clear();
  index.near(from, reach_m, cells);
  std::sort(cells.begin(), cells.end(),
            [](const auto& a, const auto& b) { return a.least_m < b.least_m; });
}

// An entry that passed the quick tests, and an upper bound on its value.
template <class Entry>
struct BoundedEntry {
  double most;
  const Entry* entry;
};

// A search describes an entry by these functions:
//   able(e)         whether it may be eligible, apart from distance
//   reach_m(e)      the greatest distance at which it is eligible
//   most(e, d)      upper bound on its value at distance d or farther
//   most(d)         upper bound on the value of any entry
//   prefetch(e)     prefetches its rows; always inline, because GCC omits calls that only prefetch
//   judge(e, top)   judges it and adds it to `top`

// Appends the entries of a cell that can be worth `threshold`. Whether one passes is about as
// likely as not and unpredictable, so there is no branch: each stage writes the entry behind those
// that passed, and counts it or not.
template <class Entry, class Query>
void find_bounded(std::span<const Entry> entries, const Query& query,
                  const DistanceBound& distance_bound, double threshold,
                  std::vector<BoundedEntry<Entry>>& bounded) {
  struct Passing {
    const Entry* entry;
    double distance;  // at least
  };
  thread_local std::vector<Passing> passing;
  if (passing.size() < entries.size()) passing.resize(entries.size());
  std::size_t able = 0;
  for (const Entry& e : entries) {
    passing[able].entry = &e;
    able += static_cast<std::size_t>(query.able(e));
  }
  std::size_t near = 0;
  for (std::size_t i = 0; i < able; ++i) {
    const Entry& e = *passing[i].entry;
    passing[near] = {&e, distance_bound.at_least(e.point)};
    near += static_cast<std::size_t>(passing[near].distance <= query.reach_m(e));
  }
  std::size_t end = bounded.size();
  bounded.resize(end + near);
  for (std::size_t i = 0; i < near; ++i) {
    const Entry& e = *passing[i].entry;
    bounded[end] = {query.most(e, passing[i].distance), &e};
    end += static_cast<std::size_t>(bounded[end].most >= threshold);
  }
  bounded.resize(end);
}

// Fills top with the k best entries, from the nearest cell out.
template <class Entry, class Query, class Top>
void search(const Cells<Entry>& cells, Point from, const Query& query, std::size_t k, Top& top) {
  const DistanceBound distance_bound(from);
  thread_local std::vector<BoundedEntry<Entry>> bounded;
  bounded.clear();
  // The k with the highest bounds first, so that they exclude most of the others.
  const auto judge_bounded = [&] {
    if (bounded.size() > k) {
      std::nth_element(bounded.begin(), bounded.begin() + static_cast<std::ptrdiff_t>(k),
                       bounded.end(), [](const auto& a, const auto& b) { return a.most > b.most; });
    }
    for (const BoundedEntry<Entry>& h : bounded) {
      if (h.most >= top.threshold()) query.judge(*h.entry, top);
    }
    bounded.clear();
  };
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (query.most(static_cast<double>(cells[c].least_m)) < top.threshold()) break;
    if (c + 1 < cells.size()) prefetch_begin(cells[c + 1].entries);
    const std::size_t before = bounded.size();
    find_bounded(cells[c].entries, query, distance_bound, top.threshold(), bounded);
    for (std::size_t h = before; h < bounded.size(); ++h) query.prefetch(*bounded[h].entry);
    if (bounded.size() >= kJudgedAtOnce) judge_bounded();
  }
  judge_bounded();
}

// Searches offers for a line.
struct LineQuery {
  const State& state;
  const Judge& judging;
  const NeedRow& need;
  const LineRow& line;
  const Ranking::Accept& accept;
  Time now;
  std::uint64_t asked;
  Judge::Bound bound;

  bool able(const OfferEntry& e) const {
    return ((asked & ~e.signature) | (line.week & ~e.week)) == 0;
  }
  std::uint32_t reach_m(const OfferEntry& e) const { return std::max(e.radius_m, need.travel_m); }
  double most(const OfferEntry&, double distance_m) const { return bound.at(distance_m); }
  double most(double distance_m) const { return bound.at(distance_m); }
  [[gnu::always_inline]] void prefetch(const OfferEntry& e) const { state.prefetch_offer(e.offer); }
  template <class Top>
  void judge(const OfferEntry& e, Top& top) const {
    const Judgement j = judging.judge(need, line, e.offer, now);
    if (j.eligible() && accept(e.offer, j)) top.add({kNoSlot, e.offer, j});
  }
};

// Searches lines for an offer.
struct OfferQuery {
  const State& state;
  const Judge& judging;
  Slot offer;
  Time now;
  std::uint64_t held;
  WeekMask week;
  std::int32_t this_minute;
  std::uint32_t radius_m;
  std::array<Judge::Bound, pb::Urgency_ARRAYSIZE> bounds;
  Judge::Bound greatest;
  bool equity;

  bool able(const LineEntry& e) const {
    const bool can = ((e.signature & ~held) | (e.week & ~week)) == 0;
    const bool ahead = e.start_minute >= this_minute;
    return static_cast<unsigned>(can) & static_cast<unsigned>(ahead);
  }
  std::uint32_t reach_m(const LineEntry& e) const { return std::max(radius_m, e.travel_m); }
  double most(const LineEntry& e, double distance_m) const {
    const double most = bounds[static_cast<std::size_t>(e.urgency)].at(distance_m);
    return equity ? most * (static_cast<double>(judging.equity(e.fairness)) / kMicro) : most;
  }
  double most(double distance_m) const { return greatest.at(distance_m); }
  [[gnu::always_inline]] void prefetch(const LineEntry& e) const {
    state.prefetch_line(e.line);
    state.prefetch_need(e.need);
  }
  template <class Top>
  void judge(const LineEntry& e, Top& top) const {
    const Judgement j = judging.judge(state.needs()[e.need], state.line(e.line), offer, now);
    if (j.eligible()) top.add({e.line, offer, j});
  }
};

OfferQuery query_of(const State& state, const Judge& judge, Slot slot, Time now) {
  static const std::vector<DayException> kNone;
  const OfferRow& offer = state.offers()[slot];
  const auto bounds = judge.bound(offer);
  Judge::Bound greatest =
      *std::max_element(bounds.begin(), bounds.end(),
                        [](const auto& a, const auto& b) { return a.at_zero < b.at_zero; });
  greatest.at_zero *= judge.most_equity();
  return {.state = state,
          .judging = judge,
          .offer = slot,
          .now = now,
          .held = signature(offer),
          .week = offer.time_kind == 0
                      ? 0
                      : possible(offer.pattern, offer.extras ? offer.extras->exceptions : kNone),
          .this_minute = static_cast<std::int32_t>(to_int(now) / 60),
          .radius_m = Judge::own_reach(offer),
          .bounds = bounds,
          .greatest = greatest,
          .equity = state.policy().value().equity_alpha_milli() != 0};
}

}  // namespace

Ranking::Ranking(const State& state) : state_(state), judge_(state), index_(state) {}

std::vector<Slot> parties_that_refused(const State& state, Slot line) {
  std::vector<Slot> parties;
  const NeedRow& need = state.needs()[state.line(line).need];
  for (Slot m = need.first_match; m != kNoSlot; m = state.matches()[m].next_of_need) {
    const MatchRow& match = state.matches()[m];
    if (match.line != line) continue;
    // A proposal that lapsed was never sent to the party.
    const bool refused =
        match.state == pb::MATCH_STATE_DECLINED || broken(match.state) ||
        (match.state == pb::MATCH_STATE_LAPSED && state.load_match(m).was_dispatched());
    if (refused) parties.push_back(state.offers()[match.offer].party);
  }
  return parties;
}

std::unique_ptr<Matcher> make_ranking(const State& state) {
  return std::make_unique<Ranking>(state);
}

Judgement Ranking::judge(Slot line, Slot offer, Time now) const {
  const LineRow& l = state_.line(line);
  return judge_.judge(state_.needs()[l.need], l, offer, now);
}

std::vector<Candidate> Ranking::candidates(Slot line, std::size_t k, Time now) const {
  const LineRow& l = state_.line(line);
  auto result = candidates(state_.needs()[l.need], l, k, now);
  for (Candidate& c : result) c.line = line;
  return result;
}

std::vector<Candidate> Ranking::candidates(const NeedRow& need, const LineRow& line, std::size_t k,
                                           Time now) const {
  return candidates(need, line, k, now, [](Slot, const Judgement&) { return true; });
}

std::vector<Candidate> Ranking::candidates(const NeedRow& need, const LineRow& line, std::size_t k,
                                           Time now, const Accept& accept) const {
  const auto* offers = index_.offers(line);
  k = std::min(k, kMaxRanked);
  if (offers == nullptr || k == 0) return {};
  TopK top(k, [this](const Candidate& a, const Candidate& b) {
    if (a.judgement.value_micro != b.judgement.value_micro)
      return a.judgement.value_micro > b.judgement.value_micro;
    return state_.offers()[a.offer].id < state_.offers()[b.offer].id;
  });
  thread_local Cells<OfferEntry> cells;
  find_cells(*offers, need.point, need.travel_m, cells);
  search<OfferEntry>(
      cells, need.point,
      LineQuery{state_, judge_, need, line, accept, now, signature(line), judge_.bound(need, line)},
      k, top);
  return top.take();
}

Ranking::Count Ranking::count(const NeedRow& need, const LineRow& line, Time now) const {
  Count result;
  const auto* offers = index_.offers(line);
  if (offers == nullptr) return result;
  std::vector<Slot> parties;
  thread_local Cells<OfferEntry> cells;
  find_cells(*offers, need.point, need.travel_m, cells);
  const std::uint64_t asked = signature(line);
  for (const auto& cell : cells) {
    if (result.offers >= kMaxCounted) break;
    for (const OfferEntry& e : cell.entries) {
      if (result.offers >= kMaxCounted) break;
      if (((asked & ~e.signature) | (line.week & ~e.week)) != 0) continue;
      const Judgement j = judge_.judge(need, line, e.offer, now);
      if (!j.eligible()) continue;
      ++result.offers;
      result.units += j.available;
      parties.push_back(state_.offers()[e.offer].party);
    }
  }
  std::sort(parties.begin(), parties.end());
  result.parties =
      static_cast<std::size_t>(std::unique(parties.begin(), parties.end()) - parties.begin());
  return result;
}

// Ties by the older line, then the older offer.
bool Ranking::is_better_line(const Candidate& a, const Candidate& b) const {
  if (a.judgement.value_micro != b.judgement.value_micro)
    return a.judgement.value_micro > b.judgement.value_micro;
  if (a.line == b.line) return state_.offers()[a.offer].id < state_.offers()[b.offer].id;
  const LineRow& x = state_.line(a.line);
  const LineRow& y = state_.line(b.line);
  return std::pair(state_.needs()[x.need].id, x.number) <
         std::pair(state_.needs()[y.need].id, y.number);
}

std::vector<Candidate> Ranking::open_lines_of(Slot offer, std::size_t k, Time now) const {
  k = std::min(k, kMaxRanked);
  const OfferRow& row = state_.offers()[offer];
  const auto* lines = index_.lines(row);
  if (!row.active || lines == nullptr || k == 0) return {};
  thread_local Cells<LineEntry> cells;
  const OfferQuery query = query_of(state_, judge_, offer, now);
  TopK top(k, [this](const Candidate& a, const Candidate& b) { return is_better_line(a, b); });
  find_cells(*lines, row.point, query.radius_m, cells);
  search<LineEntry>(cells, row.point, query, k, top);
  return top.take();
}

std::vector<Candidate> Ranking::open_lines(Slot party, std::size_t k, Time now) const {
  k = std::min(k, kMaxRanked);
  std::vector<Candidate> all;
  int considered = 0;
  for (Slot o = state_.parties()[party].first_offer; o != kNoSlot && considered < kMaxOffersRanked;
       o = state_.offers()[o].next_of_party) {
    if (!state_.offers()[o].active) continue;
    ++considered;
    auto found = open_lines_of(o, k, now);
    if (all.empty()) {
      all = std::move(found);
    } else {
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  // With one offer, each line is in the list once, in order.
  if (considered == 1) return all;
  // Each line once, with the offer that serves it best.
  std::sort(all.begin(), all.end(),
            [this](const Candidate& a, const Candidate& b) { return is_better_line(a, b); });
  std::vector<Candidate> result;
  for (const Candidate& c : all) {
    if (result.size() == k) break;
    const bool there = std::any_of(result.begin(), result.end(),
                                   [&](const Candidate& r) { return r.line == c.line; });
    if (!there) result.push_back(c);
  }
  return result;
}

std::vector<Candidate> Ranking::proposable(Slot line, std::size_t k, Time now,
                                           std::int64_t quantity) const {
  const LineRow& l = state_.line(line);
  const std::vector<Slot> refused = parties_that_refused(state_, line);
  const auto accept = [&](Slot offer, const Judgement& j) {
    const Slot party = state_.offers()[offer].party;
    return j.available >= quantity &&
           std::find(refused.begin(), refused.end(), party) == refused.end();
  };
  auto result = candidates(state_.needs()[l.need], l, k, now, accept);
  for (Candidate& c : result) c.line = line;
  return result;
}

std::optional<Slot> Ranking::next_best(Slot line, std::int64_t quantity, Time now) const {
  const auto best = proposable(line, 1, now, quantity);
  if (best.empty()) return std::nullopt;
  return best.front().offer;
}

void Ranking::party_changed(Slot party) {
  for (Slot o = state_.parties()[party].first_offer; o != kNoSlot;
       o = state_.offers()[o].next_of_party)
    index_.put_offer(o);
}

}  // namespace qiao
