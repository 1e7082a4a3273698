// Questions that take long: whose time they take, in which order they are answered, and when they
// are given up.
#include <gtest/gtest.h>

#include <algorithm>

#include "server/api/later.h"
#include "server/background/analyst.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

using namespace std::chrono_literals;

void spin(std::chrono::steady_clock::duration time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
  }
}

// Questions put to an analyst directly. Each takes so many steps, and each step a slice.
struct Asked : Host {
  std::shared_ptr<Question> ask(const std::string& account, const std::string& address,
                                std::size_t steps = 2) {
    auto question = std::make_shared<Question>();
    question->share = {account, address};
    question->charge = [this](std::chrono::nanoseconds used) { charged += used; };
    question->waits = [this, account] { return account != gone; };
    question->refuse = [this](Taken taken) { refused.push_back(taken); };
    analyst->in_slices(
        Lane::kShort, question, steps, 1,
        [this](std::size_t) {
          ++counted;
          spin(kSlice);
        },
        [this, account, question] { order += account.front(); });
    return question;
  }
  void finish(std::size_t count) {
    while (order.size() < count) context.run_one();
  }
  std::string order;
  std::string gone = "nobody";
  std::size_t counted = 0;
  std::chrono::nanoseconds charged{0};
  std::vector<Taken> refused;
};

TEST(Counts, AccountsTakeTurns) {
  Asked t;
  for (int i = 0; i < 6; ++i) t.ask("a", "1");
  t.ask("b", "1");
  t.ask("c", "2");
  t.finish(8);
  // The first began at once.
  EXPECT_EQ(t.order, "aabcaaaa");
}

TEST(Counts, AnAccountAndAnAddressHaveAShareOfWhatWaits) {
  Asked t;
  for (std::size_t i = 0; i < kMostQuestions.per_account; ++i) t.ask("a", std::to_string(i));
  EXPECT_TRUE(t.refused.empty());
  t.ask("a", "x");
  EXPECT_EQ(t.refused, std::vector{Taken::kShareIsUsed});
  std::size_t taken = kMostQuestions.per_account;
  for (std::size_t i = 0; i < kMostQuestions.per_address; ++i, ++taken) {
    t.ask(std::string(1, static_cast<char>('A' + i)), "y");
  }
  t.ask("z", "y");
  EXPECT_EQ(t.refused, (std::vector{Taken::kShareIsUsed, Taken::kShareIsUsed}));
  for (; taken < kMostQuestions.all; ++taken) {
    t.ask(std::to_string(taken), "z" + std::to_string(taken));
  }
  EXPECT_EQ(t.refused.size(), 2U);
  t.ask("b", "x");
  EXPECT_EQ(t.refused.back(), Taken::kFull);
  t.finish(kMostQuestions.all);
  t.refused.clear();
  t.ask("a", "y");
  EXPECT_TRUE(t.refused.empty()) << "what has been answered counts no more";
}

TEST(Counts, WhatNobodyWaitsForIsGivenUpAlsoWhenHalfDone) {
  Asked t;
  t.ask("a", "1", 1000);
  for (std::size_t i = 1; i < kMostQuestions.per_account; ++i) t.ask("a", "1");
  t.ask("b", "1");
  EXPECT_EQ(t.counted, 1U);
  t.gone = "a";
  t.finish(1);
  EXPECT_EQ(t.order, "b");
  EXPECT_LE(t.counted, 3U);
}

TEST(Counts, WhatNobodyWaitsForKeepsNobodyOut) {
  Asked t;
  for (std::size_t i = 0; i < kMostQuestions.per_account; ++i) t.ask("a", "1");
  t.gone = "a";
  const auto share = [&](const std::string& account) { t.ask(account, "1"); };
  for (char c = 'b'; c <= 'z'; ++c) share(std::string(1, c));
  EXPECT_TRUE(t.refused.empty());
  t.finish(25);
}

TEST(Counts, EachSliceIsChargedAndSoIsWorkBesideTheMarket) {
  Asked t;
  const auto question = t.ask("a", "1", 20);
  t.finish(1);
  EXPECT_GE(t.charged, 20 * kSlice);
  t.charged = 0ns;
  t.analyst->run_beside(
      question, [] { spin(5ms); }, [&] { t.order += '.'; });
  t.finish(2);
  EXPECT_GE(t.charged, 5ms);
}

TEST(Counts, AreChargedToTheAccountAndTheAddressBeyondWhatTheyTypicallyCost) {
  const auto now = std::chrono::steady_clock::time_point{1h};
  GateOptions limits{
      .writes_per_second = 0, .time_share = 0.5, .time_burst = 1, .log_ins_per_minute = 0};
  limits.clock = [now] { return now; };
  Towns t(limits);
  const Route* route = nullptr;
  for (const Route& r : t.api->routes()) {
    if (r.operation == Operation::kPreviewNeed) route = &r;
  }
  const std::string authorization = "Bearer " + t.tokens.at("resident");
  Request request;
  request.credentials.authorization = authorization;
  request.credentials.address = "10.0.0.1";
  Call call;
  call.request = &request;
  call.route = route;
  call.identity = t.gate->identify(request.credentials).value;
  call.gate = t.gate;
  const auto take = [&](std::size_t steps) {
    Response r = later(call, *t.analyst, [&](const auto& question, auto then) {
      t.analyst->in_slices(
          Lane::kShort, question, steps, 1, [](std::size_t) { spin(1ms); },
          [then] { then(std::make_unique<pb::PreviewResponse>()); });
    });
    bool done = false;
    r.deferred(Waiter([&](const Response&) { done = true; }));
    while (!done) t.context.run_one();
  };
  const auto left = [&](std::chrono::microseconds time) {
    return !t.gate->over_time("10.0.0.1", time, now) &&
           !t.gate->over_time(call.identity, time, now);
  };
  EXPECT_TRUE(left(1s));
  // What it typically costs is charged by Api::handle().
  take(1);
  EXPECT_TRUE(left(1s));
  take(30);
  EXPECT_FALSE(left(981ms));
  EXPECT_TRUE(left(500ms));
}

// Previews that are all sent before the first is answered.
struct Previews : Towns {
  Previews() : body(R"({"need":)" + need_of(own, "") + "}") {}
  void send_one(const std::string& role, const std::string& address) {
    const std::string authorization = "Bearer " + tokens.at(role);
    Request r;
    r.method = "POST";
    r.target = "/v1/needs:preview";
    r.body = body;
    r.credentials.authorization = authorization;
    r.credentials.address = address;
    const Response response = api->handle(r);
    ASSERT_TRUE(response.deferred) << response.body;
    ++open;
    response.deferred(Waiter(
        [this, role](const Response& answer) {
          --open;
          answers.push_back(role + (answer.status == 200 ? " 200" : " " + code_of(answer)));
          EXPECT_EQ(answer.retry_after > 0, answer.status != 200);
        },
        [this, role] { return role != gone; }));
  }
  void finish() {
    while (open > 0) context.run_one();
  }
  const std::string body;
  std::string gone;
  int open = 0;
  std::vector<std::string> answers;
};

TEST(Previews, OfOneAccountMakeNobodyElseWait) {
  Previews t;
  for (std::size_t i = 0; i < kMostQuestions.per_account + 1; ++i)
    t.send_one("resident", "10.0.0.1");
  EXPECT_EQ(t.answers, std::vector<std::string>{"resident 429 rate.limited"});
  t.send_one("organiser", "10.0.0.2");
  t.finish();
  const auto other = std::find(t.answers.begin(), t.answers.end(), "organiser 200");
  ASSERT_NE(other, t.answers.end());
  EXPECT_LE(other - t.answers.begin(), 3);
  EXPECT_EQ(std::count(t.answers.begin(), t.answers.end(), "resident 200"), 8);
}

TEST(Previews, OfAConnectionThatIsClosedAreNotAnswered) {
  Previews t;
  t.send_one("resident", "10.0.0.1");
  t.gone = "resident";
  for (int i = 0; i < 7; ++i) t.send_one("resident", "10.0.0.1");
  t.send_one("organiser", "10.0.0.2");
  while (t.answers.empty() || t.answers.back() != "organiser 200") t.context.run_one();
  t.context.poll();
  EXPECT_LE(t.answers.size(), 2U);
}

TEST(SupplyGaps, OfSeveralWhoAskAreFoundOneAfterAnother) {
  Towns t;
  const auto id = t.id_of(t.send("POST", "/v1/clearings", "{}"));
  while (t.house->get(id).value().state() != pb::CLEARING_STATE_DONE) t.context.run_one();
  std::vector<unsigned> answers;
  std::string gone;
  const auto ask = [&](const std::string& role) {
    const std::string authorization = "Bearer " + t.tokens.at(role);
    Request r;
    r.method = "GET";
    r.target = "/v1/supply-gaps?limit=100";
    r.credentials.authorization = authorization;
    const auto then = [&](const Response& answer) { answers.push_back(answer.status); };
    t.api->handle(r).deferred(Waiter(then, [&, role] { return role != gone; }));
  };
  ask("organiser");
  ask("organiser");
  ask("lead");
  while (answers.size() < 3) t.context.run_one();
  EXPECT_EQ(answers, std::vector<unsigned>(3, 200));
  for (int i = 0; i < 3; ++i) ask("organiser");
  gone = "organiser";
  ask("lead");
  while (answers.size() < 4) t.context.run_one();
  EXPECT_EQ(answers.size(), 4U) << "what nobody waits for is not looked for";
}

}  // namespace
}  // namespace qiao
