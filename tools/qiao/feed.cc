// Reads the watch feed over a WebSocket.
#include "tools/qiao/feed.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using Plain = asio::ip::tcp::socket;
using Tls = beast::ssl_stream<asio::ip::tcp::socket>;

class Reader {
 public:
  Reader(const ServerAddress& server, const std::string& target, const HttpHeaders& headers)
      : server_(server), target_(target), headers_(headers) {}

  Result<FeedEnd> run(const std::function<bool(std::string_view)>& frame) {
    if (!server_.secure) {
      websocket::stream<Plain> socket(context_);
      if (const error_code error = connect(socket.next_layer())) return unreachable(error);
      return read(socket, frame);
    }
    if (const error_code error = trust()) return unreachable(error);
    websocket::stream<Tls> socket(context_, tls_);
    error_code error = connect(socket.next_layer().next_layer());
    if (!error) error = shake_hands(socket.next_layer());
    if (error) return unreachable(error);
    return read(socket, frame);
  }

 private:
  Refusal unreachable(const error_code& error) const {
    return refuse(Code::kUnreachable, {}, server_.url + " (" + error.message() + ")");
  }
  error_code connect(asio::ip::tcp::socket& socket) {
    error_code error;
    asio::ip::tcp::resolver resolver(context_);
    const auto found = resolver.resolve(server_.host, server_.port, error);
    if (!error) asio::connect(socket, found, error);
    return error;
  }
  error_code trust() {
    error_code error;
    tls_.set_default_verify_paths(error);
    if (!error && !server_.trust_file.empty()) tls_.load_verify_file(server_.trust_file, error);
    tls_.set_verify_mode(asio::ssl::verify_peer);
    return error;
  }
  error_code shake_hands(Tls& stream) {
    error_code error;
    stream.set_verify_callback(asio::ssl::host_name_verification(server_.host), error);
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(server_.host.c_str()));
    if (!error) stream.handshake(asio::ssl::stream_base::client, error);
    return error;
  }
  // The socket is connected.
  template <class Stream>
  Result<FeedEnd> read(websocket::stream<Stream>& socket,
                       const std::function<bool(std::string_view)>& frame) {
    error_code error;
    socket.set_option(websocket::stream_base::decorator([this](websocket::request_type& request) {
      for (const auto& [name, value] : headers_) request.set(name, value);
    }));
    websocket::response_type answer;
    socket.handshake(answer, server_.host + ":" + server_.port, target_, error);
    if (error == websocket::error::upgrade_declined) return FeedEnd{.declined = true};
    if (error) return unreachable(error);
    beast::flat_buffer incoming;
    while (true) {
      socket.read(incoming, error);
      if (error == websocket::error::closed)
        return FeedEnd{.reason = socket.reason().reason.c_str()};
      if (error) return unreachable(error);
      const auto bytes = incoming.cdata();
      if (!frame({static_cast<const char*>(bytes.data()), bytes.size()})) {
        socket.close(websocket::close_code::normal, error);
        return FeedEnd{};
      }
      incoming.clear();
    }
  }

  const ServerAddress& server_;
  const std::string& target_;
  const HttpHeaders& headers_;
  asio::io_context context_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
};

}  // namespace

Result<FeedEnd> read_feed(const ServerAddress& server, const std::string& target,
                          const HttpHeaders& headers,
                          const std::function<bool(std::string_view)>& frame) {
  return Reader(server, target, headers).run(frame);
}

}  // namespace qiao
