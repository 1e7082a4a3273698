// The watch feed over WebSocket: events that are on disk, for every watcher, on a thread of its
// own. server/api/watch.h decides what each of them gets.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/api/watch.h"
#include "server/http/connection.h"
#include "server/http/shares.h"
#include "server/runtime/metrics.h"
#include "server/runtime/turns.h"

namespace qiao {

// Limits of the feed.
struct FeedOptions {
  std::size_t max_watchers = 20'000;
  // Watchers of one address. 0: see share_of().
  std::size_t max_watchers_per_address = 0;
  std::size_t ring = 65'536;  // recent events kept in memory
  // A write that takes longer than this marks a watcher as too slow: it is informed and dropped.
  std::chrono::seconds slow = std::chrono::seconds{10};
};

// Sends the events that are on disk to the watchers, on one thread of its own, so that slow
// watchers never delay the market. The store and the metrics must outlive it; it owns the
// connections that it has taken over. Functions are for any thread where they say so.
class Feed {
 public:
  // `last`: the last event on disk. The feed runs on the single thread of `context`.
  // `relations`: as of that event.
  Feed(boost::asio::io_context& context, const Store& store, Metrics& metrics, FeedOptions options,
       Seq last, Relations relations);
  ~Feed();

  // From any thread: the next events, in order.
  void publish(std::vector<std::shared_ptr<const Published>> events);
  // From any thread: takes over a connection whose upgrade request has been read (`upgrade` is the
  // request). It belongs to the feed from here on, and `place` is released when it ends.
  void take_over(Connection::Parcel connection, std::string upgrade, WatchRequest request,
                 AddressShares::Place place);
  // From any thread: tells every watcher that the server is stopping, and disconnects them.
  void close_all();

  // From any thread: a place for another watcher of that address, see client_key(). Nothing if
  // there is none, for the address or in total.
  std::optional<AddressShares::Place> take_place(const std::string& address);

 private:
  friend class WatchSession;
  void sweep();
  void catch_up_in_turn(std::shared_ptr<class WatchSession> session);
  void catch_up_next();

  boost::asio::io_context& context_;
  Metrics& metrics_;
  FeedOptions options_;
  AddressShares shares_;
  Tail tail_;
  std::vector<std::shared_ptr<class WatchSession>> sessions_;
  // Watchers that look for their next event among older ones, in turn over accounts.
  Turns<std::shared_ptr<class WatchSession>> catching_up_;
  boost::asio::steady_timer sweeper_;
  bool closing_ = false;
};

}  // namespace qiao
