// When a clearing has to stop so that its answer is ready in time.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>

#include "engine/clear/solver.h"

namespace qiao {

// For ClearOptions::keep_going, of one clearing. Not thread-safe.
class Deadline {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Deadline(Clock::time_point end) : end_(end) {}

  // False once the remaining work after a stop would take until the deadline.
  bool allows(const ClearProgress& progress, Clock::time_point now = Clock::now()) {
    if (progress.phase == ClearPhase::kPreparing) {
      begin_ = now;
      return now < end_;
    }
    if (progress.phase == ClearPhase::kPrices) {
      if (!prepared_) prepared_ = now - begin_;
      return now + kSettling * *prepared_ < end_;
    }
    if (last_) longest_ = std::max(longest_, now - *last_);
    last_ = now;
    return now + longest_ + longest_ / 2 < end_;
  }

 private:
  // Time of certificate and rounding relative to preparing. Measured on the nation: 3.5 at load 1,
  // 3 at load 0.5; less if its memory is new.
  static constexpr int kSettling = 4;

  Clock::time_point end_;
  Clock::time_point begin_{};
  std::optional<Clock::duration> prepared_;
  // After the prices: the time of the last call and the longest interval between two calls. Half as
  // much is reserved for handing over the result.
  std::optional<Clock::time_point> last_;
  Clock::duration longest_{};
};

}  // namespace qiao
