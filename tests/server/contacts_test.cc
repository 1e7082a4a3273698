// How many contacts and exact places a team sees, and that those who look are known.
#include <gtest/gtest.h>

#include <set>

#include "engine/base/random.h"
#include "server/access/view.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

// Two contacts a day.
struct Collector : Towns {
  Collector()
      : Towns({.writes_per_second = 0,
               .time_share = 0,
               .log_ins_per_minute = 0,
               .contacts_per_day = 2}) {}

  Response as(const char* role, const std::string& target, const std::string& body = {}) {
    return send("POST", target, body, {.token = tokens.at(role)});
  }
  std::string open_need() {
    return std::to_string(id_of(as("organiser", "/v1/needs", need_of(own, ""))));
  }
  Response claim(const std::string& need) {
    return as("supplier", "/v1/matches:claim",
              R"({"needId":")" + need + R"(","offerId":")" + std::to_string(own.people) +
                  R"(","quantity":"1"})");
  }
  // A need at exactly that place.
  std::string open_need(Point exact) {
    const std::string point = R"(,"point":{"latitudeE7":)" + std::to_string(exact.latitude_e7) +
                              R"(,"longitudeE7":)" + std::to_string(exact.longitude_e7) + "}";
    return std::to_string(id_of(as("organiser", "/v1/needs", need_of(own, point))));
  }
  template <class Message>
  Message seen_by_the_team(const std::string& target) {
    const Response r = send("GET", target, "", {.token = tokens.at("supplier")});
    EXPECT_EQ(r.status, 200U) << r.body;
    Message seen;
    EXPECT_TRUE(from_json(r.body, seen)) << r.body;
    return seen;
  }
  void move_offer(Point to, std::uint32_t radius_m) {
    const std::string target = "/v1/offers/" + std::to_string(own.people);
    pb::Offer offer = get<pb::Offer>(target);
    offer.mutable_point()->set_latitude_e7(to.latitude_e7);
    offer.mutable_point()->set_longitude_e7(to.longitude_e7);
    offer.set_radius_m(radius_m);
    const Response r = send("PUT", target, to_json(offer), {.token = tokens.at("supplier")});
    EXPECT_EQ(r.status, 200U) << r.body;
  }
  // The team's list has a pair for each line; empty where the need is not in it.
  static std::string in_list(const pb::RankedPairs& pairs, const std::string& need) {
    for (pb::RankedPair pair : pairs.pairs()) {
      if (std::to_string(pair.need_id()) != need) continue;
      pair.clear_need_id();
      pair.clear_rank();
      pair.mutable_explanation()->clear_need_id();
      return to_json(pair);
    }
    return {};
  }
  std::string explained(const std::string& need) {
    auto seen = seen_by_the_team<pb::Explanation>("/v1/explanations?need=" + need +
                                                  "&offer=" + std::to_string(own.people));
    EXPECT_GT(seen.distance_m(), 0);
    seen.clear_need_id();
    return to_json(seen);
  }
  std::string look(const std::string& need) {
    const Response r = as("supplier", "/v1/needs/" + need + ":reveal");
    return r.status == 200 ? "shown" : code_of(r);
  }
  std::string reveal_part(const std::string& need) {
    return R"({"disclose":{"subject":"SUBJECT_KIND_NEED","subjectId":")" + need +
           R"(","purpose":"DISCLOSURE_PURPOSE_REVEAL"}})";
  }
  pb::ListDisclosuresResponse looks(const std::string& need, const char* role,
                                    const std::string& query = {}) {
    wait_for(runtime->applied_seq());
    const Response r =
        send("GET", "/v1/needs/" + need + "/disclosures" + query, "", {.token = tokens.at(role)});
    pb::ListDisclosuresResponse seen;
    EXPECT_TRUE(from_json(r.body, seen)) << r.body;
    return seen;
  }
};

TEST(AttackContacts, ATeamSeesSoManyADayHoweverItAsks) {
  Collector t;
  std::vector<std::string> needs;
  for (int i = 0; i < 4; ++i) needs.push_back(t.open_need());
  // Who is asked by the organiser has not chosen what it sees.
  for (const std::string& need : needs) {
    const std::string dispatch = R"({"needId":")" + need + R"(","offerId":")" +
                                 std::to_string(t.own.people) + R"(","quantity":"1"})";
    const std::uint64_t match = t.id_of(t.as("organiser", "/v1/matches:dispatch", dispatch));
    const std::string accept = "/v1/matches/" + std::to_string(match) + ":accept";
    ASSERT_EQ(t.as("supplier", accept).status, 200U);
  }
  const std::string elsewhere = std::to_string(t.foreign.need);
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(t.look(elsewhere), "403 personal.not_serving id") << "a refusal counts nothing";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(t.look(needs[0]), "shown") << "a need counts once a day";
  EXPECT_EQ(t.look(needs[1]), "shown");
  EXPECT_EQ(t.look(needs[2]), "429 rate.limited");
  EXPECT_EQ(t.look(needs[0]), "shown") << "what it has seen it sees";
  const std::string batch = R"({"commands":[)" + t.reveal_part(needs[2]) + "]}";
  EXPECT_EQ(t.as("supplier", "/v1/batch", batch).status, 429U) << "nor in a batch";
  const std::string branch = std::to_string(t.id_of(t.send(
      "POST", "/v1/parties",
      R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"分队","parentId":")" +
          std::to_string(t.own.team) + R"(","areaCode":")" + std::to_string(t.own.area) + "\"}")));
  const std::string offer = std::to_string(t.id_of(
      t.send("POST", "/v1/offers",
             R"({"partyId":")" + branch +
                 R"(","title":"志愿者","time":{"kind":"TIME_KIND_PEOPLE","capacity":"9"}})")));
  const std::string claim = R"({"needId":")" + needs[3] + R"(","offerId":")" + offer + "\"}";
  const RequestHeaders as_branch{.actor = "supplier/" + branch, .token = t.tokens.at("supplier")};
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/matches:claim", claim, as_branch)), "429 rate.limited")
      << "nor in the name of a branch";
  for (const std::string& need : needs)
    EXPECT_EQ(t.as("organiser", "/v1/needs/" + need + ":reveal").status, 200U)
        << "who looks after it is not a team";
}

// Each claim shows an exact place.
TEST(AttackContacts, WhoHasClaimedSoManyClaimsNoMore) {
  Collector t;
  EXPECT_EQ(t.claim(t.open_need()).status, 201U);
  const std::string second = t.open_need();
  EXPECT_EQ(t.claim(second).status, 201U);
  EXPECT_EQ(t.look(second), "shown") << "a need counts once";
  EXPECT_EQ(t.code_of(t.claim(t.open_need())), "429 rate.limited");
}

TEST(AttackContacts, WhoClaimsAndWithdrawsClaimsNoMore) {
  Collector t;
  for (int i = 0; i < 2; ++i) {
    const std::string match = std::to_string(t.id_of(t.claim(t.open_need())));
    EXPECT_EQ(t.as("supplier", "/v1/matches/" + match + ":withdraw", R"({"reason":"没空"})").status,
              200U);
  }
  const std::string need = t.open_need();
  EXPECT_EQ(t.code_of(t.claim(need)), "429 rate.limited");
  const std::string kept = "/v1/matches/" + std::to_string(t.own.match);
  EXPECT_EQ(t.as("supplier", kept + ":withdraw", R"({"reason":"没空"})").status, 200U)
      << "nobody is kept from withdrawing";
}

TEST(AttackContacts, ABatchAsksForNoMoreThanADaysNumber) {
  Collector t;
  std::string claims;
  for (int i = 0; i < 3; ++i) {
    claims += (i == 0 ? "" : ",") + (R"({"makeMatch":{"needId":")" + t.open_need()) +
              R"(","offerId":")" + std::to_string(t.own.people) +
              R"(","quantity":"1","how":"MATCH_STATE_CLAIMED"}})";
  }
  const Response r = t.as("supplier", "/v1/batch", R"({"commands":[)" + claims + "]}");
  EXPECT_EQ(t.code_of(r), "429 rate.limited");
  EXPECT_EQ(t.claim(t.open_need()).status, 201U) << "it took nothing";
}

// What it was asked for, and may not look at any more, it does not see by claiming it.
TEST(AttackContacts, WithdrawingOpensNothing) {
  Collector t;
  const std::string need = t.open_need();
  const std::string dispatch = R"({"needId":")" + need + R"(","offerId":")" +
                               std::to_string(t.own.people) + R"(","quantity":"1"})";
  const std::string match =
      "/v1/matches/" + std::to_string(t.id_of(t.as("organiser", "/v1/matches:dispatch", dispatch)));
  EXPECT_EQ(t.as("supplier", match + ":accept").status, 200U);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(t.claim(t.open_need()).status, 201U);
  EXPECT_EQ(t.look(need), "429 rate.limited");
  EXPECT_EQ(t.as("supplier", match + ":withdraw", R"({"reason":"没空"})").status, 200U);
  EXPECT_EQ(t.code_of(t.claim(need)), "429 rate.limited");
}

TEST(AttackContacts, AClaimThatWaitsShowsNoExactPlace) {
  Collector t;
  pb::Policy policy = t.runtime->state().policy();
  policy.set_confirm_claims(true);
  EXPECT_EQ(t.send("PUT", "/v1/policy", to_json(policy)).status, 200U);
  const std::string need = t.open_need();
  const auto seen = [&] {
    pb::Need shown;
    EXPECT_TRUE(from_json(
        t.send("GET", "/v1/needs/" + need, "", {.token = t.tokens.at("supplier")}).body, shown));
    return shown;
  };
  const pb::Need before = seen();
  const std::string match = std::to_string(t.id_of(t.claim(need)));
  EXPECT_EQ(t.get<pb::Match>("/v1/matches/" + match).state(), pb::MATCH_STATE_CLAIMED);
  EXPECT_EQ(seen().point().SerializeAsString(), before.point().SerializeAsString());
  EXPECT_TRUE(seen().contact_phone().empty());
  EXPECT_EQ(t.as("organiser", "/v1/matches/" + match + ":confirm").status, 200U);
  EXPECT_FALSE(seen().contact_phone().empty()) << "now it serves";
}

// Neither a distance nor the edge of a radius tells two places of one cell apart, wherever the
// offer is moved; who serves is shown the exact place.
TEST(AttackContacts, DistancesDoNotTellTheDoor) {
  Collector t;
  constexpr Point kOne{306'256'000, 1'189'830'000};
  constexpr Point kOther{306'264'000, 1'189'836'000};
  EXPECT_GE(distance_metres(kOne, kOther), 100);
  const std::string one = t.open_need(kOne);
  const std::string other = t.open_need(kOther);
  Random random(21);
  const auto near = [&](std::int32_t e7) {
    return e7 + static_cast<std::int32_t>(random.between(-100'000, 100'000));
  };
  std::set<std::string> answers;
  int listed = 0;
  for (int i = 0; i < 60; ++i) {
    const auto radius_m = static_cast<std::uint32_t>(random.between(200, 1500));
    t.move_offer({near(kOne.latitude_e7), near(kOne.longitude_e7)}, radius_m);
    const std::string explanation = t.explained(one);
    EXPECT_EQ(explanation, t.explained(other));
    answers.insert(explanation);
    const auto pairs = t.seen_by_the_team<pb::RankedPairs>(
        "/v1/parties/" + std::to_string(t.own.team) + "/open-lines");
    EXPECT_EQ(Collector::in_list(pairs, one), Collector::in_list(pairs, other));
    listed += Collector::in_list(pairs, one).empty() ? 0 : 1;
  }
  EXPECT_GT(answers.size(), 50U) << "the distance follows the offer";
  EXPECT_GT(listed, 10);
  EXPECT_LT(listed, 50);
  t.move_offer(kOne, 1000);
  EXPECT_EQ(t.claim(other).status, 201U);
  const pb::Point shown = t.seen_by_the_team<pb::Need>("/v1/needs/" + other).point();
  EXPECT_EQ(shown.latitude_e7(), kOther.latitude_e7) << "exact for whoever serves";
  EXPECT_EQ(shown.longitude_e7(), kOther.longitude_e7);
}

// Else the two together would narrow a place further than either.
TEST(AttackContacts, APublicPlaceSaysNothingOfAPlaceWithinItsCell) {
  Random random(5);
  const auto same = [](Point exact) {
    return public_point(exact).SerializeAsString() ==
           public_point(matching_point(exact)).SerializeAsString();
  };
  for (const std::int32_t edge : {50'000, 49'999, -50'000, -49'999, 0, -1})
    EXPECT_TRUE(same({edge, edge})) << edge;
  for (int i = 0; i < 100'000; ++i) {
    const auto latitude = random.between(-kMaxLatitudeE7, kMaxLatitudeE7);
    const auto longitude = random.between(-kMaxLongitudeE7, kMaxLongitudeE7);
    ASSERT_TRUE(same({static_cast<std::int32_t>(latitude), static_cast<std::int32_t>(longitude)}))
        << latitude << " " << longitude;
  }
}

// Also when the team has withdrawn.
TEST(AttackContacts, WhoLooksIsKnownToTheOrganiserAndTheResident) {
  Collector t;
  const std::string need = t.open_need();
  const std::string match = std::to_string(t.id_of(t.claim(need)));
  EXPECT_EQ(t.look(need), "shown");
  EXPECT_EQ(t.as("supplier", "/v1/matches/" + match + ":withdraw", R"({"reason":"改期"})").status,
            200U);
  for (const char* role : {"organiser", "resident", "lead", "auditor"}) {
    const auto seen = t.looks(need, role);
    ASSERT_EQ(seen.entries_size(), 1) << role;
    EXPECT_EQ(seen.entries(0).actor().party_id(), t.own.team);
    EXPECT_EQ(seen.entries(0).time(), to_int(t.now));
    EXPECT_EQ(seen.entries(0).disclosure().fields_size(), 3);
  }
  for (const char* role : {"supplier", "member"}) {
    const Response r =
        t.send("GET", "/v1/needs/" + need + "/disclosures", "", {.token = t.tokens.at(role)});
    EXPECT_EQ(r.status, 403U) << role;
  }
}

// Nothing that happens to the need, and nobody else's look, hides that somebody looked.
TEST(AttackContacts, WhoLookedStaysKnownWhateverHappensSince) {
  Collector t;
  const std::string need = t.open_need();
  EXPECT_EQ(t.as("organiser", "/v1/needs/" + need + ":reveal").status, 200U);
  ASSERT_EQ(t.claim(need).status, 201U);
  const std::string body = to_json(t.get<pb::Need>("/v1/needs/" + need));
  for (int i = 0; i < 6; ++i) {
    std::string many;
    for (int c = 0; c < 200; ++c)
      many += (c == 0 ? "" : ",") + std::string(R"({"updateNeed":)") + body + "}";
    EXPECT_EQ(t.as("organiser", "/v1/batch", R"({"commands":[)" + many + "]}").status, 200U);
  }
  std::string looks;
  for (int c = 0; c < 150; ++c) looks += (c == 0 ? "" : ",") + t.reveal_part(need);
  EXPECT_EQ(t.as("supplier", "/v1/batch", R"({"commands":[)" + looks + "]}").status, 200U);
  int teams = 0;
  int organisers = 0;
  std::string token;
  do {
    const auto page = t.looks(need, "resident", token.empty() ? "" : "?pageToken=" + token);
    for (const auto& entry : page.entries())
      (entry.actor().role() == pb::ROLE_ORGANISER ? organisers : teams) += 1;
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_EQ(teams, 150);
  EXPECT_EQ(organisers, 1);
}

// All that is held of a resident has the contacts of its needs in it.
TEST(AttackContacts, AnExportOfAResidentIsALookAtItsNeeds) {
  Collector t;
  const std::string need = t.open_need();
  EXPECT_EQ(t.as("lead", "/v1/residents/7:export").status, 200U);
  const auto seen = t.looks(need, "resident");
  ASSERT_EQ(seen.entries_size(), 1);
  EXPECT_EQ(seen.entries(0).actor().role(), pb::ROLE_LEAD);
}

// Which command of a batch a result is of, also where one is about several rows.
TEST(AttackContacts, ResultsOfABatchSayWhichCommandTheyAreOf) {
  Collector t;
  const std::string batch =
      R"({"commands":[{"erase":{"subject":"SUBJECT_KIND_RESIDENT","subjectId":"7"}},)"
      R"({"putPerson":{"partyId":")" +
      std::to_string(t.own.team) + R"(","name":"赵六"}}]})";
  const Response r = t.send("POST", "/v1/batch", batch);
  pb::BatchResponse made;
  ASSERT_TRUE(from_json(r.body, made)) << r.body;
  ASSERT_GT(made.results_size(), 2);
  for (const auto& result : made.results()) {
    EXPECT_EQ(result.index(), result.kind() == "person" ? 1U : 0U) << result.kind();
  }
}

}  // namespace
}  // namespace qiao
