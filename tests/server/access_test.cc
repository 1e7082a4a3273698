// Who may do what: every operation, by every role, inside and outside what is its own; the expected
// answer is stated.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "engine/rows/invariants.h"
#include "server/access/view.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

// What becomes of a request, in a letter:
//   .  refused: not this role, or not this one's        h  there is nothing of the kind, as far as
//   it can see p  it sees what is public                           w  it sees the whole, masked y
//   it may, and it is done                           n  it may; another rule refuses it
struct Case {
  const char* id;
  const char* method;
  const char* target;
  const char* body;
  // Own and foreign for: anonymous, auditor, resident, member, supplier, organiser, lead.
  const char* expected;
};
const Case kCases[] = {
    {"putTaxonomy", "PUT", "/v1/taxonomy", "{}", ".. .. .. .. .. .. nn"},
    {"setPolicy", "PUT", "/v1/policy", "{}", ".. .. .. .. .. .. nn"},
    {"putArea", "PUT", "/v1/areas/{area}",
     R"({"parentCode":"{town}","level":"AREA_LEVEL_COMMUNITY","name":"社区"})",
     ".. .. .. .. .. y. yy"},
    {"registerParty", "POST", "/v1/parties",
     R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"新队","areaCode":"{area}"})",
     ".. .. .. .. yy y. yy"},
    {"updateParty", "PUT", "/v1/parties/{team}",
     R"({"kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"队","areaCode":"{area}"})",
     ".. .. .. .. y. y. yy"},
    {"approveParty", "POST", "/v1/parties/{team}:approve", "", ".. .. .. .. .. n. nn"},
    {"suspendParty", "POST", "/v1/parties/{team}:suspend", "", ".. .. .. .. .. y. ny"},
    {"reinstateParty", "POST", "/v1/parties/{team}:reinstate", "", ".. .. .. .. .. n. nn"},
    {"addPerson", "POST", "/v1/persons", R"({"partyId":"{team}","name":"李四"})",
     ".. .. .. .. y. y. yy"},
    {"updatePerson", "PUT", "/v1/persons/{person}", R"({"partyId":"{team}","name":"李四"})",
     ".. .. .. yh yh yh yy"},
    {"removePerson", "DELETE", "/v1/persons/{person}", "", ".. .. .. .. yh nh ny"},
    {"postOffer", "POST", "/v1/offers",
     R"({"partyId":"{team}","title":"人","time":{"kind":"TIME_KIND_PEOPLE","capacity":"1"}})",
     ".. .. .. .. y. y. yy"},
    {"updateOffer", "PUT", "/v1/offers/{people}",
     R"({"partyId":"{team}","title":"人","time":{"kind":"TIME_KIND_PEOPLE","capacity":"90"}})",
     ".. .. .. .. yh y. yy"},
    {"withdrawOffer", "POST", "/v1/offers/{people}:withdraw", "", ".. .. .. .. yh n. ny"},
    // A resident asks for itself, wherever it is.
    {"postNeed", "POST", "/v1/needs", "{need-body}", ".. .. yy .. .. y. yy"},
    {"approveNeed", "POST", "/v1/needs?until=open", "{need-body}", ".. .. .. .. .. y. yy"},
    {"updateNeed", "PUT", "/v1/needs/{draft}", "{need-body}", ".. .. yh .. .. yh yy"},
    {"submitNeed", "POST", "/v1/needs/{draft}:submit", "", ".. .. yh .. .. nh ny"},
    {"approveNeed", "POST", "/v1/needs/{draft}:approve", "", ".. .. .. .. .. yh ny"},
    {"rejectNeed", "POST", "/v1/needs/{draft}:reject", R"({"reason":"重复"})",
     ".. .. .. .. .. nh nn"},
    {"cancelNeed", "POST", "/v1/needs/{draft}:cancel", R"({"reason":"重复"})",
     ".. .. yh .. .. nh ny"},
    {"reviewNeed", "POST", "/v1/needs/{need}:review", R"({"stars":5})", ".. .. n. .. .. n. nn"},
    {"proposeMatch", "POST", "/v1/matches:propose",
     R"({"needId":"{need}","offerId":"{people}","quantity":"1"})", ".. .. .. .. .. y. yy"},
    {"dispatchMatch", "POST", "/v1/matches:dispatch",
     R"({"needId":"{need}","offerId":"{people}","quantity":"1"})", ".. .. .. .. .. y. yy"},
    {"claimLine", "POST", "/v1/matches:claim",
     R"({"needId":"{need}","offerId":"{people}","quantity":"1"})", ".. .. .. .. yh .. yy"},
    {"dispatchProposal", "POST", "/v1/matches/{proposed}:dispatch", "", ".. .. .. .. .. yh ny"},
    {"confirmClaim", "POST", "/v1/matches/{match}:confirm", "", ".. .. .. .. .. nh nn"},
    {"acceptMatch", "POST", "/v1/matches/{dispatched}:accept", "", ".. .. .. .. yh .. ny"},
    {"declineMatch", "POST", "/v1/matches/{dispatched}:decline", R"({"reason":"没空"})",
     ".. .. .. .. yh .. ny"},
    {"withdrawMatch", "POST", "/v1/matches/{match}:withdraw", R"({"reason":"没空"})",
     ".. .. .. .. yh .. ny"},
    {"checkIn", "POST", "/v1/matches/{match}:checkIn", "", ".. .. .. nh nh nh nn"},
    {"checkOut", "POST", "/v1/matches/{match}:checkOut", "", ".. .. .. nh nh nh nn"},
    {"verifyMatch", "POST", "/v1/matches/{match}:verify", "", ".. .. .. .. .. nh nn"},
    {"reportNoShow", "POST", "/v1/matches/{match}:noShow", "", ".. .. .. .. .. nh nn"},
    {"cancelMatch", "POST", "/v1/matches/{match}:cancel", R"({"reason":"改期"})",
     ".. .. .. .. .. yh ny"},
    // The parts of a batch have rows of their own; here one that only the lead may give, wrapped
    // up.
    {"applyBatch", "POST", "/v1/batch", R"({"commands":[{"setPolicy":{}}]})",
     ".. .. .. .. .. .. nn"},
    {"checkBatch", "POST", "/v1/batch:check", R"({"commands":[]})", ".. .. yy yy yy yy yy"},
    // So do the rows of an import, of which an account has one at a time.
    {"createImport", "POST", "/v1/imports?kind=needs", "name", ".. .. yn .. yn yn yn"},
    {"listImports", "GET", "/v1/imports", "", ".. .. yy .. yy yy yy"},
    {"getImport", "GET", "/v1/imports/77", "", ".. .. hh .. hh hh hh"},
    {"getImportTemplate", "GET", "/v1/imports/template?kind=needs", "", ".. .. yy .. yy yy yy"},

    {"setUp", "POST", "/v1/setup",
     R"({"token":"guess","login":"evil","password":"correct horse battery"})",
     ".. .. .. .. .. .. .."},
    {"logIn", "POST", "/v1/sessions", R"({"login":"nobody","password":"x"})",
     ".. .. .. .. .. .. .."},
    {"acceptInvitation", "POST", "/v1/invitations:accept",
     R"({"token":"guess","password":"correct horse battery"})", ".. .. .. .. .. .. .."},
    {"getSession", "GET", "/v1/sessions/current", "", "yy yy yy yy yy yy yy"},
    {"changePassword", "POST", "/v1/sessions/current:changePassword",
     R"({"oldPassword":"wrong","newPassword":"short"})", ".. nn nn nn nn nn nn"},
    {"createAccount", "POST", "/v1/accounts",
     R"({"login":"new-{team}","role":"ROLE_SUPPLIER","partyId":"{team}"})", ".. .. .. .. y. n. ny"},
    {"updateAccount", "PUT", "/v1/accounts/{account}",
     R"({"login":"newname-{team}","role":"ROLE_SUPPLIER","partyId":"{team}"})",
     ".. .. .. .. yh yh yy"},
    {"getAccount", "GET", "/v1/accounts/{account}", "", ".. yy hh hh yh yh yy"},
    {"listAccounts", "GET", "/v1/accounts?party={team}", "", ".. yy hh yh yh yh yy"},
    // The account is the supplier's own.
    {"createInvitation", "POST", "/v1/accounts/{account}:invite", "", ".. .. .. .. .h yh yy"},
    {"createToken", "POST", "/v1/tokens", R"({"name":"x","accountId":"{account}"})",
     ".. .. hh hh yh .h yy"},
    {"listTokens", "GET", "/v1/tokens", "", ".. yy yy yy yy yy yy"},
    {"revokeToken", "DELETE", "/v1/tokens/1", "", ".. hh hh hh hh hh hh"},
    {"logOut", "DELETE", "/v1/sessions/current", "",
     ".. y. y. y. y. y. y."},  // and after that it is nobody

    // A supplier serves a need of its own town, not the other.
    {"revealNeed", "POST", "/v1/needs/{need}:reveal", "", ".. .. y. .. y. y. yy"},
    {"revealPerson", "POST", "/v1/persons/{person}:reveal", "", ".. .. .. yh yh yh yy"},
    {"revealParty", "POST", "/v1/parties/{team}:reveal", "", ".. .. .. .. y. y. yy"},
    {"exportPerson", "POST", "/v1/persons/{person}:export", "", ".. .. .. yh yh yh yy"},
    {"exportResident", "POST", "/v1/residents/{ref}:export", "", ".. .. y. .. .. hh yy"},
    {"eraseNeed", "POST", "/v1/needs/{need}:erase", "", ".. .. y. .. .. n. ny"},
    {"eraseParty", "POST", "/v1/parties/{team}:erase", "", ".. .. .. .. y. n. ny"},
    {"erasePerson", "POST", "/v1/persons/{person}:erase", "", ".. .. .. y. nh nh ny"},
    {"eraseResident", "POST", "/v1/residents/{ref}:erase", "", ".. .. y. .. .. hh ny"},
    {"listDisclosures", "GET", "/v1/needs/{need}/disclosures", "", ".. yy y. .. .. y. yy"},
    {"listAudit", "GET", "/v1/audit?object=need/{need}", "", ".. yy .. .. .. .. yy"},

    {"getTaxonomy", "GET", "/v1/taxonomy", "", "yy yy yy yy yy yy yy"},
    {"getPolicy", "GET", "/v1/policy", "", ".. yy yy yy yy yy yy"},
    {"listAreas", "GET", "/v1/areas", "", "yy yy yy yy yy yy yy"},
    {"getArea", "GET", "/v1/areas/{area}", "", "yy yy yy yy yy yy yy"},
    {"listParties", "GET", "/v1/parties?area={area}", "", ".. ww pp wp wp wp ww"},
    {"getParty", "GET", "/v1/parties/{team}", "", ".. ww pp wp wp wp ww"},
    {"rankOpenLines", "GET", "/v1/parties/{team}/open-lines", "", ".. yy .. y. y. y. yy"},
    {"listNotifications", "GET", "/v1/notifications?party={team}", "",
     ".. yy .. .. yy yy yy"},  // there are none
    {"listPersons", "GET", "/v1/persons?party={team}", "", ".. ww .. wh wh wh ww"},
    {"getPerson", "GET", "/v1/persons/{person}", "", ".. ww .. wh wh wh ww"},
    {"listOffers", "GET", "/v1/offers?party={team}", "", ".. yy .. yh yh yy yy"},
    {"getOffer", "GET", "/v1/offers/{people}", "", ".. yy .. yh yh yy yy"},
    {"listNeeds", "GET", "/v1/needs?area={area}&state=open", "", "pp ww wp wp wp wp ww"},
    {"getNeed", "GET", "/v1/needs/{need}", "", "pp ww wp wp wp wp ww"},
    // One that is not on the public board.
    {"getNeed", "GET", "/v1/needs/{draft}", "", "hh ww wh hh hh wh ww"},
    {"listNeeds", "GET", "/v1/needs?area={area}&state=draft", "", "hh ww wh hh hh wh ww"},
    {"listNeeds", "GET", "/v1/needs?area={area}&mine=1", "", "hh hh wh hh hh hh hh"},
    {"rankCandidates", "GET", "/v1/needs/{need}/lines/1/candidates", "", ".. yy .. .. .. y. yy"},
    {"suggestBundle", "GET", "/v1/needs/{need}/bundle", "", ".. yy .. .. .. y. yy"},
    {"explain", "GET", "/v1/explanations?need={need}&offer={people}", "", ".. yy .. .. yn y. yy"},
    {"previewNeed", "POST", "/v1/needs:preview", R"({"need":{need-body}})", ".. .. yy .. .. yh yy"},
    {"listMatches", "GET", "/v1/matches?need={need}", "", ".. yy yh yh yh yh yy"},
    {"getMatch", "GET", "/v1/matches/{match}", "", ".. yy yh yh yh yh yy"},
    {"listEvents", "GET", "/v1/events", "", ".. yy .. .. .. .. yy"},

    {"startClearing", "POST", "/v1/clearings", R"({"areaCode":"{area}"})", ".. .. .. .. .. y. yy"},
    {"listClearings", "GET", "/v1/clearings", "", ".. yy .. .. .. yy yy"},
    {"getClearing", "GET", "/v1/clearings/1", "", ".. hh .. .. .. hh hh"},
    {"listClearingProposals", "GET", "/v1/clearings/1/proposals", "", ".. hh .. .. .. hh hh"},
    {"cancelClearing", "POST", "/v1/clearings/1:cancel", "", ".. .. .. .. .. hh hh"},
    {"proposeClearing", "POST", "/v1/clearings/1:propose", "", ".. .. .. .. .. hh hh"},
    {"dispatchClearing", "POST", "/v1/clearings/1:dispatch", "", ".. .. .. .. .. hh hh"},
    {"listProposals", "GET", "/v1/proposals?party={team}", "", ".. yy .. .. y. yy yy"},
    {"getOverview", "GET", "/v1/overview?area={area}", "", ".. yy .. .. .. y. yy"},
    {"getReport", "GET", "/v1/reports?area={area}&by=category", "", ".. yy .. .. .. y. yy"},
    {"getWorkforce", "GET", "/v1/workforce?area={area}", "", ".. yy .. .. .. y. yy"},
    {"listRecognition", "GET", "/v1/recognition?area={area}", "", "yy yy yy yy yy yy yy"},
    {"getRecord", "GET", "/v1/parties/{team}/record", "", ".. yy .. y. y. y. yy"},
    {"getCalendar", "GET", "/v1/parties/{team}/calendar", "", ".. yy .. y. y. y. yy"},
    {"getInbox", "GET", "/v1/inbox", "", ".. .. yy yy yy yy yy"},  // always one's own
    {"getSiteCode", "GET", "/v1/needs/{need}/site-code", "", ".. .. .. .. .. y. yy"},
    {"tryPolicy", "POST", "/v1/policy:try", R"({"policy":{}})", ".. .. .. .. .. .. nn"},
    {"getEquity", "GET", "/v1/equity", "", ".. yy .. .. .. yy yy"},
    {"listSupplyGaps", "GET", "/v1/supply-gaps", "", ".. yy .. .. .. yy yy"},

    {"getHealth", "GET", "/healthz", "", "yy yy yy yy yy yy yy"},
    {"getReadiness", "GET", "/readyz", "", "yy yy yy yy yy yy yy"},
    {"getOpenApi", "GET", "/v1/openapi.json", "", "yy yy yy yy yy yy yy"},
    {"getMetrics", "GET", "/metrics", "", ".. yy .. .. .. .. yy"},
    {"createBackup", "POST", "/v1/backups", R"({"name":"b{team}"})", ".. .. .. .. .. .. yy"},
};
const char* kRoles[] = {"anonymous", "auditor",   "resident", "member",
                        "supplier",  "organiser", "lead"};

bool is_list(const std::string& id) { return id.starts_with("list"); }

// What a role may see whole without a reveal, which the journal keeps: what is its own, or what it
// has just written of itself.
bool is_ones_own(const std::string& role, bool own_side, bool sent, const std::string& secret) {
  const bool of_person = secret == "张三" || secret == "13900009999";
  const bool of_need = secret == "王小明" || secret == "13912341234" || secret == "城东路";
  return (role == "member" && ((own_side && of_person) || sent)) ||
         (role == "resident" && of_need && (own_side || sent));
}

void expect_no_secret(const Case& c, const std::string& role, bool own_side,
                      const std::string& body, const Response& r) {
  const std::string_view id = c.id;
  if (id.starts_with("reveal") || id.starts_with("export")) return;
  for (const char* secret :
       {"13912341234", "13900005678", "13900009999", "城东路", "王小明", "李四", "张三"}) {
    if (r.body.find(secret) == std::string::npos) continue;
    EXPECT_TRUE(is_ones_own(role, own_side, body.find(secret) != std::string::npos, secret))
        << id << " shows " << secret << " to " << role << (own_side ? "" : " elsewhere");
  }
}

char outcome(const Case& c, const Response& r) {
  if (r.status == 401 || r.status == 403 || r.status == 429) return '.';
  if (r.status == 404) return 'h';
  if (r.status == 400 || r.status == 409) return 'n';
  if (r.status >= 300) return '!';
  const std::string id = c.id;
  const bool rows = id.ends_with("Need") || id.ends_with("Needs") || id.ends_with("Party") ||
                    id.ends_with("Parties") || id.ends_with("Person") || id.ends_with("Persons");
  if (std::string_view(c.method) != "GET") return 'y';
  if (is_list(id) && r.body.find("\"id\"") == std::string::npos) {
    // Nothing in it: of these there is something to be seen.
    return rows || id == "listOffers" || id == "listMatches" || id == "listAccounts" ? 'h' : 'y';
  }
  if (!rows) return 'y';
  const bool whole = r.body.find("****") != std::string::npos ||
                     r.body.find("13900009999") != std::string::npos ||
                     r.body.find("13912341234") != std::string::npos;
  return whole ? 'w' : 'p';
}

// All of an answer but numbers.
std::string without_numbers(const Response& r) {
  static const std::regex number("[0-9]+");
  return std::to_string(r.status) + " " +
         std::regex_replace(r.body + "|" + r.etag + "|" + r.location, number, "#");
}

// The side with numbers of nothing in place of those of rows that the actor may not see.
Towns::Side without_hidden(const Towns::Side& side, const State& state, const pb::Actor& actor) {
  constexpr std::uint64_t kNothing = 9'999'999;
  Towns::Side s = side;
  const std::pair<pb::RowKind, std::vector<std::uint64_t*>> rows[] = {
      {pb::ROW_KIND_PARTY, {&s.organiser, &s.team}},
      {pb::ROW_KIND_PERSON, {&s.person}},
      {pb::ROW_KIND_OFFER, {&s.people}},
      {pb::ROW_KIND_NEED, {&s.need, &s.draft}},
      {pb::ROW_KIND_MATCH, {&s.match, &s.dispatched, &s.proposed}},
      {pb::ROW_KIND_ACCOUNT, {&s.account}}};
  for (const auto& [kind, ids] : rows) {
    for (std::uint64_t* id : ids) {
      if (!is_there(state, actor, kind, *id)) *id = kNothing;
    }
  }
  return s;
}

TEST(Access, EveryOperationByEveryRoleInsideAndOutsideItsOwn) {
  for (const Case& c : kCases) {
    Towns towns;
    const auto operation = find_operation(c.id);
    ASSERT_TRUE(operation) << c.id;
    std::string seen;
    for (const char* role : kRoles) {
      if (!seen.empty()) seen += ' ';
      for (const Towns::Side* side : {&towns.own, &towns.foreign}) {
        RequestHeaders headers;
        headers.anonymous = std::string_view(role) == "anonymous";
        if (!headers.anonymous) headers.token = towns.tokens.at(role);
        const std::string body = Towns::on(*side, c.body);
        const Response r = towns.send(c.method, Towns::on(*side, c.target), body, headers);
        expect_no_secret(c, role, side == &towns.own, body, r);
        seen += outcome(c, r);
        if (outcome(c, r) != 'h') continue;
        // What is hidden is answered like what is not there.
        const State& state = towns.runtime->state();
        pb::Actor actor;
        actor.set_role(pb::ROLE_ANONYMOUS);
        const Slot account = state.account_by_login(role);
        if (account != kNoSlot) actor = towns.gate->actor_of(account);
        const Towns::Side none = without_hidden(*side, state, actor);
        const Response missing =
            towns.send(c.method, Towns::on(none, c.target), Towns::on(none, c.body), headers);
        EXPECT_EQ(without_numbers(r), without_numbers(missing)) << c.id << " by " << role;
      }
    }
    EXPECT_EQ(seen, c.expected) << c.id << " " << c.method << " " << c.target;
  }
}

TEST(Access, EveryRouteAndEveryRowOfTheTableIsLookedAt) {
  Host h;
  std::set<std::string> looked_at;
  for (const Case& c : kCases) looked_at.insert(c.id);
  for (const Route& r : h.api->routes()) {
    EXPECT_TRUE(looked_at.contains(r.id)) << r.id;
    EXPECT_EQ(name_of(r.operation), r.id);
  }
  // What is no route: a command inside a batch, what only the market does, and the feed, which has
  // tests of its own.
  const std::set<std::string_view> elsewhere = {"notify", "tick", "lockAccount", "watch"};
  for (std::size_t i = 0; i < static_cast<std::size_t>(Operation::kCount); ++i) {
    const auto name = name_of(static_cast<Operation>(i));
    EXPECT_TRUE(looked_at.contains(std::string(name)) || elsewhere.contains(name)) << name;
  }
}

TEST(Access, ABatchIsHeldToTheTablePartByPart) {
  Towns t;
  const std::string foreign = std::to_string(t.foreign.team);
  const auto as = [&](const char* role, const std::string& commands) {
    return t.code_of(t.send("POST", "/v1/batch", R"({"commands":[)" + commands + "]}",
                            {.token = t.tokens.at(role)}));
  };
  EXPECT_EQ(
      as("supplier",
         R"({"updateParty":{"id":")" + foreign +
             R"(","kind":"PARTY_KIND_VOLUNTEER_TEAM","name":"x","areaCode":"341881002001"}})"),
      "403 role.not_yours commands[0].actor.partyId");
  EXPECT_EQ(as("supplier", R"({"setPolicy":{}})"), "403 role.forbidden commands[0].actor.role");
  EXPECT_EQ(
      as("organiser", R"({"notify":{"notifications":[{"partyId":")" + std::to_string(t.own.team) +
                          R"(","needId":")" + std::to_string(t.foreign.need) +
                          R"(","line":1,"offerId":")" + std::to_string(t.own.people) + R"("}]}})"),
      "403 role.not_yours commands[0].actor.partyId");
  // What only the server says has no place in a request.
  EXPECT_EQ(as("lead", R"({"lockAccount":{"accountId":"1"}})"),
            "400 request.not_allowed commands[0].lockAccount");
  EXPECT_EQ(as("lead", R"({"actor":{"role":"ROLE_MARKET"},"setPolicy":{}})"),
            "400 request.not_allowed commands[0].actor");
  EXPECT_EQ(as("lead", R"({"tick":{}})"), "400 request.not_allowed commands[0].tick");
  EXPECT_EQ(as("lead", R"({"batch":{"commands":[{"setPolicy":{}}]}})"),
            "400 value.not_settable commands[0].batch");
  // A session is nobody's to make, and a password nobody's to set in passing.
  EXPECT_EQ(as("lead", R"({"addGrant":{"grant":{"accountId":")" + std::to_string(t.own.account) +
                           R"(","kind":"GRANT_KIND_SESSION","secretHash":")" +
                           std::string(64, 'a') + R"(","expiresAt":"1796000000"}}})"),
            "400 request.not_allowed commands[0].addGrant");
  EXPECT_EQ(as("lead", R"({"setPassword":{"accountId":")" + std::to_string(t.own.account) +
                           R"(","passwordHash":"$argon2id$x"}})"),
            "400 request.not_allowed commands[0].setPassword");
  EXPECT_EQ(as("supplier", R"({"putAccount":{"account":{"id":")" + std::to_string(t.own.account) +
                               R"(","login":"supplier","role":"ROLE_SUPPLIER","partyId":")" +
                               std::to_string(t.own.team) +
                               R"(","passwordHash":"$argon2id$v=19$m=65536,t=2,p=1$x"}}})"),
            "400 value.not_settable commands[0].passwordHash");
}

TEST(Access, OneActsForThoseFurtherDownAndTheJournalKeepsWhoItWas) {
  Towns t;
  const auto as = [&](const char* role, const std::string& acting) {
    const Response r =
        t.send("GET", "/v1/sessions/current", "", {.actor = acting, .token = t.tokens.at(role)});
    return r.status == 200 ? std::string("ok") : t.code_of(r);
  };
  const std::string own = std::to_string(t.own.team);
  const std::string foreign = std::to_string(t.foreign.team);
  EXPECT_EQ(as("lead", "supplier/" + foreign), "ok");
  EXPECT_EQ(as("lead", "resident/8"), "ok");
  EXPECT_EQ(as("organiser", "supplier/" + own), "ok");
  EXPECT_EQ(as("organiser", "supplier/" + foreign), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("organiser", "organiser/" + std::to_string(t.foreign.organiser)),
            "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("organiser", "lead"), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("organiser", "resident/8"), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("supplier", "supplier/" + own), "ok");
  EXPECT_EQ(as("supplier", "member/" + std::to_string(t.own.person)), "ok");
  EXPECT_EQ(as("supplier", "member/" + std::to_string(t.foreign.person)),
            "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("member", "supplier/" + own), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("auditor", "lead"), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("resident", "resident/8"), "403 role.forbidden Qiao-Actor");
  EXPECT_EQ(as("lead", "emperor"), "400 value.out_of_range Qiao-Actor");
  EXPECT_EQ(as("lead", "supplier/x"), "400 value.wrong_type Qiao-Actor");
  EXPECT_EQ(as("lead", "member/999999"), "404 not_found Qiao-Actor");
  // The organiser accepts for a team that has no telephone.
  EXPECT_EQ(t.send("POST", "/v1/matches/" + std::to_string(t.own.dispatched) + ":accept", "",
                   {.actor = "supplier/" + own, .token = t.tokens.at("organiser")})
                .status,
            200U);
  pb::ListAuditResponse audit;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/audit?object=match/" + std::to_string(t.own.dispatched) +
                                          "&kind=match_accepted")
                            .body,
                        audit));
  ASSERT_EQ(audit.entries_size(), 1);
  EXPECT_EQ(audit.entries(0).actor().role(), pb::ROLE_SUPPLIER);
  EXPECT_EQ(audit.entries(0).actor().party_id(), t.own.team);
  EXPECT_EQ(
      audit.entries(0).actor().account_id(),
      t.runtime->state().accounts()[t.runtime->state().account_by_login("organiser")].id.value());
}

// Removed, a person does nothing any more, in nobody's hands; see Watch for a feed that is open
// then.
TEST(Access, NobodyActsForAPersonThatWasRemoved) {
  Towns t;
  const std::string person = std::to_string(t.own.person);
  ASSERT_EQ(t.send("DELETE", "/v1/persons/" + person).status / 100, 2U);
  for (const char* role : {"lead", "organiser", "supplier"}) {
    const Response r =
        t.send("GET", "/v1/needs", "", {.actor = "member/" + person, .token = t.tokens.at(role)});
    EXPECT_EQ(t.code_of(r), "404 not_found Qiao-Actor") << role;
  }
}

TEST(Masking, ShowsNothingWholeAndOneLosesNothingBySendingItBack) {
  Towns t;
  const std::string url = "/v1/needs/" + std::to_string(t.own.need);
  pb::Need need;
  ASSERT_TRUE(from_json(t.send("GET", url).body, need));
  EXPECT_EQ(need.contact_name(), "王*");
  EXPECT_EQ(need.contact_phone(), "139****1234");
  EXPECT_EQ(need.address(), "甲社区");
  need.set_title("陪老人散步");
  EXPECT_EQ(t.send("PUT", url, to_json(need)).status, 200U);
  pb::PersonalData whole;
  ASSERT_TRUE(from_json(t.send("POST", url + ":reveal").body, whole));
  EXPECT_EQ(whole.name(), "王小明");
  EXPECT_EQ(whole.phone(), "13912341234");
  EXPECT_EQ(whole.address(), "城东路18号");
  // Another masked value is nobody's telephone.
  need.set_contact_phone("138****0000");
  EXPECT_EQ(t.code_of(t.send("PUT", url, to_json(need))), "400 value.masked contactPhone");
  // On the public board there is neither, nor the door.
  pb::Need board;
  ASSERT_TRUE(from_json(t.send("GET", url, "", {.anonymous = true}).body, board));
  EXPECT_TRUE(board.contact_name().empty() && board.contact_phone().empty() &&
              board.address().empty() && board.resident_ref() == 0);
  EXPECT_EQ(board.point().latitude_e7() % 100'000, 0);
  // What was posted comes back masked, also the second time.
  for (int i = 0; i < 2; ++i) {
    const Response posted = t.send("POST", "/v1/needs", Towns::need_of(t.own, ""), {.key = "same"});
    EXPECT_EQ(posted.body.find("13912341234"), std::string::npos);
    EXPECT_EQ(posted.status, 201U);
  }
}

TEST(Reveal, IsForThoseWhoServeFromAcceptanceToCompletionAndIsKeptInTheJournal) {
  Towns t;
  const std::string url = "/v1/needs/" + std::to_string(t.own.need) + ":reveal";
  const auto team = [&] {
    return t.send("POST", url, "", {.token = t.tokens.at("supplier")}).status;
  };
  EXPECT_EQ(team(), 200U);
  const std::string match = "/v1/matches/" + std::to_string(t.own.match);
  const std::string other = "/v1/matches/" + std::to_string(t.own.dispatched);
  EXPECT_EQ(t.send("POST", match + ":withdraw", R"({"reason":"没空"})",
                   {.token = t.tokens.at("supplier")})
                .status,
            200U);
  EXPECT_EQ(t.code_of(t.send("POST", url, "", {.token = t.tokens.at("supplier")})),
            "403 personal.not_serving id");
  EXPECT_EQ(t.send("POST", other + ":accept", "", {.token = t.tokens.at("supplier")}).status, 200U);
  EXPECT_EQ(team(), 200U);
  t.now = at(57);
  EXPECT_EQ(t.send("POST", other + ":checkIn", "", {.token = t.tokens.at("member")}).status, 200U);
  EXPECT_EQ(team(), 200U);
  t.now = at(60);
  EXPECT_EQ(t.send("POST", other + ":checkOut", "", {.token = t.tokens.at("member")}).status, 200U);
  EXPECT_EQ(team(), 200U);
  EXPECT_EQ(t.send("POST", other + ":verify").status, 200U);
  EXPECT_EQ(t.code_of(t.send("POST", url, "", {.token = t.tokens.at("supplier")})),
            "403 personal.not_serving id");
  pb::ListAuditResponse audit;
  ASSERT_TRUE(from_json(
      t.send("GET", "/v1/audit?object=need/" + std::to_string(t.own.need) + "&kind=personal_shown",
             "", {.token = t.tokens.at("auditor")})
          .body,
      audit));
  EXPECT_EQ(audit.entries_size(), 4);
  EXPECT_EQ(audit.entries(0).actor().account_id(), t.own.account);
  EXPECT_EQ(audit.entries(0).disclosure().fields_size(), 3);
}

TEST(Persons, AMinorNeedsAGuardiansConsent) {
  Towns t;
  const std::string body =
      R"({"partyId":")" + std::to_string(t.own.team) + R"(","name":"小明","minor":true)";
  EXPECT_EQ(t.code_of(t.send("POST", "/v1/persons", body + "}")),
            "400 person.consent guardianConsent");
  EXPECT_EQ(t.send("POST", "/v1/persons", body + R"(,"guardianConsent":true})").status, 201U);
}

TEST(Persons, AMemberChangesItsTelephoneButNotWhatItCanDo) {
  Towns t;
  const std::string url = "/v1/persons/" + std::to_string(t.own.person);
  const auto put = [&](const std::string& more) {
    const Response r = t.send("PUT", url,
                              R"({"partyId":")" + std::to_string(t.own.team) +
                                  R"(","name":"张三","phone":"13811112222")" + more + "}",
                              {.token = t.tokens.at("member")});
    return r.status == 200 ? std::string("ok") : t.code_of(r);
  };
  EXPECT_EQ(put(""), "ok");
  EXPECT_EQ(put(R"(,"skills":["first_aid"])"), "403 role.forbidden skills");
  EXPECT_EQ(put(R"(,"certificates":[{"code":"social_worker","level":3}])"),
            "403 role.forbidden certificates");
  pb::Person own;
  ASSERT_TRUE(from_json(t.send("GET", url, "", {.token = t.tokens.at("member")}).body, own));
  EXPECT_EQ(own.phone(), "13811112222");
}

TEST(Retention, TheMarketErasesByItselfWhatIsKeptLongEnough) {
  Towns t;
  pb::Policy policy;
  ASSERT_TRUE(from_json(t.send("GET", "/v1/policy").body, policy));
  policy.mutable_retention()->set_need_days(30);
  policy.mutable_retention()->set_person_days(10);
  EXPECT_EQ(t.send("PUT", "/v1/policy", to_json(policy)).status, 200U);
  EXPECT_EQ(
      t.send("POST", "/v1/needs/" + std::to_string(t.own.draft) + ":cancel", R"({"reason":"重复"})")
          .status,
      200U);
  EXPECT_EQ(t.send("DELETE", "/v1/persons/" + std::to_string(t.own.person)).status, 200U);
  const auto need = [&] { return t.get<pb::Need>("/v1/needs/" + std::to_string(t.own.draft)); };
  const auto person = [&] {
    return t.get<pb::Person>("/v1/persons/" + std::to_string(t.own.person));
  };
  const auto wait = [&](int days) {
    t.now = at(days * 24.0);
    // Anything that is done lets the market act on what is due first.
    t.send("POST", "/v1/parties/" + std::to_string(t.own.organiser) + ":reveal");
  };
  wait(9);
  EXPECT_FALSE(person().name().empty());
  t.restart();
  wait(10);
  EXPECT_TRUE(person().name().empty() && person().erased());
  wait(29);
  EXPECT_EQ(need().contact_phone(), "139****1234");
  wait(31);
  EXPECT_TRUE(need().contact_phone().empty() && need().address().empty() && need().erased());
  EXPECT_TRUE(check_invariants(t.runtime->state()).empty());
}

}  // namespace
}  // namespace qiao
