// HTTP/1.1 and WebSocket on one port.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>

#include "server/api/api.h"
#include "server/http/address_turns.h"
#include "server/http/connection.h"
#include "server/http/feed.h"
#include "server/http/pages.h"
#include "server/http/shares.h"

namespace qiao {

// Bytes of answers that wait to be sent, of one address and of all. Whoever has more that it does
// not read is asked to come again before the next is made.
inline constexpr std::size_t kMostUnsent = 16 << 20;
inline constexpr std::size_t kMostUnsentOfAll = 256 << 20;
// The same of bodies of requests that are being received or answered. Small ones do not count.
inline constexpr std::size_t kMostReceived = 16 << 20;
inline constexpr std::size_t kMostReceivedOfAll = 256 << 20;
inline constexpr std::size_t kSmallBody = 16 << 10;

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8321;  // 0: any free one
  std::size_t max_connections = 10'000;
  // Of them, of one address; behind a proxy requests under way of one client. 0: see share_of().
  std::size_t max_connections_per_address = 0;
  // Connections and watchers together: what the files that a process may have open leave beside the
  // database.
  std::size_t max_sockets = 30'000;
  std::size_t max_header_bytes = 16 << 10;
  // A body is parsed on the market thread, about 15 us for each KiB of JSON.
  std::size_t max_body_bytes = 256 << 10;
  std::size_t max_batch_bytes = 512 << 10;  // of POST /v1/batch
  // Of POST /v1/imports. It is copied on the market thread and read beside it.
  std::size_t max_import_bytes = 4 << 20;
  // Certificate chain and private key (PEM); both empty: in the clear.
  std::string certificate;
  std::string private_key;
  // Who sends a request and whether it came over TLS is what a proxy in front says.
  bool behind_proxy = false;
  // A request arrives, and an answer is taken, within this; so long may a connection be idle, too.
  std::chrono::seconds timeout = std::chrono::seconds{30};
  // The console's files; empty: there is none.
  Pages pages;
  // From where its map may load tiles; see origin_of().
  std::string tile_origin;
  // On stopping, requests under way get so long.
  std::chrono::seconds drain = std::chrono::seconds{10};
};

// Runs on the market thread, where the API is. One object a process.
class Server {
 public:
  Server(boost::asio::io_context& context, Api& api, Runtime& runtime, Feed& feed, Metrics& metrics,
         ServerOptions options);
  ~Server();

  // Binds and listens. The error says what is wrong with the address.
  StoreResult<void> listen();
  // Reads certificate and key again: connections that come from now on get them, those that are
  // there go on. After an error the old ones stay.
  StoreResult<void> reload_certificate();
  std::uint16_t port() const { return port_; }

  // Takes no more connections, answers what is under way, then calls back.
  void drain(std::function<void()> then);

 private:
  friend class Session;
  void accept();
  void sweep();
  void finished(class Session* session);

  boost::asio::io_context& context_;
  Api& api_;
  Runtime& runtime_;
  Feed& feed_;
  Metrics& metrics_;
  ServerOptions options_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer sweeper_;
  boost::asio::steady_timer accept_again_;
  std::shared_ptr<boost::asio::ssl::context> tls_;
  const std::string page_headers_;
  const std::string epoch_header_;
  std::uint16_t port_ = 0;
  std::list<std::weak_ptr<class Session>> sessions_;
  AddressShares shares_;
  AddressShares unsent_{kMostUnsent, kMostUnsentOfAll};        // bytes
  AddressShares received_{kMostReceived, kMostReceivedOfAll};  // bytes
  std::size_t open_ = 0;
  std::size_t refused_ = 0;  // of the open ones, those that are only told so
  std::function<void()> drained_;
  std::chrono::steady_clock::time_point drain_by_{};
  // Destroyed first: the destructors of sessions that wait in it use the server.
  AddressTurns turns_{context_};
};

}  // namespace qiao
