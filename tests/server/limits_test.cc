// Shares: of the market thread's time, of changes, of log-ins and of the queue of password hashes.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>

#include "server/access/fair_queue.h"
#include "server/access/secrets.h"
#include "server/http/address_turns.h"
#include "tests/support/build.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

using namespace std::chrono_literals;

// A clock on which every look takes `step`, and else no time passes.
struct Stepped {
  std::chrono::steady_clock::time_point now{1h};
  std::chrono::nanoseconds step{0};
};

struct Limited : Towns {
  explicit Limited(GateOptions options)
      : Limited(std::move(options), std::make_shared<Stepped>()) {}
  Limited(GateOptions options, std::shared_ptr<Stepped> stepped)
      : Towns(with_clock(std::move(options), stepped)), clock(std::move(stepped)) {}
  static GateOptions with_clock(GateOptions options, const std::shared_ptr<Stepped>& stepped) {
    options.clock = [stepped] { return stepped->now += stepped->step; };
    return options;
  }
  unsigned get_policy(const std::string& role, const std::string& address) {
    return send("GET", "/v1/policy", "", {.token = tokens.at(role), .address = address}).status;
  }
  // Leaves so much of an address's share.
  void leave(const std::string& address, std::chrono::nanoseconds left) {
    clock->now += 1h;
    gate->charge_time({}, address, 1s - left, clock->now);
  }
  std::string persons(int count) const {
    std::string commands;
    for (int i = 0; i < count; ++i) {
      commands += std::string(i > 0 ? "," : "") + R"({"putPerson":{"partyId":")" +
                  std::to_string(own.team) + R"(","name":"某"}})";
    }
    return R"({"commands":[)" + commands + "]}";
  }
  std::shared_ptr<Stepped> clock;
};

GateOptions time_limits() {
  return {.writes_per_second = 0, .time_share = 0.5, .time_burst = 1, .log_ins_per_minute = 0};
}

TEST(TimeShare, ReadsTakeWhatTheyUseAndOthersDoNotNotice) {
  GateOptions limits = time_limits();
  limits.time_share = 0.25;
  Limited t(limits);
  t.clock->step = 10ms;
  int answered = 0;
  while (answered < 1000 && t.get_policy("supplier", "10.0.0.1") == 200) ++answered;
  // Each takes 10 ms of the second at once; 20 ms pass, of which a quarter comes back.
  EXPECT_NEAR(answered, 200, 5);
  t.clock->step = 0ns;
  const std::string token = t.tokens.at("supplier");
  const Response refused = t.send("GET", "/v1/policy", "", {.token = token, .address = "10.0.0.2"});
  EXPECT_EQ(t.code_of(refused), "429 rate.limited") << "an account, wherever it comes from";
  EXPECT_GE(refused.retry_after, 1);
  const auto anonymous = [&](const char* address) {
    return t.send("GET", "/v1/needs", "", {.address = address, .anonymous = true}).status;
  };
  EXPECT_EQ(anonymous("10.0.0.1"), 429U) << "an address, whoever it is";
  EXPECT_EQ(t.get_policy("organiser", "10.0.0.3"), 200U);
  EXPECT_EQ(anonymous("10.0.0.3"), 200U);
  t.clock->now += std::chrono::seconds{refused.retry_after};
  EXPECT_EQ(t.get_policy("supplier", "10.0.0.2"), 200U);
}

TEST(TimeShare, CheapLookupsCostWhatTheyTake) {
  Limited t(time_limits());
  t.clock->step = 2us;
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(t.get_policy("supplier", "10.0.0.1"), 200U) << i;
}

TEST(TimeShare, WhatTypicallyTakesLongNeedsMoreThanIsLeft) {
  Limited t(time_limits());
  const std::string preview = R"({"need":)" + Towns::need_of(t.own, "") + "}";
  const auto status = [&](const char* method, const char* target, const std::string& body) {
    return t.send(method, target, body, {.address = "10.0.0.1"}).status;
  };
  EXPECT_EQ(status("POST", "/v1/needs:preview", preview), 200U);
  t.leave("10.0.0.1", 5ms);
  EXPECT_EQ(status("POST", "/v1/needs:preview", preview), 429U);
  EXPECT_EQ(status("GET", "/v1/overview", ""), 429U);
  EXPECT_EQ(status("GET", "/v1/policy", ""), 200U);
  t.leave("10.0.0.1", -2s);
  EXPECT_EQ(status("GET", "/v1/policy", ""), 429U);
  EXPECT_EQ(status("GET", "/healthz", ""), 200U) << "always answered";
  t.clock->now += 3s;
  EXPECT_EQ(status("GET", "/v1/policy", ""), 200U) << "at most a burst is owed";
}

TEST(TimeShare, ABatchCostsWhatItsPartsCost) {
  Limited t(time_limits());
  const auto check = [&](const std::string& body) {
    t.leave("10.0.0.1", 5ms);
    return t.send("POST", "/v1/batch:check", body, {.address = "10.0.0.1"}).status;
  };
  EXPECT_EQ(check(t.persons(10)), 200U);
  EXPECT_EQ(check(t.persons(100)), 429U);
  const auto disclose = [](const char* purpose) {
    return std::string(R"({"commands":[{"disclose":{"subject":"SUBJECT_KIND_RESIDENT",)") +
           R"("subjectId":"7","purpose":")" + purpose + R"("}}]})";
  };
  EXPECT_EQ(check(disclose("DISCLOSURE_PURPOSE_EXPORT")), 429U);
}

TEST(WriteRate, ABatchCountsAsItsItems) {
  Limited t({.writes_per_second = 1, .writes_burst = 60, .time_share = 0, .log_ins_per_minute = 0});
  const auto batch = [&](int items) {
    return t.send("POST", "/v1/batch", t.persons(items), {.token = t.tokens.at("supplier")});
  };
  EXPECT_EQ(batch(50).status, 200U);
  const Response refused = batch(20);
  EXPECT_EQ(t.code_of(refused), "429 rate.limited");
  t.clock->now += std::chrono::seconds{refused.retry_after};
  EXPECT_EQ(batch(20).status, 200U);
  t.clock->now += 1h;
  // One that is larger than the burst is taken once, and has to be made up for.
  EXPECT_EQ(batch(200).status, 200U);
  EXPECT_GT(batch(1).retry_after, 130);
  const auto check =
      t.send("POST", "/v1/batch:check", t.persons(50), {.token = t.tokens.at("supplier")});
  EXPECT_EQ(check.status, 200U) << "what changes nothing is no change";
}

// Requests that are all sent before the first is answered.
struct AtOnce {
  explicit AtOnce(Host& h) : host(h) {}
  void log_in(const std::string& login, const std::string& password,
              const std::string& address = "10.0.0.1") {
    const std::string body = R"({"login":")" + login + R"(","password":")" + password + R"("})";
    begin("/v1/sessions", body, {}, address);
  }
  void change_password(const std::string& from, const std::string& to, const std::string& token) {
    begin("/v1/sessions/current:changePassword",
          R"({"oldPassword":")" + from + R"(","newPassword":")" + to + R"("})", "Bearer " + token,
          "10.0.0.1");
  }
  void begin(const std::string& target, const std::string& body, const std::string& authorization,
             const std::string& address) {
    Request r;
    r.method = "POST";
    r.target = target;
    r.body = body;
    r.credentials.authorization = authorization;
    r.credentials.address = address;
    r.credentials.host = "localhost";
    Response response = host.api->handle(r);
    const std::size_t at = answers.size();
    answers.emplace_back();
    if (!response.deferred) {
      answers[at] = std::to_string(response.status);
      return;
    }
    ++open;
    response.deferred(Waiter([this, at](const Response& later) {
      answers[at] = later.status < 300 ? std::to_string(later.status) : host.code_of(later);
      --open;
    }));
  }
  void wait() {
    while (open > 0) host.context.run_one();
  }
  auto count(const std::string& answer) const {
    return std::count(answers.begin(), answers.end(), answer);
  }
  Host& host;
  std::vector<std::string> answers;
  int open = 0;
};

struct WithPassword : Towns {
  WithPassword() {
    const std::string invite = "/v1/accounts/" + std::to_string(own.account) + ":invite";
    const auto invited = boost::json::parse(send("POST", invite).body);
    const std::string accept = R"({"token":")" + std::string(invited.at("secret").as_string()) +
                               R"(","password":")" + right + R"("})";
    EXPECT_EQ(send("POST", "/v1/invitations:accept", accept, {.anonymous = true}).status, 201U);
  }
  const std::string right = "correct horse battery";
};

TEST(Lock, ManyWrongPasswordsAtOnceAreNoMoreGuessesThanOneAfterAnother) {
  WithPassword t;
  for (const char* login : {"supplier", "nobody"}) {
    AtOnce sent(t);
    for (int i = 0; i < 14; ++i) sent.log_in(login, "wrong");
    sent.wait();
    EXPECT_EQ(sent.count("401 auth.failed"), 5) << login;
    EXPECT_EQ(sent.count("429 auth.locked"), 9) << login;
  }
  // When the lock has ended each further guess locks again.
  t.now = t.now + std::chrono::seconds{31};
  AtOnce sent(t);
  for (int i = 0; i < 3; ++i) sent.log_in("supplier", "wrong");
  sent.wait();
  EXPECT_EQ(sent.count("401 auth.failed"), 1);
}

TEST(Lock, ARightPasswordBehindFewerThanFiveWrongOnesIsTaken) {
  WithPassword t;
  for (int round = 0; round < 2; ++round) {
    AtOnce sent(t);
    for (int i = 0; i < 4; ++i) sent.log_in("supplier", "wrong");
    sent.log_in("supplier", t.right);
    sent.wait();
    EXPECT_EQ(sent.answers.back(), "201") << "and the count begins again";
  }
}

// Hashes take long; the password, the session or the token may end meanwhile.
TEST(AttackRights, AReplacedPasswordLetsNobodyInAnyMore) {
  WithPassword t;
  AtOnce sent(t);
  const std::string token = t.token_of(t.own.account);
  sent.log_in("supplier", t.right);
  sent.change_password(t.right, "river stone 47 lantern", token);
  pb::Command set = by(pb::ROLE_MARKET);
  set.mutable_set_password()->set_account_id(t.own.account);
  set.mutable_set_password()->set_password_hash(*hash_password("another 58 horse battery"));
  ASSERT_TRUE(t.runtime->apply(set));
  sent.wait();
  EXPECT_EQ(sent.answers[0], "401 auth.failed");
  EXPECT_EQ(sent.answers[1], "403 password.wrong oldPassword");
}

TEST(AttackRights, WhoHasBeenThrownOutChangesNoPassword) {
  WithPassword t;
  AtOnce sent(t);
  const std::string token = t.token_of(t.own.account);
  const Slot grant = t.runtime->state().grant_by_secret(hash_secret(token));
  sent.change_password(t.right, "river stone 47 lantern", token);
  pb::Command revoke = by(pb::ROLE_MARKET);
  revoke.mutable_revoke_grant()->set_grant_id(t.runtime->state().grants()[grant].id.value());
  ASSERT_TRUE(t.runtime->apply(revoke));
  sent.wait();
  EXPECT_EQ(sent.answers[0], "401 auth.required");
  sent.log_in("supplier", t.right);
  sent.wait();
  EXPECT_EQ(sent.answers[1], "201") << "it is as it was";
}

TEST(LogIns, AFloodFromOneAddressKeepsNobodyElseOut) {
  WithPassword t;
  AtOnce sent(t);
  for (int i = 0; i < 100; ++i) sent.log_in("login" + std::to_string(i), "wrong");
  sent.log_in("supplier", t.right, "10.0.0.2");
  sent.wait();
  EXPECT_EQ(sent.count("401 auth.failed"), FairQueue::kMaxWaitingPerKey);
  EXPECT_EQ(sent.count("429 rate.limited"), 100 - FairQueue::kMaxWaitingPerKey);
  EXPECT_EQ(sent.answers.back(), "201");
}

struct Queue {
  Taken add(const std::string& account, const std::string& address) {
    return queue.run(account, address, [this, address]() -> std::function<void()> {
      return [this, address] { done += address.front(); };
    });
  }
  void finish(std::size_t count) {
    while (done.size() < count) context.run_one();
  }
  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work{
      context.get_executor()};
  std::string done;
  FairQueue queue{context};
};

// What is ready at once: `a` of one address, `b` of another behind it. Each takes two milliseconds.
std::string order_of(const std::vector<std::string>& ready) {
  boost::asio::io_context context{1};
  AddressTurns turns(context);
  std::string order;
  for (const std::string& address : ready) {
    boost::asio::post(context, [&turns, &order, address] {
      turns.run(address, std::chrono::steady_clock::now(), [&order, address] {
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{2};
        while (std::chrono::steady_clock::now() < until) {
        }
        order += address;
      });
    });
  }
  context.run();
  return order;
}

TEST(AddressTurns, WhoHasManyRequestsMakesNobodyElseWaitForAllOfThem) {
  std::vector<std::string> ready(20, "a");
  ready.emplace_back("b");
  EXPECT_EQ(order_of(ready), "ab" + std::string(19, 'a'));
  // Those of whom many wait take turns.
  EXPECT_EQ(order_of({"a", "a", "a", "a", "b", "b", "b"}), "abababa");
}

TEST(AddressTurns, WhatTakesLittleIsDoneAtOnce) {
  boost::asio::io_context context{1};
  AddressTurns turns(context);
  int done = 0;
  for (int i = 0; i < 10; ++i) turns.run("a", std::chrono::steady_clock::now(), [&] { ++done; });
  EXPECT_EQ(done, 10);
}

// A server that goes takes what waits with it.
TEST(AddressTurns, WhatIsPostedMayOutliveThem) {
  boost::asio::io_context context{1};
  int done = 0;
  {
    AddressTurns turns(context);
    const auto slow = [&] {
      ++done;
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    };
    for (int i = 0; i < 3; ++i) turns.run("a", std::chrono::steady_clock::now(), slow);
  }
  context.run();
  EXPECT_EQ(done, 1);
}

TEST(FairQueue, AddressesTakeTurns) {
  Queue q;
  for (const char* a : {"1", "2", "3", "4", "5", "6", "7", "8"}) {
    EXPECT_EQ(q.add(a, "a"), Taken::kYes);
  }
  for (const char* b : {"9", "10"}) EXPECT_EQ(q.add(b, "b"), Taken::kYes);
  EXPECT_EQ(q.add("c", "c"), Taken::kYes);
  q.finish(11);
  EXPECT_EQ(q.done, "aabcabaaaaa");
}

TEST(FairQueue, AnAccountAndAnAddressHaveAShare) {
  Queue q;
  int number = 0;
  const auto fresh = [&](char first) { return first + std::to_string(++number); };
  for (int i = 0; i < 8; ++i) EXPECT_EQ(q.add("same", fresh('a')), Taken::kYes);
  EXPECT_EQ(q.add("same", fresh('a')), Taken::kShareIsUsed);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(q.add(fresh('l'), "x"), Taken::kYes);
  EXPECT_EQ(q.add(fresh('l'), "x"), Taken::kShareIsUsed);
  for (int i = 16; i < FairQueue::kMaxWaiting; ++i) {
    EXPECT_EQ(q.add(fresh('l'), fresh('a')), Taken::kYes);
  }
  EXPECT_EQ(q.add(fresh('l'), fresh('a')), Taken::kFull);
  q.finish(FairQueue::kMaxWaiting);
  EXPECT_EQ(q.add("same", "x"), Taken::kYes);
  q.finish(FairQueue::kMaxWaiting + 1);
}

TEST(Operations, WhatChangesSomethingIsInTheTable) {
  Towns t;
  for (const Route& route : t.api->routes()) {
    const bool gets = std::string_view(route.method) == "GET";
    EXPECT_TRUE(!gets || is_read_only(route.operation)) << route.id;
    EXPECT_FALSE(route.command && is_read_only(route.operation)) << route.id;
  }
}

TEST(Draining, NothingThatChangesSomethingIsBegun) {
  Towns t;
  t.api->drain();
  const Seq last = t.runtime->applied_seq();
  int changes = 0;
  for (const Route& route : t.api->routes()) {
    std::string target = route.pattern;
    for (auto open = target.find('{'); open != std::string::npos; open = target.find('{')) {
      target.replace(open, target.find('}') - open + 1, std::to_string(t.own.need));
    }
    const bool nobody = scope_of(route.operation, pb::ROLE_LEAD) == Scope::kNone;
    if (is_read_only(route.operation)) continue;
    ++changes;
    const Response r = t.send(route.method, target, "{}", {.anonymous = nobody});
    EXPECT_EQ(t.code_of(r), "503 server.draining") << route.id;
  }
  EXPECT_GT(changes, 50);
  EXPECT_EQ(t.runtime->applied_seq(), last);
  EXPECT_EQ(t.send("GET", "/v1/policy").status, 200U);
  EXPECT_EQ(t.send("POST", "/v1/batch:check", R"({"commands":[]})").status, 200U);
}

}  // namespace
}  // namespace qiao
