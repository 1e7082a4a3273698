// The interface of matching for the market. Implemented in engine/match; the market does not depend
// on it.
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

// The value of a pair, or the first rule that excludes it.
struct Judgement {
  pb::Rule rule = pb::RULE_UNSPECIFIED;  // unspecified: eligible
  std::int64_t value_micro = 0;
  std::int64_t distance_m = 0;
  std::int64_t available = 0;  // units that the offer can supply, at most those missing
  std::array<std::int64_t, kFactors> factors{};  // in the order of FactorKind, from urgency
  bool eligible() const { return rule == pb::RULE_UNSPECIFIED; }
};

// Called after each change of the state, on the market's thread.
class Matcher : public StateObserver {
 public:
  // All rows of a start-up have been loaded. No other function was called for them.
  virtual void loaded(const Workers& workers) = 0;
  // Judges any pair at `now`.
  virtual Judgement judge(Slot line, Slot offer, Time now) const = 0;
  // The best eligible offer that can supply at least `quantity` to the line, except those of
  // parties that declined the line, let it lapse, withdrew or did not come.
  virtual std::optional<Slot> next_best(Slot line, std::int64_t quantity, Time now) const = 0;
};

}  // namespace qiao
