// Which parties are notified of a need, and which are not.
#include "engine/notify/notify.h"

#include <gtest/gtest.h>

#include "engine/base/fixed.h"
#include "engine/rows/invariants.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

class Told : public testing::Test {
 protected:
  Told() {
    city.now = at(9);
    for (int i = 0; i < 12; ++i) {
      teams.push_back(city.team("志愿服务队" + std::to_string(i)));
      offers.push_back(city.post(offer(teams.back()).people(2).km_north(i * 0.1)));
    }
  }
  void notification(const std::function<void(pb::NotificationPolicy&)>& change) {
    pb::Policy p = city.policy();
    change(*p.mutable_notification());
    city.set(p);
  }
  const Ranking& ranking() const { return city.market.ranking(); }
  Slot slot(std::uint64_t need) const { return city.state().needs().find(NeedId{need}); }
  std::vector<pb::Notification> plan(std::uint64_t need) const {
    return choose_notifications(ranking(), slot(need), city.now);
  }
  Result<Outcome> tell(const std::vector<pb::Notification>& all, pb::Role role = pb::ROLE_MARKET) {
    pb::Command c = by(role);
    c.mutable_notify();
    for (const auto& n : all) *c.mutable_notify()->add_notifications() = n;
    return city.apply(c);
  }
  pb::Notification of(std::uint64_t need, std::size_t team) const {
    pb::Notification n;
    n.set_need_id(need);
    n.set_line(1);
    n.set_party_id(teams[team]);
    n.set_offer_id(offers[team]);
    return n;
  }

  City city;
  std::vector<std::uint64_t> teams;
  std::vector<std::uint64_t> offers;
};

TEST_F(Told, AsManyAsGiveTheWantedChance) {
  notification([](auto& n) { n.set_fill_micro(500'000); });
  const auto id = city.post(need().people(2));
  const auto told = plan(id);
  // Each comes with 1 in 4: two give 44 %, three 58 %.
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].chance_micro(), 250'000);
  // The nearest first: the most valuable offer.
  EXPECT_EQ(told[0].party_id(), teams[0]);
  notification([](auto& n) { n.set_fill_micro(900'000); });
  EXPECT_EQ(plan(id).size(), 9U);
}

TEST_F(Told, ForWhatIsStillMissingAndNotForWhatIsThere) {
  notification([](auto& n) { n.set_fill_micro(500'000); });
  const auto id = city.post(need().people(4));
  city.claim(id, offers[11], 2);
  EXPECT_EQ(plan(id).size(), 3U);
  city.claim(id, offers[10], 2);
  EXPECT_TRUE(plan(id).empty());
}

TEST_F(Told, NobodyWhoDeclinedTheLine) {
  notification([](auto& n) { n.set_fill_micro(500'000); });
  pb::Policy p = city.policy();
  p.set_redispatch(false);
  city.set(p);
  const auto id = city.post(need().people(2));
  const auto match = city.dispatch(id, offers[0]);
  EXPECT_EQ(code_of(city.move(match, pb::MATCH_VERB_DECLINE)), "");
  const auto told = plan(id);
  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].party_id(), teams[1]);
}

TEST_F(Told, NobodyWhenThePolicySaysSo) {
  notification([](auto& n) { n.set_fill_micro(0); });
  EXPECT_TRUE(plan(city.post(need().people(2))).empty());
}

TEST_F(Told, NobodyAgainWhileThoseToldMayStillAnswer) {
  notification([](auto& n) { n.set_fill_micro(500'000); });
  const auto id = city.post(need().people(2));
  ASSERT_TRUE(tell(plan(id)));
  EXPECT_TRUE(plan(id).empty());
  // A day later their silence is taken for a no, and others are told.
  city.now += std::chrono::hours{24};
  const auto again = plan(id);
  ASSERT_FALSE(again.empty());
  for (const auto& n : again)
    EXPECT_EQ(std::count(teams.begin(), teams.begin() + 3, n.party_id()), 0);
}

TEST_F(Told, NobodyInQuietHours) {
  const auto id = city.post(need().people(2));
  city.now = at(22);
  EXPECT_TRUE(plan(id).empty());
  EXPECT_EQ(code_of(tell({of(id, 0)})), "notify.quiet_hours");
  city.now = at(32);
  EXPECT_TRUE(tell({of(id, 0)}));
}

TEST_F(Told, NeverMoreThanSoManyAWeek) {
  notification([](auto& n) {
    n.set_per_week(2);
    n.set_spacing(0);
  });
  std::vector<std::uint64_t> needs;
  for (int i = 0; i < 3; ++i)
    needs.push_back(city.post(need().people(2).on(hours(24 * 9 + 9, 24 * 9 + 11))));
  EXPECT_TRUE(tell({of(needs[0], 0)}));
  EXPECT_TRUE(tell({of(needs[1], 0)}));
  EXPECT_EQ(code_of(tell({of(needs[2], 0)})), "notify.too_often");
  EXPECT_TRUE(tell({of(needs[2], 1)}));
  city.now += std::chrono::days{7} + Seconds{1};
  EXPECT_TRUE(tell({of(needs[2], 0)}));
}

TEST_F(Told, SpacingGrowsWithSilence) {
  notification([](auto& n) {
    n.set_per_week(50);
    n.set_spacing(3600);
  });
  std::vector<std::uint64_t> needs;
  for (int i = 0; i < 4; ++i)
    needs.push_back(city.post(need().people(2).on(hours(57 + 3 * i, 59 + 3 * i))));
  EXPECT_TRUE(tell({of(needs[0], 0)}));
  city.now += Seconds{3599};
  EXPECT_EQ(code_of(tell({of(needs[1], 0)})), "notify.too_often");
  city.now += Seconds{1};
  EXPECT_TRUE(tell({of(needs[1], 0)}));
  // Two silences in a row: twice as long.
  city.now += Seconds{3600};
  EXPECT_EQ(code_of(tell({of(needs[2], 0)})), "notify.too_often");
  city.now += Seconds{3600};
  EXPECT_TRUE(tell({of(needs[2], 0)}));
  // An answer ends the silence.
  city.claim(needs[2], offers[0]);
  city.now += Seconds{3600};
  EXPECT_TRUE(tell({of(needs[3], 0)}));
}

TEST_F(Told, NeverTwiceOfTheSameLine) {
  notification([](auto& n) { n.set_spacing(0); });
  const auto id = city.post(need().people(2));
  EXPECT_TRUE(tell({of(id, 0)}));
  EXPECT_EQ(code_of(tell({of(id, 0)})), "notify.twice");
}

TEST_F(Told, LearnsWhoAnswers) {
  notification([](auto& n) {
    n.set_per_week(50);
    n.set_spacing(0);
  });
  const Slot eager = city.state().parties().find(PartyId{teams[0]});
  const Slot silent = city.state().parties().find(PartyId{teams[1]});
  for (int i = 0; i < 4; ++i) {
    const auto id = city.post(need().people(2).on(hours(57, 59)));
    ASSERT_TRUE(tell({of(id, 0), of(id, 1)}));
    city.claim(id, offers[0], 1);
    ASSERT_TRUE(city.move_need(id, pb::NEED_VERB_CANCEL));
  }
  city.now += std::chrono::hours{25};
  const auto category = city.state().vocabulary().find(WordList::kCategory, "elder_care").value();
  const auto other = city.state().vocabulary().find(WordList::kCategory, "legal_aid").value();
  EXPECT_GT(answer_chance(city.state(), eager, category, city.now), 600'000);
  EXPECT_LT(answer_chance(city.state(), silent, category, city.now), 130'000);
  // What is known of one kind is believed of another, though less.
  EXPECT_GT(answer_chance(city.state(), eager, other, city.now), 500'000);
  EXPECT_LT(answer_chance(city.state(), eager, other, city.now),
            answer_chance(city.state(), eager, category, city.now));
}

TEST_F(Told, RefusesWhatIsWrongAndChangesNothing) {
  const auto id = city.post(need().people(2));
  const std::uint64_t before = digest(city.state());
  auto wrong = [&](const std::function<void(pb::Notification&)>& change,
                   pb::Role role = pb::ROLE_MARKET) {
    pb::Notification n = of(id, 0);
    change(n);
    const auto result = tell({n}, role);
    return result ? std::string() : code_of(result) + " " + result.error().field;
  };
  EXPECT_EQ(wrong([](auto& n) { n.set_need_id(9'999); }), "need.unknown notifications[0].needId");
  EXPECT_EQ(wrong([](auto& n) { n.set_line(2); }), "need.unknown_line notifications[0].line");
  EXPECT_EQ(wrong([](auto& n) { n.set_offer_id(9'999); }),
            "offer.unknown notifications[0].offerId");
  EXPECT_EQ(wrong([](auto& n) { n.set_party_id(1); }),
            "value.out_of_range notifications[0].partyId");
  EXPECT_EQ(wrong([](auto& n) { n.set_id(5); }), "value.not_settable notifications[0].id");
  EXPECT_EQ(wrong([](auto& n) { n.set_chance_micro(kMicro + 1); }),
            "value.out_of_range notifications[0].chanceMicro");
  EXPECT_EQ(wrong([](auto&) {}, pb::ROLE_RESIDENT), "role.forbidden actor.role");
  EXPECT_EQ(code_of(tell({})), "value.required");
  EXPECT_EQ(digest(city.state()), before);
  // The second of two is refused, so the first is not told either.
  pb::Notification late = of(id, 0);
  EXPECT_FALSE(tell({of(id, 1), of(id, 0), late}));
  EXPECT_EQ(digest(city.state()), before);
}

TEST(Chance, IsThatOfASumOfIndependentGivers) {
  EXPECT_EQ(chance_of({}, 0), kMicro);
  EXPECT_EQ(chance_of({}, 1), 0);
  EXPECT_EQ(chance_of({{1, 500'000}, {1, 500'000}}, 2), 250'000);
  EXPECT_EQ(chance_of({{1, 500'000}, {1, 500'000}}, 1), 750'000);
  EXPECT_EQ(chance_of({{2, 500'000}, {1, 500'000}}, 2), 500'000);
  // Coarse for large quantities, but never too high.
  EXPECT_LE(chance_of({{100'000, 500'000}, {99'999, 500'000}}, 200'000), 250'000);
}

}  // namespace
}  // namespace qiao
