// The watch feed: events that are on disk, to every watcher that wants them, on a thread of its own.
//
// Each watcher has a place in the journal and pulls from it: from a ring of recent events, shared by all and written as
// JSON once, or from disk when it is further behind. So nothing is queued for anybody, a watcher that comes back with
// the last number it saw misses nothing and sees nothing twice, and one that does not read holds up nobody.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/access/gate.h"
#include "server/access/view.h"
#include "server/http/connection.h"
#include "server/runtime/metrics.h"
#include "server/runtime/runtime.h"

namespace qiao {

struct FeedOptions {
  std::size_t max_watchers = 20'000;
  std::size_t ring = 65'536;  // recent events kept in memory
  // A write that takes longer than this marks a watcher as too slow: it is told so and dropped.
  std::chrono::seconds slow = std::chrono::seconds{10};
};

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

class Feed {
 public:
  struct Area {
    AreaCode code;
    AreaCode parent;
    std::string name;
  };
  // `last`: the last event on disk. The feed runs on `context`'s one thread.
  Feed(boost::asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options, Seq last, std::vector<Area> tree);
  ~Feed();

  // From any thread: the next events, in order.
  void publish(std::vector<std::shared_ptr<const Published>> events);
  // From any thread: takes over a connection whose upgrade request has been read (`upgrade` is the request as it came).
  // It belongs to the feed from here on.
  void take_over(Connection::Parcel connection, std::string upgrade, WatchRequest request);
  // From any thread: tells every watcher that the server is going, and lets them go.
  void close_all();

  bool full() const { return static_cast<std::size_t>(metrics_.watchers.value()) >= options_.max_watchers; }

 private:
  friend class WatchSession;
  struct Item {
    std::shared_ptr<const Published> event;
    std::array<std::string, 4> forms;  // made when the first watcher wants it: whole or public, as JSON or as protobuf
  };
  bool wants(const WatchFilter& filter, const Published& event) const;
  Sight sight(const Reach& reach, const Published& event) const;
  bool within(AreaCode area, AreaCode ancestor) const;
  // The event as somebody with that sight of it is sent it.
  std::string render(pb::Event event, Sight sight, bool binary) const;
  // Somebody lost what it came in with: it watches no more.
  void end_watches(const Published& event);
  Item* in_ring(Seq seq);
  void sweep();

  boost::asio::io_context& context_;
  const Store& store_;
  Metrics& metrics_;
  FeedOptions options_;
  std::deque<Item> ring_;
  Seq last_;
  boost::unordered_flat_map<AreaCode, Area> areas_;
  std::vector<std::shared_ptr<class WatchSession>> sessions_;
  boost::asio::steady_timer sweeper_;
  bool closing_ = false;
};

}  // namespace qiao
