// Nobody comes to reach further than it did: by parties that belong to one another, by acting for
// others, by what was given before, by the numbers of residents.
#include <gtest/gtest.h>

#include <regex>
#include <tuple>

#include "engine/rows/limits.h"
#include "server/access/relations.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

struct Neighbours : Towns {
  explicit Neighbours(GateOptions options = {.writes_per_second = 0,
                                             .time_share = 0,
                                             .log_ins_per_minute = 0,
                                             .contacts_per_day = 3})
      : Towns(std::move(options)) {}

  RequestHeaders as(const std::string& role, const std::string& actor = {}) {
    return {.actor = actor, .token = tokens.at(role)};
  }
  // What became of it: "ok", or the refusal.
  std::string ask(const std::string& method, const std::string& target, const std::string& body,
                  const RequestHeaders& who) {
    const Response r = send(method, target, body, who);
    return r.status < 300 ? "ok" : code_of(r);
  }
  std::uint64_t party(const std::string& kind, const std::string& name, std::uint64_t area,
                      const RequestHeaders& who, std::uint64_t parent = 0) {
    return id_of(send("POST", "/v1/parties",
                      R"({"kind":"PARTY_KIND_)" + kind + R"(","name":")" + name +
                          R"(","areaCode":")" + std::to_string(area) + R"(","parentId":")" +
                          std::to_string(parent) + "\"}",
                      who));
  }
  std::string change(std::uint64_t id, const std::function<void(pb::Party&)>& what,
                     const RequestHeaders& who) {
    pb::Party party = get<pb::Party>("/v1/parties/" + std::to_string(id));
    what(party);
    return ask("PUT", "/v1/parties/" + std::to_string(id), to_json(party), who);
  }
  std::string of(std::uint64_t party, const std::string& verb, const RequestHeaders& who) {
    return ask("POST", "/v1/parties/" + std::to_string(party) + ":" + verb, "", who);
  }
  std::string open_need(const std::string& role, std::uint64_t resident_ref, const Side& side) {
    Side its = side;
    its.resident_ref = resident_ref;
    return ask("POST", "/v1/needs", need_of(its, ""), as(role));
  }
};

TEST(AttackRights, AnOrganiserBelongsToNobody) {
  Neighbours t;
  const std::uint64_t team = t.party("VOLUNTEER_TEAM", "一队", t.own.area, t.as("organiser"));
  const auto under_team = [&](pb::Party& p) { p.set_parent_id(team); };
  EXPECT_EQ(t.change(t.own.organiser, under_team, t.as("organiser")), "409 state.wrong parentId");
  EXPECT_EQ(t.change(t.own.organiser, under_team, t.as("lead")), "409 state.wrong parentId");
  const std::string body = R"({"kind":"PARTY_KIND_ORGANISER","name":"二办","areaCode":")" +
                           std::to_string(t.own.area) + R"(","parentId":")" + std::to_string(team) +
                           "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/parties", body, t.as("organiser")), "409 state.wrong parentId");
}

// A database of before may have such a row.
TEST(AttackRights, AnOrganiserThatSaysItBelongsToSomebodyDoesNot) {
  Neighbours t;
  State state;
  const auto fold = [&](pb::Event event) {
    event.set_seq(state.last_seq() + 1);
    state.begin();
    state.fold(event);
    state.commit();
  };
  for (const std::uint64_t id : {1, 2}) {
    pb::Event area;
    area.mutable_area()->set_code(341881000000 + id);
    area.mutable_area()->set_level(pb::AREA_LEVEL_CITY);
    fold(area);
    pb::Event party;
    pb::Party& p = *party.mutable_party();
    p.set_id(state.last_seq() + 1);
    p.set_kind(id == 1 ? pb::PARTY_KIND_VOLUNTEER_TEAM : pb::PARTY_KIND_ORGANISER);
    p.set_area_code(341881000000 + id);
    p.set_standing(pb::STANDING_ACTIVE);
    if (id == 2) p.set_parent_id(2);
    fold(party);
  }
  ASSERT_EQ(state.parties().size(), 2U);
  EXPECT_FALSE(state.parties()[1].parent);
  EXPECT_TRUE(state.branches_of(PartyId{2}).empty());
  pb::Actor team;
  team.set_role(pb::ROLE_SUPPLIER);
  team.set_party_id(2);
  EXPECT_FALSE(in_party_of(team, state, 1));
  Relations relations(state);
  EXPECT_FALSE(relations.belongs_to(PartyId{4}, PartyId{2}));
}

// Whoever owns the parent acts for all that is below it.
TEST(AttackRights, NoOrganiserMovesATeamWithABranchElsewhereUnderAnother) {
  Neighbours t;
  t.party("VOLUNTEER_TEAM", "分队", t.foreign.area, t.as("lead"), t.own.team);
  const std::uint64_t mine = t.party("VOLUNTEER_TEAM", "我队", t.own.area, t.as("organiser"));
  const auto under = [](std::uint64_t id) { return [id](pb::Party& p) { p.set_parent_id(id); }; };
  EXPECT_EQ(t.change(t.own.team, under(mine), t.as("organiser")), "403 role.not_yours parentId");
  // Nor does it give one of its own a part in what is elsewhere, nor that a branch here.
  EXPECT_EQ(t.change(mine, under(t.own.team), t.as("organiser")), "403 role.not_yours parentId");
  EXPECT_EQ(t.change(t.own.team, under(mine), t.as("lead")), "ok");
}

TEST(AttackRights, WhoIsSuspendedActsForNobody) {
  Neighbours t;
  const std::uint64_t beside = t.party("ORGANISER", "邻办", t.own.area, t.as("lead"));
  t.tokens["beside"] = t.token_of(t.account(pb::ROLE_ORGANISER, "beside", beside));
  const std::uint64_t sibling = t.party("ORGANISER", "同办", t.own.area, t.as("lead"));
  ASSERT_EQ(t.of(beside, "suspend", t.as("lead")), "ok");
  const std::string person = R"({"name":"王五","partyId":")" + std::to_string(t.own.team) + "\"}";
  for (const std::string& actor :
       {"organiser/" + std::to_string(sibling), "supplier/" + std::to_string(t.own.team)}) {
    EXPECT_EQ(t.ask("POST", "/v1/persons", person, t.as("beside", actor)),
              "403 role.forbidden Qiao-Actor")
        << actor;
  }
  EXPECT_EQ(t.ask("POST", "/v1/persons", person, t.as("beside")),
            "403 role.not_active actor.partyId");
  // It sees of its area what anybody sees.
  EXPECT_EQ(t.send("GET", "/v1/persons", "", t.as("beside")).body, "{}");
  // Organisers of one area do not reinstate one another; whoever is above does.
  t.tokens["sibling"] = t.token_of(t.account(pb::ROLE_ORGANISER, "sibling", sibling));
  EXPECT_EQ(t.of(beside, "reinstate", t.as("sibling")), "403 role.not_yours partyId");
  EXPECT_EQ(t.of(beside, "reinstate", t.as("organiser")), "ok");
}

// What every organiser may read of the whole city, who organises nothing may not.
TEST(AttackRights, AnOrganiserThatIsSuspendedReadsNothingOfTheCity) {
  Neighbours t;
  const std::string offer = "/v1/offers/" + std::to_string(t.foreign.people);
  const std::vector<std::string> of_the_city = {offer, "/v1/offers", "/v1/clearings", "/v1/equity",
                                                "/v1/supply-gaps"};
  const auto status = [&](const std::string& url) {
    return t.send("GET", url, "", t.as("organiser")).status;
  };
  EXPECT_EQ(status(offer), 200U);
  ASSERT_EQ(t.of(t.own.organiser, "suspend", t.as("lead")), "ok");
  for (const std::string& url : of_the_city) EXPECT_EQ(status(url), 403U) << url;
  EXPECT_EQ(status("/v1/policy"), 200U);
  pb::Session session;
  ASSERT_TRUE(
      from_json(t.send("GET", "/v1/sessions/current", "", t.as("organiser")).body, session));
  const auto& may = session.operations();
  EXPECT_EQ(std::count(may.begin(), may.end(), "listOffers"), 0);
  ASSERT_EQ(t.of(t.own.organiser, "reinstate", t.as("lead")), "ok");
  EXPECT_EQ(status(offer), 200U);
}

// To make a party active is to approve or to reinstate it, whichever way it is asked.
TEST(AttackRights, ATokenForApprovingReinstatesNobody) {
  Neighbours t;
  const std::uint64_t account = t.account(pb::ROLE_ORGANISER, "clerk", t.own.organiser);
  const RequestHeaders approves{.token = t.token_of(account, {"approveParty", "applyBatch"})};
  const RequestHeaders reinstates{.token = t.token_of(account, {"reinstateParty"})};
  ASSERT_EQ(t.of(t.own.team, "suspend", t.as("organiser")), "ok");
  EXPECT_EQ(t.of(t.own.team, "approve", approves), "403 auth.scope Authorization");
  EXPECT_EQ(t.of(t.own.team, "reinstate", approves), "403 auth.scope Authorization");
  EXPECT_EQ(t.ask("POST", "/v1/batch",
                  R"({"commands":[{"setStanding":{"partyId":")" + std::to_string(t.own.team) +
                      R"(","standing":"STANDING_ACTIVE"}}]})",
                  approves),
            "403 auth.scope commands[0].Authorization");
  EXPECT_EQ(t.of(t.own.team, "reinstate", reinstates), "ok");
}

TEST(AttackRights, WhatAnAccountHeldEndsWithItsRoleOrParty) {
  Neighbours t;
  const std::uint64_t account = t.account(pb::ROLE_SUPPLIER, "leaver", t.own.team);
  const std::string url = "/v1/accounts/" + std::to_string(account);
  const std::uint64_t other = t.party("VOLUNTEER_TEAM", "二队", t.own.area, t.as("lead"));
  const std::vector<std::function<void(pb::Account&)>> changes = {
      [&](pb::Account& row) { row.set_party_id(other); },
      [&](pb::Account& row) {
        row.set_role(pb::ROLE_AUDITOR);
        row.clear_party_id();
      }};
  for (const auto& change : changes) {
    const RequestHeaders held{.token = t.token_of(account)};
    pb::Account row = t.get<pb::Account>(url);
    row.set_name("新名");
    ASSERT_EQ(t.ask("PUT", url, to_json(row), t.as("lead")), "ok");
    EXPECT_EQ(t.send("GET", "/v1/sessions/current", "", held).status, 200U);
    row = t.get<pb::Account>(url);
    change(row);
    ASSERT_EQ(t.ask("PUT", url, to_json(row), t.as("lead")), "ok");
    EXPECT_EQ(t.send("GET", "/v1/sessions/current", "", held).status, 401U);
  }
}

// To disable an account gives nobody access.
TEST(AttackRights, AnOrganiserDisablesAResidentWithNeedsElsewhere) {
  Neighbours t;
  pb::Account resident;
  resident.set_login("neighbour");
  resident.set_role(pb::ROLE_RESIDENT);
  resident.set_area_code(t.own.area);
  const std::uint64_t id =
      t.id_of(t.send("POST", "/v1/accounts", to_json(resident), t.as("organiser")));
  const std::string url = "/v1/accounts/" + std::to_string(id);
  t.tokens["neighbour"] = t.token_of(id);
  resident = t.get<pb::Account>(url);
  Towns::Side elsewhere = t.foreign;
  elsewhere.resident_ref = resident.resident_ref();
  ASSERT_EQ(
      t.ask("POST", "/v1/needs?until=draft", Towns::need_of(elsewhere, ""), t.as("neighbour")),
      "ok");
  EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as("organiser")),
            "403 role.not_yours residentRef");
  for (const auto& [disabled, answer] :
       {std::pair{true, "ok"}, std::pair{false, "403 role.not_yours residentRef"}}) {
    resident = t.get<pb::Account>(url);
    resident.set_disabled(disabled);
    EXPECT_EQ(t.ask("PUT", url, to_json(resident), t.as("organiser")), answer);
  }
  resident = t.get<pb::Account>(url);
  resident.set_disabled(true);
  resident.set_name("别人");
  EXPECT_EQ(t.ask("PUT", url, to_json(resident), t.as("organiser")),
            "403 role.not_yours residentRef");
}

TEST(AttackRights, AResidentHasSoManyNeedsWaitingAndNoMore) {
  Neighbours t;
  const std::string need = Towns::need_of(t.own, "");
  for (int i = 0; i < kMaxWaitingNeeds; ++i)
    ASSERT_EQ(t.ask("POST", "/v1/needs", need, t.as("resident")), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/needs", need, t.as("resident")), "400 value.too_many need");
  const std::uint64_t draft =
      t.id_of(t.send("POST", "/v1/needs?until=draft", need, t.as("resident")));
  EXPECT_EQ(t.ask("POST", "/v1/needs/" + std::to_string(draft) + ":submit", "", t.as("resident")),
            "400 value.too_many needId");
  EXPECT_EQ(t.ask("POST", "/v1/needs", need, t.as("organiser")), "ok");
}

// An export or an erasure takes all of them at once.
TEST(AttackRights, AResidentHasSoManyNeedsThatAreNotErasedAndNoMore) {
  Neighbours t;
  const std::string need = Towns::need_of(t.own, "");
  const auto post = [&](const char* role) {
    return t.ask("POST", "/v1/needs?until=draft", need, t.as(role));
  };
  for (int i = 2; i < kMaxNeedsOfResident; ++i) ASSERT_EQ(post("resident"), "ok") << i;
  EXPECT_EQ(post("resident"), "400 value.too_many need.residentRef");
  EXPECT_EQ(post("lead"), "400 value.too_many need.residentRef");
  const std::string others = "/v1/needs/" + std::to_string(t.foreign.draft);
  pb::Need other = t.get<pb::Need>(others);
  other.set_resident_ref(t.own.resident_ref);
  EXPECT_EQ(t.ask("PUT", others, to_json(other), t.as("lead")), "400 value.too_many residentRef");
  const std::string erase = "/v1/needs/" + std::to_string(t.own.draft) + ":erase";
  EXPECT_EQ(t.ask("POST", erase, "", t.as("resident")), "ok");
  EXPECT_EQ(post("resident"), "ok");
  EXPECT_EQ(post("resident"), "400 value.too_many need.residentRef");
}

TEST(AttackRights, ABatchTakesOnlySoMuchOfTheServersTime) {
  Neighbours t;
  const auto exports = [&](int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += std::string(i > 0 ? "," : "") +
             R"({"disclose":{"subject":"SUBJECT_KIND_RESIDENT","subjectId":"7","purpose":)" +
             R"("DISCLOSURE_PURPOSE_EXPORT"}})";
    return t.ask("POST", "/v1/batch:check", R"({"commands":[)" + all + "]}", t.as("resident"));
  };
  EXPECT_EQ(exports(5), "ok");
  EXPECT_EQ(exports(6), "400 batch.too_costly commands");
}

TEST(AttackRights, ATreeOfPartiesAndTheAccountsOfAPersonAreBounded) {
  Neighbours t;
  const auto branches = [&](int count) {
    std::string all;
    for (int i = 0; i < count; ++i)
      all += std::string(i > 0 ? "," : "") +
             R"({"registerParty":{"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"分队","parentId":")" +
             std::to_string(t.own.team) + R"(","areaCode":")" + std::to_string(t.own.area) + "\"}}";
    return t.ask("POST", "/v1/batch", R"({"commands":[)" + all + "]}", t.as("organiser"));
  };
  int parties = 1;
  for (; parties + 100 <= kMaxPartiesOfTree; parties += 100) ASSERT_EQ(branches(100), "ok");
  EXPECT_EQ(branches(kMaxPartiesOfTree - parties), "ok");
  EXPECT_EQ(branches(1), "400 value.too_many commands[0].parentId");
  const auto another = [&](int i) {
    return t.ask("POST", "/v1/accounts",
                 R"({"login":"same)" + std::to_string(i) + R"(","role":"ROLE_MEMBER","partyId":")" +
                     std::to_string(t.own.team) + R"(","personId":")" +
                     std::to_string(t.own.person) + "\"}",
                 t.as("organiser"));
  };
  for (int i = 1; i < kMaxAccountsOfPerson; ++i) EXPECT_EQ(another(i), "ok") << i;
  EXPECT_EQ(another(kMaxAccountsOfPerson), "400 value.too_many personId");
}

// Its own number, under which it has needs elsewhere by now, comes back with the role.
TEST(AttackRights, NobodyGetsAResidentWithNeedsElsewhereByMakingItAMember) {
  Neighbours t;
  const std::string area = std::to_string(t.own.area);
  const std::uint64_t account =
      t.id_of(t.send("POST", "/v1/accounts",
                     R"({"login":"somebody","role":"ROLE_RESIDENT","areaCode":")" + area + "\"}",
                     t.as("organiser")));
  t.tokens["somebody"] = t.token_of(account);
  Towns::Side its = t.own;
  its.resident_ref = 0;
  const std::uint64_t need =
      t.id_of(t.send("POST", "/v1/needs", Towns::need_of(its, ""), t.as("somebody")));
  const std::string url = "/v1/accounts/" + std::to_string(account);
  const auto change = [&](const std::function<void(pb::Account&)>& what) {
    pb::Account row = t.get<pb::Account>(url);
    what(row);
    return t.ask("PUT", url, to_json(row), t.as("organiser"));
  };
  ASSERT_EQ(change([&](pb::Account& a) {
              a.set_role(pb::ROLE_MEMBER);
              a.set_party_id(t.own.team);
              a.set_person_id(t.own.person);
              a.set_resident_ref(0);
              a.set_area_code(0);
            }),
            "ok");
  pb::Need moved = t.get<pb::Need>("/v1/needs/" + std::to_string(need));
  moved.set_area_code(t.foreign.area);
  ASSERT_EQ(t.ask("PUT", "/v1/needs/" + std::to_string(need), to_json(moved), t.as("lead")), "ok");
  const auto back = [&](pb::Account& a) {
    a.set_role(pb::ROLE_RESIDENT);
    a.set_party_id(0);
    a.set_person_id(0);
    a.set_area_code(t.own.area);
  };
  EXPECT_EQ(change(back), "403 role.not_yours residentRef");
}

// An account that somebody has logged in to is that person's.
TEST(AttackRights, NobodyTakesOverTheAccountOfAPeerOrTheirOwn) {
  Neighbours t;
  const auto come_in = [&](std::uint64_t account) {
    pb::NewSecret link;
    EXPECT_TRUE(from_json(
        t.send("POST", "/v1/accounts/" + std::to_string(account) + ":invite").body, link));
    const std::string accept =
        R"({"token":")" + link.secret() + R"(","password":"river-stone-47-lantern"})";
    EXPECT_EQ(t.send("POST", "/v1/invitations:accept", accept, {.anonymous = true}).status, 201U);
  };
  const std::uint64_t organiser =
      t.runtime->state().accounts()[t.runtime->state().account_by_login("organiser")].id.value();
  const std::uint64_t office = t.account(pb::ROLE_ORGANISER, "office", t.own.organiser);
  const std::uint64_t team = t.account(pb::ROLE_SUPPLIER, "second", t.own.team);
  for (const auto& [role, peer, own] :
       {std::tuple{"organiser", office, organiser}, std::tuple{"supplier", team, t.own.account}}) {
    const std::string url = "/v1/accounts/" + std::to_string(peer);
    EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as(role)), "ok") << "nobody has logged in yet";
    come_in(peer);
    EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as(role)), "403 role.not_yours accountId");
    pb::Account row = t.get<pb::Account>(url);
    const std::vector<std::function<void(pb::Account&)>> changes = {
        [](pb::Account& a) { a.set_login("mine"); }, [](pb::Account& a) { a.set_name("别名"); },
        [&](pb::Account& a) {
          a.set_role(pb::ROLE_RESIDENT);
          a.clear_party_id();
          a.set_area_code(t.own.area);
        },
        [&](pb::Account& a) {
          a.set_role(pb::ROLE_MEMBER);
          a.set_party_id(t.own.team);
          a.set_person_id(t.own.person);
        }};
    for (const auto& change : changes) {
      pb::Account changed = row;
      change(changed);
      EXPECT_EQ(t.ask("PUT", url, to_json(changed), t.as(role)).substr(0, 3), "403");
    }
    for (const auto& [disabled, answer] :
         {std::pair{true, "ok"}, std::pair{false, "403 role.not_yours accountId"}}) {
      row = t.get<pb::Account>(url);
      row.set_disabled(disabled);
      EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as(role)), answer);
    }
    row.set_disabled(false);
    EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as("lead")), "ok");
    EXPECT_EQ(t.ask("POST", "/v1/accounts/" + std::to_string(own) + ":invite", "", t.as(role)),
              "403 role.forbidden accountId");
    EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as("lead")), "ok");
  }
  EXPECT_EQ(
      t.ask("POST", "/v1/accounts/" + std::to_string(team) + ":invite", "", t.as("organiser")),
      "ok");
}

// Whoever has the identity comes in to the account that is named so first.
TEST(AttackRights, OnlyTheLeadNamesIdentitiesOfElsewhere) {
  Neighbours t;
  const std::string mayor = R"({"login":"mayor","role":"ROLE_SUPPLIER","partyId":")" +
                            std::to_string(t.own.team) +
                            R"(","externalId":"https://id.example.cn mayor"})";
  for (const char* role : {"supplier", "organiser"})
    EXPECT_EQ(t.ask("POST", "/v1/accounts", mayor, t.as(role)), "403 role.forbidden externalId");
  EXPECT_EQ(t.ask("POST", "/v1/accounts", mayor, t.as("lead")), "ok");
}

TEST(AttackRights, NoOrganiserMakesAnotherOfItsOwnArea) {
  Neighbours t;
  const std::uint64_t town = t.own.area / 1000 * 1000;
  const std::string body =
      R"({"kind":"PARTY_KIND_ORGANISER","name":"二办","areaCode":")" + std::to_string(town) + "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/parties", body, t.as("organiser")), "403 role.not_yours areaCode");
  const std::uint64_t below = t.party("ORGANISER", "居委会", t.own.area, t.as("organiser"));
  EXPECT_EQ(t.change(
                below, [&](pb::Party& p) { p.set_area_code(town); }, t.as("organiser")),
            "403 role.not_yours areaCode");
}

TEST(AttackRights, AnOrganiserTakesNoCodeOfAnotherTown) {
  Neighbours t;
  const auto put = [&](std::uint64_t code) {
    return t.ask("PUT", "/v1/areas/" + std::to_string(code),
                 R"({"parentCode":")" + std::to_string(t.own.area) +
                     R"(","level":"AREA_LEVEL_GRID","name":"一格"})",
                 t.as("organiser"));
  };
  EXPECT_EQ(put(341881999000), "403 role.not_yours code");
  EXPECT_EQ(put(t.foreign.area + 900), "403 role.not_yours code");
  EXPECT_EQ(put(t.own.area + 900), "ok");
}

TEST(AttackRights, ATeamGivesNoWayInToABranchThatIsOnlyAppliedFor) {
  Neighbours t;
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "远队", t.foreign.area, t.as("supplier"), t.own.team);
  const std::string account =
      R"({"login":"far","role":"ROLE_SUPPLIER","partyId":")" + std::to_string(branch) + "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/accounts", account, t.as("supplier")),
            "403 role.not_active partyId");
  const std::uint64_t made = t.id_of(t.send("POST", "/v1/accounts", account));
  EXPECT_EQ(t.ask("POST", "/v1/accounts/" + std::to_string(made) + ":invite", "", t.as("supplier")),
            "403 role.not_active partyId");
  ASSERT_EQ(t.of(branch, "approve", t.as("lead")), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/accounts/" + std::to_string(made) + ":invite", "", t.as("supplier")),
            "ok");
}

// What it may still see of the row, it sees by asking for the row.
TEST(AttackRights, AStoredResponseShowsNoMoreThanTheRowDoesNow) {
  Neighbours t;
  RequestHeaders as = t.as("organiser");
  as.key = "once";
  const std::string need = Towns::need_of(t.own, "");
  ASSERT_EQ(t.ask("POST", "/v1/needs", need, as), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/needs", need, as), "ok");
  const auto move = [&](pb::Party& p) { p.set_area_code(t.foreign.area); };
  ASSERT_EQ(t.change(t.own.organiser, move, t.as("lead")), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/needs", need, as), "409 idempotency.done Idempotency-Key");
}

// Whoever has the number sees the contact, and nobody is told.
TEST(AttackRights, NoOrganiserGivesANeedToAnotherResident) {
  Neighbours t;
  const std::string url = "/v1/needs/" + std::to_string(t.own.draft);
  pb::Need need = t.get<pb::Need>(url);
  need.set_resident_ref(99);
  EXPECT_EQ(t.ask("PUT", url, to_json(need), t.as("organiser")), "403 role.forbidden residentRef");
  need.set_resident_ref(0);
  EXPECT_EQ(t.ask("PUT", url, to_json(need), t.as("organiser")), "403 role.forbidden residentRef");
  EXPECT_EQ(t.ask("PUT", url, to_json(need), t.as("lead")), "ok");
}

// One that was active, or in which somebody has an account, is more than written down.
TEST(AttackRights, ABranchThatIsPendingAgainIsNotOpenToTheOrganiserOfItsTeam) {
  Neighbours t;
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "远队", t.foreign.area, t.as("lead"), t.own.team);
  const std::uint64_t account = t.account(pb::ROLE_SUPPLIER, "far", branch);
  t.tokens["far"] = t.token_of(account);
  ASSERT_EQ(t.change(
                branch, [](pb::Party& p) { p.set_name("远方队"); }, t.as("far")),
            "ok");
  ASSERT_EQ(t.get<pb::Party>("/v1/parties/" + std::to_string(branch)).standing(),
            pb::STANDING_PENDING);
  const std::string team = "supplier/" + std::to_string(t.own.team);
  EXPECT_EQ(t.ask("POST", "/v1/parties/" + std::to_string(branch) + ":reveal", "",
                  t.as("organiser", team)),
            "403 role.forbidden Qiao-Actor");
  // Nor does its team change the accounts of the branch until it is approved again.
  const std::string url = "/v1/accounts/" + std::to_string(account);
  for (const auto& change : std::vector<std::function<void(pb::Account&)>>{
           [](pb::Account& a) { a.set_login("mine"); },
           [&](pb::Account& a) { a.set_party_id(t.own.team); }}) {
    pb::Account row = t.get<pb::Account>(url);
    change(row);
    EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as("supplier")), "403 role.not_active partyId");
  }
}

// What nobody has approved takes no say away from whoever organises the team.
TEST(AttackRights, ATeamDoesNotFreezeItsOrganiserOut) {
  Neighbours t;
  const std::string actor = "supplier/" + std::to_string(t.own.team);
  const auto acts = [&] { return t.ask("GET", "/v1/persons", "", t.as("organiser", actor)); };
  const std::uint64_t far =
      t.party("VOLUNTEER_TEAM", "远队", t.foreign.area, t.as("supplier"), t.own.team);
  t.party("VOLUNTEER_TEAM", "更远队", t.foreign.area, t.as("supplier"), far);
  EXPECT_EQ(acts(), "ok");
  ASSERT_EQ(t.of(far, "suspend", t.as("lead")), "ok");
  EXPECT_EQ(acts(), "ok") << "an application that was refused";
  ASSERT_EQ(t.of(far, "reinstate", t.as("lead")), "ok");
  EXPECT_EQ(acts(), "403 role.forbidden Qiao-Actor") << "it is there";
  const std::string url = "/v1/accounts/" + std::to_string(t.own.account);
  pb::Account row = t.get<pb::Account>(url);
  row.set_disabled(true);
  EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as("organiser")), "ok") << "it lies in its area";
}

TEST(AttackRights, OrganisersOfOneAreaReadAndEraseNothingOfOneAnother) {
  Neighbours t;
  const std::uint64_t one = t.party("ORGANISER", "一办", t.own.area, t.as("lead"));
  const std::uint64_t other = t.party("ORGANISER", "二办", t.own.area, t.as("lead"));
  t.tokens["one"] = t.token_of(t.account(pb::ROLE_ORGANISER, "one", one));
  const std::string person = R"({"name":"王五","partyId":")" + std::to_string(other) + "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/persons", person, t.as("one")), "403 role.not_yours partyId");
  const std::uint64_t id = t.id_of(t.send("POST", "/v1/persons", person));
  const std::string url = "/v1/persons/" + std::to_string(id);
  EXPECT_EQ(t.ask("DELETE", url, "", t.as("one")), "403 role.not_yours personId");
  for (const std::string& row : {url, "/v1/parties/" + std::to_string(other)}) {
    EXPECT_EQ(t.ask("POST", row + ":reveal", "", t.as("one")), "403 role.not_yours id");
    EXPECT_EQ(t.ask("POST", row + ":erase", "", t.as("one")), "403 role.not_yours id");
  }
  EXPECT_EQ(t.of(other, "reveal", t.as("organiser")), "ok") << "whoever is above may";
}

TEST(AttackRights, AnInvitationByAPeerEndsWhenSomebodyHasLoggedIn) {
  Neighbours t;
  const std::uint64_t peer = t.account(pb::ROLE_SUPPLIER, "peer", t.own.team);
  const std::string url = "/v1/accounts/" + std::to_string(peer);
  pb::NewSecret link;
  ASSERT_TRUE(from_json(t.send("POST", url + ":invite", "", t.as("supplier")).body, link));
  t.wait_for(t.runtime->applied_seq());
  pb::Account row = t.get<pb::Account>(url);
  row.set_external_id("https://id.example.cn li");
  ASSERT_EQ(t.ask("PUT", url, to_json(row), t.as("lead")), "ok");
  EXPECT_EQ(t.send("POST", "/v1/invitations:accept",
                   R"({"token":")" + link.secret() + R"(","password":"river-stone-47-lantern"})",
                   {.anonymous = true})
                .status,
            401U);
}

TEST(AttackRights, ATokenForStartingAClearingAppliesNone) {
  Neighbours t;
  const std::uint64_t account = t.account(pb::ROLE_ORGANISER, "clerk", t.own.organiser);
  const RequestHeaders starts{.token = t.token_of(account, {"startClearing"})};
  const auto start = [&](const std::string& apply) {
    return t.ask("POST", "/v1/clearings",
                 R"({"areaCode":")" + std::to_string(t.own.area) + R"(","apply":")" + apply + "\"}",
                 starts);
  };
  EXPECT_EQ(start("CLEARING_APPLY_PROPOSE"), "403 auth.scope Authorization");
  EXPECT_EQ(start("CLEARING_APPLY_DISPATCH"), "403 auth.scope Authorization");
  EXPECT_EQ(start("CLEARING_APPLY_UNSPECIFIED"), "ok");
}

// Two names that look the same are the same.
TEST(AttackRights, ANameHasNoInvisibleCharacterAndOneLine) {
  Neighbours t;
  const auto named = [&](const std::string& name) {
    return t.ask("POST", "/v1/parties",
                 R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":")" + name + R"(","areaCode":")" +
                     std::to_string(t.own.area) + "\"}",
                 t.as("organiser"));
  };
  for (const char* name : {"一队\u200e", "一\u200b队", "一队\\n二队", "一\ufeff队", "一队\u00ad"}) {
    EXPECT_EQ(named(name), "400 value.out_of_range name") << name;
  }
  EXPECT_EQ(named("一家👨‍👩‍👧‍👦队"), "ok");
}

// Directly, by moving it to where one may, by its accounts, or in its name.
TEST(AttackRights, OrganisersOfOneAreaHaveNoSayOverOneAnother) {
  Neighbours t;
  const std::uint64_t one = t.party("ORGANISER", "一办", t.own.area, t.as("lead"));
  const std::uint64_t other = t.party("ORGANISER", "二办", t.own.area, t.as("lead"));
  t.tokens["one"] = t.token_of(t.account(pb::ROLE_ORGANISER, "one", one));
  const std::uint64_t account = t.account(pb::ROLE_ORGANISER, "other", other);
  ASSERT_EQ(t.ask("PUT", "/v1/areas/" + std::to_string(t.own.area + 900),
                  R"({"parentCode":")" + std::to_string(t.own.area) +
                      R"(","level":"AREA_LEVEL_GRID","name":"一格"})",
                  t.as("lead")),
            "ok");
  const auto move = [&](pb::Party& p) { p.set_area_code(t.own.area + 900); };
  EXPECT_EQ(t.change(other, move, t.as("one")), "403 role.not_yours id");
  EXPECT_EQ(t.of(other, "suspend", t.as("one")), "403 role.not_yours partyId");
  const std::string url = "/v1/accounts/" + std::to_string(account);
  pb::Account row = t.get<pb::Account>(url);
  row.set_disabled(true);
  EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as("one")), "403 role.not_yours partyId");
  row.set_disabled(false);
  row.set_party_id(one);
  EXPECT_EQ(t.ask("PUT", url, to_json(row), t.as("one")), "403 role.not_yours partyId");
  EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as("one")), "403 role.not_yours partyId");
  const std::string in_its_name = "organiser/" + std::to_string(other);
  EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as("one", in_its_name)),
            "403 role.forbidden Qiao-Actor");
  // A colleague's account, and whoever is below or above.
  const std::string colleague =
      R"({"login":"colleague","role":"ROLE_ORGANISER","partyId":")" + std::to_string(one) + "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/accounts", colleague, t.as("one")), "ok");
  EXPECT_EQ(t.ask("POST", url + ":invite", "", t.as("organiser")), "ok");
  EXPECT_EQ(t.change(other, move, t.as("organiser")), "ok");
  EXPECT_EQ(t.of(other, "suspend", t.as("one")), "ok");
}

TEST(AttackRights, ATokenForWritingNeedsDownOpensNone) {
  Neighbours t;
  const std::uint64_t organiser = t.account(pb::ROLE_ORGANISER, "writer", t.own.organiser);
  const RequestHeaders writes{.token = t.token_of(organiser, {"postNeed"})};
  const std::string need = Towns::need_of(t.own, "");
  EXPECT_EQ(t.ask("POST", "/v1/needs", need, writes), "403 auth.scope Authorization");
  EXPECT_EQ(t.ask("POST", "/v1/needs?until=open", need, writes), "403 auth.scope Authorization");
  EXPECT_EQ(t.ask("POST", "/v1/needs?until=submitted", need, writes), "ok");
}

TEST(AttackRights, ABranchThatLeavesIsCheckedAgainAndTakenFromNobody) {
  Neighbours t;
  const auto leave = [](pb::Party& p) { p.clear_parent_id(); };
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "分队", t.own.area, t.as("lead"), t.own.team);
  EXPECT_EQ(t.change(branch, leave, t.as("supplier")), "ok");
  EXPECT_EQ(t.get<pb::Party>("/v1/parties/" + std::to_string(branch)).standing(),
            pb::STANDING_PENDING);
  const std::uint64_t here =
      t.party("VOLUNTEER_TEAM", "本地分队", t.own.area, t.as("lead"), t.foreign.team);
  EXPECT_EQ(t.change(here, leave, t.as("organiser")), "403 role.not_yours parentId");
  EXPECT_EQ(t.change(here, leave, t.as("lead")), "ok");
}

TEST(AttackRights, ATeamThatIsSuspendedActsForNoBranch) {
  Neighbours t;
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "分队", t.own.area, t.as("lead"), t.own.team);
  const std::string actor = "supplier/" + std::to_string(branch);
  const std::string offer = R"({"title":"人","partyId":")" + std::to_string(branch) +
                            R"(","time":{"kind":"TIME_KIND_PEOPLE","capacity":"3"}})";
  EXPECT_EQ(t.ask("POST", "/v1/offers", offer, t.as("supplier", actor)), "ok");
  ASSERT_EQ(t.of(t.own.team, "suspend", t.as("organiser")), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/offers", offer, t.as("supplier", actor)),
            "403 role.forbidden Qiao-Actor");
}

TEST(AttackRights, AnInvitationEndsWithWhoeverSentIt) {
  Neighbours t;
  const auto invited = [&](std::uint64_t account, const RequestHeaders& by) {
    pb::NewSecret link;
    const Response made =
        t.send("POST", "/v1/accounts/" + std::to_string(account) + ":invite", "", by);
    EXPECT_TRUE(from_json(made.body, link)) << made.body;
    return link.secret();
  };
  const auto accept = [&](const std::string& secret) {
    return t
        .send("POST", "/v1/invitations:accept",
              R"({"token":")" + secret + R"(","password":"river-stone-47-lantern"})",
              {.anonymous = true})
        .status;
  };
  const std::uint64_t second = t.account(pb::ROLE_LEAD, "second");
  t.tokens["second"] = t.token_of(second);
  const std::string by_second = invited(t.account(pb::ROLE_LEAD, "third"), t.as("second"));
  const std::string by_organiser = invited(t.own.account, t.as("organiser"));
  t.wait_for(t.runtime->applied_seq());
  pb::Account account = t.get<pb::Account>("/v1/accounts/" + std::to_string(second));
  account.set_disabled(true);
  ASSERT_EQ(t.ask("PUT", "/v1/accounts/" + std::to_string(second), to_json(account), t.as("lead")),
            "ok");
  EXPECT_EQ(accept(by_second), 401U);
  ASSERT_EQ(t.of(t.own.organiser, "suspend", t.as("lead")), "ok");
  EXPECT_EQ(accept(by_organiser), 401U);
  ASSERT_EQ(t.of(t.own.organiser, "reinstate", t.as("lead")), "ok");
  EXPECT_EQ(accept(by_organiser), 201U);
}

TEST(AttackRights, WhatADisabledAccountHeldDoesNotComeBack) {
  Neighbours t;
  const std::string url = "/v1/accounts/" + std::to_string(t.own.account);
  pb::NewSecret link;
  ASSERT_TRUE(from_json(t.send("POST", url + ":invite").body, link));
  for (const bool disabled : {true, false}) {
    pb::Account account = t.get<pb::Account>(url);
    account.set_disabled(disabled);
    ASSERT_EQ(t.ask("PUT", url, to_json(account), t.as("lead")), "ok");
    EXPECT_EQ(t.send("GET", url, "", t.as("supplier")).status, 401U);
  }
  EXPECT_EQ(t.send("POST", "/v1/invitations:accept",
                   R"({"token":")" + link.secret() + R"(","password":"river-stone-47-lantern"})",
                   {.anonymous = true})
                .status,
            401U);
}

// Its number is in the answers of previews, and its export and erasure are for whoever has all of
// it.
TEST(AttackRights, AResidentElsewhereIsNotThereToBeWrittenDown) {
  Neighbours t;
  const std::uint64_t elsewhere = t.foreign.resident_ref;
  EXPECT_EQ(t.open_need("organiser", elsewhere, t.own), "404 not_found need.residentRef");
  EXPECT_EQ(t.open_need("lead", elsewhere, t.foreign), "ok");
  EXPECT_EQ(t.open_need("organiser", t.own.resident_ref, t.own), "ok");
  EXPECT_EQ(t.open_need("organiser", 4711, t.own), "ok") << "a number that nobody has";
  pb::Need draft = t.get<pb::Need>("/v1/needs/" + std::to_string(t.own.draft));
  draft.set_resident_ref(elsewhere);
  EXPECT_EQ(
      t.ask("PUT", "/v1/needs/" + std::to_string(t.own.draft), to_json(draft), t.as("organiser")),
      "403 role.forbidden residentRef");
  // Whether an account has such a number is not told either.
  const std::string none = t.open_need("organiser", kAccountResidents + 999'999, t.own);
  EXPECT_EQ(none, "400 value.out_of_range need.residentRef");
  EXPECT_EQ(t.open_need("organiser", kAccountResidents + t.foreign.account, t.own), none);
  const auto preview = [&](const std::string& role, std::uint64_t ref) {
    Towns::Side side = t.own;
    side.resident_ref = ref;
    return t.ask("POST", "/v1/needs:preview", R"({"need":)" + Towns::need_of(side, "") + "}",
                 t.as(role));
  };
  EXPECT_EQ(preview("organiser", elsewhere), "404 not_found need.residentRef");
  EXPECT_EQ(preview("organiser", t.own.resident_ref), "ok");
  const auto answer = [&](std::uint64_t ref) {
    Towns::Side side = t.own;
    side.resident_ref = ref;
    return t
        .send("POST", "/v1/needs:preview", R"({"need":)" + Towns::need_of(side, "") + "}",
              t.as("resident"))
        .body;
  };
  EXPECT_EQ(answer(elsewhere), answer(t.own.resident_ref)) << "a resident asks for itself";
}

// Its team alone has written it down.
TEST(AttackRights, ABranchThatIsOnlyAppliedForTakesNothingFromTheOrganiser) {
  Neighbours t;
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "远队", t.foreign.area, t.as("supplier"), t.own.team);
  EXPECT_EQ(t.get<pb::Party>("/v1/parties/" + std::to_string(branch)).standing(),
            pb::STANDING_PENDING);
  const std::string invite = "/v1/accounts/" + std::to_string(t.own.account) + ":invite";
  EXPECT_EQ(t.ask("POST", invite, "", t.as("organiser")), "ok");
  const std::string person = R"({"name":"王五","partyId":")" + std::to_string(branch) + "\"}";
  EXPECT_EQ(t.ask("POST", "/v1/persons", person, t.as("supplier")), "403 role.not_active partyId");
  const std::string offer = R"({"title":"人","partyId":")" + std::to_string(branch) +
                            R"(","time":{"kind":"TIME_KIND_PEOPLE","capacity":"3"}})";
  EXPECT_EQ(t.ask("POST", "/v1/offers", offer, t.as("supplier")), "403 role.not_active partyId");
  ASSERT_EQ(t.of(branch, "approve", t.as("lead")), "ok");
  EXPECT_EQ(t.ask("POST", "/v1/persons", person, t.as("supplier")), "ok");
  EXPECT_EQ(t.ask("POST", invite, "", t.as("organiser")), "403 role.not_yours partyId");
}

TEST(AttackContacts, BranchesAndTheirAccountsCountAsOneTeam) {
  Neighbours t;
  const std::uint64_t branch =
      t.party("VOLUNTEER_TEAM", "分队", t.own.area, t.as("lead"), t.own.team);
  t.tokens["branch"] = t.token_of(t.account(pb::ROLE_SUPPLIER, "branch", branch));
  const std::uint64_t offer =
      t.id_of(t.send("POST", "/v1/offers",
                     R"({"title":"人","partyId":")" + std::to_string(branch) +
                         R"(","time":{"kind":"TIME_KIND_PEOPLE","capacity":"30"}})"));
  const auto claim = [&](const std::string& role, std::uint64_t with) {
    const std::string need =
        std::to_string(t.id_of(t.send("POST", "/v1/needs", Towns::need_of(t.own, ""))));
    return t.ask(
        "POST", "/v1/matches:claim",
        R"({"quantity":"1","needId":")" + need + R"(","offerId":")" + std::to_string(with) + "\"}",
        t.as(role));
  };
  EXPECT_EQ(claim("supplier", t.own.people), "ok");
  EXPECT_EQ(claim("branch", offer), "ok");
  EXPECT_EQ(claim("branch", offer), "ok");
  // Each claim has shown a place.
  EXPECT_EQ(claim("branch", offer), "429 rate.limited");
  EXPECT_EQ(claim("supplier", t.own.people), "429 rate.limited");
}

TEST(AttackRights, AnAddressOpensACalendarOnlyWithATokenForNothingElse) {
  Neighbours t;
  const std::string url = "/v1/parties/" + std::to_string(t.own.team) + "/calendar?token=";
  const auto get = [&](const std::string& token) {
    return t.send("GET", url + token, "", {.anonymous = true}).status;
  };
  EXPECT_EQ(get(t.token_of(t.own.account, {"getCalendar"})), 200U);
  EXPECT_EQ(get(t.tokens["supplier"]), 401U);
  EXPECT_EQ(get(t.token_of(t.own.account, {"getCalendar", "getNeed"})), 401U);
}

// Whether a hidden row references a hidden party must not change an answer.
TEST(AttackRights, NobodyLearnsWhatARowThatTheyDoNotSeeReferences) {
  Neighbours t;
  const std::uint64_t excluded = t.party("VOLUNTEER_TEAM", "一队", t.foreign.area, t.as("lead"));
  const std::uint64_t other = t.party("VOLUNTEER_TEAM", "二队", t.foreign.area, t.as("lead"));
  const auto excluding = [&](std::uint64_t party) {
    return R"(,"excludedPartyIds":[")" + std::to_string(party) + R"("])";
  };
  const std::uint64_t need =
      t.id_of(t.send("POST", "/v1/needs", Towns::need_of(t.foreign, excluding(excluded))));
  for (const std::uint64_t party : {excluded, other})
    EXPECT_EQ(t.of(party, "suspend", t.as("lead")), "ok");
  const auto number = [&](const std::string& text) {
    return std::regex_replace(text, std::regex(std::to_string(excluded)), std::to_string(other));
  };
  for (const char* role : {"organiser", "resident", "supplier"}) {
    std::vector<std::string> told;
    for (const std::uint64_t party : {excluded, other}) {
      pb::Need sent;
      ASSERT_TRUE(from_json(Towns::need_of(t.own, excluding(party)), sent));
      sent.set_id(need);
      sent.set_resident_ref(0);
      const std::string body = to_json(sent);
      std::string all;
      for (const auto& [method, target, text] :
           {std::tuple{"POST", std::string("/v1/needs:preview"), "{\"need\":" + body + "}"},
            {"PUT", "/v1/needs/" + std::to_string(need), body},
            {"POST", "/v1/batch:check", "{\"commands\":[{\"updateNeed\":" + body + "}]}"}}) {
        const Response r = t.send(method, target, text, t.as(role));
        all += std::to_string(r.status) + " " + number(r.body) + "\n";
      }
      told.push_back(all);
    }
    EXPECT_EQ(told[0], told[1]) << role;
  }
}

TEST(AttackRights, ANameIsSomethingThatCanBeRead) {
  Neighbours t;
  const auto named = [&](const std::string& name) {
    pb::Person person;
    person.set_party_id(t.own.team);
    person.set_name(name);
    return t.ask("POST", "/v1/persons", to_json(person), t.as("organiser"));
  };
  for (const char* nothing :
       {" ", "\t\n", "\u200b", "\u3000", "\ufeff\u2060", "\u3164", "\u2800", "\ufe0f"}) {
    EXPECT_EQ(named(nothing), "400 value.required name");
  }
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\u202e王"),
                                 std::string("\x1b[2J"), std::string("王\u2066")}) {
    EXPECT_EQ(named(bad), "400 value.out_of_range name");
  }
  for (const char* good : {"王 小明", "Ångström", "👨‍👩‍👧 之家"})
    EXPECT_EQ(named(good), "ok");
}

}  // namespace
}  // namespace qiao
