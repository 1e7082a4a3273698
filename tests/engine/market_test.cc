// What the market does, as its users would say it.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/rows/invariants.h"
#include "engine/rows/limits.h"
#include "engine/rows/table.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

// Dense and sparse stretches of ids, appended and taken back, against a map.
TEST(Table, FindsTheRowOfAnIdAndOfNoOther) {
  struct Row {
    OfferId id;
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Table<OfferId, Row> table;
    std::map<std::uint64_t, Slot> ours;
    std::uint64_t stride = 1;
    for (int i = 0; i < 400; ++i) {
      if (random.chance(5)) stride = std::uint64_t{1} << random.below(12);
      if (!ours.empty() && random.chance(25)) {
        table.pop_back();
        ours.erase(std::prev(ours.end()));
        continue;
      }
      const std::uint64_t id = (ours.empty() ? 0 : ours.rbegin()->first) + 1 + random.below(stride);
      ours[id] = table.append(OfferId{id});
    }
    ASSERT_EQ(table.size(), ours.size());
    const std::uint64_t last = ours.empty() ? 0 : ours.rbegin()->first;
    for (std::uint64_t id = 0; id < last + 200; ++id) {
      const auto at = ours.find(id);
      ASSERT_EQ(table.find(OfferId{id}), at == ours.end() ? kNoSlot : at->second)
          << "seed " << seed << " id " << id;
      EXPECT_EQ(table.takes(OfferId{id}), ours.empty() || id > last)
          << "seed " << seed << " id " << id;
    }
    EXPECT_EQ(table.find(OfferId{~std::uint64_t{0}}), kNoSlot);
    EXPECT_FALSE(table.takes(OfferId{~std::uint64_t{0}}))
        << "no damaged row makes it take all memory";
  }
}

// The same where ids come in any order; they are appended and taken back while the table of slots
// grows, against a map.
TEST(Table, FindsIdsThatCameInAnyOrder) {
  struct Row {
    AreaCode id;
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Table<AreaCode, Row, HashedIds<AreaCode>> table;
    std::map<std::uint64_t, Slot> ours;
    std::vector<std::uint64_t> order;
    // Few of them, so that many are asked for twice; or apart by powers of two, whose places are
    // near each other.
    const std::uint64_t apart = std::uint64_t{1} << random.below(50);
    EXPECT_EQ(table.find(AreaCode{0}), kNoSlot);
    if (random.chance(50)) table.reserve(random.below(500));
    for (int i = 0; i < 600; ++i) {
      if (!order.empty() && random.chance(25)) {
        table.pop_back();
        ours.erase(order.back());
        order.pop_back();
        continue;
      }
      const std::uint64_t id = random.below(800) * apart;
      ASSERT_EQ(table.takes(AreaCode{id}), !ours.contains(id)) << "seed " << seed << " id " << id;
      if (ours.contains(id)) continue;
      ours[id] = table.append(AreaCode{id});
      order.push_back(id);
    }
    ASSERT_EQ(table.size(), ours.size());
    for (std::uint64_t i = 0; i < 900; ++i) {
      const AreaCode id{i * apart};
      const auto at = ours.find(id.value());
      table.prefetch(id);
      table.prefetch_row(id);
      ASSERT_EQ(table.find(id), at == ours.end() ? kNoSlot : at->second)
          << "seed " << seed << " id " << id.value();
    }
  }
}

TEST(Vocabulary, TellsCodesApartThatDifferInOnePlace) {
  // Each length to beyond the ends that are compared first.
  pb::Taxonomy taxonomy;
  std::vector<std::string> codes;
  for (std::size_t length = 1; length <= 40; ++length) {
    codes.push_back(std::string(length, 'a'));
    for (std::size_t at = 0; at < length; ++at) {
      codes.push_back(std::string(length, 'a'));
      codes.back()[at] = 'b';
    }
  }
  for (const std::string& code : codes) taxonomy.add_skills()->set_code(code);
  const Vocabulary vocabulary(taxonomy);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    EXPECT_EQ(vocabulary.find(WordList::kSkill, codes[i]), i) << codes[i];
    EXPECT_EQ(vocabulary.find(WordList::kCategory, codes[i]), std::nullopt);
    for (std::size_t at = 0; at < codes[i].size(); ++at) {
      std::string other = codes[i];
      other[at] = 'c';
      EXPECT_EQ(vocabulary.find(WordList::kSkill, other), std::nullopt) << other;
    }
  }
  EXPECT_EQ(vocabulary.find(WordList::kSkill, ""), std::nullopt);
}

TEST(Lifecycle, FromPostedToReviewed) {
  City c;
  const auto n = c.post(need().people(3));
  const auto o = c.post(offer(c.team()).people(5));
  const auto m = c.claim(n, o);
  EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_ACCEPTED);
  EXPECT_EQ(c.match_row(m).quantity(), 3);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_FILLED);
  c.wait_until(at(56.9));
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_CHECK_IN)), "");
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_IN_SERVICE);
  c.wait_until(at(60));
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_CHECK_OUT)), "");
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_DONE);
  pb::Command review = by(pb::ROLE_ORGANISER, c.organiser());
  review.mutable_review_need()->set_need_id(n);
  review.mutable_review_need()->set_stars(5);
  review.mutable_review_need()->set_words("很及时");
  c.must(review);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_REVIEWED);
  EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_VERIFIED);
  EXPECT_TRUE(check_invariants(c.state()).empty());
}

TEST(Timers, OfANewPolicyAreWorkedOutInPiecesAndNoneGoesOffByTheOldOne) {
  City c;
  const auto keep_drafts = [&](std::int64_t hours_kept) {
    pb::Command set = by(pb::ROLE_LEAD);
    *set.mutable_set_policy() = c.state().policy();
    set.mutable_set_policy()->mutable_limits()->set_draft(hours_kept * 3600);
    c.must(set);
  };
  keep_drafts(2);
  std::vector<std::uint64_t> drafts;
  for (int i = 0; i < 1'500; ++i) drafts.push_back(c.post(need().people(1), pb::NEED_STATE_DRAFT));
  const auto left = [&] {
    return std::count_if(drafts.begin(), drafts.end(), [&](std::uint64_t id) {
      return c.need_row(id).state() == pb::NEED_STATE_DRAFT;
    });
  };
  keep_drafts(5);
  EXPECT_TRUE(c.market.refresh_timers(0)) << "more than are computed at once";
  c.wait_until(c.now + std::chrono::hours{3});
  EXPECT_EQ(left(), 1'500);
  while (c.market.refresh_timers(100)) {
  }
  EXPECT_TRUE(check_invariants(c.state()).empty());
  c.wait_until(c.now + std::chrono::hours{3});
  EXPECT_EQ(left(), 0);
}

TEST(Claim, SecondTeamGetsWhatTheFirstLeft) {
  City c;
  const auto n = c.post(need().people(5));
  const auto a = c.post(offer(c.team("甲队")).people(3));
  const auto b = c.post(offer(c.team("乙队")).people(9));
  c.claim(n, a);
  EXPECT_EQ(c.match_row(c.claim(n, b)).quantity(), 2);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_FILLED);
}

TEST(Claim, OnAFullLineIsRefusedAndChangesNothing) {
  City c;
  const auto n = c.post(need().people(2));
  const auto o = c.post(offer(c.team()).people(9));
  c.claim(n, o);
  const auto filled = digest(c.state());
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, o)),
            "match.not_eligible");  // filled: it takes nobody now
  EXPECT_EQ(digest(c.state()), filled);
  const auto m = c.post(need().people(2).people(2));
  c.claim(m, o, 2, 1);
  const auto full = digest(c.state());
  EXPECT_NE(full, filled) << "a digest sees a claim";
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, m, o, 0, 1)), "line.full");
  EXPECT_EQ(digest(c.state()), full);
}

TEST(Claim, NobodyIsInTwoPlacesAtOnce) {
  City c;
  const auto o = c.post(offer(c.team()).people(4));
  c.claim(c.post(need().people(3)), o);
  // The same hours: one is left. An hour later: all four again.
  EXPECT_EQ(c.match_row(c.claim(c.post(need().people(3)), o)).quantity(), 1);
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, c.post(need().people(1).on(hours(59, 62))), o)),
            "match.not_eligible");
  EXPECT_EQ(c.match_row(c.claim(c.post(need().people(9).on(hours(60, 62))), o)).quantity(), 4);
}

TEST(Claim, WaitsForTheOrganisersYesWherePolicyWantsIt) {
  City c;
  pb::Policy p = c.policy();
  p.set_confirm_claims(true);
  c.set(p);
  const auto n = c.post(need().people(1));
  const auto m = c.claim(n, c.post(offer(c.team()).people(1)));
  EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_CLAIMED);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_OPEN);
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_CONFIRM)), "");
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_FILLED);
}

TEST(Stock, IsGivenAwayOnceAndInLots) {
  City c;
  const auto o = c.post(offer(c.team()).stock("rice", 100, 10));
  const auto n = c.post(need().stock("rice", 85));
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, o, 5)), "match.too_little");
  c.claim(n, o, 80);
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, o)),
            "match.not_eligible");  // 5 are missing, 10 is the least
  const auto m = c.post(need().stock("rice", 50));
  EXPECT_EQ(c.match_row(c.claim(m, o)).quantity(), 20);
}

TEST(Dispatch, ThatIsDeclinedGoesToTheNextBest) {
  City c;
  const auto near = c.post(offer(c.team("近队")).people(2).km_north(1));
  const auto far = c.post(offer(c.team("远队")).people(2).km_north(5));
  const auto n = c.post(need().people(2).km_north(0));
  const auto m = c.dispatch(n, near);
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_DECLINE, "当天有事")), "");
  const auto& last = c.state().matches()[c.state().matches().size() - 1];
  EXPECT_EQ(last.state, pb::MATCH_STATE_DISPATCHED);
  EXPECT_EQ(c.state().offers()[last.offer].id.value(), far);
  EXPECT_EQ(c.need_row(n).failed_dispatches(), 1U);
}

TEST(Dispatch, ThatNobodyAnswersLapsesByUrgency) {
  for (const auto& [urgency, limit] : {std::pair{pb::URGENCY_NORMAL, 12.0},
                                       {pb::URGENCY_URGENT, 1.0},
                                       {pb::URGENCY_CRITICAL, 0.25}}) {
    City c;
    const auto m =
        c.dispatch(c.post(need().people(1).urgent(urgency)), c.post(offer(c.team()).people(1)));
    EXPECT_EQ(c.match_row(m).answer_by(), to_int(at(limit)));
    c.wait_until(at(limit) - Seconds{1});
    EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_DISPATCHED);
    c.wait_until(at(limit));
    EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_LAPSED);
  }
}

TEST(Escalation, AfterTwoFailedDispatchesTheTownLooksAfterIt) {
  City c;
  const auto n = c.post(need().people(1));
  for (const char* name : {"甲", "乙", "丙"}) c.post(offer(c.team(name)).people(1));
  c.dispatch(n, c.state().offers()[0].id.value());
  c.wait_until(at(12));
  EXPECT_EQ(c.need_row(n).raised(), 0U);
  c.wait_until(at(24));
  EXPECT_EQ(c.need_row(n).raised(), 1U);
}

TEST(Escalation, AtHalfOfTheTimeLeftTownThenCity) {
  City c;
  const auto n = c.post(need().people(1).on(hours(40, 42)));
  c.wait_until(at(19.9));
  EXPECT_EQ(c.need_row(n).raised(), 0U);
  c.wait_until(at(20));
  EXPECT_EQ(c.need_row(n).raised(), 1U);
  c.wait_until(at(30));
  EXPECT_EQ(c.need_row(n).raised(), 2U);
  c.wait_until(at(40));
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_EXPIRED);
}

TEST(Escalation, ANeedThatNobodyChecksIsRaisedAfterADay) {
  City c;
  pb::Command post = by(pb::ROLE_RESIDENT);
  post.mutable_actor()->set_resident_ref(7);
  *post.mutable_post_need()->mutable_need() = need().people(1);
  const auto n = c.must(post);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_SUBMITTED);
  c.wait_until(at(24));
  EXPECT_EQ(c.need_row(n).raised(), 1U);
}

TEST(AllOrNothing, NobodyStartsBeforeItIsWhole) {
  City c;
  const auto n =
      c.post(need().people(2).professionals(1).certificate("social_worker", 1).all_or_nothing());
  const auto people = c.claim(n, c.post(offer(c.team()).people(2)), 0, 1);
  c.now = at(56.5);
  EXPECT_EQ(code_of(c.move(people, pb::MATCH_VERB_CHECK_IN)), "state.wrong");
  c.wait_until(at(57));
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_EXPIRED);
  EXPECT_EQ(c.match_row(people).state(), pb::MATCH_STATE_CANCELLED);
}

TEST(Service, OnesThatDoNotComeAreNoShowsAndCountAgainstThem) {
  City c;
  const auto team = c.team();
  const auto m = c.claim(c.post(need().people(1)), c.post(offer(team).people(1)));
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_NO_SHOW)), "state.too_early");
  c.wait_until(at(62));
  EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_NO_SHOW);
  EXPECT_EQ(c.state().parties()[c.state().parties().find(PartyId{team})].broken, 1U);
}

// What was true when they accepted is judged again when they come; the organiser may decide
// otherwise, with a reason.
TEST(Service, IsJudgedAgainAtCheckIn) {
  City c;
  const auto check_in = [&](std::uint64_t match, pb::Role role, std::uint64_t party,
                            const std::string& reason = {}) {
    pb::Command move = by(role, party);
    move.mutable_move_match()->set_match_id(match);
    move.mutable_move_match()->set_verb(pb::MATCH_VERB_CHECK_IN);
    move.mutable_move_match()->set_reason(reason);
    const auto done = c.apply(move);
    return done ? std::string()
                : std::string(info(done.error().code).code) + " " + done.error().field;
  };
  pb::Need wanted = need().people(2).professionals(1).certificate("social_worker", 1);
  wanted.set_volunteers_per_professional(2);
  const auto n = c.post(wanted);
  const auto team = c.team();
  const auto nurses = c.team();
  const auto people = c.claim(n, c.post(offer(team).people(2)), 0, 1);
  const auto licensed =
      c.post(offer(nurses).time(pb::TIME_KIND_PROFESSIONAL, 1).certificate("social_worker", 1));
  c.now = at(57);
  EXPECT_EQ(check_in(people, pb::ROLE_SUPPLIER, team), "match.professional_missing matchId");
  EXPECT_EQ(check_in(people, pb::ROLE_LEAD, 0), "match.professional_missing reason");
  c.now = at(50);
  const auto professional = c.claim(n, licensed, 0, 2);
  pb::Command lost = by(pb::ROLE_LEAD);
  *lost.mutable_update_offer() = c.state().load_offer(c.state().offers().find(OfferId{licensed}));
  lost.mutable_update_offer()->mutable_time()->clear_certificates();
  c.must(lost);
  c.now = at(57);
  EXPECT_EQ(check_in(professional, pb::ROLE_SUPPLIER, nurses), "match.not_eligible offerId");
  EXPECT_EQ(check_in(professional, pb::ROLE_LEAD, 0), "match.not_eligible reason");
  EXPECT_EQ(check_in(professional, pb::ROLE_LEAD, 0, "已当场看过新证"), "");
  EXPECT_EQ(c.match_row(professional).reason(), "已当场看过新证");
  c.now = at(60);
  EXPECT_EQ(check_in(people, pb::ROLE_SUPPLIER, team), "state.too_late matchId");
  EXPECT_EQ(check_in(people, pb::ROLE_LEAD, 0, "签到码打印机坏了，人都在"), "");
}

TEST(Service, ClosesItselfWhenNobodyReviews) {
  City c;
  const auto n = c.post(need().people(1));
  const auto m = c.claim(n, c.post(offer(c.team()).people(1)));
  c.wait_until(at(57));
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_CHECK_IN)), "");
  c.wait_until(at(60));
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_CHECK_OUT)), "");
  c.wait_until(at(62));
  EXPECT_TRUE(c.need_row(n).review_requested());
  c.wait_until(at(60 + 72));
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_REVIEWED);
  EXPECT_EQ(c.need_row(n).review().stars(), 0U);
  EXPECT_EQ(c.match_row(m).state(), pb::MATCH_STATE_VERIFIED);
}

TEST(Update, CannotTakeAwayWhatIsHeldOrPromised) {
  City c;
  const auto n = c.post(need().people(5));
  const auto o = c.post(offer(c.team()).people(4));
  c.claim(n, o);
  pb::Command shrink = by(pb::ROLE_LEAD);
  *shrink.mutable_update_need() = c.need_row(n);
  shrink.mutable_update_need()->mutable_lines(0)->set_quantity(3);
  EXPECT_EQ(code_of(c.apply(shrink)), "need.held");
  pb::Command less = by(pb::ROLE_LEAD);
  *less.mutable_update_offer() = c.state().load_offer(0);
  less.mutable_update_offer()->mutable_time()->set_capacity(3);
  EXPECT_EQ(code_of(c.apply(less)), "offer.promised");
  shrink.mutable_update_need()->mutable_lines(0)->set_quantity(4);
  c.must(shrink);
  EXPECT_EQ(c.need_row(n).state(), pb::NEED_STATE_FILLED);
}

TEST(Limits, APartyHasOnlySoManyActiveOffers) {
  City c;
  const auto team = c.team();
  std::uint64_t last = 0;
  for (std::uint32_t i = 0; i < kMaxActiveOffersOfParty; ++i) last = c.post(offer(team).people(1));
  pb::Command more = by(pb::ROLE_LEAD);
  *more.mutable_post_offer() = offer(team).people(1);
  EXPECT_EQ(code_of(c.apply(more)), "value.too_many");
  pb::Command withdraw = by(pb::ROLE_LEAD);
  withdraw.mutable_withdraw_offer()->set_offer_id(last);
  c.must(withdraw);
  EXPECT_EQ(code_of(c.apply(more)), "") << "those that are withdrawn do not count";
}

TEST(Limits, ANeedHasOnlySoManyMatchesOfAParty) {
  City c;
  const auto n = c.post(need().people(10'000));
  const auto a = c.post(offer(c.team("甲队")).people(5'000));
  for (int i = 0; i < kMaxMatchesOfPartyInNeed; ++i) c.claim(n, a, 1);
  const auto before = digest(c.state());
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, a, 1)), "value.too_many");
  EXPECT_EQ(digest(c.state()), before);
  c.claim(n, c.post(offer(c.team("乙队")).people(5)), 1);
  c.claim(c.post(need().people(5).on(hours(81, 84))), a, 1);
}

TEST(Limits, ANeedHasOnlySoManyMatches) {
  City c;
  const auto n = c.post(need().people(10'000));
  for (int i = 0; i < kMaxMatchesOfNeed;) {
    const auto o = c.post(offer(c.team()).people(5'000));
    for (int j = 0; j < kMaxMatchesOfPartyInNeed && i < kMaxMatchesOfNeed; ++j, ++i)
      c.claim(n, o, 1);
  }
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, c.post(offer(c.team()).people(1)), 1)),
            "value.too_many");
}

// At the busiest instant, however the windows of the promises overlap.
TEST(Update, AnOfferKeepsItsHighestPromise) {
  City c;
  const auto o = c.post(offer(c.team()).people(9));
  c.claim(c.post(need().people(2).on(hours(57, 63))), o);
  c.claim(c.post(need().people(3).on(hours(58, 60))), o);
  c.claim(c.post(need().people(4).on(hours(60, 62))), o);
  c.claim(c.post(need().people(5).on(hours(70, 71))), o);
  pb::Command less = by(pb::ROLE_LEAD);
  *less.mutable_update_offer() = c.state().load_offer(0);
  less.mutable_update_offer()->mutable_time()->set_capacity(5);
  EXPECT_EQ(code_of(c.apply(less)), "offer.promised");
  less.mutable_update_offer()->mutable_time()->set_capacity(6);
  EXPECT_EQ(code_of(c.apply(less)), "");
}

TEST(Update, AHeldLineStaysWhatItIs) {
  City c;
  const auto n = c.post(need().people(5));
  c.claim(n, c.post(offer(c.team()).people(4)));
  const auto changed = [&](auto change) {
    pb::Command update = by(pb::ROLE_LEAD);
    *update.mutable_update_need() = c.need_row(n);
    change(*update.mutable_update_need()->mutable_lines(0));
    return code_of(c.apply(update));
  };
  EXPECT_EQ(changed([](pb::RequirementLine& l) {
              l.mutable_window()->set_start(l.window().start() + 1800);
            }),
            "need.held");
  EXPECT_EQ(
      changed([](pb::RequirementLine& l) { l.mutable_window()->set_end(l.window().end() + 1800); }),
      "need.held");
  EXPECT_EQ(changed([](pb::RequirementLine& l) { l.mutable_time()->add_skills("first_aid"); }),
            "need.held");
  EXPECT_EQ(changed([](pb::RequirementLine& l) { l.mutable_stock()->set_resource("rice"); }),
            "need.held");
  EXPECT_EQ(changed([](pb::RequirementLine&) {}), "");
}

std::uint64_t lead_account(City& c) {
  pb::Command make = by(pb::ROLE_MARKET);
  make.mutable_put_account()->mutable_account()->set_login("lead");
  make.mutable_put_account()->mutable_account()->set_role(pb::ROLE_LEAD);
  return c.must(make);
}

TEST(Accounts, KeepsWhenItWasMadeHoweverOftenItChanges) {
  City c;
  const auto id = lead_account(c);
  const auto account = [&] {
    return c.state().load_account(c.state().accounts().find(AccountId{id}));
  };
  EXPECT_EQ(account().created_at(), to_int(at(0)));
  c.now = at(5);
  pb::Command change = by(pb::ROLE_MARKET);
  *change.mutable_put_account()->mutable_account() = account();
  change.mutable_put_account()->mutable_account()->set_name("王小明");
  c.must(change);
  EXPECT_EQ(account().name(), "王小明");
  EXPECT_EQ(account().created_at(), to_int(at(0)));
}

TEST(Accounts, HasSoManyTokensAndNoMoreAndItsOldestSessionMakesRoom) {
  City c;
  const auto id = lead_account(c);
  int made = 0;
  const auto grant = [&](pb::GrantKind kind) {
    pb::Command add = by(pb::ROLE_MARKET);
    pb::Grant& g = *add.mutable_add_grant()->mutable_grant();
    g.set_account_id(id);
    g.set_kind(kind);
    g.set_name("导出程序");
    const std::string number = std::to_string(++made);
    g.set_secret_hash(std::string(64 - number.size(), '0') + number);
    g.set_expires_at(to_int(at(24)) + made);
    return code_of(c.apply(add));
  };
  for (int i = 0; i < kMaxTokensPerAccount; ++i) EXPECT_EQ(grant(pb::GRANT_KIND_TOKEN), "");
  EXPECT_EQ(grant(pb::GRANT_KIND_TOKEN), "account.too_many");
  const auto rows = c.state().grants().size();
  for (int i = 0; i < kMaxSessionsPerAccount + 3; ++i) EXPECT_EQ(grant(pb::GRANT_KIND_SESSION), "");
  EXPECT_EQ(c.state().grants().size(), rows + kMaxSessionsPerAccount);
}

TEST(Privacy, AResidentIsKnownByItsNeedsOrItsAccountAndNobodyElseIs) {
  City c;
  c.now = at(1);
  pb::Need asked = need().people(1);
  asked.set_resident_ref(5);
  c.post(asked);
  pb::Command make = by(pb::ROLE_LEAD);
  make.mutable_put_account()->mutable_account()->set_login("resident");
  make.mutable_put_account()->mutable_account()->set_role(pb::ROLE_RESIDENT);
  make.mutable_put_account()->mutable_account()->set_resident_ref(7);
  c.must(make);
  const auto shown = [&](std::uint64_t ref) {
    pb::Command show = by(pb::ROLE_LEAD);
    show.mutable_disclose()->set_subject(pb::SUBJECT_KIND_RESIDENT);
    show.mutable_disclose()->set_subject_id(ref);
    show.mutable_disclose()->set_purpose(pb::DISCLOSURE_PURPOSE_EXPORT);
    return code_of(c.apply(show));
  };
  EXPECT_EQ(shown(5), "");
  EXPECT_EQ(shown(7), "");
  EXPECT_EQ(shown(8), "not_found");
  EXPECT_EQ(shown(0), "not_found");
}

TEST(Version, AnOldOneIsRefused) {
  City c;
  const auto n = c.post(need().people(5));
  pb::Command change = by(pb::ROLE_LEAD);
  *change.mutable_update_need() = c.need_row(n);
  change.set_expected_version(c.need_row(n).version());
  c.must(change);
  EXPECT_EQ(code_of(c.apply(change)), "version.mismatch");
}

TEST(Batch, IsWholeOrNothing) {
  City c;
  const auto team = c.team();
  const auto before = digest(c.state());
  pb::Command batch = by(pb::ROLE_LEAD);
  *batch.mutable_batch()->add_commands()->mutable_post_offer() = offer(team).people(3);
  *batch.mutable_batch()->add_commands()->mutable_post_offer() = offer(team).people(0);
  const auto refused = c.apply(batch);
  EXPECT_EQ(code_of(refused), "value.out_of_range");
  EXPECT_EQ(refused.error().field, "commands[1].time.capacity");
  EXPECT_EQ(digest(c.state()), before);
}

TEST(Batch, CheckTellsOfEveryBadOneAndChangesNothing) {
  City c;
  const auto team = c.team();
  const auto before = digest(c.state());
  pb::Batch batch;
  *batch.add_commands()->mutable_post_offer() = offer(team).people(0);
  *batch.add_commands()->mutable_post_offer() = offer(team).people(3);
  *batch.add_commands()->mutable_post_offer() = offer(999).people(3);
  const auto refused = c.market.check(batch, by(pb::ROLE_LEAD).actor(), c.now);
  ASSERT_TRUE(refused);
  ASSERT_EQ(refused.value().size(), 2U);
  EXPECT_EQ(refused.value()[0].index, 0);
  EXPECT_EQ(refused.value()[1].index, 2);
  EXPECT_EQ(refused.value()[1].refusal.field, "partyId");
  EXPECT_EQ(digest(c.state()), before);
}

TEST(Roles, ASupplierActsForItselfAndAnOrganiserInItsArea) {
  City c;
  const auto mine = c.team("我队");
  const auto other = c.team("他队");
  const auto o = c.post(offer(other).people(3));
  const auto n = c.post(need().people(3).in(kOtherCommunity));
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, o, 0, 1, pb::ROLE_SUPPLIER, mine)),
            "role.not_yours");
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_DISPATCHED, n, o, 0, 1, pb::ROLE_ORGANISER,
                           c.organiser(kTown))),
            "role.not_yours");
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_DISPATCHED, n, o, 0, 1, pb::ROLE_SUPPLIER, other)),
            "role.forbidden");
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_DISPATCHED, n, o, 0, 1, pb::ROLE_ORGANISER,
                           c.organiser(kCity))),
            "");
}

TEST(Standing, ASuspendedPartyKeepsItsPromisesAndMakesNoNewOnes) {
  City c;
  const auto team = c.team();
  const auto o = c.post(offer(team).people(9));
  const auto m = c.claim(c.post(need().people(1)), o);
  pb::Command suspend = by(pb::ROLE_LEAD);
  suspend.mutable_set_standing()->set_party_id(team);
  suspend.mutable_set_standing()->set_standing(pb::STANDING_SUSPENDED);
  c.must(suspend);
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, c.post(need().people(1)), o)),
            "party.not_active");
  c.wait_until(at(57));
  pb::Command there = by(pb::ROLE_SUPPLIER, team);
  there.mutable_move_match()->set_match_id(m);
  there.mutable_move_match()->set_verb(pb::MATCH_VERB_CHECK_IN);
  EXPECT_EQ(code_of(c.apply(there)), "");
}

TEST(Taxonomy, GrowsAndNeverShrinks) {
  City c;
  pb::Command grow = by(pb::ROLE_LEAD);
  *grow.mutable_put_taxonomy() = default_taxonomy();
  pb::Term& fresh = *grow.mutable_put_taxonomy()->add_skills();
  fresh.set_code("dragon_dance");
  fresh.set_zh("舞龙");
  fresh.set_en("dragon dance");
  c.must(grow);
  const auto n = c.post(need().people(1).skill("dragon_dance"));
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_CLAIMED, n, c.post(offer(c.team()).people(1)))),
            "match.not_eligible");
  c.claim(n, c.post(offer(c.team()).people(1).skill("dragon_dance")));
  *grow.mutable_put_taxonomy() = default_taxonomy();
  EXPECT_EQ(code_of(c.apply(grow)), "taxonomy.shrunk");
}

TEST(Lists, LeadFromAPartyToItsPeopleAndFromAnOfferToItsMatches) {
  City c;
  const auto team = c.team();
  for (const char* name : {"张三", "李四"}) {
    pb::Command add = by(pb::ROLE_LEAD);
    add.mutable_put_person()->set_party_id(team);
    add.mutable_put_person()->set_name(name);
    c.must(add);
  }
  const auto o = c.post(offer(team).people(5));
  const auto m1 = c.claim(c.post(need().people(1)), o);
  const auto m2 = c.claim(c.post(need().people(1)), o);
  // A batch that is taken back leaves no trace in the lists.
  pb::Command batch = by(pb::ROLE_LEAD);
  batch.mutable_batch()->add_commands()->mutable_put_person()->set_party_id(team);
  batch.mutable_batch()->mutable_commands(0)->mutable_put_person()->set_name("王五");
  batch.mutable_batch()->add_commands()->mutable_move_need()->set_need_id(1);
  EXPECT_NE(code_of(c.apply(batch)), "");
  const State& s = c.state();
  const PartyRow& row = s.parties()[s.parties().find(PartyId{team})];
  std::vector<std::string> people;
  for (Slot p = row.first_person; p != kNoSlot; p = s.persons()[p].next_of_party)
    people.push_back(s.load_person(p).name());
  EXPECT_EQ(people, (std::vector<std::string>{"李四", "张三"}));
  std::vector<std::uint64_t> matches;
  for (Slot m = s.offers()[s.offers().find(OfferId{o})].first_match; m != kNoSlot;
       m = s.matches()[m].next_of_offer)
    matches.push_back(s.matches()[m].id.value());
  EXPECT_EQ(matches, (std::vector<std::uint64_t>{m2, m1}));
}

TEST(Clock, ThatRunsBackIsNotFollowed) {
  City c;
  c.now = at(5);
  c.post(need().people(1));
  c.now = at(1);
  const auto n = c.post(need().people(1));
  EXPECT_EQ(c.need_row(n).created_at(), to_int(at(5)));
}

}  // namespace
}  // namespace qiao
