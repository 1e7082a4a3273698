#include "engine/match/ranking.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/market/limits.h"

namespace qiao {
namespace {

// The k best so far, the worst of them at hand. What moves about is small; the candidates stay where they were put.
template <class Better>
class TopK {
 public:
  TopK(std::size_t k, Better better) : k_(k), better_(better) { heap_.reserve(k + 1); }

  // Nothing of a lesser value can get in.
  std::int64_t threshold() const { return heap_.size() < k_ ? -1 : candidates_[heap_.front()].judgement.value_micro; }
  void add(const Candidate& c) {
    if (heap_.size() == k_ && !better_(c, candidates_[heap_.front()])) return;
    const auto better = [this](std::uint32_t a, std::uint32_t b) { return better_(candidates_[a], candidates_[b]); };
    heap_.push_back(static_cast<std::uint32_t>(candidates_.size()));
    candidates_.push_back(c);
    std::push_heap(heap_.begin(), heap_.end(), better);
    if (heap_.size() <= k_) return;
    std::pop_heap(heap_.begin(), heap_.end(), better);
    // The one that has lost makes room for the next.
    const std::uint32_t lost = heap_.back();
    heap_.pop_back();
    if (lost + 1 != candidates_.size()) {
      candidates_[lost] = candidates_.back();
      std::replace(heap_.begin(), heap_.end(), static_cast<std::uint32_t>(candidates_.size() - 1), lost);
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

// Lines judged together: enough that the rows of the next ones come while one is looked at, few enough that the threshold
// they raise still saves looking at farther cells.
constexpr std::size_t kHopefulsAtOnce = 64;

// The first entries of a cell, on their way while the cell before is looked at.
template <class Entry>
void prefetch_begin(const std::vector<Entry>& entries) {
  constexpr std::size_t kBytes = 64;
  const auto* begin = reinterpret_cast<const char*>(entries.data());
  for (std::size_t at = 0; at < std::min(kBytes, entries.size() * sizeof(Entry)); at += 64) __builtin_prefetch(begin + at);
}

template <class Near>
void nearest_first(std::vector<Near>& cells) {
  std::sort(cells.begin(), cells.end(), [](const Near& a, const Near& b) { return a.least_m < b.least_m; });
}

using OfferCells = std::vector<Grid<OfferEntry>::Near>;
using LineCells = std::vector<Grid<LineEntry>::Near>;

// Calls visit(entry, distance) for what passes the quick tests; stops when done(least distance of all that is left).
template <class Done, class Visit>
void each_offer(const KindIndex<OfferEntry>& offers, const NeedRow& need, const LineRow& line, Done done, Visit visit) {
  thread_local OfferCells cells;
  cells.clear();
  offers.near(need.point, need.travel_m, cells);
  nearest_first(cells);
  const std::uint64_t asked = signature(line);
  for (const auto& cell : cells) {
    if (done(cell.least_m)) return;
    for (const OfferEntry& e : *cell.entries) {
      if ((asked & ~e.signature) != 0 || (line.week & ~e.week) != 0) continue;
      const std::int64_t distance = distance_metres(need.point, e.point);
      if (distance > std::max(e.radius_m, need.travel_m)) continue;
      visit(e, distance);
    }
  }
}

}  // namespace

Ranking::Ranking(const State& state) : state_(state), judge_(state), index_(state) {}

std::unique_ptr<Matcher> make_ranking(const State& state) { return std::make_unique<Ranking>(state); }

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

std::vector<Candidate> Ranking::candidates(const NeedRow& need, const LineRow& line, std::size_t k, Time now) const {
  return candidates(need, line, k, now, [](Slot, const Judgement&) { return true; });
}

std::vector<Candidate> Ranking::candidates(const NeedRow& need, const LineRow& line, std::size_t k, Time now, const Accept& accept) const {
  const auto* offers = index_.offers(line);
  k = std::min(k, kMaxRanked);
  if (offers == nullptr || k == 0) return {};
  TopK top(k, [this](const Candidate& a, const Candidate& b) {
    if (a.judgement.value_micro != b.judgement.value_micro) return a.judgement.value_micro > b.judgement.value_micro;
    return state_.offers()[a.offer].id < state_.offers()[b.offer].id;
  });
  const Judge::LineBound bound = judge_.bound(need, line);
  each_offer(
      *offers, need, line, [&](std::int64_t least) { return judge_.most(bound, least) < top.threshold(); },
      [&](const OfferEntry& e, std::int64_t distance) {
        if (judge_.most(bound, distance) < top.threshold()) return;
        const Judgement j = judge_.judge(need, line, e.offer, now);
        if (j.eligible() && accept(e.offer, j)) top.add({kNoSlot, e.offer, j});
      });
  return top.take();
}

Ranking::Count Ranking::count(const NeedRow& need, const LineRow& line, Time now) const {
  Count result;
  const auto* offers = index_.offers(line);
  if (offers == nullptr) return result;
  std::vector<Slot> parties;
  each_offer(
      *offers, need, line, [&](std::int64_t) { return result.offers >= kMaxCounted; },
      [&](const OfferEntry& e, std::int64_t) {
        if (result.offers >= kMaxCounted) return;
        const Judgement j = judge_.judge(need, line, e.offer, now);
        if (!j.eligible()) return;
        ++result.offers;
        result.units += j.available;
        parties.push_back(state_.offers()[e.offer].party);
      });
  std::sort(parties.begin(), parties.end());
  result.parties = static_cast<std::size_t>(std::unique(parties.begin(), parties.end()) - parties.begin());
  return result;
}

// The most hopeful first: once one cannot get in, none behind it can. Empties the list.
template <class Top>
void Ranking::judge_hopefuls(std::vector<Hopeful>& hopefuls, Slot offer, Time now, Top& top) const {
  std::sort(hopefuls.begin(), hopefuls.end(), [](const Hopeful& a, const Hopeful& b) { return a.most > b.most; });
  for (std::size_t i = 0; i < hopefuls.size() && hopefuls[i].most >= top.threshold(); ++i) {
    const Judgement j = judge(hopefuls[i].line, offer, now);
    if (j.eligible()) top.add({hopefuls[i].line, offer, j});
  }
  hopefuls.clear();
}

std::vector<Candidate> Ranking::open_lines(Slot party, std::size_t k, Time now) const {
  k = std::min(k, kMaxRanked);
  if (k == 0) return {};
  auto older = [this](Slot a, Slot b) {
    const LineRow& x = state_.line(a);
    const LineRow& y = state_.line(b);
    return std::pair(state_.needs()[x.need].id, x.number) < std::pair(state_.needs()[y.need].id, y.number);
  };
  auto better = [&](const Candidate& a, const Candidate& b) {
    if (a.judgement.value_micro != b.judgement.value_micro) return a.judgement.value_micro > b.judgement.value_micro;
    if (a.line != b.line) return older(a.line, b.line);
    return state_.offers()[a.offer].id < state_.offers()[b.offer].id;
  };
  std::vector<Candidate> all;
  thread_local LineCells cells;
  thread_local std::vector<Hopeful> hopefuls;
  int looked_at = 0;
  for (Slot o = state_.parties()[party].first_offer; o != kNoSlot && looked_at < kMaxOffersRanked; o = state_.offers()[o].next_of_party) {
    const OfferRow& offer = state_.offers()[o];
    const auto* lines = index_.lines(offer);
    if (!offer.active) continue;
    ++looked_at;
    if (lines == nullptr) continue;
    const std::uint64_t held = signature(offer);
    static const std::vector<DayException> kNone;
    const WeekMask week = offer.time_kind == 0 ? 0 : possible(offer.pattern, offer.extras ? offer.extras->exceptions : kNone);
    const std::uint32_t radius = offer.collect ? 0 : offer.radius_m;
    const auto this_minute = static_cast<std::int32_t>(to_int(now) / 60);
    TopK top(k, better);
    cells.clear();
    lines->near(offer.point, radius, cells);
    nearest_first(cells);
    const Judge::OfferBound bound = judge_.bound(offer);
    hopefuls.clear();
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (judge_.most(bound, cells[c].least_m) < top.threshold()) break;
      if (c + 1 < cells.size()) prefetch_begin(*cells[c + 1].entries);
      for (const LineEntry& e : *cells[c].entries) {
        if ((e.signature & ~held) != 0 || (e.week & ~week) != 0 || e.start_minute < this_minute) continue;
        const std::int64_t distance = distance_metres(e.point, offer.point);
        if (distance > std::max(radius, e.travel_m)) continue;
        const std::int64_t most = judge_.most(bound, e.urgency, e.fairness, distance);
        if (most < top.threshold()) continue;
        state_.prefetch_line(e.line);
        state_.prefetch_need(e.need);
        hopefuls.push_back({most, e.line});
      }
      if (hopefuls.size() >= kHopefulsAtOnce || c + 1 == cells.size()) judge_hopefuls(hopefuls, o, now, top);
    }
    // Where the search ended early.
    judge_hopefuls(hopefuls, o, now, top);
    auto found = top.take();
    if (all.empty()) {
      all = std::move(found);
    } else {
      all.insert(all.end(), found.begin(), found.end());
    }
  }
  // One offer has each line once already, in order.
  if (looked_at == 1) return all;
  // Each line once, with the offer that serves it best.
  std::sort(all.begin(), all.end(), better);
  std::vector<Candidate> result;
  for (const Candidate& c : all) {
    if (result.size() == k) break;
    const bool there = std::any_of(result.begin(), result.end(), [&](const Candidate& r) { return r.line == c.line; });
    if (!there) result.push_back(c);
  }
  return result;
}

std::optional<Slot> Ranking::next_best(Slot line, std::int64_t quantity, Time now) const {
  const LineRow& l = state_.line(line);
  const NeedRow& need = state_.needs()[l.need];
  std::vector<Slot> asked;
  for (Slot m = need.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
    const MatchRow& match = state_.matches()[m];
    if (match.line == line && (match.state == pb::MATCH_STATE_DECLINED || match.state == pb::MATCH_STATE_LAPSED || broken(match.state))) {
      asked.push_back(state_.offers()[match.offer].party);
    }
  }
  const auto best = candidates(need, l, 1, now, [&](Slot offer, const Judgement& j) {
    return j.available >= quantity && std::find(asked.begin(), asked.end(), state_.offers()[offer].party) == asked.end();
  });
  if (best.empty()) return std::nullopt;
  return best.front().offer;
}

void Ranking::party_changed(Slot party) {
  for (Slot o = state_.parties()[party].first_offer; o != kNoSlot; o = state_.offers()[o].next_of_party) index_.put_offer(o);
}

}  // namespace qiao
