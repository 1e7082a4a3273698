// Answers questions that take longer than a request may hold the market: counts go on a slice at
// a time, what needs no market any more on a thread beside it, a policy is tried on copied rows on
// a thread of its own.
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

// A trial looks at this many needs at most, the newest, and takes at most so long for each of the
// two policies.
inline constexpr std::size_t kMostTrialNeeds = 20'000;
inline constexpr std::chrono::seconds kMostTrialTime{20};
inline constexpr std::int64_t kMostTrialDays = 92;
// Communities that a trial lists: those that change most.
inline constexpr std::size_t kMostTrialCommunities = 500;

// How long a count takes: a fraction of a second whatever the market's size, or longer in a larger
// one. Others wait for a slice of each count that goes on, so of each kind only so many do at a
// time, and further ones wait for their turn. Supply gaps are found on a thread that there is once.
enum class Lane : std::uint8_t { kShort, kLong, kGaps };
inline constexpr std::array<std::size_t, 3> kMostAtOnce = {1, 2, 1};  // by lane
// Questions of each lane that wait or are being answered. Behind one address are many accounts.
inline constexpr TurnLimits kMostQuestions{.all = 256, .per_account = 8, .per_address = 32};

// A question that takes long: whose it is, and its place in a lane. It is there until it has been
// answered or nobody waits for the answer; then its place is free.
struct Question {
  Share share;  // account: who has come in, or as an address who has not
  // Told what time it takes, on the market thread.
  Charge charge = {};
  // Somebody still waits for the answer.
  std::function<bool()> waits = {};
  // Called instead of beginning where too much waits already.
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

  // Calls begin() when it is the turn of whoever asks: accounts take turns. Then the question has a
  // place in the lane for as long as it is there. Dropped where nobody waits for it any more.
  void in_turn(Lane lane, const std::shared_ptr<Question>& question, std::function<void()> begin);
  // In turn, calls step(0) … step(count - 1), then done(), on the market thread, which has a turn
  // for others in between; see in_slices() of slices.h for `together`. Dropped as soon as nobody
  // waits.
  void in_slices(Lane lane, const std::shared_ptr<Question>& question, std::size_t count,
                 std::size_t together, std::function<void(std::size_t)> step,
                 std::function<void()> done);
  // Runs `work` on the thread beside the market, charges its time, then calls done() on the market
  // thread.
  void run_beside(const std::shared_ptr<Question>& question, std::function<void()> work,
                  std::function<void()> done);
  // The same, but that it is destroyed on the thread beside the market, when nobody has it any
  // more: for what is large.
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
  std::weak_ptr<Question> trying_;                      // there as long as the trial goes on
  std::function<void(Result<pb::PolicyTrial>)> tried_;  // told what the thread finds
  std::atomic<bool> stopping_ = false;
  // Tells what comes back late that there is no analyst any more.
  std::shared_ptr<Analyst*> self_ = std::make_shared<Analyst*>(this);
};

}  // namespace qiao
