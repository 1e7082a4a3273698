// What the market asks of matching. Implemented in engine/match; the market itself does not know
// how it is done.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/time.h"
#include "engine/base/workers.h"
#include "engine/rows/state.h"
#include "qiao/v1/match.pb.h"

namespace qiao {

inline constexpr std::size_t kFactors = 7;

// What a pair is worth, or the first rule that excludes it.
struct Judgement {
  pb::Rule rule = pb::RULE_UNSPECIFIED;  // unspecified: eligible
  std::int64_t value_micro = 0;
  std::int64_t distance_m = 0;
  std::int64_t available = 0;  // units the offer can give this line, not more than it lacks
  std::array<std::int64_t, kFactors> factors{};  // in the order of FactorKind, from urgency
  bool eligible() const { return rule == pb::RULE_UNSPECIFIED; }
};

// Sees each change of the state as it happens. Same thread as the market.
class Matcher : public StateObserver {
 public:
  // All rows of a start-up are there. It has not been told of them one by one.
  virtual void loaded(const Workers& workers) = 0;
  // Judges any pair, at a moment.
  virtual Judgement judge(Slot line, Slot offer, Time now) const = 0;
  // The best eligible offer for a line that can give at least `quantity`, passing over parties that
  // declined the line, let it lapse, withdrew or did not come.
  virtual std::optional<Slot> next_best(Slot line, std::int64_t quantity, Time now) const = 0;
};

}  // namespace qiao
