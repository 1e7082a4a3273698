// A policy tried on a copy: past needs posted again, day by day, to today's offers, and cleared.
//
// The market itself runs, on rows copied from the live one, without any promises. So the trial
// shows what the policy would have done, not an estimate.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/refusal.h"
#include "engine/report/equity.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

// How often the needs posted since are cleared.
inline constexpr Seconds kTrialRound = std::chrono::hours{6};

struct TrialRows {
  pb::Taxonomy taxonomy;
  std::vector<std::string> areas;
  std::vector<std::string> parties;
  std::vector<std::string> offers;
  // As they were posted, by opened_at.
  std::vector<pb::Need> needs;
};

struct TrialResult {
  pb::PolicyOutcome outcome;
  // By area, in the order of their rows; `before` is as after.
  std::vector<std::pair<std::uint64_t, Fill>> fills;
  std::uint32_t needs = 0;  // that the market took
  std::uint32_t lines = 0;
  // Needs whose proposals the market refused; they stay unserved.
  std::uint32_t refused = 0;
};

// Pure: the same rows and policy give the same result while keep_going() returns true; otherwise
// the result so far. On any thread. Refuses rows that do not form a market.
Result<TrialResult> try_policy(const TrialRows& rows, const pb::Policy& policy,
                               const std::function<bool()>& keep_going);

// The communities that both results have, by area code and without names: the fill rate of each
// with the first policy and with the second, the greatest difference first.
std::vector<pb::CommunityFill> compare_fills(const TrialResult& before, const TrialResult& after);

}  // namespace qiao
