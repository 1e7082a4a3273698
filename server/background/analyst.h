// Answers questions that take longer than a request may hold the market: counts go on a slice at
// a time, what needs no market any more on a thread beside it, a policy is tried on copied rows on
// a thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <thread>

#include "engine/base/refusal.h"
#include "engine/clear/trial.h"
#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"
#include "server/background/beside.h"
#include "server/runtime/runtime.h"

namespace qiao {

// A trial looks at this many needs at most, the newest, and takes at most so long for each of the two policies.
inline constexpr std::size_t kMostTrialNeeds = 20'000;
inline constexpr std::chrono::seconds kMostTrialTime{20};
inline constexpr std::int64_t kMostTrialDays = 92;
// Communities that a trial lists: those that change most.
inline constexpr std::size_t kMostTrialCommunities = 500;

// How long a count takes: a fraction of a second whatever the market's size, or longer in a larger
// one. Others wait for a slice of each count that goes on, so of each kind only so many do at a
// time, and further ones wait for their turn.
enum class Lane : std::uint8_t { kShort, kLong };
inline constexpr std::array<std::size_t, 2> kMostAtOnce = {1, 2};  // by lane

// For the market thread. Starts a thread for a trial; the destructor waits for it.
class Analyst {
 public:
  Analyst(boost::asio::io_context& market_context, Runtime& runtime) : context_(market_context), runtime_(runtime) {}
  ~Analyst();
  Seq applied_seq() const { return runtime_.applied_seq(); }

  // Calls step(0) … step(count - 1), then done(), on the market thread, which has a turn for others
  // in between; see in_slices() of slices.h for `together`.
  void in_slices(Lane lane, std::size_t count, std::size_t together,
                 std::function<void(std::size_t)> step, std::function<void()> done);
  // The thread beside the market.
  Beside& beside() { return beside_; }

  // Calls back on the market thread. One trial at a time. The policy has been validated.
  void try_policy(const pb::Policy& policy, std::int64_t days, std::function<void(Result<pb::PolicyTrial>)> then);

 private:
  struct Copy;
  struct Queue {
    std::size_t running = 0;
    std::deque<std::function<void()>> waiting;
  };
  void begin_next(Lane lane);
  pb::PolicyTrial report(Copy& copy, TrialResult before, TrialResult after,
                         std::vector<pb::CommunityFill> fills) const;

  boost::asio::io_context& context_;
  Runtime& runtime_;
  Beside beside_{context_};
  std::array<Queue, 2> queues_;  // by lane
  std::thread trial_;
  bool trying_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace qiao
