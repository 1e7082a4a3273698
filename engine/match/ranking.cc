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
  TopK(std::size_t k, Better better) : k_(k), better_(better) { 
    heap_.reserve(k + 1);
    candidates_.reserve(k + 1);
  }

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
  constexpr std::size_t kBytes = 512;
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

// Whether an entry passes is about as likely as not, in an order that no processor can guess; so there is no branch for it to
// guess wrong. Each stage writes what it looks at behind what has passed, and counts it or not.
void Ranking::find_hopefuls(const std::vector<LineEntry>& entries, const Asker& asker, double threshold, std::vector<Hopeful>& hopefuls) const {
  struct Passing {
    std::uint32_t entry;
    double distance;  // at least
  };
  thread_local std::vector<Passing> passing;
  if (passing.size() < entries.size()) passing.resize(entries.size());
  std::size_t able = 0;
  for (std::uint32_t i = 0; i < entries.size(); ++i) {
    const LineEntry& e = entries[i];
    const std::uint64_t lacks = (e.signature & ~asker.held) | (e.week & ~asker.week);
    passing[able].entry = i;
    able += static_cast<std::size_t>(lacks == 0) & static_cast<std::size_t>(e.start_minute >= asker.this_minute);
  }
  std::size_t near = 0;
  for (std::size_t i = 0; i < able; ++i) {
    const LineEntry& e = entries[passing[i].entry];
    passing[near] = {passing[i].entry, asker.reckoner.at_least(e.point)};
    near += static_cast<std::size_t>(passing[near].distance <= std::max(asker.radius, e.travel_m));
  }
  std::size_t end = hopefuls.size();
  hopefuls.resize(end + near);
  for (std::size_t i = 0; i < near; ++i) {
    const LineEntry& e = entries[passing[i].entry];
    hopefuls[end] = {judge_.most(asker.bound, e.urgency, e.fairness, passing[i].distance), e.line, e.need};
    end += static_cast<std::size_t>(hopefuls[end].most >= threshold);
  }
  hopefuls.resize(end);
}

// The k most hopeful first, so that few of the others can still get in. Empties the list.
template <class Top>
void Ranking::judge_hopefuls(std::vector<Hopeful>& hopefuls, std::size_t k, Slot offer, Time now, Top& top) const {
  if (hopefuls.size() > k) {
    std::nth_element(hopefuls.begin(), hopefuls.begin() + static_cast<std::ptrdiff_t>(k), hopefuls.end(), [](const Hopeful& a, const Hopeful& b) { return a.most > b.most; });
  }
  for (const Hopeful& h : hopefuls) {
    if (h.most < static_cast<double>(top.threshold())) continue;
    const Judgement j = judge(h.line, offer, now);
    if (j.eligible()) top.add({h.line, offer, j});
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
    static const std::vector<DayException> kNone;
    const Asker asker{Reckoner(offer.point),
                      offer.collect ? 0 : offer.radius_m,
                      signature(offer),
                      offer.time_kind == 0 ? 0 : possible(offer.pattern, offer.extras ? offer.extras->exceptions : kNone),
                      static_cast<std::int32_t>(to_int(now) / 60),
                      judge_.bound(offer)};
    TopK top(k, better);
    cells.clear();
    lines->near(offer.point, asker.radius, cells);
    nearest_first(cells);
    hopefuls.clear();
    for (std::size_t c = 0; c < cells.size(); ++c) {
      if (judge_.most(asker.bound, static_cast<double>(cells[c].least_m)) < static_cast<double>(top.threshold())) break;
      if (c + 1 < cells.size()) prefetch_begin(*cells[c + 1].entries);
      const std::size_t before = hopefuls.size();
      find_hopefuls(*cells[c].entries, asker, static_cast<double>(top.threshold()), hopefuls);
      for (std::size_t h = before; h < hopefuls.size(); ++h) {
        state_.prefetch_line(hopefuls[h].line);
        state_.prefetch_need(hopefuls[h].need);
      }
      if (hopefuls.size() >= kHopefulsAtOnce || c + 1 == cells.size()) judge_hopefuls(hopefuls, k, o, now, top);
    }
    // Where the search ended early.
    judge_hopefuls(hopefuls, k, o, now, top);
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
