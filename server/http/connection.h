// A TCP connection, with or without TLS, as one stream for Asio and Beast, so that sessions and the
// feed are compiled once.
#pragma once

#include <poll.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/role.hpp>
#include <memory>
#include <utility>

namespace qiao {

// Not thread-safe: used by the thread of its executor.
class Connection {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using executor_type = Socket::executor_type;
  using lowest_layer_type = Socket::lowest_layer_type;
  using error_code = boost::system::error_code;

  // `tls` null: unencrypted.
  Connection(Socket socket, boost::asio::ssl::context* tls)
      : socket_(std::make_unique<Socket>(std::move(socket))) {
    if (tls != nullptr) tls_ = std::make_unique<Tls>(*socket_, *tls);
  }
  Connection(Connection&&) = default;
  Connection& operator=(Connection&&) = default;

  executor_type get_executor() { return socket_->get_executor(); }
  lowest_layer_type& lowest_layer() { return socket_->lowest_layer(); }
  Socket& socket() { return *socket_; }
  bool secure() const { return tls_ != nullptr; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& b) {
          tls_ ? tls_->async_read_some(b, std::move(handler))
               : socket_->async_read_some(b, std::move(handler));
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(error_code, std::size_t)>(
        [this](auto handler, const Buffers& b) {
          tls_ ? tls_->async_write_some(b, std::move(handler))
               : socket_->async_write_some(b, std::move(handler));
        },
        token, buffers);
  }
  // Writes at once what fits into the socket's buffer, and returns how much that was; 0 with TLS,
  // where writing alternates with reading. For a short response it saves the way through the event
  // queue.
  template <class Buffers>
  std::size_t try_write_some(const Buffers& buffers) {
    if (tls_) return 0;
    error_code error;
    if (!socket_->non_blocking()) socket_->non_blocking(true, error);
    // An error is reported by the next read or write.
    return error ? 0 : socket_->write_some(buffers, error);
  }
  // With TLS only.
  template <class Handler>
  void async_handshake(Handler handler) {
    tls_->async_handshake(boost::asio::ssl::stream_base::server, std::move(handler));
  }
  // Shuts down the sending side: handler(error).
  template <class Handler>
  void async_shutdown(Handler handler) {
    if (tls_) return tls_->async_shutdown(std::move(handler));
    error_code error;
    socket_->shutdown(Socket::shutdown_send, error);
    boost::asio::post(get_executor(),
                      [handler = std::move(handler), error]() mutable { handler(error); });
  }
  // False once the other side has closed the connection, or its half of it: such a client is
  // assumed not to wait for anything. What it may have sent before is not read.
  bool other_side_is_there() {
    if (!socket_->is_open()) return false;
    pollfd state{.fd = socket_->native_handle(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) == 0;
  }
  void close() {
    error_code ignored;
    socket_->close(ignored);
  }

  // A connection that moves to another thread. Between two messages only: what TLS has read ahead
  // is lost.
  struct Parcel {
    boost::asio::ip::tcp protocol;
    int socket = -1;
    SSL* tls = nullptr;
  };
  // the socket is -1 if it is closed.
  Parcel release() {
    Parcel parcel{socket_->local_endpoint(ignored_).protocol(), -1, nullptr};
    if (tls_) {
      parcel.tls = tls_->native_handle();
      SSL_up_ref(parcel.tls);
      // Its buffers belong to this thread's side.
      SSL_set_bio(parcel.tls, nullptr, nullptr);
      tls_.reset();
    }
    parcel.socket = socket_->release(ignored_);
    return parcel;
  }
  Connection(boost::asio::io_context& context, const Parcel& parcel)
      : socket_(std::make_unique<Socket>(context, parcel.protocol, parcel.socket)) {
    if (parcel.tls != nullptr) tls_ = std::make_unique<Tls>(*socket_, parcel.tls);
  }

 private:
  using Tls = boost::asio::ssl::stream<Socket&>;
  std::unique_ptr<Socket> socket_;  // at a fixed address, so that TLS can reference it
  std::unique_ptr<Tls> tls_;
  error_code ignored_;
};

// Required by Beast's WebSocket for closing a stream.
inline void beast_close_socket(Connection& connection) { connection.close(); }
inline void teardown(boost::beast::role_type, Connection& connection,
                     boost::system::error_code& error) {
  connection.close();
  error = {};
}
template <class Handler>
void async_teardown(boost::beast::role_type, Connection& connection, Handler&& handler) {
  connection.close();
  boost::asio::post(connection.get_executor(),
                    [handler = std::forward<Handler>(handler)]() mutable {
                      handler(boost::system::error_code());
                    });
}

}  // namespace qiao
