// Tries a policy on a copy: past needs are posted again, day by day, to the current offers, and
// cleared.
//
// Runs the market itself on copied rows, without any matches. So the trial shows what the policy
// would have done, not an estimate.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/refusal.h"
#include "engine/report/equity.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

// The interval at which the needs posted since are cleared.
inline constexpr Seconds kTrialRound = std::chrono::hours{6};

struct TrialRows {
  pb::Taxonomy taxonomy;
  std::vector<std::string> areas;
  std::vector<std::string> parties;
  std::vector<std::string> offers;
  // As they were posted, ordered by opened_at.
  std::vector<pb::Need> needs;
};

struct TrialResult {
  pb::PolicyOutcome outcome;
  // By area, in the order of their rows; `before` is as after.
  std::vector<std::pair<std::uint64_t, Fill>> fills;
  std::uint32_t needs = 0;  // accepted by the market
  std::uint32_t lines = 0;
  // Needs whose proposals the market refused; they stay unserved.
  std::uint32_t refused = 0;
};

// Deterministic: the same rows and policy give the same result if keep_going() always returns true;
// otherwise the result so far. May run on any thread. Refuses rows that do not form a valid state.
Result<TrialResult> try_policy(const TrialRows& rows, const pb::Policy& policy,
                               const std::function<bool()>& keep_going);

// Compares the fill rates of the communities in both results, by area code and without names,
// ordered by the greatest difference.
std::vector<pb::CommunityFill> compare_fills(const TrialResult& before, const TrialResult& after);

}  // namespace qiao
