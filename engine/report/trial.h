// A policy tried on a copy of what was: needs posted again, day by day, to offers that are there
// now, and cleared.
//
// It is the market itself that runs, on rows copied out of the live one, with nothing promised yet.
// So a change of policy shows what it would have done, and not what somebody thinks it does.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/base/refusal.h"
#include "engine/report/equity.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

// How often the needs that came in since are cleared.
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

// Pure: the same rows and policy give the same result while keep_going() says yes; when it says no,
// what there is so far. On any thread. Refuses rows that no market can be made of.
Result<TrialResult> try_policy(const TrialRows& rows, const pb::Policy& policy,
                               const std::function<bool()>& keep_going);

// The communities that both results have, by area code and without names: how full each was with
// the first policy and with the second, the greatest difference first.
std::vector<pb::CommunityFill> compare_fills(const TrialResult& before, const TrialResult& after);

}  // namespace qiao
