// People of every role in a city of their own, who ask for anything, in their own areas and in
// others', for themselves and in the names of others, with sessions and with tokens of random
// scopes, while the lead removes members, disables and demotes accounts, moves and suspends parties
// and revokes tokens.
//
// Requests go through the one gate: single ones through command_of(), several at once through
// POST /v1/batch. After each the judge checks that nobody may do or see more than before who was
// not granted it.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/random.h"
#include "server/api/api.h"
#include "server/api/watch.h"
#include "tools/swarm/ledger.h"
#include "tools/swarm/plan.h"
#include "tools/swarm/random_request.h"
#include "tools/swarm/rights.h"

namespace qiao::swarm {

class People {
 public:
  // What they reach of a process.
  struct Server {
    Api& api;
    Gate& gate;
    Runtime& runtime;
  };

  People(const Plan& plan, Ledger& ledger);
  std::size_t size() const { return people_.size(); }

  // Their city, before anything goes wrong. `lead`: a token of the lead.
  void found(const Server& server, const std::string& lead);
  // One of them looks at something or asks for something.
  void act(const Server& server, std::size_t who);
  // The lead changes what somebody may do, or lets somebody in again.
  void govern(const Server& server);
  // Who opens a feed, for itself or in another's name; nobody where it is not let in.
  std::optional<Identity> watcher(const Server& server, std::size_t who);
  // What it wants of the feed: everything, or what agrees with a random filter.
  WatchFilter random_filter(const State& state);

  struct Counts {
    std::uint64_t asked = 0;    // requests, a batch counted once
    std::uint64_t done = 0;     // of these, after which rights were compared
    std::uint64_t changes = 0;  // of rights, by the lead
  };
  const Counts& counts() const { return counts_; }

 private:
  struct Person {
    std::uint64_t account = 0;
    std::uint64_t grant = 0;
    std::string secret;
    bool session = false;
    std::set<std::string> scopes;  // of the token; empty: everything
    // The header Qiao-Actor of the next request: in whose name; empty: for itself.
    std::string acting;
  };
  // What is looked at before a request and after it.
  struct Before {
    Seq last = 0;
    Slot account = kNoSlot;
    Rights rights;                 // its own
    std::optional<Rights> acting;  // of whom it acts for
    const Rights& as_asked() const { return acting ? *acting : rights; }
    Slot grants = 0;
    // By slot of the account.
    std::vector<std::vector<bool>> areas, parties;
    std::vector<std::string> hashes;
    pb::Person self;
  };

  // Nobody where its session or token lets nobody in.
  std::optional<Identity> identify(const Server& server, const Person& person) const;
  Response send_as(const Server& server, const Person& person, const std::string& method,
                   const std::string& target, const std::string& body = "",
                   const std::string& type = "") const;
  Response send_as_lead(const Server& server, const std::string& method, const std::string& target,
                        const std::string& body) const;
  std::uint64_t make(const Server& server, const std::string& method, const std::string& target,
                     const google::protobuf::Message& row);
  bool ask_lead(const Server& server, const std::string& method, const std::string& target,
                const std::string& body = "");

  void found_community(const Server& server, std::uint64_t code, std::uint64_t resident);
  void make_account(const Server& server, std::size_t who, pb::Role role);
  void give_secret(const Server& server, Person& person);
  void erase(const Server& server, const Pool& pool);
  void let_in_again(const Server& server, std::size_t who);
  bool has_ground(const State& state, const Person& person) const;
  void choose_acting(const State& state, Person& person);

  Pool random_pool(const State& state, const pb::Actor& actor);
  pb::Request random_ask(const State& state, const pb::Actor& actor);
  void look(const Server& server, const Person& person, pb::Actor actor);
  void ask_for_way_in(const Server& server, const Person& person, const pb::Actor& actor);
  bool ask_alone(const Server& server, const Person& person, const pb::Request& request);
  bool ask_together(const Server& server, const Person& person, const pb::BatchRequest& batch);
  Before before(const Server& server, const Person& person, const pb::Actor& actor) const;
  void judge(const Server& server, const Person& person, const Before& before,
             const pb::BatchRequest& asked);
  void judge_gains(const State& state, const Rights& before, const pb::Actor& actor,
                   const pb::BatchRequest& asked, const std::string& what);
  void judge_way_in(const Server& server, const Person& person, const pb::Actor& actor,
                    const pb::TokenRequest& wish, const std::string& what);
  void judge_scopes(const Person& person, const pb::BatchRequest& asked, const std::string& what);
  void judge_others(const State& state, const Gate& gate, const Before& before,
                    const std::string& what);
  void judge_secrets(const State& state, const Before& before, const std::string& what);
  void judge_own_fields(const State& state, const Before& before, const std::string& what);

  Random random_;
  Planted planted_;
  Ledger& ledger_;
  std::string lead_;
  std::vector<Person> people_;
  std::uint64_t logins_ = 0;
  Counts counts_;
};

}  // namespace qiao::swarm
