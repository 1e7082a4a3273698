#include "engine/match/judge.h"

#include <algorithm>
#include <utility>

#include "engine/base/fixed.h"
#include "engine/market/qualification.h"

namespace qiao {
namespace {

constexpr std::int64_t kRatioSteps = 64;  // for each whole
constexpr std::int64_t kMaxRatio = 16;
constexpr std::int64_t kPriorLines = 3;
constexpr int kMaxSurplus = 8;
// Factor that raises bounds above rounding errors.
constexpr double kAbove = 1 + 1e-9;

double share(std::int64_t micro) { return static_cast<double>(micro) / kMicro; }

bool excluded(const PartyRow& party, const NeedRow& need, const State& state) {
  if (!party.exclusions) return false;
  if (party.exclusions->categories.test(need.category)) return true;
  return std::any_of(
      party.exclusions->areas.begin(), party.exclusions->areas.end(),
      [&](AreaCode code) { return state.within(need.area, state.areas().find(code)); });
}

// A separate function, because after the many early returns GCC treats this part of judge() as a
// cold path and divides with slow instructions to save space.
[[gnu::noinline]] std::int64_t product(const std::array<std::int64_t, kFactors>& factors) {
  std::int64_t value = kMicro;
  for (const std::int64_t f : factors) value = mul_micro(value, f);
  return value;
}

}  // namespace

Judge::Judge(const State& state) : state_(state) { settings_changed(); }

void Judge::settings_changed() {
  const pb::ValuePolicy before = std::exchange(policy_, state_.policy().value());
  ordinary_ = {};
  if (auto general = state_.vocabulary().find(WordList::kSkill, "general")) ordinary_.set(*general);
  // The table takes half a millisecond: longer than a small market's start.
  const bool same = before.equity_alpha_milli() == policy_.equity_alpha_milli() &&
                    before.equity_least_micro() == policy_.equity_least_micro() &&
                    before.equity_most_micro() == policy_.equity_most_micro();
  if (same && !equity_table_.empty()) return;
  equity_table_.assign(static_cast<std::size_t>(kRatioSteps * kMaxRatio) + 1, kMicro);
  for (std::size_t i = 0; i < equity_table_.size(); ++i) {
    const std::int64_t weight = pow_micro(static_cast<std::int64_t>(i) * kMicro / kRatioSteps,
                                          policy_.equity_alpha_milli());
    equity_table_[i] =
        std::clamp(weight, policy_.equity_least_micro(),
                   std::max(policy_.equity_least_micro(), policy_.equity_most_micro()));
  }
}

std::int64_t Judge::urgency(pb::Urgency urgency) const {
  switch (urgency) {
    case pb::URGENCY_CRITICAL:
      return policy_.urgency_critical_micro();
    case pb::URGENCY_URGENT:
      return policy_.urgency_urgent_micro();
    default:
      return policy_.urgency_normal_micro();
  }
}

std::int64_t Judge::mean_fill() const {
  return state_.asked_micro() == 0 ? 0 : div_micro(state_.filled_micro(), state_.asked_micro());
}

std::int64_t Judge::fill(Slot area) const {
  const AreaRow& row = state_.areas()[area];
  return div_micro(row.filled_micro + kPriorLines * mean_fill(),
                   row.asked_micro + kPriorLines * kMicro);
}

std::int64_t Judge::equity(Slot area) const {
  if (policy_.equity_alpha_milli() == 0) return kMicro;  // without reading the area
  const std::int64_t here = fill(area);
  const std::int64_t mean = mean_fill();
  if (mean == 0)
    return std::clamp(kMicro, policy_.equity_least_micro(), policy_.equity_most_micro());
  const std::int64_t ratio = here == 0
                                 ? kRatioSteps * kMaxRatio
                                 : std::min(mean * kRatioSteps / here, kRatioSteps * kMaxRatio);
  return equity_table_[static_cast<std::size_t>(ratio)];
}

std::int64_t Judge::nearness(std::int64_t distance_m) const {
  return policy_.half_distance_m() * kMicro / (policy_.half_distance_m() + distance_m);
}

std::int64_t Judge::reliability(const PartyRow& party) const {
  const std::int64_t kept = std::int64_t{party.kept} + policy_.reliability_prior();
  return div_micro(kept, kept + party.broken);
}

std::int64_t Judge::continuity(const NeedRow& need, Slot party) const {
  if (state_.parties()[party].kept == 0) return kMicro;
  if (state_.served_resident(party, need.resident_ref) > 0) return policy_.same_resident_micro();
  return state_.served_area(party, need.area) > 0 ? policy_.same_area_micro() : kMicro;
}

std::int64_t Judge::fit(const NeedRow& need, const LineRow& line, const OfferRow& offer) const {
  std::int64_t value = kMicro;
  int surplus = offer.skills.count_beyond(
      {line.skills.low | ordinary_.low, line.skills.high | ordinary_.high});
  if (offer.categories != nullptr && offer.categories->test(need.category))
    value = policy_.category_fit_micro();
  if (offer.extras)
    surplus +=
        static_cast<int>(offer.extras->certificates.size()) - (line.certificate != 0xff ? 1 : 0);
  for (int i = 0; i < std::min(surplus, kMaxSurplus); ++i)
    value = mul_micro(value, policy_.surplus_skill_micro());
  return value;
}

std::int64_t Judge::lack(const LineRow& line) const {
  const std::int64_t missing = div_micro(line.quantity - line.held, line.quantity);
  return policy_.lack_least_micro() + mul_micro(kMicro - policy_.lack_least_micro(), missing);
}

Judgement Judge::judge(const NeedRow& need, const LineRow& line, Slot offer_slot, Time now) const {
  const OfferRow& offer = state_.offers()[offer_slot];
  const PartyRow& party = state_.parties()[offer.party];
  Judgement j;
  j.distance_m = distance_metres(need.point, offer.point);
  auto no = [&](pb::Rule rule) {
    j.rule = rule;
    return j;
  };
  if (!takes_matches(need.state) || now >= line.window.start ||
      (is_set(need.deadline) && now >= need.deadline)) {
    return no(pb::RULE_NEED_NOT_OPEN);
  }
  if (!offer.active) return no(pb::RULE_OFFER_WITHDRAWN);
  if (party.standing != pb::STANDING_ACTIVE) return no(pb::RULE_PARTY_NOT_ACTIVE);
  if (offer.time_kind != line.time_kind || (line.time_kind == 0 && offer.resource != line.resource))
    return no(pb::RULE_KIND_DIFFERS);
  if (const pb::Rule rule = qualification_rule(line, offer); rule != pb::RULE_UNSPECIFIED)
    return no(rule);
  if (line.window.start < offer.valid_from ||
      (is_set(offer.valid_to) && line.window.end > offer.valid_to)) {
    return no(pb::RULE_OUTSIDE_VALIDITY);
  }
  if (offer.time_kind != 0) {
    static const std::vector<DayException> kNone;
    const auto& exceptions = offer.extras ? offer.extras->exceptions : kNone;
    if (!covers(offer.pattern, exceptions, state_.zone(), line.window))
      return no(pb::RULE_NOT_AVAILABLE);
  }
  if (j.distance_m > reach(offer, need.travel_m)) return no(pb::RULE_TOO_FAR);
  if (need.excluded &&
      std::find(need.excluded->begin(), need.excluded->end(), party.id) != need.excluded->end()) {
    return no(pb::RULE_EXCLUDED_BY_NEED);
  }
  if (excluded(party, need, state_)) return no(pb::RULE_EXCLUDED_BY_PARTY);
  const std::int64_t missing = line.quantity - line.held;
  if (missing <= 0) return no(pb::RULE_LINE_FULL);
  const std::int64_t free = state_.available(offer_slot, line.window);
  if (free <= 0) return no(pb::RULE_NOTHING_FREE);
  j.available = std::min(missing, free);
  if (j.available < offer.smallest_lot)
    return no(missing < offer.smallest_lot ? pb::RULE_LOT_TOO_LARGE : pb::RULE_NOTHING_FREE);
  j.factors = {urgency(need.urgency),
               fit(need, line, offer),
               nearness(j.distance_m),
               continuity(need, offer.party),
               equity(need.fairness),
               reliability(party),
               lack(line)};
  j.value_micro = product(j.factors);
  return j;
}

std::int64_t Judge::newcomer(const NeedRow& need, const LineRow& line,
                             std::int64_t distance_m) const {
  std::int64_t value = kMicro;
  for (const std::int64_t f :
       {urgency(need.urgency), nearness(distance_m), equity(need.fairness), lack(line)})
    value = mul_micro(value, f);
  return value;
}

// Rounding down is monotone in each factor, so the greatest factors never give less than the real
// ones; nor does omitting the rounding, except for the error of a double, which is far below the
// part in 10^9 that is added.
Judge::Bound Judge::bound(const NeedRow& need, const LineRow& line) const {
  const double rest = share(policy_.category_fit_micro()) * share(policy_.same_resident_micro()) *
                      share(equity(need.fairness)) * share(lack(line)) * kAbove;
  return {static_cast<double>(urgency(need.urgency)) * rest,
          static_cast<double>(policy_.half_distance_m())};
}

std::array<Judge::Bound, pb::Urgency_ARRAYSIZE> Judge::bound(const OfferRow& offer) const {
  const PartyRow& party = state_.parties()[offer.party];
  const bool meant = offer.categories != nullptr;
  const std::int64_t fit = meant ? policy_.category_fit_micro() : kMicro;
  const std::int64_t continuity = party.kept > 0 ? policy_.same_resident_micro() : kMicro;
  const double rest = share(fit) * share(continuity) * share(reliability(party)) * kAbove;
  std::array<Bound, pb::Urgency_ARRAYSIZE> bounds{};
  for (std::size_t u = 0; u < bounds.size(); ++u) {
    bounds[u] = {static_cast<double>(urgency(static_cast<pb::Urgency>(u))) * rest,
                 static_cast<double>(policy_.half_distance_m())};
  }
  return bounds;
}

double Judge::most_equity() const {
  return policy_.equity_alpha_milli() == 0 ? 1 : share(policy_.equity_most_micro());
}

}  // namespace qiao
