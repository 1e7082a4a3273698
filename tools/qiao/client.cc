#include "tools/qiao/client.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>

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
  asio::io_context context;
  beast::tcp_stream stream{context};
  beast::flat_buffer buffer;
  bool connected = false;

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
  error_code try_send(http::request<http::string_body>& request, http::response<http::string_body>& response) {
    error_code error;
    if (!connected) {
      buffer.clear();
      error = connect(stream.socket());
      if (error) return error;
      connected = true;
    }
    http::write(stream, request, error);
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxAnswer);
    if (!error) http::read(stream, buffer, parser, error);
    if (error || !parser.get().keep_alive()) {
      error_code ignored;
      stream.socket().close(ignored);
      connected = false;
    }
    if (!error) response = parser.release();
    return error;
  }
};

Client::Client() : impl_(std::make_unique<Impl>()) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

Result<Client> Client::to(const std::string& text) {
  const auto url = boost::urls::parse_uri(text);
  const bool good = url && url->scheme() == "http" && !url->host().empty() && (url->path().empty() || url->path() == "/");
  if (!good) return refuse(Code::kMalformed, "--server", "write it like http://127.0.0.1:8321", "请写成 http://127.0.0.1:8321");
  Client client;
  client.impl_->url = text;
  client.impl_->host = url->host_address();
  client.impl_->port = url->has_port() ? std::string(url->port()) : "80";
  return client;
}

const std::string& Client::url() const { return impl_->url; }

void Client::always(std::string name, std::string value) { impl_->always.emplace_back(std::move(name), std::move(value)); }

Result<Reply> Client::send(const std::string& method, const std::string& target, const std::string& body, const Headers& headers) {
  http::request<http::string_body> request;
  request.version(11);
  request.method_string(method);
  request.target(target);
  request.set(http::field::host, impl_->host + ":" + impl_->port);
  if (!body.empty()) request.set(http::field::content_type, "application/json");
  for (const auto& [name, value] : impl_->always) request.set(name, value);
  for (const auto& [name, value] : headers) request.set(name, value);
  request.body() = body;
  request.prepare_payload();
  http::response<http::string_body> response;
  const bool was_connected = impl_->connected;
  error_code error = impl_->try_send(request, response);
  const bool replayable = method == "GET" || request.count("Idempotency-Key") > 0;
  // The server may have closed a connection that was idle.
  if (error && was_connected && replayable) error = impl_->try_send(request, response);
  if (error) return impl_->unreachable(error);
  Reply reply;
  reply.status = response.result_int();
  reply.etag = std::string(response[http::field::etag]);
  reply.body = std::move(response.body());
  return reply;
}

Result<std::string> Client::watch(const std::string& target, const std::function<bool(std::string_view)>& frame) {
  beast::websocket::stream<asio::ip::tcp::socket> socket(impl_->context);
  if (const error_code error = impl_->connect(socket.next_layer())) return impl_->unreachable(error);
  error_code error;
  beast::websocket::response_type answer;
  socket.handshake(answer, impl_->host + ":" + impl_->port, target, error);
  if (error == beast::websocket::error::upgrade_declined) {
    // The reason is in the body; ask again as plain HTTP to read it.
    QIAO_TRY(const Reply reply, send("GET", target));
    return reply.body;
  }
  if (error) return impl_->unreachable(error);
  beast::flat_buffer buffer;
  while (true) {
    socket.read(buffer, error);
    if (error == beast::websocket::error::closed) return std::string(socket.reason().reason.c_str());
    if (error) return impl_->unreachable(error);
    const auto bytes = buffer.cdata();
    if (!frame({static_cast<const char*>(bytes.data()), bytes.size()})) {
      socket.close(beast::websocket::close_code::normal, error);
      return std::string();
    }
    buffer.clear();
  }
}

}  // namespace qiao
