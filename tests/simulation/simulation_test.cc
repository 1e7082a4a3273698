#include "tools/swarm/simulation.h"

#include <gtest/gtest.h>

#include <bit>
#include <ostream>

#include "tools/io/temporary_folder.h"

namespace qiao::swarm {
namespace {

// A failing seed is printed as the command that replays it: qiao-sim swarm --seeds N …
Verdict run(Plan plan) {
  static const TemporaryFolder folder;
  plan.folder = folder.path();
  return simulate(plan);
}

Plan plan_of(std::uint64_t seed, std::uint32_t hours = 12) {
  Plan plan;
  plan.seed = seed;
  plan.hours = hours;
  return plan;
}

TEST(Swarm, EveryPromiseIsKeptUnderEveryFault) {
  Tally all;
  // Seeds among which names are lost, and some damage costs nothing, which are rare.
  for (std::uint64_t seed = 71; seed <= 110; ++seed) {
    const Verdict verdict = run(plan_of(seed));
    EXPECT_EQ(verdict.breach, "") << command_of(plan_of(seed));
    all.add(verdict.tally);
  }
  // That it went wrong often enough to mean something.
  EXPECT_GT(all.power_cuts, 20U);
  EXPECT_GT(all.kills, 20U);
  EXPECT_GT(all.refused_writes, 20U);
  EXPECT_GT(all.full_disks, 10U);
  EXPECT_GT(all.clock_jumps, 10U);
  EXPECT_GT(all.lost_messages, 200U);
  EXPECT_GT(all.repeated_requests, 200U);
  EXPECT_GT(all.lost_bytes, 0U);
  EXPECT_GT(all.torn_files, 0U);
  EXPECT_GT(all.lost_names, 0U);
  EXPECT_GT(all.replayed, 100U);
  EXPECT_GT(all.claims, 1'000U);
  EXPECT_GT(all.refusals, 1'000U);
  EXPECT_GT(all.watched, 10'000U);
  EXPECT_GT(all.starts, 100U);
  EXPECT_GT(all.damages_refused, 10U);
  EXPECT_GT(all.damages, all.damages_refused);
  EXPECT_GT(all.compared, 100U);
  EXPECT_GT(all.governed, 300U);
  EXPECT_GT(all.shown, 50'000U);
  EXPECT_GT(all.feeds_ended, 50U);
}

// A refusal that was slow on its way arrives behind the success of the request's later copy: no
// breach, for it was decided before. Found among the first 30,000 seeds; these are made small.
TEST(Swarm, AnOlderRefusalMayArriveBehindASuccess) {
  for (const auto& [seed, operations] : {std::pair{14379U, 20U}, {25427U, 100U}}) {
    Plan plan = plan_of(seed, 3);
    plan.operations = operations;
    plan.people = 0;
    EXPECT_EQ(run(plan).breach, "") << command_of(plan);
  }
}

TEST(Swarm, ASeedReplaysToTheBit) {
  for (std::uint64_t seed = 100; seed < 104; ++seed)
    EXPECT_EQ(run(plan_of(seed)).fingerprint, run(plan_of(seed)).fingerprint) << seed;
  EXPECT_NE(run(plan_of(100)).fingerprint, run(plan_of(101)).fingerprint);
}

TEST(Swarm, ACutShortWorldIsTheBeginningOfTheWhole) {
  Plan plan = plan_of(7);
  plan.operations = 100;
  const Verdict verdict = run(plan);
  EXPECT_EQ(verdict.breach, "");
  EXPECT_EQ(verdict.tally.operations, 100U);
}

struct PlantedCase {
  Planted planted;
  const char* promise;  // that is broken by it
};

void PrintTo(const PlantedCase& c, std::ostream* out) { *out << c.promise; }

// Is it one that people's rights and feeds show?
bool concerns_people(Planted planted) {
  return planted == Planted::kUnaskedScope || planted == Planted::kUnguardedField ||
         planted == Planted::kUnendedFeed;
}

class PlantedMistake : public testing::TestWithParam<PlantedCase> {};

// A simulation that finds nothing is worth nothing: each of these mistakes has been made by real
// databases.
TEST_P(PlantedMistake, IsFoundAndMadeSmall) {
  Plan plan = plan_of(1, 24);
  plan.planted = GetParam().planted;
  // Each mistake shows without the others' faults, and without people where it does not concern
  // them.
  if (plan.planted != Planted::kUnseenDamage) plan.faults &= ~static_cast<unsigned>(Fault::kDamage);
  plan.people = concerns_people(plan.planted) ? 12 : 0;
  // They ask often enough.
  if (plan.people > 0) plan.hours = 6;
  static const TemporaryFolder folder;
  bool found = false;
  bool made_small = false;
  // Leaving something away makes another world, in which the mistake may not show: not every seed
  // can be made small.
  for (; plan.seed <= 12 && !made_small; ++plan.seed) {
    const Verdict verdict = run(plan);
    if (verdict.breach.empty()) continue;
    found = true;
    // A disk that lies may leave a database that does not open.
    const bool does_not_open =
        plan.planted == Planted::kLyingDisk && verdict.breach.find("availability") == 0;
    EXPECT_TRUE(verdict.breach.find(GetParam().promise) == 0 || does_not_open) << verdict.breach;
    plan.folder = folder.path();
    const Plan small = shrink(plan, [](const Plan&) {});
    EXPECT_NE(run(small).breach, "") << command_of(small);
    EXPECT_EQ(run(small).fingerprint, run(small).fingerprint);
    EXPECT_LE(small.hours, plan.hours);
    EXPECT_LT(std::popcount(small.faults), std::popcount(plan.faults));
    made_small = small.clients < plan.clients;
  }
  EXPECT_TRUE(found);
  EXPECT_TRUE(made_small);
}
INSTANTIATE_TEST_SUITE_P(Each, PlantedMistake,
                         testing::Values(PlantedCase{Planted::kLyingDisk, "durability"},
                                         PlantedCase{Planted::kEarlyAnswer, "durability"},
                                         PlantedCase{Planted::kForgottenKeys, "idempotency"},
                                         PlantedCase{Planted::kLossyFeed, "feed"},
                                         PlantedCase{Planted::kStaleAnswers, "linearizability"},
                                         PlantedCase{Planted::kUnseenDamage, "durability"},
                                         PlantedCase{Planted::kUnaskedScope, "rights"},
                                         PlantedCase{Planted::kUnguardedField, "rights"},
                                         PlantedCase{Planted::kUnendedFeed, "feed"}),
                         [](const testing::TestParamInfo<PlantedCase>& planted) {
                           switch (planted.param.planted) {
                             case Planted::kLyingDisk:
                               return "LyingDisk";
                             case Planted::kEarlyAnswer:
                               return "EarlyAnswer";
                             case Planted::kForgottenKeys:
                               return "ForgottenKeys";
                             case Planted::kLossyFeed:
                               return "LossyFeed";
                             case Planted::kUnseenDamage:
                               return "UnseenDamage";
                             case Planted::kUnaskedScope:
                               return "UnaskedScope";
                             case Planted::kUnguardedField:
                               return "UnguardedField";
                             case Planted::kUnendedFeed:
                               return "UnendedFeed";
                             default:
                               return "StaleAnswers";
                           }
                         });

}  // namespace
}  // namespace qiao::swarm
