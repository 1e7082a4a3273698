// Nobody widens what it may do or see: the property, over every request there is, and the ways in
// which it was once broken.
#include "tools/swarm/rights.h"

#include <gtest/gtest.h>

#include <map>

#include "engine/rows/invariants.h"
#include "qiao/v1/request.pb.h"
#include "tests/support/towns.h"
#include "tools/swarm/random_request.h"

namespace qiao {
namespace {

struct Tried {
  std::map<std::string, int> done;  // by what was asked for
};

// One request by somebody, with a token that covers everything, or some of it.
void try_one(Towns& t, const std::string& role, Random& random, Tried& tried) {
  const State& s = t.runtime->state();
  const Slot account = s.account_by_login(role);
  const pb::Actor actor = t.gate->actor_of(account);
  const Pool pool(s);
  const bool own = random.chance(30);
  const pb::Request request =
      own ? random_own_change(s, pool, actor, random) : random_request(s, pool, random);
  const Seq last = s.last_seq();
  const Rights before = rights_of(s, actor);
  std::map<std::uint64_t, std::string> hashes;
  for (Slot a = 0; a < s.accounts().size(); ++a)
    hashes[s.accounts()[a].id.value()] = s.load_account(a).password_hash();
  const Slot grants = s.grants().size();

  pb::BatchRequest batch;
  *batch.add_commands() = request;
  const std::string operation =
      request.GetReflection()
          ->GetOneofFieldDescriptor(request, pb::Request::descriptor()->oneof_decl(0))
          ->name();
  const std::string what = role + ": " + request.ShortDebugString();
  const Response answer = t.send("POST", "/v1/batch", batch.SerializeAsString(),
                                 {.type = "application/x-protobuf", .token = t.tokens.at(role)});
  ASSERT_LT(answer.status, 500U) << what << " " << answer.body;
  if (answer.status != 200) {
    EXPECT_EQ(s.last_seq(), last) << "a refusal changes nothing: " << what;
    return;
  }
  ++tried.done[operation];
  EXPECT_EQ(s.grants().size(), grants) << "nothing to log in with is made: " << what;
  for (const auto& [id, hash] : hashes)
    EXPECT_EQ(s.load_account(s.accounts().find(AccountId{id})).password_hash(), hash) << what;
  for (Slot a = 0; a < s.accounts().size(); ++a) {
    const bool fresh = !hashes.contains(s.accounts()[a].id.value());
    EXPECT_TRUE(!fresh || s.load_account(a).password_hash().empty()) << what;
  }
  for (const std::string& word : gained(s, before, rights_of(s, t.gate->actor_of(account)))) {
    if (takes_need_on(request) && word.starts_with("need ")) continue;
    ADD_FAILURE() << "gained \"" << word << "\" by " << what;
  }
  if (role == "lead" || operation != "put_account") return;
  // Nor does anybody make an account that reaches further than its own.
  for (Slot a = 0; a < s.accounts().size(); ++a) {
    if (s.load_account(a).version() <= last) continue;
    const pb::Actor other = t.gate->actor_of(a);
    EXPECT_TRUE(other.role() != pb::ROLE_LEAD && other.role() != pb::ROLE_AUDITOR) << what;
    const std::vector<bool> areas = areas_of(s, other);
    for (Slot area = 0; area < before.areas.size(); ++area) {
      EXPECT_TRUE(!areas[area] || before.areas[area])
          << "another account gained area " << s.areas()[area].id.value() << " by " << what;
    }
  }
}

TEST(AccessRights, NothingThatAnybodyAsksForWidensWhatItMayDoOrSee) {
  Tried tried;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Towns t;
    t.account(pb::ROLE_LEAD, "second-lead");
    Random random(seed);
    for (int i = 0; i < 120 && !testing::Test::HasFailure(); ++i) {
      const char* roles[] = {"organiser", "organiser", "supplier",
                             "supplier",  "member",    "resident"};
      const std::string role = roles[random.below(6)];
      if (t.runtime->state()
              .accounts()[t.runtime->state().account_by_login(role) == kNoSlot
                              ? 0
                              : t.runtime->state().account_by_login(role)]
              .disabled)
        continue;
      if (t.runtime->state().account_by_login(role) == kNoSlot)
        continue;  // it has another login now
      try_one(t, role, random, tried);
      t.now += std::chrono::seconds{1};
    }
    EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
    if (testing::Test::HasFailure()) {
      ADD_FAILURE() << "seed " << seed;
      return;
    }
  }
  // That it was done often enough to mean something.
  for (const char* operation : {"update_party", "register_party", "put_account", "put_person",
                                "put_area", "update_offer", "update_need"})
    EXPECT_GT(tried.done[operation], 2) << operation;
}

// A token does what its scopes say, also in a batch, also where one route stands for two
// operations.
TEST(AccessRights, ATokensScopesHoldForEachPartOfABatch) {
  Random random(5);
  Towns t;
  const State& s = t.runtime->state();
  int done = 0;
  for (int i = 0; i < 400; ++i) {
    const Pool pool(s);
    const char* roles[] = {"organiser", "supplier", "lead"};
    const std::string role = roles[random.below(3)];
    const std::uint64_t account = s.accounts()[s.account_by_login(role)].id.value();
    const auto operation =
        static_cast<Operation>(random.below(static_cast<std::uint64_t>(Operation::kCount)));
    if (gives_access(operation)) continue;
    const std::string some(name_of(operation));
    pb::TokenRequest token;
    token.set_name("scoped");
    token.set_lifetime(86'400);
    token.add_scopes("applyBatch");
    token.add_scopes(some);
    const auto made =
        t.gate->make_grant(by(pb::ROLE_MARKET).actor(), account, pb::GRANT_KIND_TOKEN, token);
    ASSERT_TRUE(made) << made.error().en();
    pb::BatchRequest batch;
    *batch.add_commands() = random_request(s, pool, random);
    // A request has the number that its command has.
    pb::Command command;
    ASSERT_TRUE(command.ParseFromString(batch.commands(0).SerializeAsString()));
    const Response answer =
        t.send("POST", "/v1/batch", batch.SerializeAsString(),
               {.type = "application/x-protobuf", .token = made.value().secret});
    if (answer.status == 200) {
      ++done;
      EXPECT_EQ(name_of(*operation_of(command)), some) << command.ShortDebugString();
    }
    pb::Command revoke = by(pb::ROLE_LEAD);
    revoke.mutable_revoke_grant()->set_grant_id(made.value().grant_id);
    ASSERT_TRUE(t.runtime->apply(revoke));
  }
  EXPECT_GT(done, 0);
  const std::string batcher = t.token_of(t.own.account, {"applyBatch"});
  const std::string person = R"({"commands":[{"putPerson":{"partyId":")" +
                             std::to_string(t.own.team) + R"(","name":"某"}}]})";
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/batch", person, {.token = batcher})),
            "403 auth.scope commands[0].Authorization");
  EXPECT_EQ(t.send("POST", "/v1/batch", person,
                   {.token = t.token_of(t.own.account, {"applyBatch", "addPerson"})})
                .status,
            200U);
  const std::string poster =
      t.token_of(s.accounts()[s.account_by_login("organiser")].id.value(), {"postNeed"});
  EXPECT_EQ(
      t.send("POST", "/v1/needs?until=draft", Towns::need_of(t.own, ""), {.token = poster}).status,
      201U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/needs?until=open", Towns::need_of(t.own, ""),
                             {.token = poster})),
            "403 auth.scope Authorization");
}

TEST(AccessRights, ARequestHasTheNameAndTheNumberOfItsCommand) {
  const auto* body = pb::Request::descriptor()->oneof_decl(0);
  for (int i = 0; i < body->field_count(); ++i) {
    const auto* same = pb::Command::descriptor()->FindFieldByNumber(body->field(i)->number());
    ASSERT_NE(same, nullptr) << body->field(i)->name();
    EXPECT_EQ(same->name(), body->field(i)->name());
  }
  for (const char* inside : {"set_password", "lock_account", "add_grant", "tick", "actor"})
    EXPECT_EQ(pb::Request::descriptor()->FindFieldByName(inside), nullptr) << inside;
}

// --- the ways in which it was broken, each found by somebody who tried

std::string party_body(const Towns::Side& side, const std::string& kind, const std::string& name,
                       const std::string& area) {
  return R"({"kind":")" + kind + R"(","name":")" + name + R"(","areaCode":")" +
         (area.empty() ? std::to_string(side.area) : area) + R"(","serviceRadiusM":50000})";
}

TEST(AttackRights, AnOrganisersAreaIsNotItsOwnToChange) {
  Towns t;
  const RequestHeaders as{.token = t.tokens.at("organiser")};
  const std::string own = "/v1/parties/" + std::to_string(t.own.organiser);
  const auto put = [&](const std::string& area) {
    return t.send("PUT", own, party_body(t.own, "PARTY_KIND_ORGANISER", "甲街道办", area), as);
  };
  EXPECT_EQ(t.code_of(put("341881000000")), "403 role.forbidden areaCode");
  EXPECT_EQ(t.code_of(put("341881001001")), "403 role.forbidden areaCode");
  EXPECT_EQ(put("341881001000").status, 200U);
  // What it looks after it does not give away, nor more than it has.
  const std::string team = "/v1/parties/" + std::to_string(t.own.team);
  EXPECT_EQ(
      t.code_of(t.send("PUT", team,
                       party_body(t.own, "PARTY_KIND_VOLUNTEER_TEAM", "甲队", "341881002001"), as)),
      "403 role.not_yours areaCode");
  // Nor does an area lie elsewhere all of a sudden.
  EXPECT_EQ(
      t.code_of(t.send(
          "PUT", "/v1/areas/341881001001",
          R"({"parentCode":"341881002000","level":"AREA_LEVEL_COMMUNITY","name":"甲社区"})", as)),
      "400 value.not_settable parentCode");
}

TEST(AttackRights, ATeamThatCallsItselfAnotherIsCheckedAgain) {
  Towns t;
  const RequestHeaders as{.token = t.tokens.at("supplier")};
  const std::string team = "/v1/parties/" + std::to_string(t.own.team);
  const auto put = [&](const std::string& name, const std::string& area,
                       const std::string& more = "") {
    std::string body = party_body(t.own, "PARTY_KIND_VOLUNTEER_TEAM", name, area);
    body.insert(body.size() - 1, more);
    EXPECT_EQ(t.send("PUT", team, body, as).status, 200U) << body;
    return t.get<pb::Party>(team).standing();
  };
  EXPECT_EQ(put("甲队", "", R"(,"contactPhone":"13811112222")"), pb::STANDING_ACTIVE)
      << "a telephone is the team's own";
  EXPECT_EQ(put("市人民医院", ""), pb::STANDING_PENDING);
  // What it has promised it still does, and it can take the name back; but only somebody else makes
  // it active.
  EXPECT_EQ(
      t.send("POST", "/v1/matches/" + std::to_string(t.own.dispatched) + ":accept", "", as).status,
      200U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/matches:claim",
                             R"({"needId":")" + std::to_string(t.own.need) + R"(","offerId":")" +
                                 std::to_string(t.own.people) + R"("})",
                             as)),
            "403 role.not_active actor.partyId");
  EXPECT_EQ(put("甲队", ""), pb::STANDING_PENDING);
  EXPECT_EQ(t.send("POST", team + ":approve", "", {.token = t.tokens.at("organiser")}).status,
            200U);
  EXPECT_EQ(put("甲队", "341881002001"), pb::STANDING_PENDING) << "nor does it move unseen";
}

TEST(AttackRights, AMemberSaysNothingOfWhatItCountsAs) {
  Towns t;
  const std::string url = "/v1/persons/" + std::to_string(t.own.person);
  const auto put = [&](const std::string& more) {
    return t.send("PUT", url,
                  R"({"partyId":")" + std::to_string(t.own.team) +
                      R"(","name":"张三","phone":"13900009999")" + more + "}",
                  {.token = t.tokens.at("member")});
  };
  EXPECT_EQ(put("").status, 200U);
  EXPECT_EQ(t.code_of(put(R"(,"workforce":"WORKFORCE_COMMUNITY_WORKER")")),
            "403 role.forbidden workforce");
  // Each field that is marked so, and each that is added.
  const auto* type = pb::Person::descriptor();
  int others = 0;
  for (int i = 0; i < type->field_count(); ++i)
    others += type->field(i)->options().GetExtension(pb::settable) == pb::SETTABLE_BY_OTHERS;
  EXPECT_GE(others, 6);
}

TEST(AttackRights, WhoeverWasRemovedIsOutAtOnce) {
  Towns t;
  const RequestHeaders member{.token = t.tokens.at("member")};
  EXPECT_EQ(t.send("GET", "/v1/inbox", "", member).status, 200U);
  EXPECT_EQ(t.send("DELETE", "/v1/persons/" + std::to_string(t.own.person), "",
                   {.token = t.tokens.at("supplier")})
                .status,
            200U);
  EXPECT_EQ(t.send("GET", "/v1/inbox", "", member).status, 401U);
  EXPECT_EQ(
      t.send("POST", "/v1/matches/" + std::to_string(t.own.match) + ":checkIn", "", member).status,
      401U);
  const Slot account = t.runtime->state().account_by_login("member");
  pb::Account again = t.runtime->state().load_account(account);
  again.set_disabled(false);
  EXPECT_EQ(t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(again.id()), to_json(again))),
            "409 state.wrong personId");
}

TEST(AttackRights, AResidentOfAnotherAreaIsNotThereForAnyVerb) {
  Towns t;
  // With an account of its own, and no need yet.
  pb::Account a;
  a.set_login("neighbour");
  a.set_role(pb::ROLE_RESIDENT);
  a.set_area_code(t.foreign.area);
  const std::uint64_t id = t.id_of(t.send("POST", "/v1/accounts", to_json(a)));
  const std::string ref = std::to_string(kAccountResidents + id);
  const RequestHeaders as{.token = t.tokens.at("organiser")};
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/accounts/" + std::to_string(id), "", as)),
            "404 not_found id");
  for (const char* verb : {":export", ":erase"}) {
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/residents/" + ref + verb, "", as)), "404 not_found ref")
        << verb;
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/residents/8" + std::string(verb), "", as)),
              "404 not_found ref")
        << "one who has needs there only";
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/residents/12345" + std::string(verb), "", as)),
              "404 not_found ref")
        << "nobody";
  }
  EXPECT_EQ(t.send("POST", "/v1/residents/" + ref + ":export").status, 200U) << "the lead";
}

TEST(AttackRights, AnErasedAccountTakesNobodysLogin) {
  Towns t;
  const Slot resident = t.runtime->state().account_by_login("resident");
  const std::uint64_t id = t.runtime->state().accounts()[resident].id.value();
  // Somebody has guessed what it would once be called.
  t.account(pb::ROLE_AUDITOR, "erased-" + std::to_string(id));
  EXPECT_EQ(t.send("POST", "/v1/residents/7:erase").status, 200U);
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/residents/7:erase")), "409 personal.nothing id");
  EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
  const pb::Account erased = t.runtime->state().load_account(resident);
  EXPECT_TRUE(erased.erased() && erased.disabled());
  EXPECT_EQ(t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(id),
                             R"({"login":"back","role":"ROLE_AUDITOR"})")),
            "409 state.wrong id");
}

TEST(AttackRights, NothingIsServedBeforeItsWindow) {
  Towns t;
  const std::string match = "/v1/matches/" + std::to_string(t.own.match);
  t.now = at(56.5);  // half an hour before
  EXPECT_EQ(t.send("POST", match + ":checkIn", "", {.token = t.tokens.at("supplier")}).status,
            200U);
  EXPECT_EQ(t.code_of(t.send("POST", match + ":checkOut", "", {.token = t.tokens.at("supplier")})),
            "409 state.too_early matchId");
  t.now = at(57);
  EXPECT_EQ(t.send("POST", match + ":checkOut", "", {.token = t.tokens.at("supplier")}).status,
            200U);
}

// One who claims, looks and withdraws. `policy` is set first, by the lead.
struct Claimer : Towns {
  std::string need, match;

  explicit Claimer(const std::function<void(pb::Policy&)>& change) {
    pb::Policy policy = runtime->state().policy();
    change(policy);
    EXPECT_EQ(send("PUT", "/v1/policy", to_json(policy)).status, 200U);
    const RequestHeaders organiser{.token = tokens.at("organiser")};
    const std::uint64_t id = id_of(send("POST", "/v1/needs", need_of(own, ""), organiser));
    need = "/v1/needs/" + std::to_string(id);
    const std::string claim = R"({"needId":")" + std::to_string(id) + R"(","offerId":")" +
                              std::to_string(own.people) + R"(","quantity":"2"})";
    match = "/v1/matches/" + std::to_string(id_of(as("supplier", "/v1/matches:claim", claim)));
  }
  Response as(const char* role, const std::string& target, const std::string& body = {}) {
    return send("POST", target, body, {.token = tokens.at(role)});
  }
  std::string look() {
    const Response r = as("supplier", need + ":reveal");
    return r.status == 200 ? "shown" : code_of(r);
  }
};

TEST(AttackRights, AClaimThatConfirmsItselfShowsNoContactWhereAnOrganiserHasToConfirm) {
  Claimer t([](pb::Policy& p) { p.set_contact_from(pb::CONTACT_FROM_CONFIRMED); });
  EXPECT_EQ(t.get<pb::Match>(t.match).state(), pb::MATCH_STATE_ACCEPTED);
  EXPECT_EQ(t.look(), "403 personal.not_confirmed id");
  const std::string part = R"({"commands":[{"disclose":{"subject":"SUBJECT_KIND_NEED",)"
                           R"("subjectId":")" +
                           t.need.substr(t.need.rfind('/') + 1) +
                           R"(","purpose":"DISCLOSURE_PURPOSE_REVEAL"}}]})";
  EXPECT_NE(t.as("supplier", "/v1/batch", part).status, 200U) << "nor in a batch";
  // The yes may come later, once, and from the organiser only.
  EXPECT_EQ(t.as("supplier", t.match + ":confirm").status, 403U);
  EXPECT_EQ(t.as("organiser", t.match + ":confirm").status, 200U);
  EXPECT_EQ(t.code_of(t.as("organiser", t.match + ":confirm")), "409 state.wrong matchId");
  const auto confirmed = t.get<pb::Match>(t.match);
  EXPECT_EQ(confirmed.state(), pb::MATCH_STATE_ACCEPTED);
  EXPECT_EQ(confirmed.confirmed_at(), to_int(t.now));
  EXPECT_EQ(t.look(), "shown");
  EXPECT_EQ(t.as("supplier", t.match + ":withdraw", R"({"reason":"改期"})").status, 200U);
  EXPECT_EQ(t.look(), "403 personal.not_serving id");
  EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
}

TEST(AttackRights, AClaimThatTheMarketConfirmsInTheEndShowsNoContactEither) {
  Claimer t([](pb::Policy& p) {
    p.set_confirm_claims(true);
    p.set_contact_from(pb::CONTACT_FROM_CONFIRMED);
  });
  EXPECT_EQ(t.look(), "403 personal.not_serving id");
  t.now = t.now + Seconds{t.runtime->state().policy().limits().confirm()};
  // Whoever's request comes first, it is the market that confirms.
  EXPECT_EQ(t.send("PUT", "/v1/policy", to_json(t.runtime->state().policy())).status, 200U);
  EXPECT_EQ(t.get<pb::Match>(t.match).state(), pb::MATCH_STATE_ACCEPTED);
  EXPECT_EQ(t.look(), "403 personal.not_confirmed id");
}

TEST(AttackRights, WhoWasDispatchedIsConfirmed) {
  Claimer t([](pb::Policy& p) { p.set_contact_from(pb::CONTACT_FROM_CONFIRMED); });
  const std::string body = R"({"needId":")" + t.need.substr(t.need.rfind('/') + 1) +
                           R"(","offerId":")" + std::to_string(t.own.people) + "\"}";
  const std::uint64_t asked = t.id_of(t.as("organiser", "/v1/matches:dispatch", body));
  EXPECT_EQ(t.look(), "403 personal.not_confirmed id");
  EXPECT_EQ(t.as("supplier", "/v1/matches/" + std::to_string(asked) + ":accept").status, 200U);
  EXPECT_EQ(t.look(), "shown");
}

TEST(AttackRights, AContactIsShownTheDayBeforeWhereThePolicySaysSo) {
  Claimer t([](pb::Policy& p) { p.set_contact_from(pb::CONTACT_FROM_DAY_BEFORE); });
  const Time begins = to_time(t.get<pb::Match>(t.match).window().start());
  t.now = begins - std::chrono::days{1} - Seconds{1};
  EXPECT_EQ(t.look(), "403 personal.too_early id");
  t.now = begins - std::chrono::days{1};
  EXPECT_EQ(t.look(), "shown");
}

TEST(AttackRights, TheRuleOfContactsIsOneOfThree) {
  Towns t;
  pb::Policy policy = t.runtime->state().policy();
  policy.set_contact_from(static_cast<pb::ContactFrom>(3));
  const RequestHeaders binary{.type = "application/x-protobuf"};
  EXPECT_EQ(t.code_of(t.send("PUT", "/v1/policy", policy.SerializeAsString(), binary)),
            "400 value.out_of_range contactFrom");
}

// A token that may do less than its account makes no way into the whole of it, nor rights.
TEST(AttackRights, ATokenOfSomeScopesGivesNobodyAccess) {
  Towns t;
  for (const char* scope :
       {"createInvitation", "createAccount", "updateAccount", "changePassword"}) {
    const std::string body = R"({"name":"n","scopes":["getNeed",")" + std::string(scope) + "\"]}";
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/tokens", body)), "403 auth.scope scopes[1]") << scope;
  }
  for (const char* role : {"lead", "organiser", "supplier"}) {
    const RequestHeaders as{.token = t.tokens.at(role)};
    const Response made = t.send("POST", "/v1/tokens", R"({"name":"n","scopes":["write"]})", as);
    ASSERT_EQ(made.status, 201U) << made.body;
    pb::NewSecret secret;
    ASSERT_TRUE(from_json(made.body, secret));
    const RequestHeaders narrow{.token = secret.secret()};
    const std::string account = "/v1/accounts/" + std::to_string(t.own.account);
    const std::string body = to_json(t.get<pb::Account>(account));
    EXPECT_EQ(t.code_of(t.send("POST", account + ":invite", "", narrow)),
              "403 auth.scope Authorization");
    EXPECT_EQ(t.code_of(t.send("PUT", account, body, narrow)), "403 auth.scope Authorization");
    const std::string part = R"({"commands":[{"putAccount":{"account":)" + body + "}}]}";
    EXPECT_EQ(t.code_of(t.send("POST", "/v1/batch", part, narrow)),
              "403 auth.scope commands[0].Authorization");
    EXPECT_EQ(t.send("GET", account, "", narrow).status, 200U) << "the rest it may";
  }
}

constexpr std::uint64_t kResident = 77;
std::uint64_t resident_of_own_area(Towns& t) {
  const std::uint64_t id = t.account(pb::ROLE_RESIDENT, "resident-of-both", 0, 0, kResident);
  pb::Account account = t.get<pb::Account>("/v1/accounts/" + std::to_string(id));
  account.set_area_code(t.own.area);
  EXPECT_EQ(t.send("PUT", "/v1/accounts/" + std::to_string(id), to_json(account)).status, 200U);
  return id;
}
Response post_its_need_elsewhere(Towns& t) {
  Towns::Side elsewhere = t.foreign;
  elsewhere.resident_ref = kResident;
  return t.send("POST", "/v1/needs", Towns::need_of(elsewhere, ""));
}

// Whoever can log in as a resident sees all its needs, wherever they are.
TEST(AttackRights, NoOrganiserTakesOverAResidentWithNeedsElsewhere) {
  Towns t;
  const std::uint64_t id = resident_of_own_area(t);
  const RequestHeaders organiser{.token = t.tokens.at("organiser")};
  const std::string invite = "/v1/accounts/" + std::to_string(id) + ":invite";
  EXPECT_EQ(t.send("POST", invite, "", organiser).status, 201U) << "no need, or all in its area";
  EXPECT_EQ(post_its_need_elsewhere(t).status, 201U);
  EXPECT_EQ(t.code_of(t.send("POST", invite, "", organiser)), "403 role.not_yours residentRef");
  pb::Account account = t.get<pb::Account>("/v1/accounts/" + std::to_string(id));
  account.set_external_id("somebody@example.cn");
  EXPECT_EQ(
      t.code_of(t.send("PUT", "/v1/accounts/" + std::to_string(id), to_json(account), organiser)),
      "403 role.not_yours residentRef");
  EXPECT_EQ(t.send("POST", invite).status, 201U) << "the lead may";
}

// Whoever acts for a team acts for all that belong to it.
TEST(AttackRights, NoOrganiserActsForATeamWithABranchElsewhere) {
  Towns t;
  const RequestHeaders as{.actor = "supplier/" + std::to_string(t.own.team),
                          .token = t.tokens.at("organiser")};
  EXPECT_EQ(t.send("GET", "/v1/needs", "", as).status, 200U);
  pb::Party branch = t.get<pb::Party>("/v1/parties/" + std::to_string(t.foreign.team));
  branch.set_parent_id(t.own.team);
  const std::string url = "/v1/parties/" + std::to_string(t.foreign.team);
  EXPECT_EQ(t.send("PUT", url, to_json(branch)).status, 200U);
  EXPECT_EQ(t.code_of(t.send("GET", "/v1/needs", "", as)), "403 role.forbidden Qiao-Actor");
  branch.clear_parent_id();
  EXPECT_EQ(t.send("PUT", url, to_json(branch)).status, 200U);
  EXPECT_EQ(t.send("GET", "/v1/needs", "", as).status, 200U);
}

// Whoever a party belongs to acts for it and sees its members.
TEST(AttackRights, APartyComesUnderAnotherOnlyByWhoMayActForBoth) {
  Towns t;
  const RequestHeaders supplier{.token = t.tokens.at("supplier")};
  const RequestHeaders organiser{.token = t.tokens.at("organiser")};
  const auto under = [&](std::uint64_t party, std::uint64_t parent, const RequestHeaders& as) {
    pb::Party row = t.get<pb::Party>("/v1/parties/" + std::to_string(party));
    row.set_parent_id(parent);
    const Response r = t.send("PUT", "/v1/parties/" + std::to_string(party), to_json(row), as);
    return r.status == 200 ? "200" : t.code_of(r);
  };
  const auto branch_of = [&](std::uint64_t parent, const RequestHeaders& as) {
    return t.send("POST", "/v1/parties",
                  R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"分队","areaCode":")" +
                      std::to_string(t.own.area) + R"(","parentId":")" + std::to_string(parent) +
                      "\"}",
                  as);
  };
  EXPECT_EQ(under(t.own.team, t.foreign.team, supplier), "403 role.not_yours parentId");
  EXPECT_EQ(t.code_of(branch_of(t.foreign.team, supplier)), "403 role.not_yours parentId");
  EXPECT_EQ(under(t.own.team, t.foreign.team, organiser), "403 role.not_yours parentId");
  EXPECT_EQ(t.code_of(branch_of(t.foreign.team, organiser)), "403 role.not_yours parentId");
  const std::uint64_t branch = t.id_of(branch_of(t.own.team, supplier));
  // Nobody belongs to itself, and not too deep.
  EXPECT_EQ(under(t.own.team, branch, supplier), "409 state.wrong parentId");
  EXPECT_EQ(under(t.own.team, branch, {}), "409 state.wrong parentId");
  std::uint64_t lowest = branch;
  for (int depth = 3; depth <= 8; ++depth) lowest = t.id_of(branch_of(lowest, {}));
  EXPECT_EQ(t.code_of(branch_of(lowest, {})), "400 value.too_many parentId");
  EXPECT_EQ(under(t.own.team, t.foreign.team, {}), "400 value.too_many parentId");
  EXPECT_EQ(under(branch, t.foreign.team, {}), "200") << "the lead may, where it is not too deep";
  EXPECT_EQ(under(branch, t.foreign.team, supplier), "404 not_found id");
}

// What was given when it was within reach is looked at again when it is taken.
TEST(AttackRights, AnInvitationIsNoWayIntoMoreThanItsSenderReachesNow) {
  Towns t;
  const std::uint64_t id = resident_of_own_area(t);
  const RequestHeaders organiser{.token = t.tokens.at("organiser")};
  pb::NewSecret link;
  const Response invited =
      t.send("POST", "/v1/accounts/" + std::to_string(id) + ":invite", "", organiser);
  ASSERT_TRUE(from_json(invited.body, link));
  t.wait_for(t.runtime->applied_seq());
  const std::uint64_t need = t.id_of(post_its_need_elsewhere(t));
  const std::string accept =
      R"({"token":")" + link.secret() + R"(","password":"correct horse battery"})";
  const RequestHeaders nobody{.anonymous = true};
  EXPECT_EQ(t.send("POST", "/v1/invitations:accept", accept, nobody).status, 401U);
  EXPECT_EQ(
      t.send("POST", "/v1/needs/" + std::to_string(need) + ":cancel", R"({"reason":"x"})").status,
      200U);
}

// Nor by the account of a team that has branches elsewhere.
TEST(AttackRights, NoOrganiserTakesOverATeamWithABranchElsewhere) {
  Towns t;
  const RequestHeaders organiser{.token = t.tokens.at("organiser")};
  const std::string invite = "/v1/accounts/" + std::to_string(t.own.account) + ":invite";
  EXPECT_EQ(t.send("POST", invite, "", organiser).status, 201U);
  pb::Party branch = t.get<pb::Party>("/v1/parties/" + std::to_string(t.foreign.team));
  branch.set_parent_id(t.own.team);
  const std::string url = "/v1/parties/" + std::to_string(t.foreign.team);
  EXPECT_EQ(t.send("PUT", url, to_json(branch)).status, 200U);
  EXPECT_EQ(t.code_of(t.send("POST", invite, "", organiser)), "403 role.not_yours partyId");
  const std::string made =
      R"({"login":"evil","role":"ROLE_SUPPLIER","partyId":")" + std::to_string(t.own.team) + "\"}";
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/accounts", made, organiser)),
            "403 role.not_yours partyId");
}

TEST(AttackRights, ATokenMakesNoneThatLivesLonger) {
  Towns t;
  const auto token = [&](std::int64_t lifetime, const RequestHeaders& as) {
    pb::NewSecret made;
    const std::string body = R"({"name":"n","lifetime":")" + std::to_string(lifetime) + "\"}";
    EXPECT_TRUE(from_json(t.send("POST", "/v1/tokens", body, as).body, made));
    return made;
  };
  const auto shorter = token(600, {.token = t.tokens.at("supplier")});
  const auto longer = token(86'400, {.token = shorter.secret()});
  EXPECT_LE(longer.grant().expires_at(), shorter.grant().expires_at());
}

// The same answer, wherever a request names them.
TEST(AttackRights, WhatIsHiddenIsNamedLikeWhatIsNotThere) {
  Towns t;
  const std::string missing = "999999";
  const std::string hidden_account = std::to_string(t.foreign.account);
  const RequestHeaders supplier{.token = t.tokens.at("supplier")};
  // Answers alike except the number.
  const auto same = [&](const std::string& method, const std::string& target,
                        const std::string& body, const std::string& hidden,
                        const RequestHeaders& as) {
    std::string answers[2];
    for (int i = 0; i < 2; ++i) {
      const std::string id = i == 0 ? hidden : missing;
      const auto put = [&](std::string text) {
        if (const auto at = text.find("{id}"); at != std::string::npos) text.replace(at, 4, id);
        return text;
      };
      const Response r = t.send(method, put(target), put(body), as);
      answers[i] = std::to_string(r.status) + " " + r.body;
      for (auto at = answers[i].find(id); at != std::string::npos; at = answers[i].find(id)) {
        answers[i].replace(at, id.size(), "ID");
      }
    }
    EXPECT_EQ(answers[0], answers[1]) << target << " " << body;
    EXPECT_EQ(answers[0].substr(0, 1), "4") << answers[0];
  };
  same("GET", "/v1/explanations?need=" + std::to_string(t.own.need) + "&offer={id}", "",
       std::to_string(t.foreign.people), supplier);
  same("POST", "/v1/tokens", R"({"name":"n","accountId":"{id}"})", hidden_account, supplier);
  // A party that waits for its check is seen by nobody else.
  const std::string pending = std::to_string(
      t.id_of(t.send("POST", "/v1/parties",
                     R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"新队","areaCode":")" +
                         std::to_string(t.foreign.area) + "\"}",
                     {.token = t.token_of(t.foreign.account)})));
  pb::Party own = t.get<pb::Party>("/v1/parties/" + std::to_string(t.own.team));
  const auto with_parent = [&](const std::string& id) {
    std::string text = to_json(own);
    text.insert(text.rfind('}'), R"(,"parentId":")" + id + "\"");
    return text;
  };
  same("PUT", "/v1/parties/" + std::to_string(t.own.team), with_parent("{id}"), pending, supplier);
  const RequestHeaders resident{.token = t.tokens.at("resident")};
  for (const char* field : {R"(,"excludedPartyIds":["{id}"])", R"(,"organiserId":"{id}")"}) {
    same("POST", "/v1/needs", Towns::need_of(t.own, field), pending, resident);
    same("POST", "/v1/needs:preview", R"({"need":)" + Towns::need_of(t.own, field) + "}", pending,
         resident);
  }
}

TEST(AttackRights, WhoSaidNoSeesTheDoorNoMore) {
  Towns t;
  const std::string need = "/v1/needs/" + std::to_string(t.own.need);
  const auto exact = [&] {
    pb::Need seen;
    EXPECT_TRUE(from_json(t.send("GET", need, "", {.token = t.tokens.at("supplier")}).body, seen));
    return seen.address() != "";
  };
  EXPECT_TRUE(exact());
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.match) + ":withdraw",
                   R"({"reason":"没空"})", {.token = t.tokens.at("supplier")})
                .status,
            200U);
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.dispatched) + ":decline",
                   R"({"reason":"没空"})", {.token = t.tokens.at("supplier")})
                .status,
            200U);
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.proposed) + ":cancel",
                   R"({"reason":"改期"})")
                .status,
            200U);
  EXPECT_FALSE(exact());
}

// The stored response to a request tells no more than the row does now: it is sealed with it,
// erased with it, and seen with it.
TEST(AttackRights, AStoredResponseIsSealedAndErasedWithItsRow) {
  Towns t;
  RequestHeaders as{.key = "once", .token = t.tokens.at("resident")};
  const std::string body = Towns::need_of(t.own, "");
  const Response first = t.send("POST", "/v1/needs", body, as);
  EXPECT_NE(first.body.find("13912341234"), std::string::npos) << "one's own is shown whole";
  EXPECT_EQ(t.send("POST", "/v1/needs", body, as).body, first.body);
  t.restart();
  EXPECT_EQ(t.send("POST", "/v1/needs", body, as).body, first.body) << "byte for byte";
  const Slot needs = t.runtime->state().needs().size();
  // Shown whole to its owner only, even if the number becomes another's.
  pb::Account resident =
      t.runtime->state().load_account(t.runtime->state().account_by_login("resident"));
  resident.set_resident_ref(9);
  EXPECT_EQ(
      t.send("PUT", "/v1/accounts/" + std::to_string(resident.id()), to_json(resident)).status,
      200U);
  as.token = t.token_of(resident.id());
  EXPECT_EQ(t.send("POST", "/v1/needs", body, as).body.find("13912341234"), std::string::npos);
  resident = t.runtime->state().load_account(t.runtime->state().account_by_login("resident"));
  resident.set_resident_ref(7);
  EXPECT_EQ(
      t.send("PUT", "/v1/accounts/" + std::to_string(resident.id()), to_json(resident)).status,
      200U);
  as.token = t.token_of(resident.id());
  const auto id = boost::json::parse(first.body).at("id").as_string();
  EXPECT_EQ(t.send("POST", "/v1/needs/" + std::string(id) + ":erase").status, 200U);
  const Response after = t.send("POST", "/v1/needs", body, as);
  EXPECT_EQ(after.status, 201U);
  EXPECT_EQ(after.body.find("13912341234"), std::string::npos) << "erased there, erased here";
  EXPECT_EQ(t.runtime->state().needs().size(), needs) << "done once";
}

}  // namespace
}  // namespace qiao
