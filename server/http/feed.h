// The watch feed: events that are on disk, to every watcher that wants them, on a thread of its own.
//
// Each watcher has a place in the journal and pulls from it: from a ring of recent events, shared by all and written as
// JSON once, or from disk when it is further behind. So nothing is queued for anybody, a watcher that comes back with
// the last number it saw misses nothing and sees nothing twice, and one that does not read holds up nobody.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

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

struct WatchRequest {
  std::optional<Seq> after;  // empty: from now on
  WatchFilter filter;
  bool binary = false;
};

// Reads ?after=…&area=…&party=…&need=…&kind=….
Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept);
// Are the things it names there? A place beyond the end of the journal is of another database.
Status check_watch(const WatchRequest& request, const State& state, Seq durable);

class Feed {
 public:
  // `tree`: each area with the one it lies in. `last`: the last event on disk. The feed runs on `context`'s one thread.
  Feed(boost::asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options, Seq last,
       std::vector<std::pair<AreaCode, AreaCode>> tree);
  ~Feed();

  // From any thread: the next events, in order.
  void publish(std::vector<std::shared_ptr<const Published>> events);
  // From any thread: takes over a connection whose upgrade request has been read (`upgrade` is the request as it came).
  // The socket belongs to the feed from here on.
  void take_over(boost::asio::ip::tcp protocol, int native_socket, std::string upgrade, WatchRequest request);
  // From any thread: tells every watcher that the server is going, and lets them go.
  void close_all();

  bool full() const { return static_cast<std::size_t>(metrics_.watchers.value()) >= options_.max_watchers; }

 private:
  friend class WatchSession;
  struct Item {
    std::shared_ptr<const Published> event;
    std::string json;  // made when the first watcher wants it
  };
  bool wants(const WatchFilter& filter, const Published& event) const;
  Item* in_ring(Seq seq);
  void sweep();

  boost::asio::io_context& context_;
  const Store& store_;
  Metrics& metrics_;
  FeedOptions options_;
  std::deque<Item> ring_;
  Seq last_;
  boost::unordered_flat_map<AreaCode, AreaCode> parent_;
  std::vector<std::shared_ptr<class WatchSession>> sessions_;
  boost::asio::steady_timer sweeper_;
  bool closing_ = false;
};

}  // namespace qiao
