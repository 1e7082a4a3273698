#include "tools/swarm/people.h"

#include <google/protobuf/util/message_differencer.h>

#include <algorithm>

#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/access/view.h"
#include "server/api/command_of.h"

namespace qiao::swarm {
namespace {

// Another city than the clients', so that nothing here affects them.
constexpr std::uint64_t kPeoplesCity = 341'802'000'000;
constexpr std::uint64_t kTowns[] = {341'802'001'000, 341'802'002'000};
constexpr std::uint64_t kCommunities[] = {341'802'001'001, 341'802'001'002, 341'802'002'001,
                                          341'802'002'002};
// Needs of each community.
constexpr std::uint64_t kResidents[] = {7, 8, 9, 7};
constexpr pb::Role kRoles[] = {pb::ROLE_ORGANISER, pb::ROLE_SUPPLIER, pb::ROLE_MEMBER,
                               pb::ROLE_RESIDENT,  pb::ROLE_LEAD,     pb::ROLE_AUDITOR};
constexpr std::int64_t kLifetime = 86'400 * 400;
constexpr std::uint64_t kMostParts = 3;
constexpr int kMostTries = 8;

struct Collection {
  const char* name;
  pb::RowKind kind;
  std::vector<std::uint64_t> Pool::*ids;
};
constexpr Collection kCollections[] = {{"parties", pb::ROW_KIND_PARTY, &Pool::parties},
                                       {"persons", pb::ROW_KIND_PERSON, &Pool::persons},
                                       {"offers", pb::ROW_KIND_OFFER, &Pool::offers},
                                       {"needs", pb::ROW_KIND_NEED, &Pool::needs},
                                       {"matches", pb::ROW_KIND_MATCH, &Pool::matches},
                                       {"accounts", pb::ROW_KIND_ACCOUNT, &Pool::accounts}};

std::string url(const char* collection, std::uint64_t id, const char* verb = "") {
  return std::string("/v1/") + collection + "/" + std::to_string(id) + verb;
}

// A request has the number that its command has.
std::optional<qiao::Operation> operation_asked(const pb::Request& request) {
  pb::Command command;
  command.ParseFromString(request.SerializeAsString());
  return operation_of(command);
}

struct Headers {
  std::string authorization, cookie, acting;
};

Headers headers_of(const std::string& secret, bool session, const std::string& acting) {
  if (session) return {"", "qiao_session=" + secret, acting};
  return {"Bearer " + secret, "", acting};
}

// Refers to the headers.
Credentials credentials_of(const Headers& headers) {
  Credentials credentials;
  credentials.authorization = headers.authorization;
  credentials.cookie = headers.cookie;
  credentials.acting = headers.acting;
  credentials.origin = "http://localhost";
  credentials.host = "localhost";
  credentials.address = "127.0.0.1";
  credentials.changes = true;
  return credentials;
}

Response send(Api& api, const Headers& headers, const std::string& method,
              const std::string& target, const std::string& body, const std::string& type) {
  Request r;
  r.method = method;
  r.target = target;
  r.body = body;
  r.content_type = type;
  r.credentials = credentials_of(headers);
  return api.handle(r);
}

// The market refused to set that field for the sender's role.
bool is_guarded_field(const Refusal& refusal) {
  return refusal.code == Code::kRoleForbidden && !refusal.field.empty() &&
         !refusal.field.starts_with("actor.");
}

}  // namespace

People::People(const Plan& plan, Ledger& ledger)
    : random_(plan.seed * 2 + 1), planted_(plan.planted), ledger_(ledger), people_(plan.people) {}

// --- the city

void People::found(const Server& server, const std::string& lead) {
  lead_ = lead;
  const auto put_area = [&](std::uint64_t code, std::uint64_t parent, pb::AreaLevel level) {
    pb::Area area;
    area.set_parent_code(parent);
    area.set_level(level);
    area.set_name("区域" + std::to_string(code));
    if (parent == 0) {
      area.mutable_point()->set_latitude_e7(309'460'000);
      area.mutable_point()->set_longitude_e7(1'187'580'000);
    }
    make(server, "PUT", url("areas", code), area);
  };
  put_area(kPeoplesCity, 0, pb::AREA_LEVEL_CITY);
  for (const auto town : kTowns) put_area(town, kPeoplesCity, pb::AREA_LEVEL_TOWN);
  for (const auto c : kCommunities) put_area(c, c / 1000 * 1000, pb::AREA_LEVEL_COMMUNITY);
  pb::Party organiser;
  organiser.set_kind(pb::PARTY_KIND_ORGANISER);
  organiser.set_name("组织方");
  for (const std::uint64_t area : {kPeoplesCity, kTowns[0], kTowns[1], kCommunities[2]}) {
    organiser.set_area_code(area);
    make(server, "POST", "/v1/parties", organiser);
  }
  for (std::size_t c = 0; c < std::size(kCommunities); ++c) {
    found_community(server, kCommunities[c], kResidents[c]);
  }
  for (std::size_t who = 0; who < people_.size(); ++who) {
    make_account(server, who, kRoles[who % std::size(kRoles)]);
    give_secret(server, people_[who]);
  }
}

void People::found_community(const Server& server, std::uint64_t code, std::uint64_t resident) {
  pb::Party party;
  party.set_kind(random_.chance(70) ? pb::PARTY_KIND_VOLUNTEER_TEAM : pb::PARTY_KIND_ENTERPRISE);
  party.set_name("团队" + std::to_string(code));
  party.set_area_code(code);
  party.set_service_radius_m(50'000);
  party.set_contact_phone("13900005678");
  const std::uint64_t team = make(server, "POST", "/v1/parties", party);
  // A branch, sometimes elsewhere.
  party.set_name("分队" + std::to_string(code));
  party.set_parent_id(team);
  party.set_area_code(random_.pick(kCommunities));
  const std::uint64_t branch = make(server, "POST", "/v1/parties", party);
  for (const std::uint64_t of : {team, team, branch}) {
    pb::Person person;
    person.set_party_id(of);
    person.set_name("张三");
    person.set_phone("13900009999");
    make(server, "POST", "/v1/persons", person);
  }
  pb::Offer offer;
  offer.set_party_id(random_.chance(50) ? team : branch);
  offer.set_title("志愿者");
  offer.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  offer.mutable_time()->set_capacity(20);
  make(server, "POST", "/v1/offers", offer);
  const std::int64_t start = to_int(server.runtime.now()) / 3600 * 3600 + 86'400;
  pb::Need need;
  need.set_area_code(code);
  need.set_title("陪老人");
  need.set_category("elder_care");
  need.set_resident_ref(resident);
  need.set_contact_phone("13912341234");
  need.set_address("城东路18号");
  pb::RequirementLine& line = *need.add_lines();
  line.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  line.set_quantity(30);
  line.mutable_window()->set_start(start);
  line.mutable_window()->set_end(start + 7200);
  for (const char* until : {"open", "draft", "submitted"}) {
    make(server, "POST", std::string("/v1/needs?until=") + until, need);
  }
}

std::uint64_t People::make(const Server& server, const std::string& method,
                           const std::string& target, const google::protobuf::Message& row) {
  const Response r = send_as_lead(server, method, target, to_json(row));
  QIAO_CHECK(r.status / 100 == 2, "the people's city is good");
  const auto id = r.location.rfind('/');
  return id == std::string::npos ? 0 : std::stoull(r.location.substr(id + 1));
}

// Of a random party or person. Where there is none any more the person keeps its account.
void People::make_account(const Server& server, std::size_t who, pb::Role role) {
  const State& state = server.runtime.state();
  const Pool pool(state, AreaCode{kPeoplesCity});
  pb::Account account;
  account.set_login("person-" + std::to_string(who) + "-" + std::to_string(++logins_));
  account.set_role(role);
  std::vector<std::uint64_t> parties;
  for (const std::uint64_t id : pool.parties) {
    const bool organiser = organises(state.parties()[state.parties().find(PartyId{id})].kind);
    if (organiser == (role == pb::ROLE_ORGANISER)) parties.push_back(id);
  }
  std::vector<std::uint64_t> persons;
  for (const std::uint64_t id : pool.persons) {
    const pb::Person person = state.load_person(state.persons().find(PersonId{id}));
    if (!person.removed()) persons.push_back(id);
  }
  if (role == pb::ROLE_ORGANISER || role == pb::ROLE_SUPPLIER) {
    account.set_party_id(random_.pick(parties));
  } else if (role == pb::ROLE_MEMBER) {
    if (persons.empty()) return;
    const Slot person = state.persons().find(PersonId{random_.pick(persons)});
    account.set_person_id(state.persons()[person].id.value());
    account.set_party_id(state.parties()[state.persons()[person].party].id.value());
  } else if (role == pb::ROLE_RESIDENT) {
    account.set_resident_ref(random_.pick(kResidents));
    account.set_area_code(random_.pick(kCommunities));
  }
  const Response r = send_as_lead(server, "POST", "/v1/accounts", to_json(account));
  pb::Account made;
  if (r.status == 201 && from_json(r.body, made)) people_[who].account = made.id();
}

// A session, or a token that covers everything or some operations.
void People::give_secret(const Server& server, Person& person) {
  pb::TokenRequest request;
  request.set_name("simulation");
  request.set_lifetime(kLifetime);
  person.session = random_.chance(30);
  person.scopes.clear();
  if (!person.session && random_.chance(40)) {
    person.scopes = {"applyBatch", "watch", "getNeed", "getParty"};
    for (std::uint64_t more = 1 + random_.below(20); more > 0; --more) {
      const auto count = static_cast<std::uint64_t>(qiao::Operation::kCount);
      const auto operation = static_cast<qiao::Operation>(random_.below(count));
      if (!gives_access(operation)) person.scopes.emplace(name_of(operation));
    }
    for (const std::string& scope : person.scopes) request.add_scopes(scope);
  }
  pb::Actor market;
  market.set_role(pb::ROLE_MARKET);
  const auto kind = person.session ? pb::GRANT_KIND_SESSION : pb::GRANT_KIND_TOKEN;
  const auto made = server.gate.make_grant(market, person.account, kind, request);
  if (!made) return;
  person.secret = made.value().secret;
  person.grant = made.value().grant_id;
}

// --- how they reach the server

std::optional<Identity> People::identify(const Server& server, const Person& person) const {
  const Headers headers = headers_of(person.secret, person.session, person.acting);
  auto who = server.gate.identify(credentials_of(headers));
  if (!who.good() || !who.value.known()) return std::nullopt;
  return std::move(who.value);
}

std::optional<Identity> People::watcher(const Server& server, std::size_t who) {
  const State& state = server.runtime.state();
  Person& person = people_[who];
  if (state.accounts().find(AccountId{person.account}) == kNoSlot) return std::nullopt;
  choose_acting(state, person);
  const Headers headers = headers_of(person.secret, person.session, person.acting);
  auto identity = server.api.watcher(credentials_of(headers));
  if (!identity.good() || !identity.value.known()) return std::nullopt;
  const bool may =
      may_act_for(state, server.gate.actor_of(identity.value.account), identity.value.actor);
  if (!may || !has_ground(state, person)) {
    ledger_.fail("rights", "person " + std::to_string(who) + " may watch without a right to");
  }
  return std::move(identity.value);
}

WatchFilter People::random_filter(const State& state) {
  WatchFilter filter;
  if (random_.chance(50)) return filter;
  const Pool pool(state, AreaCode{kPeoplesCity});
  if (random_.chance(30)) filter.area = AreaCode{random_.pick(pool.areas)};
  if (random_.chance(30)) filter.party = PartyId{random_.pick(pool.parties)};
  if (random_.chance(30)) filter.need = NeedId{random_.pick(pool.needs)};
  const auto& kinds = *pb::EventKind_descriptor();
  for (std::uint64_t more = random_.chance(30) ? 1 + random_.below(8) : 0; more > 0; --more) {
    const auto kind = random_.below(static_cast<std::uint64_t>(kinds.value_count()));
    filter.kinds.push_back(
        static_cast<pb::EventKind>(kinds.value(static_cast<int>(kind))->number()));
  }
  return filter;
}

Response People::send_as(const Server& server, const Person& person, const std::string& method,
                         const std::string& target, const std::string& body,
                         const std::string& type) const {
  return send(server.api, headers_of(person.secret, person.session, person.acting), method, target,
              body, type);
}

Response People::send_as_lead(const Server& server, const std::string& method,
                              const std::string& target, const std::string& body) const {
  return send(server.api, headers_of(lead_, false, ""), method, target, body, "");
}

bool People::ask_lead(const Server& server, const std::string& method, const std::string& target,
                      const std::string& body) {
  const Response r = send_as_lead(server, method, target, body);
  if (r.status >= 500) ledger_.fail("answers", method + " " + target + " got " + r.body);
  return r.status / 100 == 2;
}

// By the rows alone: its account exists and is enabled, and its session or token not revoked.
bool People::has_ground(const State& state, const Person& person) const {
  const Slot account = state.accounts().find(AccountId{person.account});
  const Slot grant = state.grants().find(GrantId{person.grant});
  if (account == kNoSlot || grant == kNoSlot || state.accounts()[account].disabled) return false;
  return !state.grants()[grant].revoked && state.grants()[grant].account == account;
}

// Mostly for itself; sometimes on behalf of a party or person that it may act for, or not.
void People::choose_acting(const State& state, Person& person) {
  person.acting.clear();
  if (random_.chance(70)) return;
  const pb::Account account = state.load_account(state.accounts().find(AccountId{person.account}));
  const Slot party = state.parties().find(PartyId{account.party_id()});
  const bool near = party != kNoSlot && random_.chance(60);
  const Pool pool(state,
                  near ? state.areas()[state.parties()[party].area].id : AreaCode{kPeoplesCity});
  const auto one_of = [&](const std::vector<std::uint64_t>& ids) {
    return std::to_string(ids.empty() ? 0 : random_.pick(ids));
  };
  switch (random_.below(6)) {
    case 0:
      person.acting = "lead";
      break;
    case 1:
      person.acting = "auditor";
      break;
    case 2:
      person.acting = "organiser/" + one_of(pool.parties);
      break;
    case 3:
      person.acting = "supplier/" + one_of(pool.parties);
      break;
    case 4:
      person.acting = "member/" + one_of(pool.persons);
      break;
    default:
      person.acting = "resident/" + std::to_string(random_.pick(kResidents));
  }
}

// --- what the lead does

void People::govern(const Server& server) {
  ++counts_.changes;
  const State& state = server.runtime.state();
  std::size_t who = random_.below(people_.size());
  for (std::size_t other = 0; other < people_.size() && random_.chance(50); ++other) {
    if (!has_ground(state, people_[other])) who = other;
  }
  const Person& person = people_[who];
  const Slot slot = state.accounts().find(AccountId{person.account});
  if (slot == kNoSlot || !has_ground(state, person)) return renew_access(server, who);
  const AccountRow& row = state.accounts()[slot];
  const Pool pool(state, AreaCode{kPeoplesCity});
  pb::Account account = state.load_account(slot);
  switch (random_.below(9)) {
    case 0:
      if (row.person) ask_lead(server, "DELETE", url("persons", row.person.value()));
      break;
    case 1:
      account.set_disabled(true);
      ask_lead(server, "PUT", url("accounts", account.id()), to_json(account));
      break;
    case 2: {
      // To the lowest role, which has no party and no area of its own.
      account.set_role(pb::ROLE_AUDITOR);
      if (row.role != pb::ROLE_LEAD) account.set_role(pb::ROLE_RESIDENT);
      account.clear_party_id();
      account.clear_person_id();
      ask_lead(server, "PUT", url("accounts", account.id()), to_json(account));
      break;
    }
    case 3: {
      if (!row.party) break;
      pb::Party party = state.load_party(state.parties().find(row.party));
      party.set_area_code(random_.pick(pool.areas));
      ask_lead(server, "PUT", url("parties", party.id()), to_json(party));
      break;
    }
    case 4:
      if (row.party) ask_lead(server, "POST", url("parties", row.party.value(), ":suspend"));
      break;
    case 5:
      ask_lead(server, "POST", url("parties", random_.pick(pool.parties), ":reinstate"));
      break;
    case 6:
      ask_lead(server, "DELETE", url("tokens", person.grant));
      break;
    case 7:
      erase(server, pool);
      break;
    default:
      renew_access(server, who);
  }
}

// The personal data of a row, or of all that a resident has.
void People::erase(const Server& server, const Pool& pool) {
  switch (random_.below(4)) {
    case 0:
      ask_lead(server, "POST", url("needs", random_.pick(pool.needs), ":erase"));
      break;
    case 1:
      ask_lead(server, "POST", url("parties", random_.pick(pool.parties), ":erase"));
      break;
    case 2:
      ask_lead(server, "POST", url("residents", random_.pick(kResidents), ":erase"));
      break;
    default:
      ask_lead(server, "POST", url("persons", random_.pick(pool.persons), ":erase"));
  }
}

// With new credentials, and with another account if the old one is lost or disabled, or at random.
void People::renew_access(const Server& server, std::size_t who) {
  const State& state = server.runtime.state();
  const Slot account = state.accounts().find(AccountId{people_[who].account});
  const bool lost = account == kNoSlot || state.accounts()[account].disabled;
  if (lost || random_.chance(50)) make_account(server, who, random_.pick(kRoles));
  give_secret(server, people_[who]);
}

// --- what they ask for

// The subject of a query: mostly rows near its party, otherwise in the people's city, or the
// clients' rows too. The lead does not touch those.
Pool People::random_pool(const State& state, const pb::Actor& actor) {
  if (actor.role() == pb::ROLE_LEAD) {
    Pool pool(state, AreaCode{kPeoplesCity});
    for (const Person& person : people_) {
      const bool there = state.accounts().find(AccountId{person.account}) != kNoSlot;
      if (there) pool.accounts.push_back(person.account);
    }
    return pool;
  }
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  if (party != kNoSlot && random_.chance(60)) {
    return Pool(state, state.areas()[state.parties()[party].area].id);
  }
  return random_.chance(50) ? Pool(state, AreaCode{kPeoplesCity}) : Pool(state);
}

pb::Request People::random_ask(const State& state, const pb::Actor& actor) {
  const Pool pool = random_pool(state, actor);
  // Mostly an operation that the role has at all.
  for (int tries = random_.chance(25) ? kMostTries : 0;; ++tries) {
    const auto roll = random_.below(100);
    pb::Request r;
    if (roll < 35) r = random_move(pool, random_);
    if (roll >= 35 && roll < 55) r = random_own_change(state, pool, actor, random_);
    if (roll >= 55) r = random_request(state, pool, random_);
    const auto operation = operation_asked(r);
    if (operation && scope_of(*operation, actor.role()) != Scope::kNone) return r;
    if (tries >= kMostTries) return r;
  }
}

void People::act(const Server& server, std::size_t who) {
  const State& state = server.runtime.state();
  Person& person = people_[who];
  const Slot account = state.accounts().find(AccountId{person.account});
  // It was lost in a crash.
  if (account == kNoSlot) return;
  choose_acting(state, person);
  const pb::Actor self = server.gate.actor_of(account);
  const auto identity = identify(server, person);
  const pb::Actor actor = identity ? identity->actor : self;
  if (identity && !may_act_for(state, self, actor)) {
    ledger_.fail("rights",
                 "account " + std::to_string(person.account) + " may act for " + person.acting);
  }
  if (random_.chance(25)) {
    if (identity || person.acting.empty()) read_random_row(server, person, actor);
    return;
  }
  if (random_.chance(10)) {
    if (identity) ask_for_way_in(server, person, actor);
    return;
  }
  pb::BatchRequest asked;
  const bool alone = random_.chance(50);
  for (std::uint64_t n = alone ? 1 : 1 + random_.below(kMostParts); n > 0; --n) {
    *asked.add_commands() = random_ask(state, actor);
  }
  const Before then = before(server, person, actor);
  const bool ground = has_ground(state, person);
  ++counts_.asked;
  const bool done =
      alone ? ask_alone(server, person, asked.commands(0)) : ask_together(server, person, asked);
  if (!done) return;
  ++counts_.done;
  if (!ground) {
    ledger_.fail("rights", "person " + std::to_string(who) + " asked without ground for " +
                               asked.ShortDebugString());
  }
  judge(server, person, then, asked);
}

// Hidden rows are answered as if they did not exist.
void People::read_random_row(const Server& server, const Person& person, pb::Actor actor) {
  const State& state = server.runtime.state();
  const Pool pool(state);
  const Collection& collection = random_.pick(kCollections);
  const auto& ids = pool.*collection.ids;
  if (ids.empty()) return;
  const std::uint64_t id = random_.pick(ids);
  const bool ground = has_ground(state, person);
  // A request of an ended session is anonymous and sees what is public.
  if (!ground && person.session) {
    actor.Clear();
    actor.set_role(pb::ROLE_ANONYMOUS);
  }
  const std::string target = url(collection.name, id);
  const unsigned status = send_as(server, person, "GET", target).status;
  const bool there = is_there(state, actor, collection.kind, id);
  bool wrong = status != 401 && status != 403;
  if (status == 200) wrong = !there || (!ground && !person.session);
  if (status == 404) wrong = there;
  if (!wrong) return;
  ledger_.fail("rights", pb::Role_Name(actor.role()) + ", account " +
                             std::to_string(person.account) + ": GET " + target + " got " +
                             std::to_string(status) + ", by View it is " +
                             (there ? "there" : "not there"));
}

// An invitation link, which takes over an account, or a token; for itself or for another account.
void People::ask_for_way_in(const Server& server, const Person& person, const pb::Actor& actor) {
  const Pool pool(server.runtime.state(), AreaCode{kPeoplesCity});
  pb::TokenRequest request;
  request.set_account_id(person.account);
  if (!pool.accounts.empty() && random_.chance(70))
    request.set_account_id(random_.pick(pool.accounts));
  const bool ground = has_ground(server.runtime.state(), person);
  Response r;
  if (random_.chance(50)) {
    r = send_as(server, person, "POST", url("accounts", request.account_id(), ":invite"));
  } else {
    request.set_name("simulation");
    request.set_lifetime(kLifetime);
    for (std::uint64_t more = random_.below(3); more > 0; --more) {
      const auto count = static_cast<std::uint64_t>(qiao::Operation::kCount);
      const auto operation = static_cast<qiao::Operation>(random_.below(count));
      request.add_scopes(random_.chance(20) ? "write" : std::string(name_of(operation)));
    }
    r = send_as(server, person, "POST", "/v1/tokens", to_json(request));
  }
  ++counts_.asked;
  const std::string what = pb::Role_Name(actor.role()) + ", account " +
                           std::to_string(person.account) + " as \"" + person.acting +
                           "\", let account " + std::to_string(request.account_id()) + " in";
  if (r.status >= 500) ledger_.fail("answers", what + ": " + r.body);
  if (r.status != 201) return;
  ++counts_.done;
  if (!ground) ledger_.fail("rights", "without ground: " + what);
  judge_way_in(server, person, actor, request, what);
}

bool People::ask_alone(const Server& server, const Person& person, const pb::Request& request) {
  const auto identity = identify(server, person);
  if (!identity) return false;
  auto command = qiao::command_of(request, *identity, server.gate);
  if (!command) return false;
  const auto applied = server.runtime.apply(command.value());
  if (applied || planted_ != Planted::kUnguardedField) return applied.has_value();
  if (!is_guarded_field(applied.error())) return false;
  command.value().mutable_actor()->set_role(pb::ROLE_LEAD);
  return server.runtime.apply(command.value()).has_value();
}

bool People::ask_together(const Server& server, const Person& person,
                          const pb::BatchRequest& batch) {
  if (planted_ == Planted::kUnaskedScope) {
    auto identity = identify(server, person);
    const auto batching = qiao::Operation::kApplyBatch;
    if (!identity || !server.gate.covers(*identity, batching)) return false;
    // As one without scopes.
    identity->grant = kNoSlot;
    pb::Request whole;
    *whole.mutable_batch() = batch;
    const auto command = qiao::command_of(whole, *identity, server.gate);
    return command && server.runtime.apply(command.value()).has_value();
  }
  const Response r = send_as(server, person, "POST", "/v1/batch", batch.SerializeAsString(),
                             "application/x-protobuf");
  if (r.status >= 500) ledger_.fail("answers", batch.ShortDebugString() + " got " + r.body);
  return r.status == 200;
}

// --- the judge

People::Before People::before(const Server& server, const Person& person,
                              const pb::Actor& actor) const {
  const State& state = server.runtime.state();
  Before before;
  before.last = state.last_seq();
  before.account = state.accounts().find(AccountId{person.account});
  before.grants = state.grants().size();
  before.rights = rights_of(state, server.gate.actor_of(before.account));
  if (!person.acting.empty()) before.acting = rights_of(state, actor);
  for (Slot a = 0; a < state.accounts().size(); ++a) {
    before.areas.push_back(areas_of(state, server.gate.actor_of(a)));
    before.parties.push_back(parties_of(state, server.gate.actor_of(a)));
    before.hashes.push_back(state.load_account(a).password_hash());
  }
  const Slot self = state.persons().find(PersonId{actor.person_id()});
  if (self != kNoSlot) before.self = state.load_person(self);
  return before;
}

void People::judge(const Server& server, const Person& person, const Before& before,
                   const pb::BatchRequest& asked) {
  const State& state = server.runtime.state();
  const Rights& rights = before.as_asked();
  const pb::Role role = rights.actor.role();
  const std::string what = pb::Role_Name(role) + ", account " + std::to_string(person.account) +
                           (person.acting.empty() ? "" : " as " + person.acting) + ": " +
                           asked.ShortDebugString();
  judge_scopes(person, asked, what);
  judge_secrets(state, before, what);
  // The lead may grant everything.
  if (role == pb::ROLE_LEAD) return;
  judge_gains(state, before.rights, server.gate.actor_of(before.account), asked, what);
  if (before.acting) judge_gains(state, *before.acting, before.acting->actor, asked, what);
  judge_others(state, server.gate, before, what);
  judge_own_fields(state, before, what);
}

void People::judge_gains(const State& state, const Rights& before, const pb::Actor& actor,
                         const pb::BatchRequest& asked, const std::string& what) {
  const auto& parts = asked.commands();
  const bool takes_on = std::any_of(parts.begin(), parts.end(), takes_need_on);
  for (const std::string& word : gained(state, before, rights_of(state, actor))) {
    if (takes_on && word.starts_with("need ")) continue;
    ledger_.fail("rights", "gained \"" + word + "\" by " + what);
  }
}

void People::judge_way_in(const Server& server, const Person& person, const pb::Actor& actor,
                          const pb::TokenRequest& request, const std::string& what) {
  const State& state = server.runtime.state();
  const pb::Actor other =
      server.gate.actor_of(state.accounts().find(AccountId{request.account_id()}));
  const bool token = !request.name().empty();
  const bool own = request.account_id() == person.account;
  // A token with scopes creates no token with more.
  for (const std::string& scope : request.scopes()) {
    if (!person.scopes.empty() && !person.scopes.contains(scope))
      ledger_.fail("rights", "with " + scope + ": " + what);
  }
  const bool narrow = !person.scopes.empty();
  if (narrow && (!token || request.scopes().empty()))
    ledger_.fail("rights", "by a narrow token: " + what);
  if (actor.role() == pb::ROLE_LEAD || (token && own)) return;
  if (token || !may_invite(state, actor, other)) ledger_.fail("rights", what);
}

void People::judge_scopes(const Person& person, const pb::BatchRequest& asked,
                          const std::string& what) {
  if (person.scopes.empty()) return;
  for (const pb::Request& part : asked.commands()) {
    const auto operation = operation_asked(part);
    if (operation && person.scopes.contains(std::string(name_of(*operation)))) continue;
    ledger_.fail("rights", "a token without the scope did it: " + what);
  }
}

// Nobody gives another account a role, an area or a party beyond its own.
void People::judge_others(const State& state, const Gate& gate, const Before& before,
                          const std::string& what) {
  const Rights& rights = before.as_asked();
  for (Slot a = 0; a < state.accounts().size(); ++a) {
    const pb::Actor other = gate.actor_of(a);
    const bool changed = state.load_account(a).version() > before.last;
    if (changed && (other.role() == pb::ROLE_LEAD || other.role() == pb::ROLE_AUDITOR)) {
      ledger_.fail("rights", "made an account of " + pb::Role_Name(other.role()) + ": " + what);
    }
    const std::vector<bool> areas = areas_of(state, other);
    for (Slot area = 0; area < rights.areas.size(); ++area) {
      const bool had = a < before.areas.size() && before.areas[a][area];
      if (!areas[area] || had || rights.areas[area]) continue;
      ledger_.fail("rights", "another account gained area " +
                                 std::to_string(state.areas()[area].id.value()) + " by " + what);
    }
    const std::vector<bool> parties = parties_of(state, other);
    for (Slot party = 0; party < rights.parties.size(); ++party) {
      const bool had = a < before.parties.size() && before.parties[a][party];
      if (!parties[party] || had || rights.parties[party]) continue;
      ledger_.fail("rights", "another account gained party " +
                                 std::to_string(state.parties()[party].id.value()) + " by " + what);
    }
  }
}

// No credential is created.
void People::judge_secrets(const State& state, const Before& before, const std::string& what) {
  bool same = state.grants().size() == before.grants;
  for (Slot a = 0; a < state.accounts().size(); ++a) {
    const std::string hash = state.load_account(a).password_hash();
    same = same && hash == (a < before.hashes.size() ? before.hashes[a] : std::string());
  }
  if (!same) ledger_.fail("rights", "a credential was created by " + what);
}

// The rights and the standing of a member are decided by others.
void People::judge_own_fields(const State& state, const Before& before, const std::string& what) {
  const Rights& rights = before.as_asked();
  if (rights.actor.role() != pb::ROLE_MEMBER || before.self.id() == 0) return;
  const pb::Person now = state.load_person(state.persons().find(PersonId{before.self.id()}));
  std::vector<const google::protobuf::FieldDescriptor*> others;
  for (int i = 0; i < pb::Person::descriptor()->field_count(); ++i) {
    const auto* field = pb::Person::descriptor()->field(i);
    const auto by = field->options().GetExtension(pb::settable);
    if (by == pb::SETTABLE_BY_OTHERS) others.push_back(field);
  }
  google::protobuf::util::MessageDifferencer differencer;
  if (differencer.CompareWithFields(before.self, now, others, others)) return;
  ledger_.fail("rights", "a member set a field that others decide: " + what);
}

}  // namespace qiao::swarm
