// The season that policies are compared over.
#include <gtest/gtest.h>

#include "data/defaults.h"
#include "tools/sim/policies.h"

namespace qiao {
namespace {

class Season : public testing::Test {
 protected:
  Season()
      : places(read_city(QIAO_SOURCE "/data/ningguo/areas.csv",
                         QIAO_SOURCE "/data/ningguo/outline.geojson", 1)
                   .value()) {
    plan.begin = to_time(1'788'220'800);  // 2026-09-01 08:00 in Ningguo
    plan.days = 7;
    plan.needs = 140;
    plan.policy = default_policy();
  }
  std::vector<Place> places;
  SeasonPlan plan;
};

TEST_F(Season, IsTheSameForTheSameSeed) {
  for (const SimulatedPolicy& policy : simulated_policies()) {
    const SeasonResult one = simulate(places, plan, policy);
    const SeasonResult two = simulate(places, plan, policy);
    EXPECT_EQ(one.fill, two.fill) << policy.name;
    EXPECT_EQ(one.value, two.value) << policy.name;
    EXPECT_EQ(one.told_per_claim, two.told_per_claim) << policy.name;
    EXPECT_GT(one.fill, 0.1) << policy.name;
    EXPECT_LT(one.fill, 1.0) << policy.name;
  }
}

TEST_F(Season, WhomThePolicyTellsAreFewerThanAll) {
  // A week is short: one seed's share filled is a few needs more or less.
  struct Sum {
    double told = 0;
    double fill = 0;
  };
  Sum everybody;
  Sum some;
  for (plan.seed = 1; plan.seed <= 5; ++plan.seed) {
    for (const SimulatedPolicy& policy : simulated_policies()) {
      if (policy.order != Order::kValue || policy.telling == Telling::kNobody) continue;
      const SeasonResult result = simulate(places, plan, policy);
      Sum& sum = policy.telling == Telling::kPolicy ? some : everybody;
      sum.told += result.told_per_claim;
      sum.fill += result.fill;
    }
  }
  EXPECT_LT(some.told, everybody.told / 2);
  EXPECT_GT(some.fill, everybody.fill * 0.85);
}

TEST_F(Season, MakesATableAndAChart) {
  const auto all = compare(places, plan, 2, [](std::size_t, std::size_t) {});
  ASSERT_EQ(all.size(), simulated_policies().size());
  const std::string table = to_table(all);
  const std::string chart = to_svg(all, "A week");
  for (const SimulatedPolicy& policy : simulated_policies()) {
    EXPECT_NE(table.find(policy.name), std::string::npos);
    EXPECT_NE(chart.find(policy.name), std::string::npos);
  }
  EXPECT_TRUE(chart.starts_with("<svg"));
  EXPECT_TRUE(chart.ends_with("</svg>\n"));
}

}  // namespace
}  // namespace qiao
