// What the console asks that nobody else does: counts, trials, codes of places, calendars.
#include <gtest/gtest.h>

#include "engine/rows/invariants.h"
#include "qiao/v1/report.pb.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

TEST(Reports, AnOrganiserIsGivenItsOwnAreaAndNoOther) {
  Towns t;
  const auto of = [&](const std::string& target) {
    pb::Overview o;
    const Response r = t.send("GET", target, "", {.token = t.tokens["organiser"]});
    EXPECT_EQ(r.status, 200U) << r.body;
    EXPECT_TRUE(from_json(r.body, o));
    return o;
  };
  EXPECT_EQ(of("/v1/overview").area_code(), 341881001000U);
  EXPECT_EQ(of("/v1/overview?area=341881001001").area_code(), 341881001001U);
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/overview?area=341881002000", "",
                             {.token = t.tokens["organiser"]})),
            "403 role.not_yours actor.partyId");
  EXPECT_EQ(t.get<pb::Overview>("/v1/overview").waiting_size(), 2);
}

TEST(Reports, RefuseWithTheField) {
  Towns t;
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/overview?days=0")), "400 value.out_of_range days");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/overview?area=7")), "400 area.unknown area");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/reports?by=colour")), "400 value.out_of_range by");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/reports?from=10&to=10")), "400 window.order to");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/recognition?limit=51")), "400 value.out_of_range limit");
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/parties/999999/record")), "404 not_found id");
  EXPECT_EQ(
      t.code_of(t.send("POST", "/v1/policy:try", R"({"policy":{"timeZone":"Mars/Olympus"}})")),
      "400 policy.time_zone policy.timeZone");
}

TEST(Reports, ComeInPagesOfOneCount) {
  Towns t;
  const pb::Report whole = t.get<pb::Report>("/v1/reports?by=area");
  ASSERT_EQ(whole.rows_size(), 2);
  EXPECT_TRUE(whole.next_page_token().empty());
  const pb::Report first = t.get<pb::Report>("/v1/reports?by=area&pageSize=1");
  ASSERT_EQ(first.rows_size(), 1);
  // What is posted meanwhile is of the next count.
  EXPECT_EQ(t.send("POST", "/v1/needs", Towns::need_of(t.own, "")).status, 201U);
  const std::string next = "&pageSize=1&pageToken=" + first.next_page_token();
  const pb::Report second = t.get<pb::Report>("/v1/reports?by=area" + next);
  ASSERT_EQ(second.rows_size(), 1);
  EXPECT_TRUE(second.next_page_token().empty());
  EXPECT_EQ(first.rows(0).code(), whole.rows(0).code());
  EXPECT_EQ(second.rows(0).code(), whole.rows(1).code());
  EXPECT_EQ(second.total().needs(), whole.total().needs());
  const auto refused = [&](const std::string& target, const char* role) {
    return t.code_of(t.send("GET", target, "", {.token = t.tokens[role]}));
  };
  EXPECT_EQ(refused("/v1/reports?by=month" + next, "lead"), "409 page.gone pageToken");
  EXPECT_EQ(refused("/v1/reports?by=area" + next, "organiser"), "409 page.gone pageToken");
  EXPECT_EQ(refused("/v1/reports?by=area&pageToken=7", "lead"), "400 value.wrong_type pageToken");
  EXPECT_EQ(refused("/v1/equity?pageToken=1.99", "lead"), "409 page.gone pageToken");
  EXPECT_EQ(refused("/v1/workforce?pageToken=1.99", "lead"), "409 page.gone pageToken");
}

TEST(Reports, PagesOfOneAccountDisplaceNobodyElses) {
  Towns t;
  const std::string target = "/v1/reports?by=area&pageSize=1";
  const auto token = t.get<pb::Report>(target).next_page_token();
  for (const char* login : {"one", "two", "three"}) {
    const std::string other = t.token_of(t.account(pb::ROLE_LEAD, login));
    for (int i = 0; i < 20; ++i)
      EXPECT_EQ(t.send("GET", target, "", {.token = other}).status, 200U);
  }
  EXPECT_EQ(t.get<pb::Report>(target + "&pageToken=" + token).rows_size(), 1);
}

TEST(Reports, ATokenIsOfOneQuestionAndOneProcess) {
  Towns t;
  const std::string target = "/v1/reports?by=area&from=0&pageSize=1";
  const auto token = t.get<pb::Report>(target).next_page_token();
  const auto refused = [&](const std::string& asked, const std::string& of) {
    return t.code_of(t.send("GET", asked + "&pageToken=" + of));
  };
  const std::string later = "/v1/reports?by=area&from=1&pageSize=1";
  EXPECT_EQ(refused(later, token), "409 page.gone pageToken");
  const std::string behind_all = "18446744073709551615" + token.substr(token.find('.'));
  EXPECT_EQ(refused(target, behind_all), "400 value.wrong_type pageToken");
  EXPECT_EQ(refused(target, "2" + token.substr(token.find('.'))), "400 value.wrong_type pageToken");
  t.restart();
  EXPECT_FALSE(t.get<pb::Report>(target).next_page_token().empty());
  EXPECT_EQ(refused(target, token), "409 page.gone pageToken");
}

TEST(Reports, TheBoardSaysWhatWasGivenAndNotWhatWasNot) {
  Towns t;
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.match) + ":withdraw",
                   R"({"reason":"没空"})", {.token = t.tokens["supplier"]})
                .status,
            200U);
  const Response r = t.send("GET", "/v1/recognition?kind=volunteer_team", "", {.anonymous = true});
  EXPECT_EQ(r.status, 200U);
  EXPECT_EQ(r.body.find("broken"), std::string::npos);
  EXPECT_EQ(
      t.get<pb::ServiceRecord>("/v1/parties/" + std::to_string(t.own.team) + "/record").broken(),
      1U);
}

TEST(SiteCode, ChecksInWhoeverHasItAndNobodyElseWhereThePolicySaysSo) {
  Towns t;
  const std::string match = "/v1/matches/" + std::to_string(t.own.match) + ":checkIn";
  const auto code = t.get<pb::SiteCode>("/v1/needs/" + std::to_string(t.own.need) + "/site-code");
  const auto other =
      t.get<pb::SiteCode>("/v1/needs/" + std::to_string(t.foreign.need) + "/site-code");
  EXPECT_EQ(code.code().size(), 9U);
  EXPECT_NE(code.code(), other.code());
  EXPECT_EQ(code.url(), "/#/check-in/" + std::to_string(t.own.need) + "/" + code.code());
  pb::Policy policy = t.runtime->state().policy();
  policy.set_check_in_by_code(true);
  EXPECT_EQ(t.send("PUT", "/v1/policy", to_json(policy)).status, 200U);
  t.now = at(57);
  const auto as = [&](const char* role) { return RequestHeaders{.token = t.tokens[role]}; };
  EXPECT_EQ(t.code_of(t.send("POST", match, "", as("supplier"))),
            "400 match.site_code_needed code");
  EXPECT_EQ(t.code_of(t.send("POST", match, R"({"code":""})", as("member"))),
            "400 match.site_code_needed code");
  EXPECT_EQ(t.code_of(t.send("POST", match, R"({"code":")" + other.code() + "\"}", as("supplier"))),
            "400 match.site_code code");
  // Nobody says for himself that he is there.
  const std::string claims = R"({"commands":[{"moveMatch":{"matchId":")" +
                             std::to_string(t.own.match) +
                             R"(","verb":"MATCH_VERB_CHECK_IN","atSite":true}}]})";
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/batch", claims, as("supplier"))),
            "400 request.not_allowed commands[0].moveMatch.atSite");
  // As people type it.
  std::string typed = code.code();
  typed[4] = ' ';
  for (char& c : typed) c = c == '0' ? 'o' : c == '1' ? 'l' : static_cast<char>(std::tolower(c));
  EXPECT_EQ(t.send("POST", match, R"({"code":")" + typed + "\"}", as("supplier")).status, 200U);
  EXPECT_TRUE(t.get<pb::Match>("/v1/matches/" + std::to_string(t.own.match)).at_site());
  // The same after a restart.
  t.restart();
  EXPECT_EQ(t.get<pb::SiteCode>("/v1/needs/" + std::to_string(t.own.need) + "/site-code").code(),
            code.code());
  EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
}

TEST(SiteCode, AnOrganiserChecksInByHand) {
  Towns t;
  pb::Policy policy = t.runtime->state().policy();
  policy.set_check_in_by_code(true);
  EXPECT_EQ(t.send("PUT", "/v1/policy", to_json(policy)).status, 200U);
  t.now = at(57);
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.match) + ":checkIn", "",
                   {.token = t.tokens["organiser"]})
                .status,
            200U);
  EXPECT_FALSE(t.get<pb::Match>("/v1/matches/" + std::to_string(t.own.match)).at_site());
}

TEST(Reports, ATeamsListTellsAPlaceAndNotADoor) {
  Towns t;
  const std::string exact = R"(,"point":{"latitudeE7":306271234,"longitudeE7":1189834567})";
  t.id_of(t.send("POST", "/v1/needs", Towns::need_of(t.own, exact)));
  pb::RankedPairs pairs;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/parties/" + std::to_string(t.own.team) + "/open-lines",
                               "", {.token = t.tokens["supplier"]})
                            .body,
                        pairs));
  bool there = false;
  for (const auto& pair : pairs.pairs()) {
    EXPECT_EQ(pair.point().latitude_e7() % 100'000, 0);
    EXPECT_EQ(pair.point().longitude_e7() % 100'000, 0);
    there = there || (pair.point().latitude_e7() == 306'300'000 &&
                      pair.point().longitude_e7() == 1'189'800'000);
    EXPECT_FALSE(pair.area_name().empty());
    EXPECT_EQ(pair.requirement().quantity(), 50);
  }
  EXPECT_TRUE(there);
}

TEST(Calendar, TakesATokenFromItsAddressAndNothingElseDoes) {
  Towns t;
  const std::string secret = t.token_of(t.own.account, {"getCalendar"});
  const std::string party = std::to_string(t.own.team);
  const Response r =
      t.send("GET", "/v1/parties/" + party + "/calendar?token=" + secret, "", {.anonymous = true});
  EXPECT_EQ(r.status, 200U);
  EXPECT_NE(r.body.find("SUMMARY:陪老人 ×2"), std::string::npos) << r.body;
  EXPECT_EQ(
      t.send("GET", "/v1/parties/" + party + "/calendar?token=qiao_wrong", "", {.anonymous = true})
          .status,
      401U);
  EXPECT_EQ(
      t.send("GET", "/v1/parties/" + std::to_string(t.foreign.team) + "/calendar?token=" + secret,
             "", {.anonymous = true})
          .status,
      403U);
  EXPECT_EQ(t.send("GET", "/v1/inbox?token=" + secret, "", {.anonymous = true}).status, 401U);
  EXPECT_EQ(t.send("GET", "/v1/inbox", "", {.token = secret}).status, 403U)
      << "it is for the calendar alone";
}

TEST(PolicyTrial, ComparesWithThePolicyInForceAndChangesNothing) {
  Towns t;
  const Seq before = t.runtime->applied_seq();
  pb::Policy policy = t.runtime->state().policy();
  policy.mutable_value()->set_equity_alpha_milli(2000);
  t.now = at(30);
  const Response r =
      t.send("POST", "/v1/policy:try", R"({"days":7,"policy":)" + to_json(policy) + "}");
  ASSERT_EQ(r.status, 200U) << r.body;
  pb::PolicyTrial trial;
  ASSERT_TRUE(from_json(r.body, trial));
  EXPECT_EQ(trial.needs(), 2U);
  EXPECT_EQ(trial.taken_milli(), 1000U);
  EXPECT_EQ(trial.before().needs_filled(), 2U);
  EXPECT_EQ(trial.communities_size(), 2);
  EXPECT_EQ(t.runtime->applied_seq(), before);
}

}  // namespace
}  // namespace qiao
