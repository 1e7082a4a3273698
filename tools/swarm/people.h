// People of every role in a city of their own, who send random requests, in their own areas and in
// others', for themselves and on behalf of others, with sessions and with tokens of random scopes,
// while the lead removes members, disables and demotes accounts, moves and suspends parties and
// revokes tokens.
//
// Requests pass the same gate as all: single ones through command_of(), several at once through
// POST /v1/batch. After each it is checked that nobody may do or see more than before without being
// granted it.
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
  // The parts of a process that they use.
  struct Server {
    Api& api;
    Gate& gate;
    Runtime& runtime;
  };

  People(const Plan& plan, Ledger& ledger);
  std::size_t size() const { return people_.size(); }

  // Creates their city, before any fault. `lead`: a token of the lead.
  void found(const Server& server, const std::string& lead);
  // One of them sends a read or a change.
  void act(const Server& server, std::size_t who);
  // The lead changes somebody's rights, or gives somebody new credentials.
  void govern(const Server& server);
  // Who opens a feed, for itself or on behalf of another; nobody if it is refused.
  std::optional<Identity> watcher(const Server& server, std::size_t who);
  // Its filter of the feed: everything, or a random filter.
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
    // The header Qiao-Actor of the next request; empty: for itself.
    std::string acting;
  };
  // Rights compared before a request and after it.
  struct Before {
    Seq last = 0;
    Slot account = kNoSlot;
    Rights rights;                 // its own
    std::optional<Rights> acting;  // those it acts for
    const Rights& as_asked() const { return acting ? *acting : rights; }
    Slot grants = 0;
    // By slot of the account.
    std::vector<std::vector<bool>> areas, parties;
    std::vector<std::string> hashes;
    pb::Person self;
  };

  // Nobody if its session or token is not valid.
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
  void renew_access(const Server& server, std::size_t who);
  bool has_ground(const State& state, const Person& person) const;
  void choose_acting(const State& state, Person& person);

  Pool random_pool(const State& state, const pb::Actor& actor);
  pb::Request random_ask(const State& state, const pb::Actor& actor);
  void read_random_row(const Server& server, const Person& person, pb::Actor actor);
  void ask_for_way_in(const Server& server, const Person& person, const pb::Actor& actor);
  bool ask_alone(const Server& server, const Person& person, const pb::Request& request);
  bool ask_together(const Server& server, const Person& person, const pb::BatchRequest& batch);
  Before before(const Server& server, const Person& person, const pb::Actor& actor) const;
  void judge(const Server& server, const Person& person, const Before& before,
             const pb::BatchRequest& asked);
  void judge_gains(const State& state, const Rights& before, const pb::Actor& actor,
                   const pb::BatchRequest& asked, const std::string& what);
  void judge_way_in(const Server& server, const Person& person, const pb::Actor& actor,
                    const pb::TokenRequest& request, const std::string& what);
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
