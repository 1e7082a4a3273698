// A season of a city under different rankings and notification policies: which of them serves more,
// sooner, more evenly?
//
// A discrete-event simulation on the real market: needs are posted by hour and season, suppliers
// look at their list from time to time and take the first line they like, are notified of needs and
// answer or not, and serve. The same seed gives the same needs, suppliers and habits to every
// policy.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "qiao/v1/policy.pb.h"
#include "tools/sim/population.h"

namespace qiao {

enum class Order : std::uint8_t { kNewest, kNearest, kPopular, kValue, kClearing };
enum class Telling : std::uint8_t { kNobody, kEverybody, kPolicy };

struct SimulatedPolicy {
  std::string name;
  Order order;
  Telling telling;
};
// The policies in the table.
std::vector<SimulatedPolicy> simulated_policies();

struct SeasonPlan {
  std::uint64_t seed = 1;
  Time begin{};
  int days = 84;
  std::int64_t teams = 156;
  std::int64_t enterprises = 48;
  std::int64_t organisations = 30;
  std::int64_t needs = 1560;
  std::vector<Giver> givers;  // instead of generated ones
  std::vector<pb::Need>
      needs_as_given;  // instead of generated ones: posted two weeks before their first window
  pb::Policy policy;
};

struct SeasonResult {
  double fill = 0;            // share of what lines asked for that was held when they began
  double median_days = 0;     // from posting to full, of lines that were filled
  double jain = 0;            // of the fills of communities
  double kilometres = 0;      // of a match, on average
  double told_per_claim = 0;  // notifications for each match made
  double value = 0;           // of the matches made, per need
};

SeasonResult simulate(const std::vector<Place>& places, const SeasonPlan& plan,
                      const SimulatedPolicy& policy);

struct Compared {
  std::string name;
  SeasonResult mean;
  SeasonResult spread;  // standard deviation over seeds
};
// Every policy over seeds plan.seed .. plan.seed + seeds - 1.
std::vector<Compared> compare(
    const std::vector<Place>& places, const SeasonPlan& plan, int seeds,
    const std::function<void(std::size_t done, std::size_t of)>& progress);

std::string to_table(const std::vector<Compared>& all);
// Bars with whiskers of one standard deviation, one panel a measure.
std::string to_svg(const std::vector<Compared>& all, const std::string& title);

}  // namespace qiao
