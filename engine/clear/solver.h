// Clearing: prices, a feasible allocation, and a certificate of its distance from the optimum.
#pragma once

#include <functional>
#include <vector>

#include "engine/base/workers.h"
#include "engine/clear/instance.h"

namespace qiao {

// If stopped in kPrices, clearing returns after a few times as long as kPreparing took, for
// certificate and rounding; in a later phase, after little more than the time between two calls of
// keep_going().
enum class ClearPhase : std::uint8_t { kPreparing, kPrices, kRounding, kBound, kImproving };

// What has been reached so far; passed to keep_going().
struct ClearProgress {
  ClearPhase phase = ClearPhase::kPreparing;
  Worth value = 0;  // of the best allocation so far; 0: none yet
  Worth bound = 0;  // 0: none yet
};

// When to stop, and what to spend until then.
struct ClearOptions {
  // Stop when (bound - value) / bound is at most this, in millionths.
  std::int64_t target_gap_micro = 10'000;
  // Upper limits: rounds of price polishing, and for each line how often a need is improved
  // (improve.h).
  int polish_rounds = 600;
  std::uint64_t improvements_per_line = 60;
  std::uint64_t seed = 1;
  // Prices of an earlier clearing, one for each slot; empty: start from zero.
  std::vector<Worth> prices = {};
  // Called often; if it returns false, clearing stops with the result so far. The caller limits the
  // time: the same instance and options give the same result to the bit, whatever the workers, as
  // long as it always returns true.
  std::function<bool(const ClearProgress&)> keep_going = [](const ClearProgress&) { return true; };
  Workers workers = alone;
};

// (bound - value) / bound in millionths, rounded up; 0 if there is nothing to gain.
std::int64_t gap_of(Worth value, Worth bound);

// The result: an allocation, its value, and a bound that proves how far from the best it is at
// most. A value without references to the instance.
struct Cleared {
  Allocation held;
  std::vector<Worth> prices;  // prices that prove the bound
  Worth value = 0;
  Worth bound = 0;         // no allocation is worth more
  bool cut_short = false;  // keep_going() returned false
  std::int64_t gap_micro() const { return gap_of(value, bound); }
};

// Never fails: an instance without needs or offers has the empty allocation and bound 0.
Cleared clear_market(const Instance& instance, const ClearOptions& options);

}  // namespace qiao
