#include "engine/match/bundle.h"

#include <algorithm>

#include "engine/base/fixed.h"

namespace qiao {
namespace {

struct Part {
  Slot line;
  Slot offer;
  std::int64_t quantity;
  std::int64_t value_micro;
};

// What this bundle already uses of an offer in a window (time) or in total (stock).
std::int64_t taken(const std::vector<Part>& parts, const State& state, Slot offer,
                   const Interval& window) {
  std::int64_t sum = 0;
  for (const Part& p : parts) {
    if (p.offer == offer &&
        (state.offers()[offer].time_kind == 0 || overlap(state.line(p.line).window, window)))
      sum += p.quantity;
  }
  return sum;
}

bool is_kind(const State& state, Slot line, pb::TimeKind kind) {
  return state.line(line).time_kind == kind;
}

struct Choice {
  Slot line;
  std::vector<Candidate> candidates;
};

// The lines of a need in the order in which they are filled. Professionals first, because they
// determine how many volunteers are possible; then by the number of candidates, fewest first.
std::vector<Choice> choices_of(const Ranking& ranking, const NeedRow& need, Time now) {
  const State& state = ranking.state();
  std::vector<Choice> choices;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    choices.push_back({l, ranking.proposable(l, kMaxRanked, now)});
  }
  std::stable_sort(choices.begin(), choices.end(), [&](const Choice& a, const Choice& b) {
    const bool pa = is_kind(state, a.line, pb::TIME_KIND_PROFESSIONAL);
    const bool pb_ = is_kind(state, b.line, pb::TIME_KIND_PROFESSIONAL);
    if (pa != pb_) return pa;
    return a.candidates.size() < b.candidates.size();
  });
  return choices;
}

// A bundle under construction.
struct Draft {
  std::vector<Part> parts;
  std::vector<pb::BundleShortfall> shortfalls;
  // Including those that the need already has.
  std::int64_t volunteers = 0;
  std::int64_t professionals = 0;
  std::int64_t value_micro = 0;
  bool held_back_by_ratio = false;
};

void count_held(Draft& draft, const State& state, const NeedRow& need) {
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    if (is_kind(state, l, pb::TIME_KIND_PEOPLE)) draft.volunteers += state.line(l).held;
    if (is_kind(state, l, pb::TIME_KIND_PROFESSIONAL)) draft.professionals += state.line(l).held;
  }
}

// Takes candidates in order of value until the line is full.
void fill_line(Draft& draft, const State& state, const NeedRow& need, const Choice& choice) {
  const LineRow& line = state.line(choice.line);
  const bool people = is_kind(state, choice.line, pb::TIME_KIND_PEOPLE);
  std::int64_t missing = line.quantity - line.held;
  for (const Candidate& c : choice.candidates) {
    if (missing == 0) break;
    const OfferRow& offer = state.offers()[c.offer];
    std::int64_t quantity = std::min(missing, state.available(c.offer, line.window) -
                                                  taken(draft.parts, state, c.offer, line.window));
    if (people && need.ratio > 0) {
      const std::int64_t room = draft.professionals * need.ratio - draft.volunteers;
      if (room < quantity) draft.held_back_by_ratio = true;
      quantity = std::min(quantity, room);
    }
    if (quantity < offer.smallest_lot) continue;
    draft.parts.push_back({choice.line, c.offer, quantity, c.judgement.value_micro});
    draft.value_micro += mul_micro(c.judgement.value_micro, div_micro(quantity, line.quantity));
    missing -= quantity;
    if (people) draft.volunteers += quantity;
    if (is_kind(state, choice.line, pb::TIME_KIND_PROFESSIONAL)) draft.professionals += quantity;
  }
  if (missing > 0) {
    pb::BundleShortfall& s = draft.shortfalls.emplace_back();
    s.set_line(line.number);
    s.set_missing(missing);
  }
}

// In the order of the need's lines.
void add_shortfalls(pb::Bundle& result, Draft& draft) {
  std::sort(draft.shortfalls.begin(), draft.shortfalls.end(),
            [](const auto& a, const auto& b) { return a.line() < b.line(); });
  for (auto& s : draft.shortfalls) *result.add_shortfalls() = s;
}

// In the order of the need's lines.
void add_parts(pb::Bundle& result, const State& state, Draft& draft) {
  std::stable_sort(draft.parts.begin(), draft.parts.end(), [&](const Part& a, const Part& b) {
    return state.line(a.line).number < state.line(b.line).number;
  });
  for (const Part& p : draft.parts) {
    pb::BundlePart& out = *result.add_parts();
    const PartyRow& party = state.parties()[state.offers()[p.offer].party];
    out.set_line(state.line(p.line).number);
    out.set_offer_id(state.offers()[p.offer].id.value());
    out.set_party_id(party.id.value());
    out.set_party_name(state.load_party(state.offers()[p.offer].party).name());
    out.set_party_kind(party.kind);
    out.set_quantity(p.quantity);
    out.set_value_micro(p.value_micro);
  }
}

}  // namespace

pb::Bundle bundle(const Ranking& ranking, Slot need_slot, Time now) {
  const State& state = ranking.state();
  const NeedRow& need = state.needs()[need_slot];
  const std::vector<Choice> choices = choices_of(ranking, need, now);
  Draft draft;
  count_held(draft, state, need);
  for (const Choice& choice : choices) fill_line(draft, state, need, choice);
  pb::Bundle result;
  result.set_need_id(need.id.value());
  result.set_held_back_by_ratio(draft.held_back_by_ratio);
  const bool complete = draft.shortfalls.empty();
  add_shortfalls(result, draft);
  result.set_complete(complete);
  if (need.all_or_nothing && !complete) return result;
  add_parts(result, state, draft);
  result.set_value_micro(draft.value_micro);
  result.set_volunteers(draft.volunteers);
  result.set_professionals(draft.professionals);
  return result;
}

}  // namespace qiao
