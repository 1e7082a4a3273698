// One clearing of the clearinghouse, from its request on.
#pragma once

#include <memory>
#include <vector>

#include "engine/clear/collect.h"
#include "server/background/clearinghouse.h"

namespace qiao {

struct Clearinghouse::Solved {
  Instance instance;
  Cleared cleared;
};

struct Clearinghouse::Run {
  pb::Clearing summary;
  pb::ClearingRequest request;
  pb::Actor actor;
  Slot within = kNoSlot;
  // Copying: the needs, and the next one.
  std::unique_ptr<Collector> collector;
  std::vector<PlacedNeed> order;
  Slot next_need = 0;
  std::size_t next_placed = 0;
  std::chrono::steady_clock::time_point begin{};
  // The result.
  std::shared_ptr<const Solved> solved;
  std::unique_ptr<Plan> plan;
  std::vector<Chosen> proposals;
  std::vector<Fill> fills;
  bool has_result = false;
  // Being applied to the market.
  std::size_t next_proposal = 0;
  pb::ClearingApply how{};
  pb::Actor applier;
  bool collected = false;
  // Shared by the two threads.
  std::atomic<bool> cancelled = false;
  std::mutex mutex;
  ClearProgress progress;
  std::int64_t per_micro = 1;

  bool waits() const { return summary.state() == pb::CLEARING_STATE_QUEUED; }
  bool runs() const { return summary.state() == pb::CLEARING_STATE_RUNNING; }
  bool applies() const { return summary.stage() == pb::CLEARING_STAGE_APPLYING; }
  // It must not be deleted.
  bool busy() const { return waits() || runs() || applies(); }
  void say(std::string zh, std::string en) {
    summary.set_zh(std::move(zh));
    summary.set_en(std::move(en));
  }
};

}  // namespace qiao
