// Clearing: prices, a feasible allocation, and the certificate of how far from the optimum it is.
#pragma once

#include <functional>
#include <vector>

#include "engine/base/workers.h"
#include "engine/clear/instance.h"

namespace qiao {

// After a stop in kPrices the answer takes a few times as long as kPreparing took, for certificate
// and rounding; after a later one little more than between two calls of keep_going().
enum class ClearPhase : std::uint8_t { kPreparing, kPrices, kRounding, kBound, kImproving };

struct ClearProgress {
  ClearPhase phase = ClearPhase::kPreparing;
  Worth value = 0;  // of the best allocation so far; 0: none yet
  Worth bound = 0;  // 0: none yet
};

struct ClearOptions {
  // Stop when (bound - value) / bound is at most this, in millionths.
  std::int64_t target_gap_micro = 10'000;
  // Rounds of price polishing, and how often a need is improved (improve.h) for each line; both are
  // upper limits, not targets.
  int polish_rounds = 600;
  std::uint64_t helps_per_line = 60;
  std::uint64_t seed = 1;
  // Prices of an earlier round, one for each slot; empty: start from zero.
  std::vector<Worth> prices = {};
  // Called often; false ends the work with the result so far. Time is the caller's concern: the
  // same instance and options give the same answer to the bit, whatever the workers, as long as it
  // always returns true.
  std::function<bool(const ClearProgress&)> keep_going = [](const ClearProgress&) { return true; };
  Workers workers = alone;
};

// (bound - value) / bound in millionths, rounded up; 0 if there is nothing to gain.
std::int64_t gap_of(Worth value, Worth bound);

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
