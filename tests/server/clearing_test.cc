// Clearings in a queue, over restarts, and what is kept of them.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <fstream>
#include <set>

#include "engine/rows/invariants.h"
#include "qiao/v1/clearing.pb.h"
#include "tests/support/host.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

std::string of(std::uint64_t id) { return "/v1/clearings/" + std::to_string(id); }

// Not by a request, which may wait for the disk and let a clearing go on meanwhile.
pb::Clearing state_of(Host& host, std::uint64_t id) { return host.house->get(id).value(); }

bool busy(const pb::Clearing& c) {
  return c.state() == pb::CLEARING_STATE_QUEUED || c.state() == pb::CLEARING_STATE_RUNNING ||
         c.stage() == pb::CLEARING_STAGE_APPLYING;
}

pb::Clearing finished(Host& host, std::uint64_t id) {
  pb::Clearing c;
  do {
    host.context.run_for(std::chrono::milliseconds{2});
    host.context.restart();
    c = state_of(host, id);
  } while (busy(c));
  return c;
}

std::uint64_t start(Host& host, const std::string& body = "{}", const std::string& token = {}) {
  return host.id_of(host.send("POST", "/v1/clearings", body, {.token = token}));
}

int proposals_of(Host& host, std::uint64_t id) {
  return host.get<pb::ListProposalsResponse>(of(id) + "/proposals?pageSize=200").proposals_size();
}

std::size_t matches_in(Host& host, pb::MatchState state) {
  const State& s = host.runtime->state();
  std::size_t count = 0;
  for (Slot m = 0; m < s.matches().size(); ++m) count += s.matches()[m].state == state ? 1 : 0;
  return count;
}

// So many needs that one team can serve together. Does not wait for the disk in between.
void post_needs(Host& host, int count) {
  pb::Command offers = by(pb::ROLE_LEAD);
  *offers.mutable_post_offer() = offer(host.team).people(9000);
  EXPECT_TRUE(host.runtime->apply(offers));
  pb::Command needs = by(pb::ROLE_LEAD);
  *needs.mutable_post_need()->mutable_need() = need().people(1);
  needs.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
  for (int i = 0; i < count; ++i) EXPECT_TRUE(host.runtime->apply(needs));
}

TEST(KeptClearings, SurviveARestartWithProposalsEquityAndNumbers) {
  Host host;
  host.found();
  const auto need = host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  const pb::Clearing first = finished(host, start(host));
  const pb::Clearing second = finished(host, start(host, R"({"areaCode":"341881001001"})"));
  EXPECT_EQ(second.id(), 2U);
  const auto before = host.get<pb::ListProposalsResponse>(of(2) + "/proposals");
  const auto equity = host.get<pb::EquityReport>("/v1/equity?clearing=2");
  ASSERT_EQ(before.proposals_size(), 1);
  host.restart();
  const auto all = host.get<pb::ListClearingsResponse>("/v1/clearings");
  ASSERT_EQ(all.clearings_size(), 2);
  EXPECT_EQ(all.clearings(0).SerializeAsString(), second.SerializeAsString());
  EXPECT_EQ(all.clearings(1).SerializeAsString(), first.SerializeAsString());
  const auto after = host.get<pb::ListProposalsResponse>(of(2) + "/proposals");
  EXPECT_EQ(after.SerializeAsString(), before.SerializeAsString());
  const auto equity_after = host.get<pb::EquityReport>("/v1/equity?clearing=2");
  EXPECT_EQ(equity_after.SerializeAsString(), equity.SerializeAsString());
  EXPECT_EQ(host.get<pb::EquityReport>("/v1/equity").clearing_id(), 2U);
  // What was found before the restart can be applied after it, and that is kept as well.
  EXPECT_EQ(host.send("POST", of(2) + ":dispatch").status, 200U);
  EXPECT_EQ(finished(host, 2).applied(), 1U);
  host.restart();
  EXPECT_EQ(state_of(host, 2).applied(), 1U);
  EXPECT_EQ(proposals_of(host, 2), 0);
  ASSERT_EQ(matches_in(host, pb::MATCH_STATE_DISPATCHED), 1U);
  EXPECT_EQ(host.runtime->state().load_match(0).need_id(), need);
  EXPECT_EQ(start(host), 3U);
}

TEST(KeptClearings, ThatRanOrWaitedWhenTheServerStoppedAreInterrupted) {
  Host host;
  host.found();
  EXPECT_EQ(start(host), 1U);
  EXPECT_EQ(start(host), 2U);
  EXPECT_EQ(state_of(host, 1).state(), pb::CLEARING_STATE_RUNNING);
  EXPECT_EQ(state_of(host, 2).state(), pb::CLEARING_STATE_QUEUED);
  host.restart();
  for (int again = 0; again < 2; ++again) {
    for (const std::uint64_t id : {1, 2}) {
      const pb::Clearing c = state_of(host, id);
      EXPECT_EQ(c.state(), pb::CLEARING_STATE_INTERRUPTED);
      EXPECT_EQ(c.stage(), pb::CLEARING_STAGE_UNSPECIFIED);
      EXPECT_GT(c.finished_at(), 0);
      EXPECT_NE(c.zh().find("中断"), std::string::npos);
      EXPECT_FALSE(c.en().empty());
      EXPECT_EQ(host.code_of(host.send("POST", of(id) + ":dispatch")), "409 state.wrong id");
      EXPECT_EQ(host.code_of(host.send("GET", "/v1/equity?clearing=" + std::to_string(id))),
                "409 state.wrong clearing");
    }
    host.restart();
  }
  EXPECT_EQ(start(host), 3U);
}

TEST(KeptClearings, ThatWereBeingAppliedGoOnWhereTheyWereAndAskNobodyTwice) {
  Host host;
  host.found();
  constexpr std::size_t kNeeds = 2000;
  post_needs(host, kNeeds);
  EXPECT_EQ(finished(host, start(host)).proposals(), kNeeds);
  EXPECT_EQ(host.send("POST", of(1) + ":dispatch").status, 200U);
  while (state_of(host, 1).applied() == 0) host.context.run_one();
  ASSERT_EQ(state_of(host, 1).stage(), pb::CLEARING_STAGE_APPLYING);
  const std::size_t given = matches_in(host, pb::MATCH_STATE_DISPATCHED);
  host.restart();
  const pb::Clearing left = state_of(host, 1);
  EXPECT_EQ(left.state(), pb::CLEARING_STATE_DONE);
  EXPECT_FALSE(busy(left));
  EXPECT_NE(left.zh().find("可以继续"), std::string::npos) << left.zh();
  // The last one may have been given or not; it is not given again.
  EXPECT_GE(left.applied() + 1, given);
  EXPECT_EQ(host.send("POST", of(1) + ":dispatch").status, 200U);
  EXPECT_EQ(finished(host, 1).dropped(), 0U);
  EXPECT_GE(matches_in(host, pb::MATCH_STATE_DISPATCHED), kNeeds - 1);
  EXPECT_LE(matches_in(host, pb::MATCH_STATE_DISPATCHED), kNeeds);
  EXPECT_TRUE(check_invariants(host.runtime->state()).empty());
}

TEST(KeptClearings, AreTheLatestAndNoMoreOnDiskThanInMemory) {
  Host host;
  host.found();
  host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  for (std::size_t i = 0; i < kKeptRuns + 3; ++i) finished(host, start(host));
  for (int again = 0; again < 2; ++again) {
    const auto all = host.get<pb::ListClearingsResponse>("/v1/clearings");
    ASSERT_EQ(static_cast<std::size_t>(all.clearings_size()), kKeptRuns);
    EXPECT_EQ(all.clearings(0).id(), kKeptRuns + 3);
    EXPECT_EQ(host.code_of(host.send("GET", of(3))), "404 not_found id");
    EXPECT_EQ(proposals_of(host, kKeptRuns + 3), 1);
    const std::uint64_t old = kKeptRuns + 3 - kKeptProposals;
    EXPECT_EQ(proposals_of(host, old + 1), 1);
    EXPECT_EQ(proposals_of(host, old), 0);
    EXPECT_EQ(host.code_of(host.send("POST", of(old) + ":dispatch")), "409 state.wrong id");
    host.restart();
  }
  std::size_t rows = 0;
  EXPECT_TRUE(
      host.store->read_clearings([&](std::uint64_t, ClearingPart, std::string_view) { ++rows; }));
  EXPECT_EQ(rows, 2 * kKeptRuns + kKeptProposals);
}

TEST(Proposals, ComeInPagesOfOneDatabase) {
  Host host;
  host.found();
  post_needs(host, 3);
  finished(host, start(host));
  for (const std::string& list : {of(1) + "/proposals", std::string("/v1/proposals")}) {
    std::string token;
    std::set<std::uint64_t> needs;
    int pages = 0;
    do {
      const std::string next = token.empty() ? "" : "&pageToken=" + token;
      const auto page = host.get<pb::ListProposalsResponse>(list + "?pageSize=1" + next);
      for (const pb::Proposal& p : page.proposals()) needs.insert(p.need_id());
      token = page.next_page_token();
      if (++pages > 1 || token.empty()) continue;
      std::string foreign = token;
      foreign.back() = foreign.back() == '0' ? '1' : '0';
      EXPECT_EQ(host.code_of(host.send("GET", list + "?pageToken=" + foreign)),
                "412 database.restored pageToken");
    } while (!token.empty());
    EXPECT_EQ(needs.size(), 3U) << list;
    EXPECT_EQ(pages, 3) << list;
  }
}

// What a start says of the clearings that are kept, after `damage` was done to them.
StoreError start_with_damaged_clearings(const std::function<void(Store&)>& damage) {
  Host host;
  host.found();
  host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  finished(host, start(host));
  host.stop();
  StoreError said;
  {
    auto opened = Store::open(host.folder / "db", Store::Mode::kExisting);
    EXPECT_TRUE(opened);
    damage(*opened.value());
  }
  const auto store = Store::open(host.folder / "db", Store::Mode::kExisting).value();
  Metrics metrics;
  RuntimeOptions options{.on_disk_failure = [&](const StoreError& e) { said = e; }, .driven = true};
  const auto clock = [&] { return host.now; };
  const auto runtime = Runtime::start(host.context, *store, metrics, clock, options).value();
  const ClearinghouseOptions unscheduled{.threads = 1, .scheduled = false};
  { const Clearinghouse house(host.context, *runtime, unscheduled); }
  return said;
}

// Otherwise the next clearing would have the number of one that was there.
TEST(KeptClearings, ThatAreDamagedAreRefused) {
  const StoreError flipped = start_with_damaged_clearings([](Store& store) {
    EXPECT_TRUE(store.db().Flush({}, store.clearing()).ok());
    std::vector<rocksdb::LiveFileMetaData> files;
    store.db().GetLiveFilesMetaData(&files);
    for (const auto& file : files) {
      if (file.column_family_name != store.clearing()->GetName()) continue;
      std::fstream table(file.directory + "/" + file.relative_filename,
                         std::ios::in | std::ios::out | std::ios::binary);
      table.seekp(40);
      table.put('\xaa');
    }
  });
  EXPECT_TRUE(flipped.damaged);
  EXPECT_NE(flipped.message.find(".sst"), std::string::npos) << flipped.message;
  EXPECT_FALSE(flipped.zh.empty());
  const StoreError junk = start_with_damaged_clearings([](Store& store) {
    const std::string summary = big_endian(1) + static_cast<char>(ClearingPart::kSummary);
    EXPECT_TRUE(store.db().Put({}, store.clearing(), summary, "\xff").ok());
  });
  EXPECT_TRUE(junk.damaged);
  EXPECT_NE(junk.message.find("clearing 1"), std::string::npos) << junk.message;
  EXPECT_FALSE(junk.zh.empty());
}

TEST(Applying, IsNotCutShortByNewerClearings) {
  Host host;
  host.found();
  pb::Command put = by(pb::ROLE_LEAD);
  *put.mutable_put_area() = host.runtime->state().load_area(0);
  put.mutable_put_area()->set_code(kOtherCommunity);
  put.mutable_put_area()->set_parent_code(kTown);
  put.mutable_put_area()->set_level(pb::AREA_LEVEL_COMMUNITY);
  EXPECT_TRUE(host.runtime->apply(put));
  constexpr std::size_t kNeeds = 6000;
  post_needs(host, kNeeds);
  EXPECT_EQ(finished(host, start(host)).proposals(), kNeeds);
  EXPECT_EQ(host.send("POST", of(1) + ":propose").status, 200U);
  // Of a community that has nothing, so that they are soon done.
  std::uint64_t last = 0;
  for (std::size_t i = 0; i < kKeptProposals; ++i) {
    last = start(host, R"({"areaCode":"341881002001"})");
  }
  while (busy(state_of(host, last))) host.context.run_one();
  ASSERT_EQ(state_of(host, 1).stage(), pb::CLEARING_STAGE_APPLYING);
  EXPECT_EQ(finished(host, 1).applied(), kNeeds);
}

TEST(Applying, DoesNotAskAPartyThatDeclinedSince) {
  Host host;
  host.found();
  const auto need = host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  EXPECT_EQ(finished(host, start(host)).proposals(), 1U);
  const auto match = host.id_of(host.send("POST", "/v1/matches:dispatch", host.match_body(need)));
  const std::string declined = "/v1/matches/" + std::to_string(match) + ":decline";
  EXPECT_EQ(host.send("POST", declined, R"({"reason":"当天有事"})").status, 200U);
  EXPECT_EQ(host.get<pb::ListProposalsResponse>("/v1/proposals").proposals_size(), 0);
  EXPECT_EQ(host.send("POST", of(1) + ":dispatch").status, 200U);
  const pb::Clearing c = finished(host, 1);
  EXPECT_EQ(c.applied(), 0U);
  EXPECT_EQ(c.dropped(), 1U);
  EXPECT_EQ(matches_in(host, pb::MATCH_STATE_DISPATCHED), 0U);
  EXPECT_EQ(finished(host, start(host, R"({"apply":"CLEARING_APPLY_DISPATCH"})")).proposals(), 0U);
  // A person who names the offer may.
  EXPECT_EQ(host.send("POST", "/v1/matches:dispatch", host.match_body(need)).status, 201U);
}

// Two organisers of two towns, and the lead.
struct Queue : Towns {
  Queue() {
    tokens["other"] = token_of(account(pb::ROLE_ORGANISER, "other-organiser", foreign.organiser));
    // Nothing waits for the disk any more, so that no request lets a clearing go on.
    wait_for(runtime->applied_seq());
  }
  static std::string in(const Side& side, const std::string& more = "") {
    return R"({"areaCode":")" + std::to_string(side.area) + "\"" + more + "}";
  }
};

TEST(ClearingQueue, TheLeadsAreBeforeThoseOfOrganisers) {
  Queue q;
  const auto running = start(q, Queue::in(q.own), q.tokens["organiser"]);
  const auto other = start(q, Queue::in(q.foreign), q.tokens["other"]);
  const auto first = start(q);
  const auto second = start(q);
  EXPECT_EQ(state_of(q, running).state(), pb::CLEARING_STATE_RUNNING);
  EXPECT_EQ(state_of(q, first).zh(), "排队中，前面还有1轮");
  EXPECT_EQ(state_of(q, second).zh(), "排队中，前面还有2轮");
  EXPECT_EQ(state_of(q, other).en(), "waits for 3 before it");
  std::vector<std::uint64_t> order;
  while (order.size() < 4) {
    q.context.run_one();
    for (const std::uint64_t id : {running, other, first, second}) {
      const bool done = state_of(q, id).state() == pb::CLEARING_STATE_DONE;
      if (done && std::find(order.begin(), order.end(), id) == order.end()) order.push_back(id);
    }
  }
  EXPECT_EQ(order, (std::vector<std::uint64_t>{running, first, second, other}));
}

TEST(ClearingQueue, AnOrganiserHasOnePlaceAndTheLeadSome) {
  Queue q;
  const auto refused = [&](const std::string& body, const std::string& token) {
    return q.code_of(q.send("POST", "/v1/clearings", body, {.token = token}));
  };
  start(q, Queue::in(q.own), q.tokens["organiser"]);
  EXPECT_EQ(refused(Queue::in(q.own), q.tokens["organiser"]), "409 clearing.running");
  const auto waiting = start(q, Queue::in(q.foreign), q.tokens["other"]);
  EXPECT_EQ(refused(Queue::in(q.foreign), q.tokens["other"]), "409 clearing.running");
  for (std::size_t i = 0; i < kMostWaitingOfLead; ++i) start(q);
  EXPECT_EQ(refused("{}", q.tokens["lead"]), "409 clearing.queue_full");
  // One that is taken out of the queue makes room, and only its own organiser takes it out.
  const std::string cancel = of(waiting) + ":cancel";
  EXPECT_EQ(q.send("POST", cancel, "", {.token = q.tokens["organiser"]}).status, 403U);
  EXPECT_EQ(q.send("POST", cancel, "", {.token = q.tokens["other"]}).status, 200U);
  const pb::Clearing cancelled = state_of(q, waiting);
  EXPECT_EQ(cancelled.state(), pb::CLEARING_STATE_CANCELLED);
  EXPECT_NE(cancelled.zh().find("取消"), std::string::npos);
  EXPECT_FALSE(cancelled.en().empty());
  EXPECT_EQ(q.code_of(q.send("POST", cancel)), "409 state.wrong id");
  EXPECT_EQ(q.code_of(q.send("POST", of(waiting) + ":dispatch")), "409 state.wrong id");
  const auto again = start(q, Queue::in(q.foreign), q.tokens["other"]);
  EXPECT_EQ(finished(q, again).state(), pb::CLEARING_STATE_DONE);
  EXPECT_EQ(state_of(q, waiting).state(), pb::CLEARING_STATE_CANCELLED);
}

TEST(KeptClearings, OfOneAccountDisplaceNobodyElses) {
  Queue q;
  const auto of_lead = start(q);
  EXPECT_GT(finished(q, of_lead).proposals(), 0U);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < kKeptRuns + 1; ++i) {
    const auto tiny = start(q, Queue::in(q.own), q.tokens["organiser"]);
    EXPECT_GT(finished(q, tiny).proposals(), 0U);
    if (i == 0) first = tiny;
  }
  EXPECT_GT(proposals_of(q, of_lead), 0);
  q.restart();
  EXPECT_GT(proposals_of(q, of_lead), 0);
  EXPECT_EQ(q.code_of(q.send("GET", of(first))), "404 not_found id") << "its own go first";
  const auto again = start(q, Queue::in(q.own), q.tokens["organiser"]);
  finished(q, again);
  EXPECT_EQ(proposals_of(q, again - kKeptProposals), 0) << "also of those before the restart";
  EXPECT_EQ(q.send("POST", of(of_lead) + ":dispatch").status, 200U);
}

TEST(ClearingQueue, AnOrganisersBudgetIsSmallerThanTheLeads) {
  Queue q;
  const auto asked = [&](const std::string& budget, const std::string& token) {
    const std::string body = Queue::in(q.own, R"(,"budget":")" + budget + "\"");
    const Response r = q.send("POST", "/v1/clearings", body, {.token = token});
    return r.status == 201 ? std::string("ok") : q.code_of(r);
  };
  const std::string out_of_range = "400 value.out_of_range budget";
  EXPECT_EQ(asked(std::to_string(kMostBudgetOfOrganiser + 1), q.tokens["organiser"]), out_of_range);
  EXPECT_EQ(asked(std::to_string(kMostBudgetOfOrganiser), q.tokens["organiser"]), "ok");
  EXPECT_EQ(asked(std::to_string(kMostBudgetOfLead + 1), q.tokens["lead"]), out_of_range);
  EXPECT_EQ(asked(std::to_string(kMostBudgetOfLead), q.tokens["lead"]), "ok");
}

TEST(StandingPlan, RemembersNothingWhileThePolicyClearsNothingByItself) {
  Host host;
  host.found();
  host.id_of(host.send("POST", "/v1/needs", Host::need_body("5")));
  host.stop();
  host.scheduled = true;
  host.start();
  Clearinghouse& house = *host.house;
  const auto every = [&](std::int64_t seconds) {
    pb::Command c = by(pb::ROLE_LEAD);
    *c.mutable_set_policy() = host.runtime->state().policy();
    c.mutable_set_policy()->mutable_clearing()->set_every(seconds);
    EXPECT_TRUE(host.runtime->apply(c));
  };
  const auto post = [&] {
    pb::Command c = by(pb::ROLE_LEAD);
    *c.mutable_post_need()->mutable_need() = need().people(1);
    c.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
    EXPECT_TRUE(host.runtime->apply(c));
  };
  every(3600);
  const auto id = house.start({}, by(pb::ROLE_LEAD).actor()).value().id();
  while (house.get(id).value().state() == pb::CLEARING_STATE_RUNNING) host.context.run_one();
  for (int i = 0; i < 10; ++i) post();
  EXPECT_EQ(house.dirty(), 10U);
  // The same rows over and over count once.
  pb::Command change = by(pb::ROLE_LEAD);
  *change.mutable_update_offer() = host.runtime->state().load_offer(0);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(host.runtime->apply(change));
  EXPECT_EQ(house.dirty(), 11U);
  every(0);
  for (int i = 0; i < 10; ++i) post();
  EXPECT_EQ(house.dirty(), 0U);
}

}  // namespace
}  // namespace qiao
