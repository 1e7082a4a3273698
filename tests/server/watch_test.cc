// The watch feed without sockets: who sees what, for how long, and whose turn it is.
#include "server/api/watch.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "server/api/epoch.h"
#include "tests/support/towns.h"
#include "tools/swarm/random_request.h"
#include "tools/swarm/shown.h"

namespace qiao {
namespace {

constexpr std::size_t kRing = 64;
constexpr const char* kRoles[] = {"lead", "auditor", "organiser", "supplier", "member", "resident"};

WatchRequest everything_after(Seq seq) {
  WatchRequest request;
  request.after = seq;
  return request;
}

// Two towns with a feed.
struct Watched : Towns {
  Tail tail{*store, kRing, all_durable(), Relations(runtime->state())};
  std::uint64_t branch = 0;
  std::uint64_t lower = 0;

  Watched() {
    runtime->listen([this](auto events) {
      for (auto& e : events) tail.push(std::move(e));
    });
    tokens["second-lead"] = token_of(account(pb::ROLE_LEAD, "second-lead"));
    // One that the team has applied for, elsewhere, and one below that in the team's own area.
    branch = apply_for(own.team, foreign.area);
    lower = apply_for(branch, own.area);
    catch_up();
  }
  std::uint64_t apply_for(std::uint64_t parent, std::uint64_t area) {
    return id_of(send("POST", "/v1/parties",
                      R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"分队","parentId":")" +
                          std::to_string(parent) + R"(","areaCode":")" + std::to_string(area) +
                          "\"}",
                      {.token = tokens.at("supplier")}));
  }
  Seq all_durable() {
    wait_for(runtime->applied_seq());
    return runtime->durable_seq();
  }
  // Until the feed has all that has happened.
  void catch_up() {
    wait_for(runtime->applied_seq());
    while (tail.last() < runtime->applied_seq()) context.run_one();
  }
  Identity identity(const std::string& role, const std::string& acting = "") {
    Credentials credentials;
    const std::string authorization = "Bearer " + tokens.at(role);
    credentials.authorization = authorization;
    credentials.acting = acting;
    auto who = api->watcher(credentials);
    EXPECT_TRUE(who.good()) << role;
    return who.value;
  }
  std::unique_ptr<Watch> watch(const std::string& role, WatchRequest request = {},
                               const std::string& acting = "") {
    auto reach = reach_of(identity(role, acting), request.filter, runtime->state());
    EXPECT_TRUE(reach) << role;
    request.reach = std::move(reach).value();
    return std::make_unique<Watch>(tail, std::move(request));
  }
  Response as_lead(const std::string& method, const std::string& target, const std::string& body) {
    Response r = send(method, target, body);
    EXPECT_EQ(r.status / 100, 2U) << method << " " << target << ": " << r.body;
    catch_up();
    return r;
  }
  std::string post_need() { return as_lead("POST", "/v1/needs", need_of(own, "")).location; }
  std::uint64_t account_of(const std::string& login) const {
    return runtime->state().accounts()[runtime->state().account_by_login(login)].id.value();
  }
  // Sends the row back with something changed.
  template <class Row>
  void change(const std::string& target, const std::function<void(Row&)>& how) {
    auto row = get<Row>(target);
    how(row);
    as_lead("PUT", target, to_json(row));
  }
};

// All that it gets until there is nothing now; ended: nothing.
std::optional<std::vector<pb::Event>> read_all(Watch& watch) {
  std::vector<pb::Event> events;
  std::string text;
  while (true) {
    switch (watch.next(text)) {
      case Watch::Step::kEvent:
        EXPECT_TRUE(from_json(text, events.emplace_back())) << text;
        break;
      case Watch::Step::kMore:
        break;
      case Watch::Step::kNothingNow:
        return events;
      case Watch::Step::kEnded:
        return std::nullopt;
      case Watch::Step::kUnreadable:
        ADD_FAILURE() << "unreadable";
        return std::nullopt;
    }
  }
}

// --- what is seen is what View shows

std::string counted_as(pb::Event::RowCase row, Sight sight) {
  return std::to_string(row) + " " + std::to_string(static_cast<int>(sight));
}

// A watcher that comes back at once whenever it is ended.
struct Comer {
  std::uint64_t account;
  std::unique_ptr<Watch> watch;
};

// The feed and a second market, both taken from event to event.
struct Beside {
  Towns& t;
  State state;
  std::optional<Tail> tail;
  std::vector<Comer> comers;
  std::map<std::string, int> compared;  // by kind of row and sight

  explicit Beside(Towns& towns) : t(towns) {
    t.wait_for(t.runtime->applied_seq());
    pb::Event event;
    EXPECT_TRUE(t.runtime->read_journal(0, [&](Seq, std::string_view bytes) {
      event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
      state.fold(event);
      return true;
    }));
    tail.emplace(*t.store, kRing, state.last_seq(), Relations(state));
    for (const char* role : kRoles) {
      const Slot account = state.account_by_login(role);
      comers.push_back({state.accounts()[account].id.value(), {}});
      come(comers.back(), state.last_seq());
    }
  }

  Identity identity_of(Slot account) const {
    const AccountRow& row = state.accounts()[account];
    Identity identity;
    identity.account = account;
    identity.actor.set_account_id(row.id.value());
    identity.actor.set_role(row.role);
    identity.actor.set_party_id(row.party.value());
    identity.actor.set_person_id(row.person.value());
    identity.actor.set_resident_ref(row.resident_ref);
    return identity;
  }
  // Without a watch where its account is disabled.
  void come(Comer& comer, Seq after) {
    comer.watch.reset();
    const Slot account = state.accounts().find(AccountId{comer.account});
    if (state.accounts()[account].disabled) return;
    WatchRequest request = everything_after(after);
    auto reach = reach_of(identity_of(account), request.filter, state);
    ASSERT_TRUE(reach) << reach.error().en();
    request.reach = std::move(reach).value();
    comer.watch = std::make_unique<Watch>(*tail, std::move(request));
  }

  void take(std::shared_ptr<const Published> published) {
    pb::Event event;
    event.ParseFromString(published->bytes);
    state.fold(event);
    tail->push(std::move(published));
    for (Comer& comer : comers) {
      if (!comer.watch) continue;
      auto got = read_all(*comer.watch);
      if (!got) {
        come(comer, event.seq() - 1);
        if (!comer.watch) continue;
        got = read_all(*comer.watch);
      }
      ASSERT_TRUE(got);
      compare(comer, event, *got);
    }
  }

  void compare(const Comer& comer, const pb::Event& event, const std::vector<pb::Event>& got) {
    const pb::Actor actor = identity_of(state.accounts().find(AccountId{comer.account})).actor;
    const std::string role = pb::Role_Name(actor.role());
    ASSERT_LE(got.size(), 1U);
    const Shown view =
        shown_by_view(state, actor, std::bitset<128>().set(), event.row_case(), row_id_of(event));
    const Shown feed = got.empty() ? Shown{} : shown_by_feed(got.front());
    EXPECT_EQ(view, feed) << role << ", " << event.ShortDebugString();
    ++compared[counted_as(event.row_case(), view.sight)];
  }
};

// A request by somebody; refusals are welcome.
void ask(Towns& t, const std::string& role, const pb::Request& request) {
  pb::BatchRequest batch;
  *batch.add_commands() = request;
  t.send("POST", "/v1/batch", batch.SerializeAsString(),
         {.type = "application/x-protobuf", .token = t.tokens.at(role)});
}

TEST(Watching, ShowsOfEachEventsRowWhatAnAnswerShowsRightAfterIt) {
  std::map<std::string, int> compared;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    Towns t;
    t.tokens["second-lead"] = t.token_of(t.account(pb::ROLE_LEAD, "second-lead"));
    Beside beside(t);
    t.runtime->listen([&](auto events) {
      for (auto& e : events) beside.take(std::move(e));
    });
    Random random(seed);
    const char* senders[] = {"second-lead", "second-lead", "second-lead",
                             "organiser",   "supplier",    "resident"};
    for (int i = 0; i < 250 && !testing::Test::HasFailure(); ++i) {
      const State& s = t.runtime->state();
      const bool move = random.chance(50);
      const Pool pool(s);
      const pb::Request r = move ? random_move(pool, random) : random_request(s, pool, random);
      ask(t, senders[random.below(std::size(senders))], r);
      t.wait_for(t.runtime->applied_seq());
      t.now += std::chrono::minutes{random.below(30)};
    }
    ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed;
    EXPECT_EQ(beside.state.last_seq(), t.runtime->applied_seq());
    for (const auto& [what, times] : beside.compared) compared[what] += times;
    t.runtime->listen({});
  }
  // That each kind was seen in each way often enough to mean something.
  for (const auto row : {pb::Event::kParty, pb::Event::kPerson, pb::Event::kOffer, pb::Event::kNeed,
                         pb::Event::kMatch, pb::Event::kAccount}) {
    for (const Sight sight : {Sight::kNothing, Sight::kWhole}) {
      EXPECT_GT(compared[counted_as(row, sight)], 5) << row;
    }
  }
  EXPECT_GT(compared[counted_as(pb::Event::kParty, Sight::kPublic)], 5);
  EXPECT_GT(compared[counted_as(pb::Event::kNeed, Sight::kPublic)], 5);
}

TEST(Watching, WhoDeclinedIsSentTheNeedAsThePublicSeesIt) {
  Watched t;
  const auto supplier = t.watch("supplier");
  const std::string need = "/v1/needs/" + std::to_string(t.own.need);
  const auto exact = [&] {
    t.change<pb::Need>(need, [](pb::Need& n) { n.set_title(n.title() + "啊"); });
    const auto got = read_all(*supplier);
    EXPECT_TRUE(got && !got->empty() && got->back().has_need());
    return got->back().need().address() != "";
  };
  EXPECT_TRUE(exact());
  const auto refuse_match = [&](std::uint64_t match, const std::string& verb) {
    t.as_lead("POST", "/v1/matches/" + std::to_string(match) + verb, R"({"reason":"没空"})");
  };
  refuse_match(t.own.match, ":withdraw");
  refuse_match(t.own.dispatched, ":decline");
  EXPECT_FALSE(exact());
}

TEST(Watching, WhatWasErasedIsNotSentFromMemory) {
  Watched t;
  const Seq before = t.tail.last();
  const std::string need = t.as_lead("POST", "/v1/needs", Towns::need_of(t.own, "")).location;
  const auto telephone = [&] {
    const auto got = read_all(*t.watch("resident", everything_after(before)));
    EXPECT_TRUE(got && !got->empty());
    return got->front().need().contact_phone();
  };
  EXPECT_EQ(telephone(), "13912341234") << "one's own is shown whole";
  t.as_lead("POST", need + ":erase", "");
  EXPECT_EQ(telephone(), "");
}

// --- a watch ends with its credentials

struct Change {
  const char* what;
  const char* role;
  const char* acting;
  std::function<void(Watched&)> make;
};

void change_account(Watched& t, const char* login, const std::function<void(pb::Account&)>& how) {
  t.change<pb::Account>("/v1/accounts/" + std::to_string(t.account_of(login)), how);
}

void move_party(Watched& t, std::uint64_t party, std::uint64_t area) {
  t.change<pb::Party>("/v1/parties/" + std::to_string(party),
                      [&](pb::Party& p) { p.set_area_code(area); });
}

std::vector<Change> changes_of_access() {
  const auto own = [](const Watched& t) { return t.own.area / 1000 * 1000; };
  const auto foreign = [](const Watched& t) { return t.foreign.area / 1000 * 1000; };
  return {
      {"role", "auditor", "",
       [](Watched& t) {
         change_account(t, "auditor", [](pb::Account& a) { a.set_role(pb::ROLE_LEAD); });
       }},
      {"disabled", "supplier", "",
       [](Watched& t) {
         change_account(t, "supplier", [](pb::Account& a) { a.set_disabled(true); });
       }},
      {"party", "supplier", "",
       [](Watched& t) {
         change_account(t, "supplier", [&](pb::Account& a) { a.set_party_id(t.foreign.team); });
       }},
      {"resident number", "resident", "",
       [](Watched& t) {
         change_account(t, "resident", [](pb::Account& a) { a.set_resident_ref(9); });
       }},
      {"grant revoked", "organiser", "",
       [](Watched& t) {
         const std::string grant = std::to_string(t.watch("organiser")->reach().grant_id);
         t.as_lead("DELETE", "/v1/tokens/" + grant, "");
       }},
      {"organiser's area", "organiser", "",
       [=](Watched& t) { move_party(t, t.own.organiser, foreign(t)); }},
      {"party moved", "supplier", "",
       [](Watched& t) { move_party(t, t.own.team, t.foreign.area); }},
      {"party suspended", "member", "",
       [](Watched& t) {
         t.as_lead("POST", "/v1/parties/" + std::to_string(t.own.team) + ":suspend", "");
       }},
      {"person removed", "member", "",
       [](Watched& t) { t.as_lead("DELETE", "/v1/persons/" + std::to_string(t.own.person), ""); }},
      {"own party of who acts for another", "organiser", "supplier",
       [=](Watched& t) { move_party(t, t.own.organiser, foreign(t)); }},
      {"party acted for", "organiser", "supplier",
       [=](Watched& t) { move_party(t, t.own.team, own(t)); }},
      {"somebody in a branch that its organiser acts for", "organiser", "supplier",
       [](Watched& t) {
         t.as_lead("POST", "/v1/persons",
                   R"({"name":"王五","partyId":")" + std::to_string(t.branch) + "\"}");
       }},
      {"somebody below a branch elsewhere", "organiser", "supplier",
       [](Watched& t) {
         t.as_lead("POST", "/v1/persons",
                   R"({"name":"王五","partyId":")" + std::to_string(t.lower) + "\"}");
       }},
      {"an offer in a branch that its organiser acts for", "organiser", "supplier",
       [](Watched& t) {
         t.as_lead("POST", "/v1/offers",
                   R"({"title":"人","partyId":")" + std::to_string(t.branch) +
                       R"(","time":{"kind":"TIME_KIND_PEOPLE","capacity":"3"}})");
       }},
      {"account of who acts for another", "second-lead", "organiser",
       [](Watched& t) {
         change_account(t, "second-lead", [](pb::Account& a) { a.set_role(pb::ROLE_AUDITOR); });
       }},
  };
}

TEST(Watching, EndsAtOnceWhenAccessChanges) {
  for (const Change& change : changes_of_access()) {
    SCOPED_TRACE(change.what);
    Watched t;
    const std::string acting = change.acting;
    const std::uint64_t party = acting == "organiser" ? t.own.organiser : t.own.team;
    const auto watch =
        t.watch(change.role, {}, acting.empty() ? "" : acting + "/" + std::to_string(party));
    const auto other = t.watch("lead");
    t.post_need();
    const auto before = read_all(*watch);
    ASSERT_TRUE(before);
    EXPECT_EQ(before->size(), 1U);
    // Events that it has not read yet when its access changes it does not get either.
    t.post_need();
    change.make(t);
    t.post_need();
    EXPECT_FALSE(read_all(*watch));
    std::string text;
    EXPECT_EQ(watch->next(text), Watch::Step::kEnded);
    // The others go on.
    const auto seen = read_all(*other);
    ASSERT_TRUE(seen);
    EXPECT_GE(seen->size(), 4U);
  }
}

TEST(Watching, EndsWithAnAncestorOfItsParty) {
  Watched t;
  t.change<pb::Party>("/v1/parties/" + std::to_string(t.own.team),
                      [&](pb::Party& p) { p.set_parent_id(t.foreign.team); });
  const auto watch = t.watch("member");
  t.change<pb::Party>("/v1/parties/" + std::to_string(t.foreign.team),
                      [](pb::Party& p) { p.set_name("别的名字"); });
  EXPECT_TRUE(read_all(*watch)) << "a name gives no access";
  t.as_lead("POST", "/v1/parties/" + std::to_string(t.foreign.team) + ":suspend", "");
  EXPECT_FALSE(read_all(*watch));
}

// A token for watching opens no kind of row that it could not read otherwise.
TEST(Watching, ATokenSeesTheKindsOfRowThatItMayRead) {
  Watched t;
  const std::uint64_t lead = t.account_of("second-lead");
  t.tokens["narrow"] = t.token_of(lead, {"watch", "getNeed"});
  t.catch_up();
  const auto watch = t.watch("narrow");
  t.post_need();
  t.as_lead("POST", "/v1/persons",
            R"({"name":"王五","partyId":")" + std::to_string(t.own.team) + "\"}");
  const auto seen = read_all(*watch);
  ASSERT_TRUE(seen);
  ASSERT_EQ(seen->size(), 1U);
  EXPECT_TRUE(seen->front().has_need());
  // Not even what everybody sees, or what is one's own.
  t.tokens["nothing"] = t.token_of(t.own.account, {"watch"});
  t.catch_up();
  const auto blind = t.watch("nothing", everything_after(0));
  t.post_need();
  change_account(t, "supplier", [](pb::Account& a) { a.set_name("新名"); });
  const auto none = read_all(*blind);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->empty());
}

// A team that was proposed hears that the match is off, not which resident it was.
TEST(Watching, OthersAreNotToldWhichResidentDidIt) {
  Watched t;
  const auto watch = t.watch("supplier");
  const std::string need = "/v1/needs/" + std::to_string(t.own.need);
  EXPECT_EQ(
      t.send("POST", need + ":cancel", R"({"reason":"好了"})", {.token = t.tokens.at("resident")})
          .status,
      200U);
  t.catch_up();
  const auto seen = read_all(*watch);
  ASSERT_TRUE(seen);
  bool cancelled = false;
  for (const pb::Event& event : *seen) {
    cancelled = cancelled || event.has_match();
    EXPECT_EQ(event.actor().resident_ref(), 0U);
    EXPECT_EQ(event.actor().account_id(), 0U);
  }
  EXPECT_TRUE(cancelled);
}

TEST(Watching, GoesOnWhenNothingOfItsAccessChanges) {
  Watched t;
  std::vector<std::unique_ptr<Watch>> watches;
  for (const char* role : kRoles) watches.push_back(t.watch(role));
  change_account(t, "supplier", [](pb::Account& a) { a.set_name("新名字"); });
  t.change<pb::Party>("/v1/parties/" + std::to_string(t.own.team),
                      [](pb::Party& p) { p.set_contact_phone("13811112222"); });
  move_party(t, t.foreign.team, t.own.area);
  for (const auto& watch : watches) EXPECT_TRUE(read_all(*watch));
}

// --- whose turn it is

// Whatever the step is: reading so many events from disk takes some milliseconds.
constexpr std::size_t kMostAtOnce = 256;

TEST(Watching, OneThatFindsNothingHoldsUpNobody) {
  Watched t;
  for (int i = 0; i < 40; ++i) {
    pb::Command batch = by(pb::ROLE_LEAD);
    for (int n = 0; n < 100; ++n) {
      pb::Person& p = *batch.mutable_batch()->add_commands()->mutable_put_person();
      p.set_party_id(t.own.team);
      p.set_name("张三");
    }
    ASSERT_TRUE(t.runtime->apply(batch));
  }
  t.catch_up();
  const Seq behind = t.tail.last();
  WatchRequest nothing = everything_after(0);
  nothing.filter.kinds = {pb::EVENT_KIND_NEED_RAISED};
  const auto searching = t.watch("lead", nothing);
  const auto reading = t.watch("lead");
  // By turns, as the feed has them; meanwhile things happen.
  std::string text;
  std::size_t steps = 0;
  std::size_t read = 0;
  std::size_t happened = 0;
  auto step = Watch::Step::kMore;
  for (; step == Watch::Step::kMore; ++steps) {
    step = searching->next(text);
    if (happened < 5) {
      t.post_need();
      ++happened;
    }
    read += reading->next(text) == Watch::Step::kEvent ? 1 : 0;
    EXPECT_EQ(read, happened) << "one gets what is new while the other searches";
    ASSERT_LT(steps, behind);
  }
  EXPECT_EQ(step, Watch::Step::kNothingNow);
  EXPECT_EQ(read, 5U);
  EXPECT_GE(steps, behind / kMostAtOnce);
}

// In small steps, from disk and from memory, it gets what somebody gets who reads everything.
TEST(Watching, GetsWhatThereIsHoweverFarBehindItIs) {
  Watched t;
  for (int i = 0; i < 90; ++i) {
    t.post_need();
    ASSERT_TRUE(t.runtime->apply([&] {
      pb::Command c = by(pb::ROLE_LEAD);
      c.mutable_put_person()->set_party_id(t.own.team);
      c.mutable_put_person()->set_name("张三");
      return c;
    }()));
  }
  t.catch_up();
  for (const pb::EventKind kind : {pb::EVENT_KIND_NEED_OPENED, pb::EVENT_KIND_PERSON_CHANGED,
                                   pb::EVENT_KIND_PARTY_REGISTERED, pb::EVENT_KIND_NEED_RAISED}) {
    std::vector<Seq> wanted;
    pb::Event event;
    ASSERT_TRUE(t.runtime->read_journal(0, [&](Seq seq, std::string_view bytes) {
      event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
      if (event.kind() == kind) wanted.push_back(seq);
      return true;
    }));
    WatchRequest request = everything_after(0);
    request.filter.kinds = {kind};
    const auto got = read_all(*t.watch("lead", request));
    ASSERT_TRUE(got);
    std::vector<Seq> seqs;
    for (const pb::Event& e : *got) seqs.push_back(e.seq());
    EXPECT_EQ(seqs, wanted) << pb::EventKind_Name(kind);
  }
}

// Numbers come again after a restore: a place in another history is none in this one.
TEST(Watching, APlaceOfAnotherEpochIsRefused) {
  Watched t;
  const std::uint64_t epoch = t.store->epoch();
  const auto read = [&](const std::string& of) {
    const auto request = parse_watch("/v1/watch?after=3&epoch=" + of, "", epoch);
    return request ? std::string() : std::string(info(request.error().code).code);
  };
  EXPECT_EQ(read(epoch_text(epoch)), "");
  EXPECT_EQ(read(epoch_text(epoch ^ 1)), "database.restored");
  EXPECT_EQ(read(""), "database.restored");
  const auto without = [&](const std::string& query) {
    const auto request = parse_watch("/v1/watch" + query, "", epoch);
    return request ? std::string()
                   : std::string(info(request.error().code).code) + " " + request.error().field;
  };
  EXPECT_EQ(without("?after=3"), "value.required epoch");
  EXPECT_EQ(without("?after=0"), "");
  EXPECT_EQ(without(""), "");
}

// --- what one may not see is not there

TEST(Watching, WhatMayNotBeSeenIsNotThere) {
  Watched t;
  const auto answer = [&](const std::string& role, const std::string& query) {
    const auto request = parse_watch("/v1/watch?" + query, "");
    EXPECT_TRUE(request);
    const Status known = check_watch(request.value(), t.identity(role).actor, t.runtime->state(),
                                     t.runtime->durable_seq());
    return known ? std::string("there") : known.error().en() + known.error().zh();
  };
  const std::uint64_t none = t.runtime->applied_seq() + 1000;
  const auto as_if_none = [&](const std::string& role, const std::string& what, std::uint64_t id) {
    std::string said = answer(role, what + "=" + std::to_string(none));
    for (auto at = said.find(std::to_string(none)); at != std::string::npos;
         at = said.find(std::to_string(none))) {
      said.replace(at, std::to_string(none).size(), std::to_string(id));
    }
    EXPECT_NE(said, "there");
    return said;
  };
  const std::string draft = "need=" + std::to_string(t.foreign.draft);
  for (const char* role : {"organiser", "supplier", "member", "resident"}) {
    EXPECT_EQ(answer(role, draft), as_if_none(role, "need", t.foreign.draft)) << role;
    EXPECT_EQ(answer(role, "need=" + std::to_string(t.foreign.need)), "there") << role;
  }
  EXPECT_EQ(answer("lead", draft), "there");
  t.as_lead("POST", "/v1/parties/" + std::to_string(t.foreign.team) + ":suspend", "");
  const std::string party = "party=" + std::to_string(t.foreign.team);
  for (const char* role : {"organiser", "supplier", "member", "resident"}) {
    EXPECT_EQ(answer(role, party), as_if_none(role, "party", t.foreign.team)) << role;
  }
  EXPECT_EQ(answer("auditor", party), "there");
}

}  // namespace
}  // namespace qiao
