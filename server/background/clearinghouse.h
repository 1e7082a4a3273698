// Clearing beside the market: needs and offers are copied out a millisecond at a time, solved on another thread, and what
// comes back are proposals, which become ordinary commands, each checked again when it is given (DESIGN.md §5).
//
// It also keeps a standing plan: once everything has been cleared, what changes is cleared again within seconds.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "engine/clear/collect.h"
#include "engine/clear/equity.h"
#include "engine/clear/plan.h"
#include "qiao/v1/clearing.pb.h"
#include "server/runtime/runtime.h"

namespace qiao {

struct ClearinghouseOptions {
  unsigned threads = 2;
  // Whether the policy's scheduled clearings are made.
  bool scheduled = true;
};

// For the market thread. Starts threads of its own; the destructor waits for them.
class Clearinghouse {
 public:
  Clearinghouse(boost::asio::io_context& market_context, Runtime& runtime, ClearinghouseOptions options);
  ~Clearinghouse();

  // Begins one, or says what is wrong with the request or that one is running.
  Result<pb::Clearing> start(const pb::ClearingRequest& request, const pb::Actor& actor);
  // Ends the one that runs; what it has found so far is its result.
  Result<pb::Clearing> cancel(std::uint64_t id, const pb::Actor& actor);
  // Gives the proposals of a clearing that is done to the market, a millisecond at a time; see Clearing.applied and dropped.
  Result<pb::Clearing> apply(std::uint64_t id, pb::ClearingApply how, const pb::Actor& actor);
  Result<pb::Clearing> get(std::uint64_t id) const;
  // The newest first.
  std::vector<pb::Clearing> list() const;

  struct Chosen {
    Slot need;
    PlannedPart part;
  };
  // Proposals of a clearing; kept for the latest kKeptProposals.
  Result<std::vector<Chosen>> proposals(std::uint64_t id) const;
  pb::Proposal describe(const Chosen& chosen) const;

  // What is proposed as things stand now; nullptr before the first clearing of the whole city.
  const Plan* plan() const { return plan_.get(); }
  // The clearing that the plan began with.
  std::uint64_t plan_id() const { return plan_id_; }

  // Gaps of the latest clearing of the whole city, found on another thread, one question at a time; calls back on the market
  // thread.
  void gaps(Slot within, std::size_t most, std::function<void(Result<pb::SupplyGapsResponse>)> then);
  // Of a clearing, or with id 0 of the latest; as things stand where there is none.
  Result<pb::EquityReport> equity_report(std::uint64_t id) const;

 private:
  struct Run;
  Status check_reach(const Run& run, const pb::Actor& actor) const;
  struct Solved;

  void list_some();
  void collect_some();
  void solve(std::shared_ptr<Run> run);
  void on_solved(const std::shared_ptr<Run>& run);
  void begin_apply(const std::shared_ptr<Run>& run, pb::ClearingApply how, const pb::Actor& actor);
  void apply_some(const std::shared_ptr<Run>& run);
  void changed(const pb::Event& event);
  void tick();
  void refresh();
  std::shared_ptr<Run> find(std::uint64_t id) const;
  void join();

  boost::asio::io_context& context_;
  Runtime& runtime_;
  ClearinghouseOptions options_;
  boost::asio::steady_timer timer_;
  std::deque<std::shared_ptr<Run>> runs_;  // the newest first
  std::shared_ptr<Run> running_;
  std::uint64_t next_id_ = 1;
  std::unique_ptr<Plan> plan_;
  std::uint64_t plan_id_ = 0;
  Time planned_at_{};
  std::shared_ptr<const Solved> latest_;
  std::vector<Slot> dirty_needs_;
  std::vector<Slot> dirty_offers_;
  std::size_t changes_ = 0;  // since the last clearing of everything
  bool refreshing_ = false;
  std::thread solver_;
  std::thread refresher_;
  std::thread gap_finder_;
  bool finding_gaps_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace qiao
