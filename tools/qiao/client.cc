#include "tools/qiao/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdlib>

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::uint64_t kMaxAnswer = std::uint64_t{1} << 30;

}  // namespace

struct Client::Impl {
  std::string url;
  std::string host;
  std::string port;
  Headers always;
  bool secure = false;
  asio::io_context context;
  asio::ssl::context tls{asio::ssl::context::tls_client};
  using Plain = asio::ip::tcp::socket;
  using Tls = beast::ssl_stream<asio::ip::tcp::socket>;
  std::unique_ptr<Plain> plain;  // whichever the scheme asks for, while connected
  std::unique_ptr<Tls> encrypted;
  beast::flat_buffer buffer;

  bool connected() const { return plain != nullptr || encrypted != nullptr; }
  void disconnect() {
    plain.reset();
    encrypted.reset();
    buffer.clear();
  }

  Refusal unreachable(const error_code& error) const {
    return refuse(Code::kUnreachable, {}, url + " (" + error.message() + ")");
  }
  error_code connect(asio::ip::tcp::socket& socket) {
    error_code error;
    asio::ip::tcp::resolver resolver(context);
    const auto found = resolver.resolve(host, port, error);
    if (!error) asio::connect(socket, found, error);
    if (!error) socket.set_option(asio::ip::tcp::no_delay(true), error);
    return error;
  }
  // The system's authorities, and those of the file that QIAO_CA names.
  error_code trust() {
    error_code error;
    tls.set_default_verify_paths(error);
    if (const char* ca = std::getenv("QIAO_CA"); !error && ca != nullptr && *ca != '\0')
      tls.load_verify_file(ca, error);
    tls.set_verify_mode(asio::ssl::verify_peer);
    return error;
  }
  error_code shake_hands(Tls& stream) {
    error_code error;
    stream.set_verify_callback(asio::ssl::host_name_verification(host), error);
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
    if (!error) stream.handshake(asio::ssl::stream_base::client, error);
    return error;
  }
  error_code open() {
    error_code error;
    if (!secure) {
      plain = std::make_unique<Plain>(context);
      error = connect(*plain);
    } else {
      error = trust();
      encrypted = std::make_unique<Tls>(context, tls);
      if (!error) error = connect(encrypted->next_layer());
      if (!error) error = shake_hands(*encrypted);
    }
    if (error) disconnect();
    return error;
  }
  template <class Stream>
  error_code exchange(Stream& stream, http::request<http::string_body>& request,
                      http::response<http::string_body>& response) {
    error_code error;
    http::write(stream, request, error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswer);
    if (!error) http::read(stream, buffer, parser, error);
    const bool keep = !error && parser.get().keep_alive();
    if (!error) response = parser.release();
    if (!keep) disconnect();
    return error;
  }
  error_code try_send(http::request<http::string_body>& request,
                      http::response<http::string_body>& response) {
    if (!connected()) {
      if (const error_code error = open()) return error;
    }
    return secure ? exchange(*encrypted, request, response) : exchange(*plain, request, response);
  }

  // Reads frames until the callback returns false. The socket is connected.
  template <class Stream>
  Result<std::string> watch(beast::websocket::stream<Stream>& socket, const std::string& target,
                            const std::function<bool(std::string_view)>& frame, bool& declined) {
    error_code error;
    socket.set_option(
        beast::websocket::stream_base::decorator([this](beast::websocket::request_type& request) {
          for (const auto& [name, value] : always) request.set(name, value);
        }));
    beast::websocket::response_type answer;
    socket.handshake(answer, host + ":" + port, target, error);
    declined = error == beast::websocket::error::upgrade_declined;
    if (declined) return std::string();
    if (error) return unreachable(error);
    beast::flat_buffer incoming;
    while (true) {
      socket.read(incoming, error);
      if (error == beast::websocket::error::closed)
        return std::string(socket.reason().reason.c_str());
      if (error) return unreachable(error);
      const auto bytes = incoming.cdata();
      if (!frame({static_cast<const char*>(bytes.data()), bytes.size()})) {
        socket.close(beast::websocket::close_code::normal, error);
        return std::string();
      }
      incoming.clear();
    }
  }
};

Client::Client() : impl_(std::make_unique<Impl>()) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::to(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  const bool good = url && (url->scheme() == "http" || url->scheme() == "https") &&
                    !url->host().empty() && (url->path().empty() || url->path() == "/");
  if (!good)
    return refuse(Code::kMalformed, "--server",
                  "write it like http://127.0.0.1:8321 or https://qiao.example.cn",
                  "请写成 http://127.0.0.1:8321 或 https://qiao.example.cn");
  Client client;
  client.impl_->url = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  client.impl_->secure = url->scheme() == "https";
  client.impl_->host = url->host_address();
  client.impl_->port = url->has_port()        ? std::string(url->port())
                       : client.impl_->secure ? "443"
                                              : "80";
  return client;
}

const std::string& Client::url() const { return impl_->url; }

void Client::always(std::string name, std::string value) {
  impl_->always.emplace_back(std::move(name), std::move(value));
}

Result<Reply> Client::send(const std::string& method, const std::string& target,
                           const std::string& body, const Headers& headers) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, impl_->host + ":" + impl_->port);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : impl_->always) request.set(name, value);
  for (const auto& [name, value] : headers)
    value.empty() ? static_cast<void>(request.erase(name)) : request.set(name, value);
  request.body() = body;
  request.prepare_payload();
  http::response<http::string_body> response;
  const bool was_connected = impl_->connected();
  error_code error = impl_->try_send(request, response);
  const bool replayable = method == "GET" || request.count("Idempotency-Key") > 0;
  // The server may have closed a connection that was idle.
  if (error && was_connected && replayable) error = impl_->try_send(request, response);
  if (error) return impl_->unreachable(error);
  Reply reply;
  reply.status = response.result_int();
  reply.etag = std::string(response[http::field::etag]);
  reply.cookie = std::string(response[http::field::set_cookie]);
  reply.retry_after = std::atoi(std::string(response[http::field::retry_after]).c_str());
  reply.epoch = std::string(response["Qiao-Epoch"]);
  reply.body = std::move(response.body());
  return reply;
}

Result<std::string> Client::watch(const std::string& target,
                                  const std::function<bool(std::string_view)>& frame) {
  bool declined = false;
  Result<std::string> ended = std::string();
  if (impl_->secure) {
    if (const error_code error = impl_->trust()) return impl_->unreachable(error);
    beast::websocket::stream<Impl::Tls> socket(impl_->context, impl_->tls);
    error_code error = impl_->connect(socket.next_layer().next_layer());
    if (!error) error = impl_->shake_hands(socket.next_layer());
    if (error) return impl_->unreachable(error);
    ended = impl_->watch(socket, target, frame, declined);
  } else {
    beast::websocket::stream<Impl::Plain> socket(impl_->context);
    if (const error_code error = impl_->connect(socket.next_layer()))
      return impl_->unreachable(error);
    ended = impl_->watch(socket, target, frame, declined);
  }
  if (!declined) return ended;
  // The reason is in the body; request it again as plain HTTP to read it.
  QIAO_TRY(const Reply reply, send("GET", target));
  return reply.body;
}

Client Client::another() const {
  Client client;
  client.impl_->url = impl_->url;
  client.impl_->secure = impl_->secure;
  client.impl_->host = impl_->host;
  client.impl_->port = impl_->port;
  client.impl_->always = impl_->always;
  return client;
}

}  // namespace qiao
