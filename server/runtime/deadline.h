// When a clearing has to stop so that its answer is there in time.
#pragma once

#include <chrono>
#include <optional>

#include "engine/clear/solver.h"

namespace qiao {

// For ClearOptions::go_on, of one clearing. Not thread-safe.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point end) : end_(end) {}

  // False once what is left to do after a no would take until the end.
  bool allows(const ClearProgress& progress, Clock::time_point now = Clock::now()) {
    if (progress.phase == ClearPhase::kPreparing) {
      begin_ = now;
    } else if (!prepared_) {
      prepared_ = now - begin_;
    }
    return now + (progress.phase == ClearPhase::kPrices ? kSettling : kFinishing) * prepared_.value_or(Clock::duration::zero()) < end_;
  }

 private:
  // Certificate and rounding against preparing. Measured on the nation: 3.5 times at load 1, 3 at load 0.5.
  static constexpr int kSettling = 4;
  // Between two looks at the clock, and to hand it over: 1.5 times.
  static constexpr int kFinishing = 2;

  Clock::time_point end_;
  Clock::time_point begin_{};
  std::optional<Clock::duration> prepared_;
};

}  // namespace qiao
