// Clearing beside the market: needs and offers are copied in slices, solved on another thread, and
// the proposals become ordinary commands, each checked again when it is applied (DESIGN.md §5). One
// at a time; others wait in a queue, the lead's before those of organisers. Results survive a
// restart.
//
// It also keeps a standing plan: once everything has been cleared, changed needs are cleared again
// within seconds.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <span>
#include <thread>

#include "engine/clear/collect.h"
#include "engine/clear/plan.h"
#include "engine/report/equity.h"
#include "qiao/v1/clearing.pb.h"
#include "server/background/beside.h"
#include "server/runtime/runtime.h"

namespace qiao {

// Stored clearings, also across restarts; clearings of each account whose proposals are stored, and
// the number of proposals (of 32 bytes) in total. Beyond that, the oldest of the owner with the
// most is deleted.
inline constexpr std::size_t kKeptRuns = 50;
inline constexpr std::size_t kKeptProposals = 5;
inline constexpr std::size_t kMostKeptProposals = 5'000'000;
// Queued clearings; besides these an organiser has one that waits or runs.
inline constexpr std::size_t kMostWaitingOfLead = 4;
inline constexpr std::size_t kMostWaitingOfOrganisers = 16;
// Limits of the budget of a clearing, in seconds.
inline constexpr std::int64_t kDefaultBudget = 10;
inline constexpr std::int64_t kMostBudgetOfLead = 600;
inline constexpr std::int64_t kMostBudgetOfOrganiser = 60;
// The search for gaps takes no longer than this; the answer has those found by then.
inline constexpr std::chrono::seconds kMostGapTime{10};

struct ClearinghouseOptions {
  unsigned threads = 2;
  // Whether the policy's scheduled clearings run.
  bool scheduled = true;
};

// For the market thread. Starts threads of its own; the destructor waits for them.
class Clearinghouse {
 public:
  Clearinghouse(boost::asio::io_context& market_context, Runtime& runtime,
                ClearinghouseOptions options);
  ~Clearinghouse();

  // Starts one or puts it into the queue, or refuses if the request is invalid or too many wait.
  Result<pb::Clearing> start(const pb::ClearingRequest& request, const pb::Actor& actor);
  // Stops the running one, whose result so far becomes its result; or removes one from the queue.
  Result<pb::Clearing> cancel(std::uint64_t id, const pb::Actor& actor);
  // Applies the proposals of a finished clearing to the market in slices; see Clearing.applied and
  // dropped.
  Result<pb::Clearing> apply(std::uint64_t id, pb::ClearingApply how, const pb::Actor& actor);
  Result<pb::Clearing> get(std::uint64_t id) const;
  // The newest first.
  std::vector<pb::Clearing> list() const;

  struct Chosen {
    Slot need;
    PlannedPart part;
  };
  // Proposals of a clearing; stored for the latest kKeptProposals of an account. Valid until the
  // market thread does something else.
  Result<std::span<const Chosen>> proposals(std::uint64_t id) const;
  pb::Proposal describe(const Chosen& chosen) const;

  // Rows that wait to be cleared again. At most as many as the market has, and none while the
  // policy schedules no clearings.
  std::size_t dirty() const { return dirty_needs_.size() + dirty_offers_.size(); }

  // The proposals as things stand now; nullptr before the first clearing of the whole city.
  const Plan* plan() const { return plan_.get(); }

  // Supply gaps of the latest clearing of the whole city, computed on another thread; calls back on
  // the market thread. One query at a time: see Lane::kGaps. Abandoned when nobody waits for it any
  // more.
  void gaps(const std::shared_ptr<struct Question>& question, Slot within, std::size_t most,
            std::function<void(pb::SupplyGapsResponse)> then);
  // A count over a clearing, or with id 0 over the latest; over the current state if there is none.
  Result<std::shared_ptr<EquityCount>> equity_report(std::uint64_t id) const;

 private:
  struct Run;
  struct Solved;
  Status check_request(const pb::ClearingRequest& request, const pb::Actor& actor) const;
  Status check_queue(const pb::Actor& actor) const;
  Status check_reach(const Run& run, const pb::Actor& actor) const;
  Status check_applicable(const Run& run) const;

  void enqueue(const std::shared_ptr<Run>& run);
  void begin_next();
  void begin(const std::shared_ptr<Run>& run);
  void list_some();
  void collect_some();
  void solve(std::shared_ptr<Run> run);
  void list_fills(const std::shared_ptr<Run>& run);
  void on_solved(const std::shared_ptr<Run>& run);
  void measure_equity(const std::shared_ptr<Run>& run);
  void conclude(const std::shared_ptr<Run>& run);
  void begin_apply(const std::shared_ptr<Run>& run, pb::ClearingApply how, const pb::Actor& actor);
  void apply_some(const std::shared_ptr<Run>& run);
  bool make_matches(Run& run, std::span<const Chosen> parts);
  void end_apply(Run& run);
  bool keeps_plan() const;
  void changed(const pb::Event& event);
  void tick();
  void refresh();
  void read_refresh(std::uint64_t plan);
  void finish_refresh(std::uint64_t plan);
  void end_refresh();
  void find_gaps(const std::shared_ptr<class GapFinder>& finder);
  void watch_gaps(const std::weak_ptr<struct Question>& asked);
  std::shared_ptr<Run> find(std::uint64_t id) const;
  void join();
  // Runs `work` on the market thread, unless this is gone by then. For any thread.
  void post(std::function<void()> work);
  // For work in slices: whether this still exists.
  std::function<bool()> while_alive() const;

  // clearing_records.cc
  void keep_summary(const Run& run);
  void keep_result(const std::shared_ptr<Run>& run, std::function<void()> then);
  void keep_progress(const Run& run, std::size_t next);
  void forget_proposals(Run& run);
  void forget(std::shared_ptr<Run> run);
  void forget_old();
  void read_kept();
  void interrupt(Run& run);
  void resume(Run& run, const pb::KeptProgress& progress);

  boost::asio::io_context& context_;
  Runtime& runtime_;
  ClearinghouseOptions options_;
  boost::asio::steady_timer timer_;
  std::deque<std::shared_ptr<Run>> runs_;  // the newest first
  std::shared_ptr<Run> running_;
  std::deque<std::shared_ptr<Run>> queue_;  // the next first
  std::uint64_t next_id_ = 1;
  std::unique_ptr<Plan> plan_;
  std::uint64_t plan_id_ = 0;  // the clearing that the plan is based on
  Time planned_at_{};
  std::shared_ptr<const Solved> latest_;
  std::set<Slot> dirty_needs_;
  std::set<Slot> dirty_offers_;
  std::size_t changes_ = 0;                    // since the last clearing of everything
  std::shared_ptr<Plan::Refresh> refreshing_;  // null: none
  std::thread solver_;
  std::thread refresher_;
  std::thread gap_finder_;
  std::function<void(pb::SupplyGapsResponse)> gaps_found_;  // receives the thread's results
  boost::asio::steady_timer gap_timer_;
  std::atomic<bool> gaps_wanted_ = false;
  std::atomic<bool> stopping_ = false;
  Beside beside_{context_};
  std::shared_ptr<int> alive_ = std::make_shared<int>(0);  // for post()
};

}  // namespace qiao
