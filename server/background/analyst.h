// Answers queries that take longer than a request may occupy the market thread: counts run in
// slices, work that does not read the market runs on a thread beside it, and a policy is tried on
// copied rows on a thread of its own.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <thread>

#include "engine/base/refusal.h"
#include "engine/report/trial.h"
#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"
#include "server/background/beside.h"
#include "server/background/slices.h"
#include "server/runtime/runtime.h"
#include "server/runtime/turns.h"

namespace qiao {

// Limits of a trial: the newest needs that it uses, and the time for each of the two policies.
inline constexpr std::size_t kMostTrialNeeds = 20'000;
inline constexpr std::chrono::seconds kMostTrialTime{20};
inline constexpr std::int64_t kMostTrialDays = 92;
// Communities that a trial lists: those with the largest changes.
inline constexpr std::size_t kMostTrialCommunities = 500;

// Duration of a count: a fraction of a second whatever the market's size, or longer in a larger
// one. Other requests wait for a slice of each running count, so only this many of each kind run at
// a time, and others wait for their turn. Supply gaps are computed on a single thread.
enum class Lane : std::uint8_t { kShort, kLong, kGaps };
inline constexpr std::array<std::size_t, 3> kMostAtOnce = {1, 2, 1};  // by lane
// Queries of each lane that wait or run. One address may have many accounts.
inline constexpr TurnLimits kMostQuestions{.all = 256, .per_account = 8, .per_address = 32};

// A long query: its requester, and its place in a lane. It exists until it has been answered or
// nobody waits for the answer; then its place is free.
struct Question {
  Share share;  // account of the requester, or the address of an anonymous one
  // Receives the time it takes, on the market thread.
  Charge charge = {};
  // Whether a client still waits for the answer.
  std::function<bool()> waits = {};
  // Called instead of begin() if too many wait already.
  std::function<void(Taken)> refuse = {};
  std::shared_ptr<const void> place = {};
};

// For the market thread. Starts a thread for a trial; the destructor waits for it.
class Analyst {
 public:
  Analyst(boost::asio::io_context& market_context, Runtime& runtime)
      : context_(market_context), runtime_(runtime) {}
  ~Analyst();
  Seq applied_seq() const { return runtime_.applied_seq(); }
  // Of the market thread.
  boost::asio::io_context& context() { return context_; }

  // Calls begin() when it is the requester's turn: accounts take turns. Then the question occupies
  // a place in the lane while it exists. Dropped if nobody waits for it any more.
  void in_turn(Lane lane, const std::shared_ptr<Question>& question, std::function<void()> begin);
  // In turns, calls step(0) … step(count - 1), then done(), on the market thread, which serves
  // others in between; see in_slices() of slices.h for `together`. Dropped as soon as nobody waits.
  void in_slices(Lane lane, const std::shared_ptr<Question>& question, std::size_t count,
                 std::size_t together, std::function<void(std::size_t)> step,
                 std::function<void()> done);
  // Runs `work` on the thread beside the market, charges its time, then calls done() on the market
  // thread.
  void run_beside(const std::shared_ptr<Question>& question, std::function<void()> work,
                  std::function<void()> done);
  // The same, but the work is destroyed on the thread beside the market when its last reference is
  // gone: for large results.
  template <class T>
  std::shared_ptr<T> freed_beside(std::shared_ptr<T> large) {
    T* const value = large.get();
    return {value, [self = std::weak_ptr(self_), large = std::move(large)](T*) mutable {
              const auto analyst = self.lock();
              if (analyst) (*analyst)->beside_.let_go(std::move(large));
            }};
  }

  // Calls back on the market thread. One trial at a time. The policy has been validated.
  void try_policy(const std::shared_ptr<Question>& question, const pb::Policy& policy,
                  std::int64_t days, std::function<void(Result<pb::PolicyTrial>)> then);

 private:
  struct Copy;
  struct Waiting {
    std::shared_ptr<Question> question;
    std::function<void()> begin;
  };
  struct Queue {
    std::size_t running = 0;
    Turns<Waiting> turns{kMostQuestions};
  };
  Queue& queue_of(Lane lane) { return queues_[static_cast<std::size_t>(lane)]; }
  void begin_next(Lane lane);
  std::shared_ptr<const void> place_in(Lane lane, const Share& share);
  void solve(const std::shared_ptr<Copy>& copy);
  pb::PolicyTrial report(Copy& copy, TrialResult before, TrialResult after,
                         std::vector<pb::CommunityFill> fills) const;

  boost::asio::io_context& context_;
  Runtime& runtime_;
  Beside beside_{context_};
  std::array<Queue, 3> queues_;  // by lane
  std::thread trial_;
  std::weak_ptr<Question> trying_;                      // exists while the trial runs
  std::function<void(Result<pb::PolicyTrial>)> tried_;  // receives the thread's result
  std::atomic<bool> stopping_ = false;
  // Tells late callbacks that the analyst no longer exists.
  std::shared_ptr<Analyst*> self_ = std::make_shared<Analyst*>(this);
};

}  // namespace qiao
