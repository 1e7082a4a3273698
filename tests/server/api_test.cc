// What the server answers, without sockets: a real store on a real disk behind it.
#include "server/api/api.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <functional>
#include <set>

#include "engine/rows/invariants.h"
#include "proto/json/json.h"
#include "qiao/v1/clearing.pb.h"
#include "qiao/v1/query.pb.h"
#include "server/runtime/deadline.h"
#include "tests/support/build.h"
#include "tests/support/host.h"
#include "tools/qiao/local.h"
#include "tools/qiao/session.h"
#include "tools/qiao/verbs.h"

namespace qiao {
namespace {

TEST(Api, WalksANeedFromPostedToReviewedAndSurvivesARestart) {
  Host h;
  h.found();
  const auto need = h.id_of(h.send("POST", "/v1/needs", Host::need_body()));
  const auto ranked =
      h.get<pb::RankedPairs>("/v1/needs/" + std::to_string(need) + "/lines/1/candidates");
  ASSERT_EQ(ranked.pairs_size(), 1);
  EXPECT_EQ(ranked.pairs(0).party_name(), "党派我来");
  const auto match = h.id_of(h.send("POST", "/v1/matches:dispatch", h.match_body(need)));
  const std::string m = "/v1/matches/" + std::to_string(match);
  const std::string as_team = "supplier/" + std::to_string(h.team);
  EXPECT_EQ(h.send("POST", m + ":accept", "", {.actor = as_team}).status, 200U);
  h.now = at(57);
  EXPECT_EQ(h.send("POST", m + ":checkIn", "", {.actor = as_team}).status, 200U);
  h.restart();
  EXPECT_EQ(h.get<pb::Match>(m).state(), pb::MATCH_STATE_CHECKED_IN);
  h.now = at(60);
  EXPECT_EQ(h.send("POST", m + ":checkOut", "", {.actor = as_team}).status, 200U);
  EXPECT_EQ(
      h.send("POST", "/v1/needs/" + std::to_string(need) + ":review", R"({"stars":5,"words":"好"})")
          .status,
      200U);
  h.restart();
  EXPECT_EQ(h.get<pb::Need>("/v1/needs/" + std::to_string(need)).state(), pb::NEED_STATE_REVIEWED);
  EXPECT_EQ(h.get<pb::Match>(m).state(), pb::MATCH_STATE_VERIFIED);
}

TEST(Api, RefusesWithStatusCodeAndField) {
  Host h;
  h.found();
  const auto need = h.id_of(h.send("POST", "/v1/needs", Host::need_body()));
  const auto before = h.runtime->applied_seq();
  const auto refused = [&](const std::string& method, const std::string& target,
                           const std::string& body = "", const Host::Headers& headers = {}) {
    return h.code_of(h.send(method, target, body, headers));
  };
  EXPECT_EQ(refused("GET", "/v1/nothing"), "404 http.not_found");
  EXPECT_EQ(refused("GET", "/v1/needs/999999"), "404 not_found id");
  EXPECT_EQ(refused("GET", "/v1/needs/seventeen"), "400 value.wrong_type id");
  EXPECT_EQ(refused("GET", "/v1/needs/99999999999999999999999"), "400 value.wrong_type id");
  EXPECT_EQ(refused("DELETE", "/v1/needs/1"), "405 http.method");
  EXPECT_EQ(refused("GET", "/v1/needs?state=happy"), "400 value.out_of_range state");
  EXPECT_EQ(refused("GET", "/v1/needs?pageSize=501"), "400 value.out_of_range pageSize");
  EXPECT_EQ(refused("GET", "/v1/needs?pageSize=ten"), "400 value.wrong_type pageSize");
  EXPECT_EQ(refused("GET", "/v1/needs?colour=red"), "400 value.unknown_field colour");
  EXPECT_EQ(refused("GET", "/v1/needs?area=5&area=6"), "400 value.duplicate area");
  EXPECT_EQ(refused("GET", "/v1/needs?area=%zz"), "400 request.malformed query");
  EXPECT_EQ(refused("GET", "/v1/needs?pageToken=five"), "400 value.wrong_type pageToken");
  EXPECT_EQ(refused("GET", "/v1/explanations?need=1"), "400 value.required offer");
  EXPECT_EQ(refused("GET", "/v1/policy", "", {.accept = "image/png"}),
            "406 http.not_acceptable Accept");
  EXPECT_EQ(refused("POST", "/v1/needs", "{}", {.type = "text/plain"}),
            "415 http.content_type Content-Type");
  EXPECT_EQ(refused("POST", "/v1/needs", "{"), "400 request.malformed");
  EXPECT_EQ(refused("POST", "/v1/needs", ""), "400 request.malformed");
  EXPECT_EQ(refused("POST", "/v1/needs", Host::need_body("0")),
            "400 value.out_of_range need.lines[0].quantity");
  EXPECT_EQ(refused("POST", "/v1/needs", Host::need_body("9223372036854775808")),
            "400 value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("POST", "/v1/needs", R"({"id":"5"})"), "400 value.not_settable id");
  EXPECT_EQ(refused("POST", "/v1/needs", "\xff\xff", {.type = "application/x-protobuf"}),
            "400 request.malformed");
  EXPECT_EQ(refused("POST", "/v1/needs", Host::need_body(), {.actor = "emperor"}),
            "400 value.out_of_range Qiao-Actor");
  EXPECT_EQ(refused("POST", "/v1/needs", Host::need_body(),
                    {.actor = "supplier/" + std::to_string(h.team)}),
            "403 role.forbidden actor.role");
  EXPECT_EQ(refused("POST", "/v1/needs", Host::need_body(), {.actor = "organiser/77"}),
            "403 role.actor_unknown actor.partyId");
  EXPECT_EQ(refused("PUT", "/v1/policy", "{}", {.if_match = "\"77\""}),
            "412 version.mismatch If-Match");
  for (const char* tag : {"\"1\"", "\"0\"", "\"a\"", "W/\"1\""}) {
    EXPECT_EQ(refused("PUT", "/v1/policy", "{}", {.if_match = tag}),
              "412 version.mismatch If-Match")
        << tag;
  }
  EXPECT_EQ(refused("PUT", "/v1/policy", "{}", {.if_match = "77"}),
            "400 value.wrong_type If-Match");
  EXPECT_EQ(refused("GET", "/v1/needs?pageToken=5"), "400 value.wrong_type pageToken");
  EXPECT_EQ(refused("POST", "/v1/matches:claim", h.match_body(need, ",\"quantity\":\"0\"")),
            "400 value.out_of_range quantity");
  EXPECT_EQ(refused("POST", "/v1/matches:claim", h.match_body(need, ",\"quantity\":\"9\"")),
            "409 match.too_much quantity");
  EXPECT_EQ(refused("POST", "/v1/matches:claim", h.match_body(need, ",\"line\":3")),
            "400 need.unknown_line line");
  EXPECT_EQ(refused("POST", "/v1/needs/" + std::to_string(need) + ":review", R"({"stars":5})"),
            "409 state.wrong needId");
  EXPECT_EQ(refused("POST", "/v1/needs/" + std::to_string(need) + ":cancel", ""),
            "400 value.required reason");
  EXPECT_EQ(refused("POST", "/v1/batch", R"({"commands":[]})"), "400 value.required commands");
  EXPECT_EQ(refused("POST", "/v1/backups", R"({"name":"../../etc"})"),
            "400 value.out_of_range name");
  EXPECT_EQ(refused("POST", "/v1/backups", R"({"name":"x"})", {.actor = "resident/7"}),
            "403 role.forbidden actor.role");
  EXPECT_EQ(h.runtime->applied_seq(), before) << "a refusal has changed something";
}

TEST(Api, AnswersInTheLanguageAskedFor) {
  Host h;
  pb::Problem zh;
  pb::Problem en;
  ASSERT_TRUE(from_json(h.send("GET", "/v1/needs/5", "", {.language = "zh-CN,zh;q=0.9"}).body, zh));
  ASSERT_TRUE(from_json(h.send("GET", "/v1/needs/5", "", {.language = "en"}).body, en));
  EXPECT_EQ(zh.title(), "没有找到需求5");
  EXPECT_EQ(en.title(), "there is no need 5");
}

TEST(Api, SpeaksBinaryProtobuf) {
  Host h;
  h.found();
  pb::Need need;
  ASSERT_TRUE(from_json(Host::need_body(), need));
  const Response r = h.send("POST", "/v1/needs", need.SerializeAsString(),
                            {.accept = "application/x-protobuf", .type = "application/x-protobuf"});
  EXPECT_EQ(r.status, 201U);
  EXPECT_EQ(r.content_type, "application/x-protobuf");
  pb::Need posted;
  ASSERT_TRUE(posted.ParseFromString(r.body));
  EXPECT_EQ(posted.state(), pb::NEED_STATE_OPEN);
  EXPECT_EQ(r.location, "/v1/needs/" + std::to_string(posted.id()));
}

TEST(Api, MediaTypesAndLanguagesHaveNoCase) {
  Host h;
  h.found();
  const RequestHeaders headers{.accept = "Application/X-Protobuf", .type = "application/JSON"};
  const Response r = h.send("POST", "/v1/needs", Host::need_body(), headers);
  EXPECT_EQ(r.status, 201U) << r.body;
  EXPECT_EQ(r.content_type, "application/x-protobuf");
  EXPECT_EQ(h.send("GET", "/v1/policy", "", {.accept = "APPLICATION/*"}).status, 200U);
  const auto title = [&](const std::string& language) {
    pb::Problem p;
    EXPECT_TRUE(from_json(h.send("GET", "/v1/nothing", "", {.language = language}).body, p));
    return p.title() == p.zh();
  };
  EXPECT_TRUE(title("ZH-CN"));
  EXPECT_FALSE(title("EN, zh"));
}

TEST(Api, WhatWasHandedOutBeforeARestoreIsRefused) {
  Host h;
  h.found();
  for (int i = 0; i < 7; ++i) h.send("POST", "/v1/needs", Host::need_body());
  const std::string url = "/v1/parties/" + std::to_string(h.team);
  const std::string old_tag = h.send("GET", url).etag;
  const std::string token = h.get<pb::ListNeedsResponse>("/v1/needs?pageSize=3").next_page_token();
  EXPECT_EQ(h.send("GET", "/v1/needs?pageToken=" + token).status, 200U);
  ASSERT_TRUE(h.store->checkpoint(h.folder / "backup"));
  // As qiao restore does it: the copy in the place of the database.
  h.stop();
  std::filesystem::remove_all(h.folder / "db");
  std::filesystem::rename(h.folder / "backup", h.folder / "db");
  h.start();
  EXPECT_EQ(h.send("GET", url, "", {.if_none_match = old_tag}).status, 200U)
      << "it may be another thing by now";
  const std::string body =
      R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"党派我来","areaCode":"341881001001"})";
  EXPECT_EQ(h.code_of(h.send("PUT", url, body, {.if_match = old_tag})),
            "412 database.restored If-Match");
  EXPECT_EQ(h.code_of(h.send("GET", "/v1/needs?pageToken=" + token)),
            "412 database.restored pageToken");
  EXPECT_EQ(h.send("PUT", url, body, {.if_match = h.send("GET", url).etag}).status, 200U);
}

TEST(Api, EtagsGuardChangesAndSaveTransfers) {
  Host h;
  h.found();
  const Response made = h.send("POST", "/v1/needs", Host::need_body());
  const std::string url = made.location;
  const Response read = h.send("GET", url);
  EXPECT_EQ(read.etag, made.etag);
  EXPECT_EQ(h.send("GET", url, "", {.if_none_match = read.etag}).status, 304U);
  EXPECT_EQ(h.send("PUT", url, Host::need_body("6"), {.if_match = read.etag}).status, 200U);
  EXPECT_EQ(h.code_of(h.send("PUT", url, Host::need_body("7"), {.if_match = read.etag})),
            "412 version.mismatch If-Match");
  EXPECT_EQ(h.get<pb::Need>(url).lines(0).quantity(), 6);
}

TEST(Idempotency, ARepeatedKeyGetsTheFirstAnswerEvenAfterARestart) {
  Host h;
  h.found();
  const Response first = h.send("POST", "/v1/needs", Host::need_body(), {.key = "abc"});
  const auto seq = h.runtime->applied_seq();
  const Response again = h.send("POST", "/v1/needs", Host::need_body(), {.key = "abc"});
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.etag, first.etag);
  EXPECT_EQ(again.location, first.location);
  EXPECT_EQ(h.runtime->applied_seq(), seq);
  h.restart();
  EXPECT_EQ(h.send("POST", "/v1/needs", Host::need_body(), {.key = "abc"}).body, first.body);
  EXPECT_EQ(h.code_of(h.send("POST", "/v1/needs", Host::need_body("6"), {.key = "abc"})),
            "422 idempotency.mismatch Idempotency-Key");
  EXPECT_EQ(
      h.code_of(h.send("POST", "/v1/needs", Host::need_body(), {.key = std::string(129, 'k')})),
      "400 value.too_long Idempotency-Key");
}

TEST(Paging, GivesEachRowOnceForwardsAndBackwards) {
  Host h;
  h.found();
  std::set<std::uint64_t> posted;
  for (int i = 0; i < 23; ++i)
    posted.insert(h.id_of(h.send("POST", "/v1/needs", Host::need_body())));
  for (const std::string order : {"", "&newest=1"}) {
    std::vector<std::uint64_t> seen;
    std::string token;
    do {
      const auto page = h.get<pb::ListNeedsResponse>("/v1/needs?pageSize=5&state=open" + order +
                                                     (token.empty() ? "" : "&pageToken=" + token));
      for (const auto& n : page.needs()) seen.push_back(n.id());
      token = page.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(std::set(seen.begin(), seen.end()), posted);
    EXPECT_EQ(seen.size(), posted.size());
    EXPECT_TRUE(order.empty() ? std::is_sorted(seen.begin(), seen.end())
                              : std::is_sorted(seen.rbegin(), seen.rend()));
  }
}

TEST(Paging, FollowsMatchesOfANeedAPartyAndAnOffer) {
  Host h;
  h.found();
  std::vector<std::uint64_t> needs;
  for (int i = 0; i < 7; ++i) {
    needs.push_back(h.id_of(h.send("POST", "/v1/needs", Host::need_body("1"))));
    h.id_of(h.send("POST", "/v1/matches:claim", h.match_body(needs.back())));
  }
  for (const std::string& filter :
       {"party=" + std::to_string(h.team), "offer=" + std::to_string(h.people),
        std::string("state=accepted")}) {
    std::vector<std::uint64_t> seen;
    std::string token;
    do {
      const auto page = h.get<pb::ListMatchesResponse>(
          "/v1/matches?pageSize=3&" + filter + (token.empty() ? "" : "&pageToken=" + token));
      for (const auto& m : page.matches()) seen.push_back(m.need_id());
      token = page.next_page_token();
    } while (!token.empty());
    EXPECT_EQ(seen, needs) << filter;
  }
  EXPECT_EQ(
      h.get<pb::ListMatchesResponse>("/v1/matches?need=" + std::to_string(needs[2])).matches_size(),
      1);
  EXPECT_EQ(h.get<pb::ListMatchesResponse>("/v1/matches?party=123456").matches_size(), 0);
}

TEST(Params, AreReadFromTheMiddleOfABuffer) {
  Host h;
  // What stands behind the target in a connection's buffer is not part of it (a bug of Boost 1.81's
  // parse_query).
  const std::string buffer = "/v1/needs?pageSize=5 HTTP/1.1%20x";
  Request r;
  r.method = "GET";
  r.target = std::string_view(buffer).substr(0, buffer.find(' '));
  EXPECT_EQ(h.api->handle(r).status, 200U);
}

TEST(Timers, TheMarketActsByItselfAndWhatWasDueComesFirst) {
  Host h;
  h.found();
  const auto need = h.id_of(h.send("POST", "/v1/needs", Host::need_body()));
  const auto match = h.id_of(h.send("POST", "/v1/matches:dispatch", h.match_body(need)));
  h.now = at(12.1);
  // Too late: it has lapsed although nothing has asked the market since.
  EXPECT_EQ(h.code_of(h.send("POST", "/v1/matches/" + std::to_string(match) + ":accept", "")),
            "409 state.wrong matchId");
  EXPECT_EQ(h.get<pb::Match>("/v1/matches/" + std::to_string(match)).state(),
            pb::MATCH_STATE_LAPSED);
}

TEST(Backup, IsMadeWhileInUse) {
  Host h;
  h.found();
  const Response r = h.send("POST", "/v1/backups", R"({"name":"monday"})");
  EXPECT_EQ(r.status, 201U) << r.body;
  EXPECT_EQ(h.code_of(h.send("POST", "/v1/backups", R"({"name":"monday"})")),
            "409 backup.failed name");
  auto copy = Store::open(h.folder / "backups/monday", Store::Mode::kReadOnly, h.folder / "db.key");
  ASSERT_TRUE(copy);
  EXPECT_EQ(copy.value()->last_seq(), h.runtime->durable_seq());
  // What was written down when it was made is what qiao verify takes.
  pb::BackupResponse made;
  ASSERT_TRUE(from_json(r.body, made));
  const std::string expect = std::to_string(made.last_seq()) + ":" + made.last_hash();
  auto written_down = read_expected(expect);
  ASSERT_TRUE(written_down) << expect;
  const auto verified = [&] {
    return verify_folder(h.folder / "backups/monday", h.folder / "db.key", written_down, false);
  };
  EXPECT_EQ(verified(), kDone) << expect;
  written_down->hash[0] ^= 1;
  EXPECT_EQ(verified(), kDifferences);
}

pb::Clearing finished(Host& host, const std::string& id) {
  pb::Clearing c;
  do {
    host.context.run_for(std::chrono::milliseconds{5});
    host.context.restart();
    c = host.get<pb::Clearing>("/v1/clearings/" + id);
  } while (c.state() == pb::CLEARING_STATE_RUNNING || c.stage() == pb::CLEARING_STAGE_APPLYING);
  return c;
}

TEST(Clearing, FindsProposalsProvesThemAndMakesMatchesOfThem) {
  Host host;
  host.found();
  const auto one = host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  const auto two = host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  const Response started = host.send("POST", "/v1/clearings");
  EXPECT_EQ(started.status, 201U) << started.body;
  EXPECT_EQ(started.location, "/v1/clearings/1");
  const pb::Clearing c = finished(host, "1");
  EXPECT_EQ(c.state(), pb::CLEARING_STATE_DONE);
  EXPECT_EQ(c.needs(), 2U);
  EXPECT_EQ(c.proposals(), 2U);
  EXPECT_GT(c.value_micro(), 0);
  EXPECT_LE(c.value_micro(), c.bound_micro());
  // Eight helpers for twice five: two are missing, because all who could are taken.
  ASSERT_EQ(c.unserved_size(), 1);
  EXPECT_EQ(c.unserved(0).reason(), pb::UNSERVED_REASON_OUTBID);
  EXPECT_EQ(c.unserved(0).units(), 2);
  EXPECT_GT(c.equity_after().mean_fill_micro(), c.equity_before().mean_fill_micro());
  const auto proposals = host.get<pb::ListProposalsResponse>("/v1/clearings/1/proposals");
  EXPECT_EQ(proposals.proposals_size(), 2);
  EXPECT_EQ(proposals.proposals(0).quantity() + proposals.proposals(1).quantity(), 8);
  EXPECT_GT(proposals.proposals(0).price_micro(), 0);
  EXPECT_EQ(host.get<pb::ListProposalsResponse>("/v1/proposals?need=" + std::to_string(one))
                .proposals_size(),
            1);
  // In the meantime the team takes three by itself: what no longer holds is dropped or refused,
  // never forced.
  EXPECT_EQ(
      host.send("POST", "/v1/matches:claim", host.match_body(two, R"(,"quantity":"3")")).status,
      201U);
  EXPECT_EQ(host.send("POST", "/v1/clearings/1:dispatch").status, 200U);
  const pb::Clearing applied = finished(host, "1");
  EXPECT_EQ(applied.applied() + applied.dropped(), 2U);
  EXPECT_GE(applied.applied(), 1U);
  EXPECT_TRUE(check_invariants(host.runtime->state()).empty());
  const auto gaps = host.get<pb::SupplyGapsResponse>("/v1/supply-gaps");
  ASSERT_EQ(gaps.gaps_size(), 1);
  EXPECT_EQ(gaps.gaps(0).gain_units(), 1);
  EXPECT_EQ(host.get<pb::EquityReport>("/v1/equity?clearing=1").communities_size(), 1);
  EXPECT_EQ(host.get<pb::RankedPairs>("/v1/parties/" + std::to_string(host.team) +
                                      "/open-lines?order=clearing")
                .pairs_size(),
            host.get<pb::RankedPairs>("/v1/parties/" + std::to_string(host.team) + "/open-lines")
                .pairs_size());
}

TEST(Clearing, OfNothingAnswersAndChangesNothing) {
  Host host;
  const Seq before = host.runtime->applied_seq();
  EXPECT_EQ(host.send("POST", "/v1/clearings", R"({"apply":"CLEARING_APPLY_DISPATCH"})").status,
            201U);
  const pb::Clearing c = finished(host, "1");
  EXPECT_EQ(c.value_micro(), 0);
  EXPECT_EQ(c.gap_micro(), 0);
  EXPECT_EQ(host.runtime->applied_seq(), before);
  EXPECT_EQ(host.get<pb::EquityReport>("/v1/equity?clearing=1").communities_size(), 0);
  EXPECT_EQ(host.get<pb::SupplyGapsResponse>("/v1/supply-gaps").gaps_size(), 0);
  // A need that nobody can serve.
  host.found();
  host.id_of(host.send(
      "POST", "/v1/needs",
      R"({"areaCode":"341881001001","title":"法律咨询","category":"legal_aid","lines":[{"time":{"kind":"TIME_KIND_PROFESSIONAL","certificate":"lawyer"},"quantity":"1","window":{"start":"1795654800","end":"1795665600"}}]})"));
  EXPECT_EQ(host.send("POST", "/v1/clearings").status, 201U);
  const pb::Clearing alone = finished(host, "2");
  EXPECT_EQ(alone.proposals(), 0U);
  ASSERT_EQ(alone.unserved_size(), 1);
  EXPECT_EQ(alone.unserved(0).reason(), pb::UNSERVED_REASON_NOBODY);
}

TEST(Clearing, ADeadlineLeavesTimeForTheAnswer) {
  using std::chrono::seconds;
  const Deadline::Clock::time_point begin{};
  const ClearProgress preparing;
  const ClearProgress prices{ClearPhase::kPrices};
  const ClearProgress improving{ClearPhase::kImproving};
  Deadline slow(begin + seconds{60});
  EXPECT_TRUE(slow.allows(preparing, begin));
  // Preparing took five seconds: it wants twenty for what comes after the prices.
  EXPECT_TRUE(slow.allows(prices, begin + seconds{5}));
  EXPECT_TRUE(slow.allows(prices, begin + seconds{39}));
  EXPECT_FALSE(slow.allows(prices, begin + seconds{40}));
  // It is asked every four seconds: it wants six for the last time.
  EXPECT_TRUE(slow.allows(improving, begin + seconds{45}));
  EXPECT_TRUE(slow.allows(improving, begin + seconds{49}));
  EXPECT_TRUE(slow.allows(improving, begin + seconds{53}));
  EXPECT_FALSE(slow.allows(improving, begin + seconds{54}));
  Deadline over(begin);
  EXPECT_FALSE(over.allows(preparing, begin));
}

TEST(Clearing, RefusesWithStatusCodeAndField) {
  Host host;
  host.found();
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings", R"({"budget":"0"})")),
            "400 value.out_of_range budget");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings", R"({"budget":"601"})")),
            "400 value.out_of_range budget");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings", R"({"targetGapMicro":"-1"})")),
            "400 value.out_of_range targetGapMicro");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings", R"({"areaCode":"5"})")),
            "400 area.unknown areaCode");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings", "{}", {.actor = "resident"})),
            "403 role.forbidden actor.role");
  EXPECT_EQ(host.code_of(host.send("GET", "/v1/clearings/7")), "404 not_found id");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings/7:dispatch")), "404 not_found id");
  EXPECT_EQ(host.code_of(host.send("GET", "/v1/supply-gaps?limit=0")),
            "400 value.out_of_range limit");
  EXPECT_EQ(host.code_of(host.send("GET", "/v1/equity?clearing=9")), "404 not_found id");
  EXPECT_EQ(host.code_of(host.send(
                "GET", "/v1/parties/" + std::to_string(host.team) + "/open-lines?order=age")),
            "400 value.out_of_range order");
  EXPECT_EQ(host.send("POST", "/v1/clearings").status, 201U);
  EXPECT_EQ(host.code_of(host.send("GET", "/v1/equity?clearing=1")), "409 clearing.running");
  finished(host, "1");
  EXPECT_EQ(host.code_of(host.send("POST", "/v1/clearings/1:cancel")), "409 state.wrong id");
  pb::Policy policy = host.get<pb::Policy>("/v1/policy");
  policy.mutable_clearing()->set_split_micro(-1);
  EXPECT_EQ(host.code_of(host.send("PUT", "/v1/policy", to_json(policy))),
            "400 value.out_of_range clearing.splitMicro");
  policy.mutable_clearing()->set_split_micro(0);
  policy.mutable_clearing()->set_every(4);
  EXPECT_EQ(host.code_of(host.send("PUT", "/v1/policy", to_json(policy))),
            "400 value.out_of_range clearing.every");
}

TEST(OpenApi, DescribesExactlyTheLiveRoutes) {
  Host h;
  const auto document = boost::json::parse(h.send("GET", "/v1/openapi.json").body);
  std::set<std::string> documented;
  for (const auto& [path, methods] : document.at("paths").as_object()) {
    for (const auto& [method, operation] : methods.as_object()) {
      std::string upper(method);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      documented.insert(upper + " " + std::string(path));
      // The live server knows it: whatever the answer to an empty request is, it is not "no such
      // address" or "no such method".
      if (path == "/v1/watch") continue;
      std::string target(path);
      for (auto open = target.find('{'); open != std::string::npos; open = target.find('{'))
        target.replace(open, target.find('}') - open + 1, "1");
      const Response r = h.send(upper, target, "");
      EXPECT_NE(r.status, 405U) << upper << " " << path;
      EXPECT_EQ(r.body.find("http.not_found"), std::string::npos) << upper << " " << path;
    }
  }
  std::set<std::string> live{"GET /v1/watch"};
  for (const Route& r : h.api->routes()) live.insert(std::string(r.method) + " " + r.pattern);
  EXPECT_EQ(documented, live);
}

TEST(OpenApi, AnswersFitTheirSchemas) {
  Host h;
  h.found();
  const auto document = boost::json::parse(h.send("GET", "/v1/openapi.json").body);
  const auto& schemas = document.at("components").at("schemas").as_object();
  const std::function<void(const boost::json::value&, const boost::json::value&,
                           const std::string&)>
      fits = [&](const boost::json::value& v, const boost::json::value& given,
                 const std::string& where) {
        const boost::json::value* schema = &given;
        if (const auto* ref = schema->as_object().if_contains("$ref")) {
          const std::string name(ref->as_string());
          schema = &schemas.at(name.substr(name.rfind('/') + 1));
        }
        const std::string type(schema->at("type").as_string());
        if (type == "object") {
          ASSERT_TRUE(v.is_object()) << where;
          const auto* properties = schema->as_object().if_contains("properties");
          for (const auto& [key, child] : v.as_object()) {
            ASSERT_TRUE(properties != nullptr && properties->as_object().contains(key))
                << where << "." << std::string(key) << " is not documented";
            fits(child, properties->as_object().at(key), where + "." + std::string(key));
          }
        } else if (type == "array") {
          ASSERT_TRUE(v.is_array()) << where;
          for (const auto& child : v.as_array()) fits(child, schema->at("items"), where + "[]");
        } else {
          EXPECT_TRUE(type == "string"    ? v.is_string()
                      : type == "boolean" ? v.is_bool()
                                          : v.is_number())
              << where;
        }
      };
  const auto need = h.id_of(h.send("POST", "/v1/needs", Host::need_body()));
  h.id_of(h.send("POST", "/v1/matches:claim", h.match_body(need)));
  const std::string id = std::to_string(need);
  for (const auto& [path, target] :
       {std::pair<std::string, std::string>{"/v1/needs", "/v1/needs"},
        {"/v1/needs/{id}", "/v1/needs/" + id},
        {"/v1/needs/{id}/lines/{line}/candidates", "/v1/needs/" + id + "/lines/1/candidates"},
        {"/v1/policy", "/v1/policy"},
        {"/v1/taxonomy", "/v1/taxonomy"},
        {"/v1/matches", "/v1/matches"},
        {"/v1/events", "/v1/events"},
        {"/v1/parties", "/v1/parties"},
        {"/v1/offers", "/v1/offers"},
        {"/v1/areas", "/v1/areas"},
        {"/v1/needs/{id}/bundle", "/v1/needs/" + id + "/bundle"},
        {"/healthz", "/healthz"}}) {
    fits(boost::json::parse(h.send("GET", target).body),
         document.at("paths")
             .at(path)
             .at("get")
             .at("responses")
             .at("200")
             .at("content")
             .at("application/json")
             .at("schema"),
         target);
  }
}

TEST(CommandLine, HasAVerbForEveryOperation) {
  Host h;
  std::set<std::string> operations;
  for (const Route& r : h.api->routes())
    operations.insert(std::string(r.method) + " " + r.pattern + " " + r.id);
  std::set<std::string> covered;
  for (const Verb& v : verbs()) {
    const std::string pattern = v.pattern;
    covered.insert(std::string(v.method) + " " + pattern.substr(0, pattern.find('?')) + " " + v.id);
  }
  EXPECT_EQ(covered, operations);
}

TEST(Metrics, CountWhatHappens) {
  Host h;
  h.found();
  h.send("GET", "/v1/needs/77");
  const std::string text = h.send("GET", "/metrics").body;
  EXPECT_NE(text.find("qiao_commands_applied_total 9\n"), std::string::npos) << text;
  EXPECT_NE(text.find("qiao_http_responses_total{class=\"4xx\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("qiao_parties 1\n"), std::string::npos);
}

}  // namespace
}  // namespace qiao
