// A server without sockets: a real store on a real disk, the runtime, the API, and an account of
// the lead.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/json/parse.hpp>
#include <memory>
#include <string>

#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/app/application.h"
#include "server/app/empty_city.h"
#include "tests/support/build.h"
#include "tools/io/temporary_folder.h"

namespace qiao {

struct RequestHeaders {
  std::string actor = {}, key = {}, if_match = {}, if_none_match = {}, accept = {}, language = {},
              type = {}, token = {}, cookie = {}, origin = {}, host = "localhost",
              address = "127.0.0.1";
  bool anonymous = false;  // no token at all
};

struct Host {
  TemporaryFolder folder;
  Time now = at(0);
  boost::asio::io_context context{1};
  std::unique_ptr<Application> application;
  // Its parts, while it is there.
  Store* store = nullptr;
  Runtime* runtime = nullptr;
  Clearinghouse* house = nullptr;
  Analyst* analyst = nullptr;
  Gate* gate = nullptr;
  Api* api = nullptr;
  // Of an account of the lead, which is sent where a test names no other. Good for as long as a
  // test's clock goes.
  std::string token;

  rocksdb::Env* env = nullptr;
  // Whether clearings begin by themselves.
  bool scheduled = false;
  // No limits, so that a test that is about something else meets none.
  GateOptions gate_options{.writes_per_second = 0, .time_share = 0, .log_ins_per_minute = 0};

  Host() { start(); }
  // On another disk than the machine's, which outlives it.
  explicit Host(rocksdb::Env* disk) : env(disk) { start(); }
  explicit Host(GateOptions options) : gate_options(std::move(options)) { start(); }
  void start() {
    ApplicationOptions options{.folder = folder / "db",
                               .store = {.env = env},
                               .clock = [this] { return now; },
                               .clearing = {.threads = 2, .scheduled = scheduled},
                               .gate = gate_options};
    options.api.backup_folder = folder / "backups";
    options.runtime.fill_empty = [](Runtime& r) { return fill_empty_city(r, "", "", ""); };
    auto opened = Application::open(context, std::move(options));
    ASSERT_TRUE(opened) << opened.error().message;
    application = std::move(opened).value();
    application->serve();
    store = &application->store();
    runtime = &application->runtime();
    house = &application->clearinghouse();
    analyst = &application->analyst();
    gate = &application->gate();
    api = &application->api();
    if (token.empty()) token = token_of(account(pb::ROLE_LEAD, "lead"));
  }
  // An account, made by the market itself.
  std::uint64_t account(pb::Role role, const std::string& login, std::uint64_t party = 0,
                        std::uint64_t person = 0, std::uint64_t resident_ref = 0) {
    pb::Command c = by(runtime->state().accounts().size() == 0 ? pb::ROLE_MARKET : pb::ROLE_LEAD);
    pb::Account& a = *c.mutable_put_account()->mutable_account();
    a.set_login(login);
    a.set_role(role);
    a.set_party_id(party);
    a.set_person_id(person);
    a.set_resident_ref(resident_ref);
    const auto applied = runtime->apply(c);
    EXPECT_TRUE(applied) << (applied ? "" : applied.error().en());
    return applied ? applied.value().subjects.front().key : 0;
  }
  std::string token_of(std::uint64_t account_id, std::initializer_list<const char*> scopes = {}) {
    pb::TokenRequest request;
    request.set_name("test");
    request.set_lifetime(86'400 * 400);
    for (const char* s : scopes) request.add_scopes(s);
    const auto made =
        gate->make_grant(by(pb::ROLE_MARKET).actor(), account_id, pb::GRANT_KIND_TOKEN, request);
    EXPECT_TRUE(made) << (made ? "" : made.error().en());
    return made ? made.value().secret : std::string();
  }

  // Everything that a process holds is gone; the folder stays.
  void stop() {
    application->stop();
    application.reset();
    context.restart();
  }
  void restart() {
    stop();
    start();
  }

  using Headers = RequestHeaders;
  Response send(const std::string& method, const std::string& target, const std::string& body = "",
                const Headers& h = {}) {
    Request r;
    r.method = method;
    r.target = target;
    r.body = body;
    const std::string authorization =
        h.anonymous ? std::string() : "Bearer " + (h.token.empty() ? token : h.token);
    r.credentials.authorization = authorization;
    r.credentials.acting = h.actor;
    r.credentials.cookie = h.cookie;
    r.credentials.origin = h.origin;
    r.credentials.host = h.host;
    r.credentials.address = h.address;
    r.idempotency_key = h.key;
    r.if_match = h.if_match;
    r.if_none_match = h.if_none_match;
    r.accept = h.accept;
    r.accept_language = h.language;
    r.content_type = h.type;
    Response response = api->handle(r);
    if (response.deferred) {
      bool done = false;
      const auto start = std::move(response.deferred);
      start(Waiter([&](Response later) {
        response = std::move(later);
        done = true;
      }));
      while (!done) context.run_one();
    }
    wait_for(response.wait_for);
    return response;
  }
  void wait_for(Seq seq) {
    bool durable = false;
    runtime->when_durable(seq, [&] { durable = true; });
    while (!durable) context.run_one();
  }
  template <class Message>
  Message get(const std::string& target) {
    Message m;
    const Response r = send("GET", target);
    EXPECT_EQ(r.status, 200U) << r.body;
    EXPECT_TRUE(from_json(r.body, m)) << r.body;
    return m;
  }
  std::uint64_t id_of(const Response& r) {
    EXPECT_EQ(r.status / 100, 2U) << r.body;
    const auto v = boost::json::parse(r.body);
    return std::stoull(std::string(v.at("id").as_string()));
  }
  std::string code_of(const Response& r) {
    pb::Problem p;
    EXPECT_EQ(r.content_type, "application/problem+json") << r.body;
    EXPECT_TRUE(from_json(r.body, p)) << r.body;
    EXPECT_EQ(p.status(), r.status);
    EXPECT_FALSE(p.zh().empty());
    EXPECT_FALSE(p.en().empty());
    return std::to_string(r.status) + " " + p.code() + (p.field().empty() ? "" : " " + p.field());
  }

  void put_city() {
    EXPECT_EQ(
        send(
            "PUT", "/v1/areas/341881000000",
            R"({"level":"AREA_LEVEL_CITY","name":"宁国市","point":{"latitudeE7":306265000,"longitudeE7":1189834000}})")
            .status,
        200U);
  }

  void found() {
    put_city();
    EXPECT_EQ(send("PUT", "/v1/areas/341881001000",
                   R"({"parentCode":"341881000000","level":"AREA_LEVEL_TOWN","name":"西津街道"})")
                  .status,
              200U);
    EXPECT_EQ(
        send("PUT", "/v1/areas/341881001001",
             R"({"parentCode":"341881001000","level":"AREA_LEVEL_COMMUNITY","name":"城东社区"})")
            .status,
        200U);
    team = id_of(send(
        "POST", "/v1/parties",
        R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"党派我来","areaCode":"341881001001"})"));
    people =
        id_of(send("POST", "/v1/offers",
                   R"({"partyId":")" + std::to_string(team) +
                       R"(","title":"志愿者","time":{"kind":"TIME_KIND_PEOPLE","capacity":"8"}})"));
  }
  static std::string need_body(const std::string& quantity = "5") {
    return R"({"areaCode":"341881001001","title":"陪老人","category":"elder_care","lines":[{"time":{"kind":"TIME_KIND_PEOPLE"},"quantity":)" +
           quantity + R"(,"window":{"start":"1795654800","end":"1795665600"}}]})";
  }
  std::string match_body(std::uint64_t need, const std::string& more = "") const {
    return R"({"needId":")" + std::to_string(need) + R"(","offerId":")" + std::to_string(people) +
           "\"" + more + "}";
  }
  std::uint64_t team = 0;
  std::uint64_t people = 0;
};

}  // namespace qiao
