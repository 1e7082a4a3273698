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

// Bytes of responses that wait to be sent, of one address and in total. A client with more unread
// responses is asked to retry before the next one is made.
inline constexpr std::size_t kMostUnsent = 16 << 20;
inline constexpr std::size_t kMostUnsentOfAll = 256 << 20;
// The same for bodies of requests that are being received or answered. Small ones do not count.
inline constexpr std::size_t kMostReceived = 16 << 20;
inline constexpr std::size_t kMostReceivedOfAll = 256 << 20;
inline constexpr std::size_t kSmallBody = 16 << 10;

// Address, TLS and limits of the HTTP server.
struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8321;  // 0: any free one
  std::size_t max_connections = 10'000;
  // Of one address; behind a proxy concurrent requests of one client. 0: see share_of().
  std::size_t max_connections_per_address = 0;
  // Connections and watchers together: the open files of the process that the database does not
  // use.
  std::size_t max_sockets = 30'000;
  std::size_t max_header_bytes = 16 << 10;
  // A body is parsed on the market thread, about 15 us for each KiB of JSON.
  std::size_t max_body_bytes = 256 << 10;
  std::size_t max_batch_bytes = 512 << 10;  // of POST /v1/batch
  // Of POST /v1/imports. It is copied on the market thread and read beside it.
  std::size_t max_import_bytes = 4 << 20;
  // Certificate chain and private key (PEM); both empty: unencrypted.
  std::string certificate;
  std::string private_key;
  // Trust a proxy in front for the client's address and for whether it used TLS.
  bool behind_proxy = false;
  // A request must arrive, and a response be received, within this; also the limit of an idle
  // connection.
  std::chrono::seconds timeout = std::chrono::seconds{30};
  // The console's files; empty: none.
  Pages pages;
  // Origin of its map tiles; see origin_of().
  std::string tile_origin;
  // On stopping, running requests get this long.
  std::chrono::seconds drain = std::chrono::seconds{10};
};

// Accepts HTTP connections and passes their requests to the API. All that it refers to must outlive
// it. Runs on the market thread, like the API. One object a process.
class Server {
 public:
  Server(boost::asio::io_context& context, Api& api, Runtime& runtime, Feed& feed, Metrics& metrics,
         ServerOptions options);
  ~Server();

  // Binds and listens. The error describes the invalid address.
  StoreResult<void> listen();
  // Reads certificate and key again: new connections use them, open ones stay. After an error the
  // old ones stay.
  StoreResult<void> reload_certificate();
  std::uint16_t port() const { return port_; }

  // Accepts no more connections, finishes running requests, then calls back.
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
  std::size_t refused_ = 0;  // of the open ones, those that only get a refusal
  std::function<void()> drained_;
  std::chrono::steady_clock::time_point drain_by_{};
  // Destroyed first: the destructors of queued sessions use the server.
  AddressTurns turns_{context_};
};

}  // namespace qiao
