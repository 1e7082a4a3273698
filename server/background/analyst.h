// Answers questions that take longer than a request may hold the market: counts go on a millisecond at a time, a policy is
// tried on copied rows on a thread of its own.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <thread>

#include "engine/base/refusal.h"
#include "engine/clear/trial.h"
#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"
#include "server/runtime/runtime.h"

namespace qiao {

// A trial looks at this many needs at most, the newest, and takes at most so long for each of the two policies.
inline constexpr std::size_t kMostTrialNeeds = 20'000;
inline constexpr std::chrono::seconds kMostTrialTime{20};
inline constexpr std::int64_t kMostTrialDays = 92;

// For the market thread. Starts a thread for a trial; the destructor waits for it.
class Analyst {
 public:
  Analyst(boost::asio::io_context& market_context, Runtime& runtime) : context_(market_context), runtime_(runtime) {}
  ~Analyst();

  // Calls step(0) … step(count - 1), then done(), on the market thread, which has a turn for others in between.
  void in_slices(Slot count, std::function<void(Slot)> step, std::function<void()> done);

  // Calls back on the market thread. One trial at a time. The policy has been validated.
  void try_policy(const pb::Policy& policy, std::int64_t days, std::function<void(Result<pb::PolicyTrial>)> then);

 private:
  struct Copy;
  pb::PolicyTrial report(Copy& copy, TrialResult before, TrialResult after) const;

  boost::asio::io_context& context_;
  Runtime& runtime_;
  std::thread trial_;
  bool trying_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace qiao
