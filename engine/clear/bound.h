// The certificate: an upper bound on the value of any allocation, proved by prices.
//
// For any prices, no allocation is worth more than the sum of what each need would gain if it chose
// alone, plus what all room would cost (weak Lagrangian duality; Fisher, "The Lagrangian relaxation
// method for solving integer programming problems", Management Science 1981).
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/base/workers.h"
#include "engine/clear/instance.h"

namespace qiao {

// O(edges log edges of a line). Prices >= 0, one for each slot. The same whatever the number of
// threads.
Worth upper_bound(const Instance& instance, std::span<const Worth> prices, const Workers& workers);

// Moves prices towards a lower bound by subgradient steps of a part of Polyak's length, each
// deflected towards the previous one (Camerini, Fratta & Maffioli, "On improving relaxation methods
// by modified gradient techniques", 1975). Continues where the last call stopped.
class Polisher {
 public:
  static constexpr double kFirstLength = 0.3;

  // The instance and the workers must outlive it.
  Polisher(const Instance& instance, std::vector<Worth> prices, const Workers& workers);

  // Takes at most `rounds` steps towards `value` (that of an allocation). Calls keep_going() before
  // each. Returns the number of steps: fewer if keep_going() returned false, the bound reached the
  // value, or the steps became too small to matter.
  int polish(int rounds, Worth value, const std::function<bool()>& keep_going);

  // The lowest bound so far, and the prices that prove it.
  Worth bound() const { return bound_; }
  const std::vector<Worth>& prices() const { return prices_; }

 private:
  const Instance& instance_;
  const Workers& workers_;
  std::vector<Worth> prices_;
  std::vector<Worth> at_;
  std::vector<double> scale_;
  std::vector<double> way_;  // by slot: direction of the last step
  std::vector<std::int32_t> demand_;
  std::vector<Worth> sums_;
  Worth bound_;
  double length_ = kFirstLength;
  int since_better_ = 0;
};

}  // namespace qiao
