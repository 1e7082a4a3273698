// The watch feed: which events a watcher sees, without sockets.
//
// Each watcher has a position in the journal and reads from there: from a ring of recent events,
// which all watchers share and each of which is serialised once, or from disk if it is further
// behind. So there is no queue for a watcher; one that reconnects with the last number it received
// misses nothing and receives nothing twice; and one that does not read delays nobody.
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

// Which events a watcher requests: all conditions that are set must hold.
struct WatchFilter {
  std::optional<AreaCode> area;  // or below
  std::optional<PartyId> party;
  std::optional<NeedId> need;
  std::vector<pb::EventKind> kinds;  // empty: all
};

// A watcher's identity and rights, decided when it connects. A change of them ends the watch, see
// Watch::observe().
struct Reach {
  pb::Actor actor;  // on whose behalf it watches
  AreaCode area;    // organiser: the area of its party
  // The needs of a resident.
  boost::unordered_flat_set<NeedId> needs;
  // The account itself, also when it acts on behalf of another.
  pb::Account account;
  // The party on whose behalf it watches, the account's own, and all their ancestors.
  std::vector<PartyId> parties;
  std::uint64_t grant_id = 0;  // 0: a token of an identity provider
  // The operations that its session or token permits. A kind of row is visible if its read
  // operation is one of them.
  std::bitset<128> operations = std::bitset<128>().set();
  Time expires{};
};

struct WatchRequest {
  std::optional<Seq> after;  // empty: only new events
  WatchFilter filter;
  bool binary = false;
  Reach reach;
};

// Parses ?after=…&epoch=…&area=…&party=…&need=…&kind=…. `after` without the epoch of the database
// is refused: after a restore its numbers may be those of other events.
Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept,
                                 std::uint64_t epoch = 0);
// The rights of a watcher. It may name a party below its own, to watch on its behalf.
Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state);
// Refuses filters that name a row which does not exist or which the actor may not see, and a
// position after the end of the journal, which belongs to another database.
Status check_watch(const WatchRequest& request, const pb::Actor& actor, const State& state,
                   Seq durable);

// The end of the journal: the newest events on disk, in memory. Used by one thread, the same as its
// watches.
class Tail {
 public:
  // `last`: the last event on disk. Keeps at most `ring` events. `relations`: as of that event or a
  // later one.
  Tail(const Store& store, std::size_t ring, Seq last, Relations relations);

  // Adds the next event. The first one is `last` + 1, and none is skipped.
  void push(std::shared_ptr<const Published> event);
  Seq last() const { return last_; }

 private:
  friend class Watch;
  // Which fields of an event a watcher is sent.
  enum class Form : std::uint8_t { kPublic, kMasked, kOwn };
  struct Item {
    std::shared_ptr<const Published> event;
    // Serialised for the first watcher that needs it: by Form, as JSON or as protobuf.
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
  // The current watches; shared with them, because a watch may outlive its tail.
  using Watches = boost::unordered_flat_set<class Watch*>;
  std::shared_ptr<Watches> watches_ = std::make_shared<Watches>();
};

// One watcher's position.
class Watch {
 public:
  // Events read in one step, whether or not they are sent: 128 from disk take about a millisecond.
  static constexpr std::size_t kEventsPerStep = 128;

  Watch(Tail& tail, WatchRequest request);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  enum class Step {
    kEvent,
    kNothingNow,
    kMore,   // nothing found yet: call again after the other watches
    kEnded,  // its rights have changed; nothing more is sent
    kUnreadable,
  };
  // Writes the next event that it requests and may see to `out`, as it is sent.
  Step next(std::string& out);

  // Whether the next event has to be read from disk, which takes too long for the calling thread.
  bool is_behind() const;

  const Reach& reach() const { return request_.reach; }
  bool binary() const { return request_.binary; }

 private:
  friend class Tail;
  struct Facts;
  // Called before an event is pushed: ends the watch if the event changes its rights.
  void observe(const pb::Event& event);
  bool ended_by_account(const pb::Account& account) const;
  bool ended_by_party(const pb::Party& party) const;
  bool ended_by_person(const pb::Person& person) const;
  bool ended_by_content(PartyId party) const;
  bool ended_by_area(const pb::Area& area) const;
  // Nothing if it does not request the event or may not see it.
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
