// What a watcher sees of the journal, apart from how it is sent: no sockets here.
//
// Each watcher has a place in the journal and pulls from it: from a ring of recent events, shared by all and written as
// JSON once, or from disk when it is further behind. So nothing is queued for anybody, a watcher that comes back with
// the last number it saw misses nothing and sees nothing twice, and one that does not read holds up nobody.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/gate.h"
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

// What a watcher may see; decided once, when it comes.
struct Reach {
  bool all = false;              // lead, auditor
  AreaCode area;                 // organiser: there and below
  PartyId party;                 // supplier, member
  std::uint64_t resident_ref = 0;
  // Ends with them.
  std::uint64_t account_id = 0;
  std::uint64_t grant_id = 0;
  Time expires{};
};

struct WatchRequest {
  std::optional<Seq> after;  // empty: from now on
  WatchFilter filter;
  bool binary = false;
  Reach reach;
};

// Reads ?after=…&area=…&party=…&need=…&kind=….
Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept);
// What the actor may watch. A party that belongs to its own it watches by naming it.
Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state);
// Are the things it names there? A place beyond the end of the journal is of another database.
Status check_watch(const WatchRequest& request, const State& state, Seq durable);

// The end of the journal: what is on disk, the newest of it in memory. For one thread, as its watches are.
class Tail {
 public:
  struct Area {
    AreaCode code;
    AreaCode parent;
    std::string name;
  };
  // `last`: the last event on disk. Keeps at most `ring` recent events.
  Tail(const Store& store, std::size_t ring, Seq last, std::vector<Area> tree);
  // The areas of a market, for the above.
  static std::vector<Area> areas_of(const State& state);

  // The next event. There is no hole: whoever pushes starts behind `last`.
  void push(std::shared_ptr<const Published> event);
  Seq last() const { return last_; }

 private:
  friend class Watch;
  struct Item {
    std::shared_ptr<const Published> event;
    std::array<std::string, 4> forms;  // made when the first watcher wants it: whole or public, as JSON or as protobuf
  };
  bool wants(const WatchFilter& filter, const Published& event) const;
  Sight sight(const Reach& reach, const Published& event) const;
  bool within(AreaCode area, AreaCode ancestor) const;
  // The event as somebody with that sight of it is sent it.
  std::string render(pb::Event event, Sight sight, bool binary) const;
  Item* in_ring(Seq seq);

  const Store& store_;
  std::size_t ring_size_;
  std::deque<Item> ring_;
  Seq last_;
  boost::unordered_flat_map<AreaCode, Area> areas_;
};

// One watcher's place.
class Watch {
 public:
  Watch(Tail& tail, WatchRequest request) : tail_(tail), request_(std::move(request)), next_(request_.after ? *request_.after + 1 : tail.last() + 1) {}

  enum class Step { kEvent, kNothingNow, kUnreadable };
  // The next event that it wants and may see, as it is sent, into `out`.
  Step next(std::string& out);

  const Reach& reach() const { return request_.reach; }
  bool binary() const { return request_.binary; }
  // Does the event take away what it came in with?
  bool ended_by(const pb::Event& event) const;

 private:
  bool catch_up();

  Tail& tail_;
  WatchRequest request_;
  Seq next_;
  std::deque<std::string> caught_up_;
};

}  // namespace qiao
