// Databases that older versions left behind (tests/data): each opens, has everything that it had,
// and is whole afterwards.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cstdlib>

#include "engine/match/ranked_market.h"
#include "server/store/store.h"
#include "tests/support/files.h"
#include "tools/io/temporary_folder.h"

namespace qiao {
namespace {

struct Kept {
  TemporaryFolder folder;
  boost::json::object facts;
  std::string database;

  explicit Kept(std::uint32_t format) {
    const std::string name = "format-" + std::to_string(format);
    const std::string data = std::string(QIAO_SOURCE) + "/tests/data/" + name;
    EXPECT_EQ(std::system(("tar -xf " + data + ".tar.xz -C " + folder.path()).c_str()), 0);
    facts = boost::json::parse(read_file(data + ".json")).as_object();
    database = folder / name;
  }
};

std::uint64_t number(const boost::json::value& text) {
  return std::stoull(std::string(text.as_string()));
}

void expect_all_there(const State& state, const boost::json::object& facts) {
  EXPECT_EQ(state.last_seq(), static_cast<Seq>(facts.at("events").as_int64()));
  EXPECT_EQ(state.areas().size(), static_cast<Slot>(facts.at("areas").as_int64()));
  EXPECT_EQ(state.needs().size(), facts.at("needs").as_array().size());
  EXPECT_EQ(state.matches().size(), facts.at("matches").as_array().size());
  EXPECT_EQ(state.offers().size(), facts.at("offers").as_array().size());
  EXPECT_EQ(state.parties().size(), facts.at("parties").as_array().size());
  for (const auto& row : facts.at("needs").as_array()) {
    const Slot slot = state.needs().find(NeedId{number(row.at(0))});
    ASSERT_NE(slot, kNoSlot);
    const pb::Need need = state.load_need(slot);
    EXPECT_EQ(need.version(), number(row.at(1)));
    EXPECT_EQ(pb::NeedState_Name(need.state()), row.at(2).as_string());
    EXPECT_EQ(need.title(), row.at(3).as_string());
  }
  for (const auto& row : facts.at("parties").as_array()) {
    const Slot slot = state.parties().find(PartyId{number(row.at(0))});
    ASSERT_NE(slot, kNoSlot);
    EXPECT_EQ(state.load_party(slot).version(), number(row.at(1)));
    EXPECT_EQ(state.load_party(slot).name(), row.at(2).as_string());
  }
  for (const auto& row : facts.at("matches").as_array()) {
    const Slot slot = state.matches().find(MatchId{number(row.at(0))});
    ASSERT_NE(slot, kNoSlot);
    EXPECT_EQ(state.load_match(slot).version(), number(row.at(1)));
    EXPECT_EQ(pb::MatchState_Name(state.load_match(slot).state()), row.at(2).as_string());
  }
  const auto& contact = facts.at("contact").as_object();
  const Slot slot = state.needs().find(NeedId{number(contact.at("need"))});
  ASSERT_NE(slot, kNoSlot);
  EXPECT_EQ(state.load_need(slot).contact_name(), contact.at("name").as_string());
  EXPECT_EQ(state.load_need(slot).contact_phone(), contact.at("phone").as_string());
  EXPECT_EQ(state.load_need(slot).address(), contact.at("address").as_string());
}

class Upgrade : public testing::TestWithParam<std::uint32_t> {};

TEST_P(Upgrade, OpensAndHasEverything) {
  const Kept kept(GetParam());
  {
    auto looked = Store::open(kept.database, Store::Mode::kReadOnly);
    ASSERT_TRUE(looked) << looked.error().message;
    RankedMarket market;
    const auto loaded = looked.value()->load(market);
    ASSERT_TRUE(loaded) << loaded.error().message;
    expect_all_there(market.state(), kept.facts);
  }
  // Once to lift it, once to find it lifted.
  for (int time = 0; time < 2; ++time) {
    auto opened = Store::open(kept.database, Store::Mode::kExisting);
    ASSERT_TRUE(opened) << opened.error().message;
    RankedMarket market;
    const auto loaded = opened.value()->load(market);
    ASSERT_TRUE(loaded) << loaded.error().message;
    expect_all_there(market.state(), kept.facts);
    const auto findings = verify(*opened.value(), make_ranking, [](Seq, Seq) {});
    ASSERT_TRUE(findings);
    EXPECT_EQ(findings.value(), std::vector<std::string>());
  }
}

TEST_P(Upgrade, GoesOnWhereItWas) {
  const Kept kept(GetParam());
  auto opened = Store::open(kept.database, Store::Mode::kExisting);
  ASSERT_TRUE(opened);
  RankedMarket market;
  ASSERT_TRUE(opened.value()->load(market));
  // Everything whose time has come since: years of it, if need be.
  pb::Command tick;
  tick.mutable_actor()->set_role(pb::ROLE_MARKET);
  tick.mutable_tick();
  const Time later = market.state().last_time() + std::chrono::days{400};
  for (int i = 0; i < 1000 && market.next_tick() && *market.next_tick() <= later; ++i) {
    const auto outcome = market.apply(tick, *market.next_tick());
    ASSERT_TRUE(outcome);
    Group group;
    group.add(outcome.value().events, market.state(), *opened.value());
    ASSERT_TRUE(opened.value()->commit(group));
  }
  const auto findings = verify(*opened.value(), make_ranking, [](Seq, Seq) {});
  ASSERT_TRUE(findings);
  EXPECT_EQ(findings.value(), std::vector<std::string>());
}

INSTANTIATE_TEST_SUITE_P(Format, Upgrade, testing::Range(1U, kStoreFormat + 1),
                         [](const testing::TestParamInfo<std::uint32_t>& format) {
                           return std::to_string(format.param);
                         });

}  // namespace
}  // namespace qiao
