// What a watcher sees of the journal, apart from how it is sent: no sockets here.
//
// Each watcher has a place in the journal and pulls from it: from a ring of recent events, shared
// by all and written as JSON once, or from disk when it is further behind. So nothing is queued for
// anybody, a watcher that comes back with the last number it saw misses nothing and sees nothing
// twice, and one that does not read holds up nobody.
#pragma once

#include <array>
#include <bitset>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/gate.h"
#include "server/access/relations.h"
#include "server/access/view.h"
#include "server/runtime/runtime.h"

namespace qiao {

// Which events a watcher wants: all that are set must agree.
struct WatchFilter {
  std::optional<AreaCode> area;  // and below
  std::optional<PartyId> party;
  std::optional<NeedId> need;
  std::vector<pb::EventKind> kinds;  // empty: all
};

// Who watches and what it came in with; decided once, when it comes. A change of any of it ends the
// watch, see Watch::observe().
struct Reach {
  pb::Actor actor;  // in whose name it watches
  AreaCode area;    // organiser: of its party
  // Of a resident's needs.
  boost::unordered_flat_set<NeedId> needs;
  // The account itself, whoever it acts for.
  pb::Account account;
  // The party in whose name it watches, the account's own, and all above them.
  std::vector<PartyId> parties;
  std::uint64_t grant_id = 0;  // 0: an identity provider vouches
  // What it came in with may be used for. A kind of row is shown where that may read it.
  std::bitset<128> operations = std::bitset<128>().set();
  Time expires{};
};

struct WatchRequest {
  std::optional<Seq> after;  // empty: from now on
  WatchFilter filter;
  bool binary = false;
  Reach reach;
};

// Reads ?after=…&epoch=…&area=…&party=…&need=…&kind=…. A place without the epoch of
// the database, or with another, is refused: its numbers may have come again after a restore.
Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept,
                                 std::uint64_t epoch = 0);
// What the actor may watch. A party that belongs to its own it watches by naming it.
Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state);
// Are the things it names there, as far as the actor may see? A place beyond the end of the journal
// is of another database.
Status check_watch(const WatchRequest& request, const pb::Actor& actor, const State& state,
                   Seq durable);

// The end of the journal: what is on disk, the newest of it in memory. For one thread, as its
// watches are.
class Tail {
 public:
  // `last`: the last event on disk. Keeps at most `ring` recent events. `relations`: as of that
  // event or a later one.
  Tail(const Store& store, std::size_t ring, Seq last, Relations relations);

  // The next event. There is no hole: whoever pushes starts behind `last`.
  void push(std::shared_ptr<const Published> event);
  Seq last() const { return last_; }

 private:
  friend class Watch;
  // How a watcher is sent an event.
  enum class Form : std::uint8_t { kPublic, kMasked, kOwn };
  struct Item {
    std::shared_ptr<const Published> event;
    // Made when the first watcher wants it: by Form, as JSON or as protobuf.
    std::array<std::string, 6> texts;
  };
  bool wants(const WatchFilter& filter, const Published& event) const;
  std::string render(pb::Event event, Form form, bool binary) const;
  Item* in_ring(Seq seq);
  void tell_watches(const Published& event);

  const Store& store_;
  std::size_t ring_size_;
  std::deque<Item> ring_;
  Seq last_;
  Relations relations_;
  // Those that are there now; shared with them, so that a watch may outlive its tail.
  using Watches = boost::unordered_flat_set<class Watch*>;
  std::shared_ptr<Watches> watches_ = std::make_shared<Watches>();
};

// One watcher's place.
class Watch {
 public:
  // Events that are looked at in one step, wanted or not: 128 from disk take about a millisecond.
  static constexpr std::size_t kEventsPerStep = 128;

  Watch(Tail& tail, WatchRequest request);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  enum class Step {
    kEvent,
    kNothingNow,
    kMore,   // nothing found yet: others have their turn, then it goes on
    kEnded,  // what it came in with has changed; it gets nothing more
    kUnreadable,
  };
  // The next event that it wants and may see, as it is sent, into `out`.
  Step next(std::string& out);

  // The next event has to be read from disk, which takes longer than others should wait.
  bool is_behind() const;

  const Reach& reach() const { return request_.reach; }
  bool binary() const { return request_.binary; }

 private:
  friend class Tail;
  struct Facts;
  // An event that is about to be pushed: ends the watch where it takes away what it came in with.
  void observe(const pb::Event& event);
  bool ended_by_account(const pb::Account& account) const;
  bool ended_by_party(const pb::Party& party) const;
  bool ended_by_person(const pb::Person& person) const;
  bool ended_by_content(PartyId party) const;
  bool ended_by_area(const pb::Area& area) const;
  // Nothing: it does not want it or may not see it.
  std::optional<Tail::Form> form_of(const Published& event) const;
  Sight sight(const Published& event) const;
  bool catch_up();

  Tail& tail_;
  std::shared_ptr<Tail::Watches> watches_;
  WatchRequest request_;
  Seq next_;
  std::deque<std::string> caught_up_;
  bool ended_ = false;
};

}  // namespace qiao
