// The OWASP API Security Top Ten (2023), one by one: what an attacker tries, and what it gets.
#include <gtest/gtest.h>

#include "engine/base/hex.h"
#include "server/access/secrets.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

// API1 Broken object level authorization: guessing ids.
TEST(Attack, Api1GuessingIdsFindsNothingOfOthers) {
  Towns t;
  const std::string team = t.tokens.at("supplier");
  const Seq last = t.runtime->applied_seq();
  int seen = 0;
  for (const char* list : {"persons", "offers", "matches", "accounts"}) {
    for (Seq id = 1; id <= last + 3; ++id) {
      const Response r =
          t.send("GET", "/v1/" + std::string(list) + "/" + std::to_string(id), "", {.token = team});
      // One that is another's cannot be told from one that is not there.
      if (r.status != 200) {
        EXPECT_EQ(r.status, 404U) << list << " " << id;
        continue;
      }
      ++seen;
      for (const std::uint64_t foreign : {t.foreign.person, t.foreign.people, t.foreign.match,
                                          t.foreign.dispatched, t.foreign.account})
        EXPECT_NE(id, foreign) << list;
    }
  }
  EXPECT_EQ(seen, 1 + 1 + 3 + 1 +
                      1);  // its person, offer, three matches, its own account and its member's
  for (const std::string& change :
       {"/v1/offers/" + std::to_string(t.foreign.people) + ":withdraw",
        "/v1/matches/" + std::to_string(t.foreign.dispatched) + ":accept",
        "/v1/persons/" + std::to_string(t.foreign.person) + ":export",
        "/v1/needs/" + std::to_string(t.foreign.need) + ":reveal"}) {
    EXPECT_EQ(t.send("POST", change, "", {.token = team}).status,
              change.find("/needs/") == std::string::npos ? 404U : 403U)
        << change;
  }
  EXPECT_EQ(t.runtime->applied_seq(), last);
}

TEST(Attack, Api1AnAccountsNumberIsNeverThatOfSomebodyElsesNeeds) {
  Towns t;
  // An organiser has given a number that the next account's id will be.
  const std::uint64_t next = t.runtime->applied_seq() + 2;
  const Response posted =
      t.send("POST", "/v1/needs", Towns::need_of({.resident_ref = next, .area = t.own.area}, ""));
  EXPECT_EQ(posted.status, 201U) << posted.body;
  const std::uint64_t account = t.account(pb::ROLE_RESIDENT, "newcomer");
  ASSERT_EQ(account, next);
  const std::string token = t.token_of(account);
  pb::Need seen;
  ASSERT_TRUE(from_json(t.send("GET", posted.location, "", {.token = token}).body, seen));
  EXPECT_TRUE(seen.contact_phone().empty()) << "only what is public";
  EXPECT_EQ(t.send("POST", posted.location + ":reveal", "", {.token = token}).status, 403U);
  // Nor can an organiser put words into the mouth of an account that is not there yet.
  EXPECT_EQ(t.code_of(t.send(
                "POST", "/v1/needs",
                Towns::need_of(
                    {.resident_ref = (std::uint64_t{1} << 62) + 999'999, .area = t.own.area}, ""))),
            "400 value.out_of_range need.residentRef");
}

// API2 Broken authentication: forged, truncated, expired, revoked, borrowed credentials; guessing
// passwords.
TEST(Attack, Api2WhatIsForgedExpiredOrTakenBackLetsNobodyIn) {
  Towns t;
  const auto with = [&](const std::string& authorization, const std::string& cookie = {}) {
    Request r;
    r.method = "GET";
    r.target = "/v1/policy";
    r.credentials.authorization = authorization;
    r.credentials.cookie = cookie;
    r.credentials.host = "localhost";
    return t.api->handle(r).status;
  };
  EXPECT_EQ(with("Bearer " + t.token), 200U);
  for (const std::string& bad :
       {std::string("Bearer"), std::string("Bearer "), std::string("Basic bGVhZDpsZWFk"),
        "Bearer " + t.token.substr(1), "Bearer " + t.token + "x",
        "Bearer " + to_hex(hash_secret(t.token)),
        std::string("Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJsZWFkIn0."), std::string("Bearer a.b.c"),
        "Bearer " + std::string(100'000, 'a')}) {
    EXPECT_EQ(with(bad), 401U) << bad.substr(0, 40);
  }
  // A token is no session, a session no token, and an invitation neither.
  EXPECT_EQ(with("", "qiao_session=" + t.token), 401U);
  const auto session =
      t.gate->make_grant(by(pb::ROLE_MARKET).actor(), t.own.account, pb::GRANT_KIND_SESSION, [] {
        pb::TokenRequest w;
        w.set_lifetime(3600);
        return w;
      }());
  ASSERT_TRUE(session);
  EXPECT_EQ(with("", "other=1; qiao_session=" + session.value().secret), 200U);
  EXPECT_EQ(with("Bearer " + session.value().secret), 401U);
  const auto invited = boost::json::parse(
      t.send("POST", "/v1/accounts/" + std::to_string(t.own.account) + ":invite").body);
  EXPECT_EQ(with("Bearer " + std::string(invited.at("secret").as_string())), 401U);
  EXPECT_EQ(with("", "qiao_session=" + std::string(invited.at("secret").as_string())), 401U);
  // Time and the owner end it.
  t.now = at(2);
  EXPECT_EQ(with("", "qiao_session=" + session.value().secret), 401U);
  const std::string token = t.token_of(t.own.account);
  EXPECT_EQ(with("Bearer " + token), 200U);
  pb::Account account;
  ASSERT_TRUE(
      from_json(t.send("GET", "/v1/accounts/" + std::to_string(t.own.account)).body, account));
  account.set_disabled(true);
  EXPECT_EQ(t.send("PUT", "/v1/accounts/" + std::to_string(t.own.account), to_json(account)).status,
            200U);
  EXPECT_EQ(with("Bearer " + token), 401U);
}

TEST(Attack, Api2GuessingPasswordsLocksTheAccountWhetherThereIsOneOrNot) {
  Towns t;
  const auto invited = boost::json::parse(
      t.send("POST", "/v1/accounts/" + std::to_string(t.own.account) + ":invite").body);
  const std::string accept = R"({"token":")" + std::string(invited.at("secret").as_string()) +
                             R"(","password":"correct horse battery"})";
  EXPECT_EQ(t.send("POST", "/v1/invitations:accept", accept, {.anonymous = true}).status, 201U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/invitations:accept", accept, {.anonymous = true})),
            "401 auth.link")
      << "a link is good once";
  const auto log_in = [&](const std::string& login, const std::string& password) {
    return t.code_of(t.send("POST", "/v1/sessions",
                            R"({"login":")" + login + R"(","password":")" + password + R"("})",
                            {.anonymous = true}));
  };
  EXPECT_EQ(
      t.send("POST", "/v1/sessions", R"({"login":"Supplier","password":"correct horse battery"})",
             {.anonymous = true})
          .status,
      201U);
  for (const char* login : {"supplier", "nobody"}) {
    for (int i = 0; i < 5; ++i) EXPECT_EQ(log_in(login, "wrong"), "401 auth.failed");
    EXPECT_EQ(log_in(login, "correct horse battery"), "429 auth.locked") << login;
  }
  t.restart();
  EXPECT_EQ(log_in("supplier", "correct horse battery"), "429 auth.locked")
      << "a lock outlives the process";
  t.now = t.now + std::chrono::seconds{31};
  const Response in =
      t.send("POST", "/v1/sessions", R"({"login":"supplier","password":"correct horse battery"})",
             {.anonymous = true});
  EXPECT_EQ(in.status, 201U);
  EXPECT_NE(in.set_cookie.find("HttpOnly; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(in.body.find("argon2"), std::string::npos);
}

TEST(Attack, Api2WeakPasswordsAreRefused) {
  Towns t;
  for (const char* weak : {"short", "1234567890", "aaaaaaaaaaaa", "my-supplier-pw", "Password1234",
                           "九个字的密码不够长"}) {
    const auto invited = boost::json::parse(
        t.send("POST", "/v1/accounts/" + std::to_string(t.own.account) + ":invite").body);
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/invitations:accept",
                               R"({"token":")" + std::string(invited.at("secret").as_string()) +
                                   R"(","password":")" + weak + R"("})",
                               {.anonymous = true})),
              "400 password.weak password")
        << weak;
  }
}

// API3 Broken object property level authorization: mass assignment, and fields that are not for
// everybody.
TEST(Attack, Api3WhatIsNotOnesToSetIsRefusedOrIgnored) {
  Towns t;
  const std::string team = t.tokens.at("supplier");
  const std::string id = std::to_string(t.own.team);
  // A party does not approve itself, nor give itself a past.
  EXPECT_EQ(
      t.send(
           "PUT", "/v1/parties/" + id,
           R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"甲队","areaCode":"341881001001","standing":"STANDING_SUSPENDED","createdAt":"1"})",
           {.token = team})
          .status,
      200U);
  const auto party = t.get<pb::Party>("/v1/parties/" + id);
  EXPECT_EQ(party.standing(), pb::STANDING_ACTIVE);
  EXPECT_NE(party.created_at(), 1);
  const auto account = [&](const std::string& more) {
    return t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(t.own.account),
                            R"({"login":"supplier","partyId":")" + id + "\"" + more + "}",
                            {.token = team}));
  };
  EXPECT_EQ(account(R"(,"role":"ROLE_LEAD")"), "400 value.not_settable partyId");
  EXPECT_EQ(account(R"(,"role":"ROLE_SUPPLIER","passwordHash":"$argon2id$v=19$")"),
            "400 value.not_settable passwordHash");
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/accounts", R"({"login":"evil","role":"ROLE_LEAD"})",
                             {.token = team})),
            "403 role.forbidden role");
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/accounts", R"({"login":"evil","role":"ROLE_AUDITOR"})",
                             {.token = t.tokens.at("organiser")})),
            "403 role.forbidden role");
  EXPECT_EQ(
      t.code_of(t.send(
          "POST", "/v1/accounts",
          R"({"login":"evil","role":"ROLE_RESIDENT","areaCode":"341881001001","residentRef":"8"})",
          {.token = t.tokens.at("organiser")})),
      "403 role.not_yours residentRef");
  // A resident posts for itself, opens nothing, and cannot say it was opened.
  const Response posted =
      t.send("POST", "/v1/needs",
             Towns::need_of(t.foreign, R"(,"state":"NEED_STATE_OPEN","openedAt":"1","raised":2)"),
             {.token = t.tokens.at("resident")});
  EXPECT_EQ(posted.status, 201U) << posted.body;
  pb::Need need;
  ASSERT_TRUE(from_json(posted.body, need));
  EXPECT_EQ(need.state(), pb::NEED_STATE_SUBMITTED);
  EXPECT_EQ(need.resident_ref(), 7U);
  EXPECT_EQ(need.raised(), 0U);
  EXPECT_EQ(need.opened_at(), 0);
  // Hashes come out nowhere.
  for (const char* url : {"/v1/accounts", "/v1/events?limit=1000", "/v1/tokens", "/v1/audit"}) {
    const std::string body = t.send("GET", url).body;
    EXPECT_EQ(body.find("secretHash"), std::string::npos) << url;
    EXPECT_EQ(body.find("passwordHash"), std::string::npos) << url;
    EXPECT_EQ(body.find("13912341234"), std::string::npos) << url;
  }
}

// API4 Unrestricted resource consumption.
TEST(Attack, Api4AFloodMeetsTheBucketAndSoDoesABatch) {
  Towns t({.writes_per_second = 0.001,
           .writes_burst = 60,
           .address_factor = 10,
           .time_share = 0,
           .log_ins_per_minute = 6,
           .log_ins_burst = 3});
  const auto flood = [&](const char* role, const std::string& address, int times) {
    int taken = 0;
    for (int i = 0; i < times; ++i)
      taken += t.send("POST", "/v1/persons",
                      R"({"partyId":")" + std::to_string(t.own.team) + R"(","name":"某"})",
                      {.token = t.tokens.at(role), .address = address})
                   .status == 201;
    return taken;
  };
  EXPECT_EQ(flood("supplier", "10.0.0.1", 100), 60);
  const Response refused =
      t.send("POST", "/v1/offers", "{}", {.token = t.tokens.at("supplier"), .address = "10.0.0.2"});
  EXPECT_EQ(t.code_of(refused), "429 rate.limited");
  EXPECT_GT(refused.retry_after, 0);
  // Others, and those who only look, do not notice.
  EXPECT_EQ(flood("organiser", "10.0.0.1", 30), 30);
  EXPECT_EQ(t.send("GET", "/v1/needs", "", {.token = t.tokens.at("supplier")}).status, 200U);
  // A batch costs what its commands would: 30 are left.
  std::string commands;
  for (int i = 0; i < 31; ++i) {
    commands += std::string(i > 0 ? "," : "") + R"({"putPerson":{"partyId":")" +
                std::to_string(t.own.team) + R"(","name":"某"}})";
  }
  const std::string batch = R"({"commands":[)" + commands + "]}";
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/batch", batch, {.token = t.tokens.at("organiser")})),
            "429 rate.limited");
  // Log-ins count by address.
  int tried = 0;
  while (t.send("POST", "/v1/sessions",
                R"({"login":"l)" + std::to_string(tried) + R"(","password":"x"})",
                {.address = "10.0.0.9", .anonymous = true})
             .status == 401)
    ++tried;
  EXPECT_EQ(tried, 3);
}

// API5 Broken function level authorization: other methods, other roles' functions.
TEST(Attack, Api5AnotherMethodOrALeadsFunctionIsNoWayIn) {
  Towns t;
  for (const char* method : {"PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get"})
    EXPECT_EQ(t.send(method, "/v1/needs", "{}", {.anonymous = true}).status, 405U) << method;
  EXPECT_EQ(t.send("HEAD", "/v1/policy", "", {.anonymous = true}).status, 401U);
  for (const auto& [method, url] : {std::pair<std::string, std::string>{"PUT", "/v1/policy"},
                                    {"POST", "/v1/backups"},
                                    {"GET", "/v1/audit"},
                                    {"GET", "/metrics"},
                                    {"GET", "/v1/events"}}) {
    EXPECT_EQ(t.send(method, url, "{}", {.token = t.tokens.at("supplier")}).status, 403U) << url;
    EXPECT_EQ(t.send(method, url, "{}", {.anonymous = true}).status, 401U) << url;
  }
  // A token may do less than its owner.
  const std::string reader = t.token_of(t.own.account, {"read"});
  EXPECT_EQ(t.send("GET", "/v1/offers", "", {.token = reader}).status, 200U);
  EXPECT_EQ(
      t.code_of(t.send("POST", "/v1/persons", R"({"partyId":"1","name":"x"})", {.token = reader})),
      "403 auth.scope Authorization");
  const std::string one = t.token_of(t.own.account, {"addPerson", "createToken"});
  EXPECT_EQ(
      t.send("POST", "/v1/persons",
             R"({"partyId":")" + std::to_string(t.own.team) + R"(","name":"x"})", {.token = one})
          .status,
      201U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/tokens", R"({"name":"more"})", {.token = one})),
            "403 auth.scope scopes");
  EXPECT_EQ(
      t.send("POST", "/v1/tokens", R"({"name":"as much","scopes":["addPerson"]})", {.token = one})
          .status,
      201U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/tokens", R"({"name":"x","scopes":["fly"]})")),
            "400 value.out_of_range scopes[0]");
}

// API6 Unrestricted access to sensitive business flows: taking everything, or the same thing twice.
TEST(Attack, Api6NobodyHoardsOrPlaysBackWhatAnotherSent) {
  Towns t;
  const std::string claim = R"({"needId":")" + std::to_string(t.own.need) + R"(","offerId":")" +
                            std::to_string(t.own.people) + R"(","quantity":"1"})";
  const Response first =
      t.send("POST", "/v1/matches:claim", claim, {.key = "mine", .token = t.tokens.at("supplier")});
  EXPECT_EQ(first.status, 201U);
  EXPECT_EQ(
      t.send("POST", "/v1/matches:claim", claim, {.key = "mine", .token = t.tokens.at("supplier")})
          .body,
      first.body);
  // The same key of another account is another key: no answer of somebody else's comes out.
  EXPECT_EQ(
      t.send("POST", "/v1/matches:claim", claim, {.key = "mine", .token = t.tokens.at("organiser")})
          .status,
      403U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/matches:claim",
                             R"({"needId":")" + std::to_string(t.own.need) + R"(","offerId":")" +
                                 std::to_string(t.own.people) + R"(","quantity":"99"})",
                             {.token = t.tokens.at("supplier")})),
            "409 match.too_much quantity");
}

// API7 Server side request forgery: nothing that a request carries is fetched.
TEST(Attack, Api7NothingThatIsSentIsFetched) {
  Towns t;
  // A token that names the keys it wants to be checked with.
  const std::string token =
      "eyJhbGciOiJSUzI1NiIsImprdSI6Imh0dHA6Ly8xMjcuMC4wLjE6MS8ifQ.eyJzdWIiOiJ4In0.c2ln";
  EXPECT_EQ(t.send("POST", "/v1/sessions", R"({"idToken":")" + token + R"("})", {.anonymous = true})
                .status,
            401U);
  EXPECT_EQ(t.send("GET", "http://169.254.169.254/latest/meta-data", "", {}).status, 404U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/backups", R"({"name":"../../../etc/x"})")),
            "400 value.out_of_range name");
}

// API8 Security misconfiguration: other sites' pages, cookies that travel.
TEST(Attack, Api8APageOfAnotherSiteCannotUseSomebodysCookie) {
  Towns t;
  const auto made =
      t.gate->make_grant(by(pb::ROLE_MARKET).actor(), t.own.account, pb::GRANT_KIND_SESSION, [] {
        pb::TokenRequest w;
        w.set_lifetime(3600);
        return w;
      }());
  ASSERT_TRUE(made);
  const std::string body = R"({"partyId":")" + std::to_string(t.own.team) + R"(","name":"x"})";
  const auto post = [&](const std::string& origin) {
    return t
        .send("POST", "/v1/persons", body,
              {.cookie = "qiao_session=" + made.value().secret,
               .origin = origin,
               .host = "qiao.example.cn:8321",
               .anonymous = true})
        .status;
  };
  EXPECT_EQ(post("http://qiao.example.cn:8321"), 201U);
  for (const char* evil : {"", "null", "http://evil.example", "https://qiao.example.cn:8321",
                           "http://qiao.example.cn", "http://qiao.example.cn:8321.evil.example"})
    EXPECT_EQ(post(evil), 403U) << evil;
  // Nor log somebody in as somebody else.
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/sessions", R"({"login":"a","password":"b"})",
                             {.origin = "http://evil.example", .anonymous = true})),
            "403 auth.origin Origin");
}

// API9 Improper inventory management: every route has a row in the table and in the document (see
// Access, OpenApi); none is hidden behind another spelling.
TEST(Attack, Api9OtherSpellingsOfARouteLeadNowhere) {
  Towns t;
  for (const char* url : {"/v1//policy", "/V1/policy", "/v1/policy/", "/v1/./policy",
                          "/v1/needs/../policy", "/v1/%70olicy", "/v2/policy", "/v1/policy;a=b",
                          "/v1/needs/+1", "/v1/needs/0x10", "//v1/policy"}) {
    const auto status = t.send("GET", url, "", {.anonymous = true}).status;
    EXPECT_TRUE(status == 404 || status == 400) << url << " " << status;
  }
}

// API10 Unsafe consumption of APIs: what an identity provider says is checked like anything else
// (identity_provider_test).
TEST(Attack, Api10AnIdentityThatNobodyWasGivenLetsNobodyIn) {
  Towns t;
  EXPECT_FALSE(t.gate->identity_provider().configured());
  EXPECT_EQ(t.send("POST", "/v1/sessions", R"({"idToken":"a.b.c"})", {.anonymous = true}).status,
            401U);
}

// The last door.
TEST(Attack, TheLastAccountOfTheLeadCannotBeLost) {
  Towns t;
  pb::ListAccountsResponse leads;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/accounts?role=lead").body, leads));
  ASSERT_EQ(leads.accounts_size(), 1);
  pb::Account lead = leads.accounts(0);
  lead.set_disabled(true);
  EXPECT_EQ(t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(lead.id()), to_json(lead))),
            "409 account.last_lead disabled");
  lead.set_disabled(false);
  lead.set_role(pb::ROLE_AUDITOR);
  EXPECT_EQ(t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(lead.id()), to_json(lead))),
            "409 account.last_lead role");
}

}  // namespace
}  // namespace qiao
