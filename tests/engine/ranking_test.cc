// The index against the naive scan on random markets, and what explanations, previews and bundles
// say.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/match/bundle.h"
#include "engine/match/explain.h"
#include "engine/match/preview.h"
#include "tests/support/build.h"
#include "tools/sim/population.h"

namespace qiao {
namespace {

const Ranking& ranking_of(const City& c) { return c.market.ranking(); }

// Every offer, judged one by one, sorted.
std::vector<Candidate> scan(const City& c, Slot line, std::size_t k) {
  std::vector<Candidate> all;
  for (Slot o = 0; o < c.state().offers().size(); ++o) {
    const Judgement j = c.market.ranking().judge(line, o, c.now);
    if (j.eligible()) all.push_back({line, o, j});
  }
  std::stable_sort(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
    return a.judgement.value_micro > b.judgement.value_micro;
  });
  all.resize(std::min(all.size(), k));
  return all;
}

// Every line against every offer of the party; a line once, by its best offer.
std::vector<Candidate> scan_lines(const City& c, Slot party, std::size_t k) {
  const State& s = c.state();
  std::vector<Candidate> all;
  for (Slot l = 0; l < s.line_count(); ++l) {
    std::optional<Candidate> best;
    for (Slot o = 0; o < s.offers().size(); ++o) {
      if (s.offers()[o].party != party) continue;
      const Judgement j = c.market.ranking().judge(l, o, c.now);
      if (j.eligible() && (!best || j.value_micro > best->judgement.value_micro))
        best = Candidate{l, o, j};
    }
    if (best) all.push_back(*best);
  }
  const auto id = [&](const Candidate& x) {
    return std::pair(s.needs()[s.line(x.line).need].id, s.line(x.line).number);
  };
  std::sort(all.begin(), all.end(), [&](const Candidate& a, const Candidate& b) {
    return a.judgement.value_micro != b.judgement.value_micro
               ? a.judgement.value_micro > b.judgement.value_micro
               : id(a) < id(b);
  });
  all.resize(std::min(all.size(), k));
  return all;
}

void expect_same(const State& s, const std::vector<Candidate>& fast,
                 const std::vector<Candidate>& naive, std::uint64_t seed) {
  ASSERT_EQ(fast.size(), naive.size()) << "seed " << seed;
  for (std::size_t i = 0; i < fast.size(); ++i) {
    EXPECT_EQ(fast[i].judgement.value_micro, naive[i].judgement.value_micro)
        << "seed " << seed << " rank " << i;
    EXPECT_EQ(s.offers()[fast[i].offer].id, s.offers()[naive[i].offer].id)
        << "seed " << seed << " rank " << i;
    EXPECT_EQ(fast[i].line, naive[i].line) << "seed " << seed << " rank " << i;
  }
}

// From a tight town to half a continent, and across the date line.
std::vector<Place> random_places(Random& random) {
  std::vector<Place> places;
  const std::int64_t spread = std::int64_t{20'000} << random.below(12);
  const std::int32_t centre = random.chance(10) ? 1'799'000'000 : kLongitude;
  for (int i = 0; i < 8; ++i) {
    Place p;
    p.code = kCommunity + 1 + static_cast<std::uint64_t>(i);
    p.parent = kTown;
    p.level = pb::AREA_LEVEL_COMMUNITY;
    p.name = "社区";
    const std::int64_t longitude = centre + random.between(-spread, spread);
    p.point = {static_cast<std::int32_t>(std::clamp<std::int64_t>(
                   kLatitude + random.between(-spread, spread), -800'000'000, 800'000'000)),
               static_cast<std::int32_t>(
                   longitude > kMaxLongitudeE7 ? longitude - 2LL * kMaxLongitudeE7 : longitude)};
    p.population = 1000;
    p.urban = random.chance(60);
    places.push_back(p);
  }
  return places;
}

pb::Offer changed_at_random(pb::Offer o, Random& random) {
  if (random.chance(10)) o.set_radius_m(static_cast<std::uint32_t>(random.between(0, 2'000'000)));
  if (o.has_time() && random.chance(20)) {
    auto& e = *o.mutable_time()->add_exceptions();
    e.set_date(20'261'125 + static_cast<std::uint32_t>(random.between(0, 5)));
    if (random.chance(50)) e.set_end_minute(1440);
  }
  return o;
}

void add_givers(City& c, const std::vector<Place>& places, Population& population, Random& random) {
  const pb::PartyKind kinds[] = {pb::PARTY_KIND_VOLUNTEER_TEAM, pb::PARTY_KIND_ENTERPRISE,
                                 pb::PARTY_KIND_SOCIAL_ORGANISATION};
  for (int i = 0; i < 60; ++i) {
    Giver g = population.giver(random.pick(kinds), c.now);
    if (random.chance(15)) g.party.add_excluded_area_codes(random.pick(places).code);
    pb::Command r = by(pb::ROLE_LEAD);
    *r.mutable_register_party() = g.party;
    const auto party = c.must(r);
    for (pb::Offer& o : g.offers) {
      o.set_party_id(party);
      c.post(changed_at_random(o, random));
    }
  }
}

Slot random_party(const City& c, Random& random) {
  return static_cast<Slot>(random.below(c.state().parties().size()));
}

// Half the needs are claimed for one of their three best offers.
void post_need(City& c, Population& population, Random& random) {
  pb::Need n = population.need(c.now);
  if (random.chance(20)) n.set_travel_m(static_cast<std::uint32_t>(random.between(0, 40'000)));
  if (random.chance(10))
    n.add_excluded_party_ids(c.state().parties()[random_party(c, random)].id.value());
  const auto id = c.post(n);
  if (random.chance(50)) {
    const Slot need = c.state().needs().find(NeedId{id});
    const auto some = ranking_of(c).candidates(c.state().needs()[need].first_line, 3, c.now);
    if (!some.empty()) c.claim(id, c.state().offers()[random.pick(some).offer].id.value());
  }
}

// A batch whose last command is refused, so that what the others did is undone.
void apply_refused_batch(City& c, Population& population) {
  pb::Command batch = by(pb::ROLE_LEAD);
  *batch.mutable_batch()->add_commands()->mutable_post_need()->mutable_need() =
      population.need(c.now);
  batch.mutable_batch()->add_commands()->mutable_withdraw_offer()->set_offer_id(
      c.state().offers()[0].id.value());
  batch.mutable_batch()->add_commands()->mutable_move_need()->set_need_id(1);
  EXPECT_FALSE(c.apply(batch));
}

// Suspends a party, or makes it active again.
void change_standing(City& c, Slot party) {
  const PartyRow& row = c.state().parties()[party];
  pb::Command stand = by(pb::ROLE_LEAD);
  stand.mutable_set_standing()->set_party_id(row.id.value());
  stand.mutable_set_standing()->set_standing(
      row.standing == pb::STANDING_ACTIVE ? pb::STANDING_SUSPENDED : pb::STANDING_ACTIVE);
  c.must(stand);
}

// A market in a place with every kind of supply, lived in for a while: things change, are
// withdrawn, are taken back.
void random_market(City& c, std::uint64_t seed) {
  Random random(seed);
  const std::vector<Place> places = random_places(random);
  for (const Place& p : places) {
    pb::Command put = by(pb::ROLE_LEAD);
    *put.mutable_put_area() = to_area(p);
    c.must(put);
  }
  // The population refers to it.
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  Population population(places, zone, seed);
  pb::Policy policy = c.policy();
  policy.mutable_value()->set_equity_alpha_milli(
      static_cast<std::uint32_t>(random.between(0, 3000)));
  c.set(policy);
  add_givers(c, places, population, random);
  for (int i = 0; i < 120; ++i) {
    post_need(c, population, random);
    if (random.chance(5)) c.now += Seconds{3600};
    if (random.chance(5)) apply_refused_batch(c, population);
    if (random.chance(4)) change_standing(c, random_party(c, random));
  }
  c.wait_until(c.now + Seconds{random.between(0, 40 * 3600)});
}

TEST(Ranking, EqualsTheNaiveScanOnRandomMarkets) {
  std::size_t pairs = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    City c;
    random_market(c, seed);
    const State& s = c.state();
    for (Slot l = 0; l < s.line_count(); ++l) {
      const std::size_t k = 1 + l % 20;
      const auto naive = scan(c, l, k);
      pairs += naive.size();
      expect_same(s, ranking_of(c).candidates(l, k, c.now), naive, seed);
      const auto count = ranking_of(c).count(s.needs()[s.line(l).need], s.line(l), c.now);
      EXPECT_EQ(count.offers, scan(c, l, kMaxCounted).size()) << "seed " << seed;
    }
    for (Slot p = 0; p < s.parties().size(); ++p) {
      const auto naive = scan_lines(c, p, 1 + p % 20);
      pairs += naive.size();
      expect_same(s, ranking_of(c).open_lines(p, 1 + p % 20, c.now), naive, seed);
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(pairs, 10'000U);
}

// The offers of `scan` except those of parties that refused the line, by its matches.
std::vector<Candidate> scan_proposable(const City& c, Slot line, std::size_t k) {
  const State& s = c.state();
  std::vector<Candidate> kept;
  for (const Candidate& candidate : scan(c, line, s.offers().size())) {
    bool refused = false;
    for (Slot m = 0; m < s.matches().size(); ++m) {
      const pb::Match match = s.load_match(m);
      if (s.matches()[m].line != line) continue;
      if (match.party_id() != s.parties()[s.offers()[candidate.offer].party].id.value()) continue;
      refused = refused || match.state() == pb::MATCH_STATE_DECLINED ||
                match.state() == pb::MATCH_STATE_WITHDRAWN ||
                match.state() == pb::MATCH_STATE_NO_SHOW ||
                (match.state() == pb::MATCH_STATE_LAPSED && match.was_dispatched());
    }
    if (!refused) kept.push_back(candidate);
  }
  kept.resize(std::min(kept.size(), k));
  return kept;
}

TEST(Ranking, ProposesWhatTheNaiveScanDoesButForWhoeverRefused) {
  std::size_t left_out = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    City c;
    random_market(c, seed);
    const State& s = c.state();
    Random random(seed);
    for (Slot m = 0; m < s.matches().size(); ++m) {
      const bool promised = s.matches()[m].state == pb::MATCH_STATE_ACCEPTED;
      if (!promised || random.chance(50)) continue;
      EXPECT_EQ(code_of(c.move(s.matches()[m].id.value(), pb::MATCH_VERB_WITHDRAW)), "");
    }
    for (Slot l = 0; l < s.line_count(); ++l) {
      const auto naive = scan_proposable(c, l, 10);
      expect_same(s, ranking_of(c).proposable(l, 10, c.now), naive, seed);
      left_out +=
          scan(c, l, s.offers().size()).size() - scan_proposable(c, l, s.offers().size()).size();
    }
    if (testing::Test::HasFatalFailure()) return;
  }
  EXPECT_GT(left_out, 20U);
}

TEST(Refused, APartyIsNotAskedAgainForTheLineWithAnyOfItsOffers) {
  City c;
  pb::Policy p = c.policy();
  p.set_redispatch(false);
  c.set(p);
  const auto team = c.team("甲队");
  const auto o = c.post(offer(team).people(9));
  c.post(offer(team).people(4));
  const auto n = c.post(need().people(2));
  const auto other = c.post(need().people(2).on(hours(81, 84)));
  const auto line = [&](std::uint64_t id) {
    return c.state().line_of(c.state().needs().find(NeedId{id}), 1);
  };
  const auto proposed = [&](std::uint64_t id) {
    return ranking_of(c).proposable(line(id), 10, c.now).size();
  };
  EXPECT_EQ(proposed(n), 2U);
  const auto m = c.dispatch(n, o);
  EXPECT_EQ(code_of(c.move(m, pb::MATCH_VERB_DECLINE)), "");
  EXPECT_EQ(proposed(n), 0U);
  EXPECT_EQ(proposed(other), 2U);
  EXPECT_EQ(bundle(ranking_of(c), c.state().needs().find(NeedId{n}), c.now).parts_size(), 0);
  // A person still sees it, with the reason, and may name it.
  const auto seen = ranking_of(c).candidates(line(n), 10, c.now);
  ASSERT_EQ(seen.size(), 2U);
  const NeedRow& row = c.state().needs()[c.state().needs().find(NeedId{n})];
  const auto pair = to_ranked_pair(ranking_of(c), row, c.state().line(line(n)), seen.front(), 1);
  EXPECT_NE(pair.explanation().zh().find("指定派给它"), std::string::npos);
  const auto e = explain(ranking_of(c), line(n), seen.front().offer, c.now);
  EXPECT_TRUE(e.eligible());
  EXPECT_NE(e.en().find("not asked again automatically"), std::string::npos);
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_DISPATCHED, n, o)), "");
}

TEST(Refused, ADispatchThatLapsesCountsAndAProposalThatLapsesDoesNot) {
  City c;
  pb::Policy p = c.policy();
  p.set_redispatch(false);
  c.set(p);
  const auto asked = c.post(offer(c.team("甲队")).people(2));
  const auto proposed = c.post(offer(c.team("乙队")).people(2));
  const auto n = c.post(need().people(4).on(hours(24 * 20, 24 * 20 + 3)));
  c.dispatch(n, asked);
  EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_PROPOSED, n, proposed)), "");
  c.wait_until(at(24 * 15));
  const Slot line = c.state().line_of(c.state().needs().find(NeedId{n}), 1);
  for (Slot m = 0; m < c.state().matches().size(); ++m) {
    EXPECT_EQ(c.state().matches()[m].state, pb::MATCH_STATE_LAPSED);
  }
  const auto left = ranking_of(c).proposable(line, 10, c.now);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(c.state().offers()[left.front().offer].id.value(), proposed);
}

// A restart makes the index of everything at once. What changes afterwards changes it as it would
// have changed the one before.
TEST(Ranking, IsTheSameAfterARestart) {
  std::size_t pairs = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    City c;
    random_market(c, seed);
    RankedMarket again;
    ASSERT_TRUE(reload(c.state(), again));
    Random random(seed);
    for (int round = 0; round < 3; ++round) {
      const auto& after = again.ranking();
      for (Slot n = 0; n < c.state().needs().size(); ++n) {
        for (std::uint32_t number = 1; number <= c.state().needs()[n].line_count; ++number) {
          const auto before = ranking_of(c).candidates(c.state().line_of(n, number), 10, c.now);
          const auto found = after.candidates(again.state().line_of(n, number), 10, c.now);
          ASSERT_EQ(found.size(), before.size()) << "seed " << seed << " round " << round;
          for (std::size_t i = 0; i < found.size(); ++i) {
            EXPECT_EQ(found[i].offer, before[i].offer) << "seed " << seed << " round " << round;
            EXPECT_EQ(found[i].judgement.value_micro, before[i].judgement.value_micro);
          }
          pairs += found.size();
        }
      }
      for (Slot p = 0; p < c.state().parties().size(); ++p) {
        const auto before = ranking_of(c).open_lines(p, 10, c.now);
        const auto found = after.open_lines(p, 10, c.now);
        ASSERT_EQ(found.size(), before.size()) << "seed " << seed << " round " << round;
        for (std::size_t i = 0; i < found.size(); ++i) {
          EXPECT_EQ(again.state().line(found[i].line).need, c.state().line(before[i].line).need)
              << "seed " << seed << " round " << round;
          EXPECT_EQ(found[i].offer, before[i].offer) << "seed " << seed << " round " << round;
        }
        pairs += found.size();
      }
      for (int i = 0; i < 20; ++i) {
        pb::Command change = by(pb::ROLE_LEAD);
        if (random.chance(50)) {
          change.mutable_withdraw_offer()->set_offer_id(
              c.state()
                  .offers()[static_cast<Slot>(random.below(c.state().offers().size()))]
                  .id.value());
        } else {
          auto& move = *change.mutable_move_need();
          move.set_need_id(c.state()
                               .needs()[static_cast<Slot>(random.below(c.state().needs().size()))]
                               .id.value());
          move.set_verb(pb::NEED_VERB_CANCEL);
          move.set_reason("不需要了");
        }
        EXPECT_EQ(code_of(again.apply(change, c.now)), code_of(c.apply(change)));
      }
    }
  }
  EXPECT_GT(pairs, 10'000U);
}

TEST(Ranking, PrefersTheNearTheReliableAndTheOneMeantForIt) {
  City c;
  const auto far = c.post(offer(c.team("远")).people(5).km_north(6));
  const auto near = c.post(offer(c.team("近")).people(5).km_north(1));
  OfferBuilder meant(c.team("专"));
  meant.people(5).km_north(1)->add_categories("elder_care");
  const auto special = c.post(meant);
  const auto spoilt =
      c.post(offer(c.team("多才")).people(5).km_north(1).skill("law").skill("medicine"));
  const auto n = c.post(need().people(2).km_north(0));
  const auto ranked =
      ranking_of(c).candidates(c.state().line_of(c.state().needs().find(NeedId{n}), 1), 10, c.now);
  std::vector<std::uint64_t> order;
  for (const auto& x : ranked) order.push_back(c.state().offers()[x.offer].id.value());
  EXPECT_EQ(order, (std::vector<std::uint64_t>{special, near, spoilt, far}));
}

TEST(Equity, TheWorseServedCommunityComesFirst) {
  City c;
  pb::Policy p = c.policy();
  p.mutable_value()->set_equity_alpha_milli(2000);
  c.set(p);
  const auto team = c.team("队");
  const auto o = c.post(offer(team).people(50).radius(20'000).km_north(2));
  // One community is served, the other never; both lie two kilometres from the team.
  for (int i = 0; i < 6; ++i) {
    c.claim(c.post(need().people(1).in(kCommunity).km_north(0)), o);
    c.post(need().people(1).in(kOtherCommunity).km_north(4).on(hours(100, 101)));
  }
  const auto served = c.post(need().people(1).in(kCommunity).km_north(0).on(hours(80, 81)));
  const auto neglected = c.post(need().people(1).in(kOtherCommunity).km_north(4).on(hours(80, 81)));
  const auto lines = ranking_of(c).open_lines(c.state().parties().find(PartyId{team}), 20, c.now);
  const auto place = [&](std::uint64_t need) {
    return std::find_if(lines.begin(), lines.end(),
                        [&](const Candidate& x) {
                          return c.state().needs()[c.state().line(x.line).need].id.value() == need;
                        }) -
           lines.begin();
  };
  EXPECT_LT(place(neglected), place(served));
}

TEST(Explain, NamesTheFirstRuleThatExcludesInItsOrder) {
  City c;
  const auto team = c.team();
  const auto n = c.post(need().people(2).skill("haircut").km_north(0));
  const auto why = [&](const pb::Offer& o) {
    const auto id = c.post(o);
    const Slot line = c.state().line_of(c.state().needs().find(NeedId{n}), 1);
    return explain(ranking_of(c), line, c.state().offers().find(OfferId{id}), c.now).rule();
  };
  EXPECT_EQ(why(offer(team).stock("rice", 5)), pb::RULE_KIND_DIFFERS);
  EXPECT_EQ(why(offer(team).people(5).weekly(1, 8, 9)), pb::RULE_SKILL_MISSING);
  EXPECT_EQ(why(offer(team).people(5).skill("haircut").weekly(1, 8, 9)), pb::RULE_NOT_AVAILABLE);
  EXPECT_EQ(why(offer(team).people(5).skill("haircut").km_north(30)), pb::RULE_TOO_FAR);
  EXPECT_EQ(why(offer(team).people(5).skill("haircut")), pb::RULE_UNSPECIFIED);
  const auto m = c.post(need().professionals(1).certificate("social_worker", 2));
  const Slot line = c.state().line_of(c.state().needs().find(NeedId{m}), 1);
  const auto cert = [&](const pb::Offer& o) {
    return explain(ranking_of(c), line, c.state().offers().find(OfferId{c.post(o)}), c.now).rule();
  };
  EXPECT_EQ(cert(offer(team).time(pb::TIME_KIND_PROFESSIONAL, 1).certificate("social_worker", 1)),
            pb::RULE_CERTIFICATE_MISSING);
  EXPECT_EQ(cert(offer(team)
                     .time(pb::TIME_KIND_PROFESSIONAL, 1)
                     .certificate("social_worker", 2, to_int(at(58)))),
            pb::RULE_CERTIFICATE_EXPIRED);
  EXPECT_EQ(cert(offer(team).time(pb::TIME_KIND_PROFESSIONAL, 1).certificate("social_worker", 3)),
            pb::RULE_UNSPECIFIED);
}

// The place of a need is known to a cell only, so whoever collects nearby is near enough.
TEST(Explain, WhatIsToBeCollectedIsForWhoIsThere) {
  City c;
  const auto team = c.team();
  const auto near = [&](double km) {
    pb::Offer rice = offer(team).stock("rice", 50).km_north(km);
    rice.mutable_stock()->set_handover(pb::HANDOVER_COLLECT);
    const auto o = c.state().offers().find(OfferId{c.post(rice)});
    const auto n = c.post(need().stock("rice", 5).km_north(km));
    const Slot line = c.state().line_of(c.state().needs().find(NeedId{n}), 1);
    const Slot here = c.state().line_of(
        c.state().needs().find(NeedId{c.post(need().stock("rice", 5).km_north(km + 1))}), 1);
    EXPECT_EQ(explain(ranking_of(c), here, o, c.now).rule(), pb::RULE_TOO_FAR) << km;
    EXPECT_EQ(explain(ranking_of(c), line, o, c.now).rule(), pb::RULE_UNSPECIFIED) << km;
    const auto found = ranking_of(c).candidates(line, 50, c.now);
    return std::any_of(found.begin(), found.end(),
                       [&](const Candidate& x) { return x.offer == o; });
  };
  for (const double km : {0.0, 0.05, 0.13, 0.21}) EXPECT_TRUE(near(km)) << km;
}

TEST(Explain, TheFactorsMultiplyToTheValueAndSpeakBothLanguages) {
  City c;
  const auto n = c.post(need().people(2).km_north(0).urgent(pb::URGENCY_URGENT));
  const auto o = c.post(offer(c.team()).people(5).km_north(3));
  const auto e = explain(ranking_of(c), c.state().line_of(c.state().needs().find(NeedId{n}), 1),
                         c.state().offers().find(OfferId{o}), c.now);
  ASSERT_EQ(e.factors_size(), 7);
  __int128 value = 1'000'000;
  for (const auto& f : e.factors()) {
    value = value * f.micro() / 1'000'000;
    EXPECT_FALSE(f.zh().empty());
    EXPECT_FALSE(f.en().empty());
  }
  EXPECT_EQ(static_cast<std::int64_t>(value), e.value_micro());
  EXPECT_EQ(e.factors(2).en(), "2.9 km away (×0.57)");
  EXPECT_EQ(e.factors(0).zh(), "紧急需求（×1.50）");
}

// Money is counted in fen, and no sentence says so.
TEST(Explain, SaysMoneyInYuanAndDistanceInItsLanguage) {
  City c;
  const auto n = c.post(need().stock("funds", 8850).km_north(0));
  const auto o = c.post(offer(c.team()).stock("funds", 100'000, 5025).km_north(3));
  const Slot line = c.state().line_of(c.state().needs().find(NeedId{n}), 1);
  const auto e = explain(ranking_of(c), line, c.state().offers().find(OfferId{o}), c.now);
  ASSERT_EQ(e.factors_size(), 7);
  EXPECT_TRUE(e.factors(6).zh().starts_with("还缺88.50元，共需88.50元")) << e.factors(6).zh();
  EXPECT_TRUE(e.factors(6).en().starts_with("88.50 yuan of 88.50 yuan still missing"));
  EXPECT_TRUE(e.factors(2).zh().starts_with("相距2.9公里")) << e.factors(2).zh();
  const auto little = c.make(pb::MATCH_STATE_CLAIMED, n, o, 1000);
  ASSERT_FALSE(little);
  EXPECT_EQ(little.error().zh(), "数量过少，最少50.25元");
  EXPECT_EQ(little.error().en(), "quantity too small: at least 50.25 yuan");
  const auto much = c.make(pb::MATCH_STATE_CLAIMED, n, o, 9000);
  ASSERT_FALSE(much);
  EXPECT_EQ(much.error().zh(), "数量过多，目前最多88.50元");
  pb::Command post = by(pb::ROLE_LEAD);
  *post.mutable_post_need()->mutable_need() = need().stock("funds", 0);
  const auto none = c.apply(post);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().zh(), "数值超出范围，应为0.01元..10000000元");
}

TEST(Explain, APairSaysWhatItsLineStillLacks) {
  City c;
  const auto n = c.post(need().people(5));
  c.claim(n, c.post(offer(c.team()).people(2)), 2);
  const auto o = c.post(offer(c.team("二队")).people(9));
  const Slot slot = c.state().needs().find(NeedId{n});
  const Slot line = c.state().line_of(slot, 1);
  const auto candidates = ranking_of(c).candidates(line, 5, c.now);
  ASSERT_EQ(candidates.size(), 1U);
  const auto pair = to_ranked_pair(ranking_of(c), c.state().needs()[slot], c.state().line(line),
                                   candidates.front(), 1);
  EXPECT_EQ(pair.offer_id(), o);
  EXPECT_EQ(pair.missing(), 3);
  EXPECT_EQ(pair.explanation().available(), 3);
}

TEST(Preview, SaysWhatWouldHelp) {
  City c;
  for (int i = 0; i < 3; ++i) c.post(offer(c.team("周六队")).people(2).weekly(6, 8, 18));
  c.post(offer(c.team("平日队")).people(2).weekly(4, 8, 18));
  const pb::Need form = need().people(4);  // Thursday 9 to 12
  Preview preview(ranking_of(c), form, 0, c.now);
  for (std::size_t i = 0; i < preview.steps(); ++i) preview.add(i);
  const auto picture = preview.finish();
  ASSERT_EQ(picture.lines_size(), 1);
  EXPECT_EQ(picture.lines(0).parties(), 1U);
  EXPECT_EQ(picture.lines(0).units(), 2);
  EXPECT_FALSE(picture.lines(0).enough());
  ASSERT_GE(picture.lines(0).changes_size(), 1);
  EXPECT_EQ(picture.lines(0).changes(0).code(), "saturday");
  EXPECT_EQ(picture.lines(0).changes(0).zh(), "改在周六：3家能来，现在1家");
  EXPECT_EQ(picture.lines(0).changes(0).en(), "on Saturday: 3 parties instead of 1");
  EXPECT_EQ(picture.lines(0).changes(0).window().start(), to_int(at(57 + 48)));
}

TEST(Bundle, TakesFromAllThreeSidesAndKeepsTheRatio) {
  City c;
  const auto workers = c.post(offer(c.party(pb::PARTY_KIND_SOCIAL_ORGANISATION, "社工中心"))
                                  .time(pb::TIME_KIND_PROFESSIONAL, 1)
                                  .certificate("social_worker", 2));
  const auto rice = c.post(offer(c.party(pb::PARTY_KIND_ENTERPRISE, "企业")).stock("rice", 500));
  const auto team = c.post(offer(c.team()).people(30));
  NeedBuilder b;
  b.people(20)
      .professionals(2)
      .certificate("social_worker", 1)
      .stock("rice", 100)
      ->set_volunteers_per_professional(10);
  const auto n = c.post(b);
  auto suggestion = bundle(ranking_of(c), c.state().needs().find(NeedId{n}), c.now);
  EXPECT_FALSE(suggestion.complete());
  EXPECT_TRUE(suggestion.held_back_by_ratio());
  EXPECT_EQ(suggestion.volunteers(), 10);
  c.post(offer(c.party(pb::PARTY_KIND_SOCIAL_ORGANISATION, "另一中心"))
             .time(pb::TIME_KIND_PROFESSIONAL, 1)
             .certificate("social_worker", 1));
  suggestion = bundle(ranking_of(c), c.state().needs().find(NeedId{n}), c.now);
  EXPECT_TRUE(suggestion.complete());
  EXPECT_EQ(suggestion.parts_size(), 4);
  // What it suggests can be done.
  for (const auto& part : suggestion.parts()) {
    EXPECT_EQ(code_of(c.make(pb::MATCH_STATE_DISPATCHED, n, part.offer_id(), part.quantity(),
                             part.line())),
              "");
  }
  EXPECT_EQ(c.state().matches().size(), 4U);
  (void)workers, (void)rice, (void)team;
}

}  // namespace
}  // namespace qiao
