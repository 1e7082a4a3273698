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

// What this bundle already uses of an offer within a window (time) or in total (stock).
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

}  // namespace

pb::Bundle bundle(const Ranking& ranking, Slot need_slot, Time now) {
  const State& state = ranking.state();
  const NeedRow& need = state.needs()[need_slot];
  struct Choice {
    Slot line;
    std::vector<Candidate> candidates;
  };
  std::vector<Choice> choices;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    choices.push_back({l, ranking.proposable(l, kMaxRanked, now)});
  }
  // Professionals first: they decide how many volunteers are possible. Then the line with the
  // fewest candidates.
  std::stable_sort(choices.begin(), choices.end(), [&](const Choice& a, const Choice& b) {
    const bool pa = is_kind(state, a.line, pb::TIME_KIND_PROFESSIONAL);
    const bool pb_ = is_kind(state, b.line, pb::TIME_KIND_PROFESSIONAL);
    if (pa != pb_) return pa;
    return a.candidates.size() < b.candidates.size();
  });
  std::int64_t volunteers = 0;
  std::int64_t professionals = 0;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    if (is_kind(state, l, pb::TIME_KIND_PEOPLE)) volunteers += state.line(l).held;
    if (is_kind(state, l, pb::TIME_KIND_PROFESSIONAL)) professionals += state.line(l).held;
  }
  pb::Bundle result;
  result.set_need_id(need.id.value());
  std::vector<Part> parts;
  bool complete = true;
  std::int64_t value = 0;
  std::vector<pb::BundleShortfall> shortfalls;
  for (const Choice& choice : choices) {
    const LineRow& line = state.line(choice.line);
    const bool people = is_kind(state, choice.line, pb::TIME_KIND_PEOPLE);
    std::int64_t missing = line.quantity - line.held;
    for (const Candidate& c : choice.candidates) {
      if (missing == 0) break;
      const OfferRow& offer = state.offers()[c.offer];
      std::int64_t quantity = std::min(missing, state.available(c.offer, line.window) -
                                                    taken(parts, state, c.offer, line.window));
      if (people && need.ratio > 0) {
        const std::int64_t room = professionals * need.ratio - volunteers;
        if (room < quantity) result.set_held_back_by_ratio(true);
        quantity = std::min(quantity, room);
      }
      if (quantity < offer.smallest_lot) continue;
      parts.push_back({choice.line, c.offer, quantity, c.judgement.value_micro});
      value += mul_micro(c.judgement.value_micro, div_micro(quantity, line.quantity));
      missing -= quantity;
      if (people) volunteers += quantity;
      if (is_kind(state, choice.line, pb::TIME_KIND_PROFESSIONAL)) professionals += quantity;
    }
    if (missing > 0) {
      complete = false;
      pb::BundleShortfall& s = shortfalls.emplace_back();
      s.set_line(line.number);
      s.set_missing(missing);
    }
  }
  std::sort(shortfalls.begin(), shortfalls.end(),
            [](const auto& a, const auto& b) { return a.line() < b.line(); });
  for (auto& s : shortfalls) *result.add_shortfalls() = s;
  result.set_complete(complete);
  if (need.all_or_nothing && !complete) return result;
  std::stable_sort(parts.begin(), parts.end(), [&](const Part& a, const Part& b) {
    return state.line(a.line).number < state.line(b.line).number;
  });
  for (const Part& p : parts) {
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
  result.set_value_micro(value);
  result.set_volunteers(volunteers);
  result.set_professionals(professionals);
  return result;
}

}  // namespace qiao
