// A market's past as commands: the input of qiaod --load for an empty database.
#pragma once

#include <functional>
#include <ostream>
#include <queue>
#include <string>
#include <vector>

#include "engine/market/market.h"
#include "engine/match/ranked_market.h"
#include "tools/sim/population.h"

namespace qiao {

struct HistoryPlan {
  std::uint64_t seed = 1;
  Time until{};   // the present of the resulting market
  int days = 21;  // how far back its first need is
  std::int64_t teams = 0;
  std::int64_t enterprises = 0;
  std::int64_t organisations = 0;
  std::int64_t needs = 0;
  bool community_organisers = true;  // otherwise only towns and the city have one
  std::vector<Giver> named;          // parties that are registered first, before the generated ones
  std::vector<pb::Need> needs_as_given;  // needs posted instead of generated ones
  std::function<void(std::size_t done, std::size_t of)> progress = [](std::size_t, std::size_t) {};
};

struct HistorySummary {
  std::size_t lines = 0;
  std::size_t parties = 0;
  std::size_t offers = 0;
  std::size_t needs = 0;
  std::size_t matches = 0;
};

// Plays the plan on a market of its own (teams answer, decline and forget; residents review) and
// writes each accepted command, with its time, as a JSON line of HistoryLine. The same plan gives
// the same bytes. Its identifiers are valid for an empty market with this taxonomy and policy.
Result<HistorySummary> write_history(const std::vector<Place>& places, const HistoryPlan& plan,
                                     const pb::Taxonomy& taxonomy, const pb::Policy& policy,
                                     std::ostream& out);

}  // namespace qiao
