// Eligibility and value of one pair.
//
// Value is kMicro times the product of seven factors in millionths, each rounded down, in the order
// of FactorKind: the same on every machine. Each factor follows the policy; equity is α-fairness
// (Mo & Walrand, "Fair end-to-end window-based congestion control", IEEE/ACM ToN 2000) by
// community, on fills smoothed towards the city's.
#pragma once

#include <array>
#include <vector>

#include "engine/base/fixed.h"
#include "engine/market/matcher.h"

namespace qiao {

// The maximum distance in metres between the address of a need and the point that matching uses;
// see matching_point().
inline constexpr std::uint32_t kPlaceErrorMetres = 200;

// Judges pairs by the policy and taxonomy of a state, which must outlive it. Owned by Ranking.
// Functions that are const may be called from several threads while the state does not change.
class Judge {
 public:
  explicit Judge(const State& state);

  // The first rule that excludes the pair, in the order of pb::Rule, or its value. The need and
  // line may be unposted. About 100 ns when the rows are in the cache.
  Judgement judge(const NeedRow& need, const LineRow& line, Slot offer, Time now) const;

  // Upper bounds on values, known before a search. In floating point and rounded up: they decide
  // which pairs are judged, never the result.
  struct Bound {
    double at_zero;  // micro-units
    double half_distance_m;
    double at(double distance_m) const {
      return at_zero * half_distance_m / (half_distance_m + distance_m);
    }
  };
  // No offer has a greater value for the line.
  Bound bound(const NeedRow& need, const LineRow& line) const;
  // No line of that urgency, in a community of weight one, has a greater value for the offer.
  std::array<Bound, pb::Urgency_ARRAYSIZE> bound(const OfferRow& offer) const;
  // The highest equity weight of a community, as a factor.
  double most_equity() const;

  // The value, at that distance, of an offer that has exactly what the line requires, from a party
  // that has not served here before.
  std::int64_t newcomer(const NeedRow& need, const LineRow& line, std::int64_t distance_m) const;

  // How far an offer reaches. A recipient who collects goods travels from the point of the need
  // that matching uses.
  static std::uint32_t own_reach(const OfferRow& offer) {
    return offer.collect ? kPlaceErrorMetres : offer.radius_m;
  }
  // The greatest distance of an eligible pair.
  static std::int64_t reach(const OfferRow& offer, std::uint32_t travel_m) {
    return std::max(own_reach(offer), travel_m);
  }

  // The policy or the taxonomy has changed.
  void settings_changed();

  std::int64_t urgency(pb::Urgency urgency) const;
  std::int64_t equity(Slot fairness_area) const;
  // Fill rate of a community in millionths, smoothed towards the city's by kPriorLines lines.
  std::int64_t fill(Slot fairness_area) const;
  std::int64_t mean_fill() const;

 private:
  std::int64_t nearness(std::int64_t distance_m) const;
  std::int64_t reliability(const PartyRow& party) const;
  std::int64_t continuity(const NeedRow& need, Slot party) const;
  std::int64_t fit(const NeedRow& need, const LineRow& line, const OfferRow& offer) const;
  std::int64_t lack(const LineRow& line) const;

  const State& state_;
  pb::ValuePolicy policy_;
  SkillMask ordinary_;                      // the skill of every person; never scarce
  std::vector<std::int64_t> equity_table_;  // by ratio of fills in steps of 1/64
};

}  // namespace qiao
