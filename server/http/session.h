// One HTTP connection: read a request, answer it, wait for the disk, write, repeat.
#pragma once

#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <optional>

#include "server/api/problem.h"
#include "server/http/connection.h"
#include "server/http/request_parser.h"
#include "server/http/server.h"

namespace qiao {

// Owns itself while an operation is in progress. No timer of its own: the server checks all
// sessions once a second, because arming a timer for each request costs a tenth of the throughput
// (DESIGN.md §8).
class Session : public std::enable_shared_from_this<Session> {
 public:
  // `tls` null: unencrypted.
  Session(Server& server, boost::asio::ip::tcp::socket socket, boost::asio::ssl::context* tls);
  ~Session();

  void start();
  // False if its address has used its share of the connections. Behind a proxy, which has the
  // address, the share limits concurrent requests of a client instead.
  bool take_place();
  // Answers once with 503 and closes.
  void refuse_connection();
  void sweep(std::chrono::steady_clock::time_point now);
  // Closes now if idle, else after the current response.
  void drain();
  void close();

 private:
  enum class Doing { kReading, kWaiting, kWriting, kLingering };
  void read();
  std::size_t body_limit(std::string_view target) const;
  void on_header(const boost::system::error_code& error);
  void read_body();
  void on_request(const boost::system::error_code& error);
  void handle();
  void answer(Response response);
  void write(Response response);
  void write_page(const Page& page);
  void head_ends(bool has_body, std::size_t size);
  void send(boost::asio::const_buffer body);
  void sent();
  void upgrade(std::string_view target);
  void linger();
  void drop_incoming();
  void read_failed(const boost::system::error_code& error);
  void wait_until(Doing doing);

  // Views into the request; empty if it has no such header.
  struct Headers {
    std::string_view authorization, cookie, origin, host, content_type, accept, accept_language,
        if_match, if_none_match;
    std::string_view acting, idempotency_key, forwarded_for, forwarded_proto;
  };
  Headers headers() const;
  Credentials credentials(const Headers& headers) const;

  Server& server_;
  Connection connection_;
  const boost::asio::ip::address peer_;
  std::string client_;  // the client that limits count for, see client_key()
  std::optional<AddressShares::Place> place_;
  std::optional<AddressShares::Place> unsent_;    // of the response that is being sent
  std::optional<AddressShares::Place> received_;  // of the request that is being read
  boost::beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  std::string head_;
  std::string body_;
  Doing doing_ = Doing::kReading;
  std::chrono::steady_clock::time_point deadline_;
  std::chrono::steady_clock::time_point request_read_;
  std::size_t lingered_ = 0;
  bool keep_alive_ = false;
  bool head_only_ = false;
  bool gzip_ = false;
  bool chinese_ = false;
  bool timed_out_ = false;
  bool draining_ = false;
  bool refused_ = false;
};

}  // namespace qiao
