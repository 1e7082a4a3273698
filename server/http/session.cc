#include "server/http/session.h"

#include <netinet/tcp.h>

#include <algorithm>
#include <boost/asio/write.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include "server/access/address.h"
#include "server/http/gzip.h"

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kGzipFrom = 1024;
// After a response that ends a connection, the rest of the request is read and discarded up to
// this, so that the response is not lost to a reset.
constexpr std::size_t kMaxLinger = 4 << 20;
// Bytes read at once beyond a header. The buffer grows no further, so that the line of a chunk's
// size and the trailer fields are bounded as well.
constexpr std::size_t kMaxReadAhead = 64 << 10;
// Connections that get a refusal at a time; any more are closed without one.
constexpr std::size_t kMaxRefused = 64;

// Bytes of a response that the system buffers beyond those in flight. The rest stays here, where it
// counts as unsent; the system would take megabytes of each connection.
constexpr int kMostNotSent = 128 << 10;
using NotSentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

// For every response.
constexpr std::string_view kHardened =
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: DENY\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n";
// No response of the API is a page: if a browser takes it for one, it may load, run and embed
// nothing.
constexpr std::string_view kNoPage =
    "Vary: Accept, Accept-Encoding, Accept-Language, Authorization, Cookie, Qiao-Actor\r\n"
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'\r\n"
    "Permissions-Policy: geolocation=(), camera=(), microphone=(), payment=()\r\n";
constexpr std::string_view kStrictTransport =
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n";

std::string_view view(beast::string_view s) { return {s.data(), s.size()}; }

// Whether Accept-Encoding accepts gzip (and not with q=0). Codings are case-insensitive (RFC 9110
// 8.4.1).
bool accepts_gzip(beast::string_view accept_encoding) {
  // Beast 1.81 gives a coding that ends the list the parameters of the one before it, unless
  // something follows.
  const std::string list = std::string(view(accept_encoding)) + ' ';
  for (const auto& [coding, parameters] : http::ext_list{list}) {
    if (!beast::iequals(coding, "gzip")) continue;
    return std::none_of(parameters.begin(), parameters.end(), [](const auto& parameter) {
      return beast::iequals(parameter.first, "q") &&
             parameter.second.find_first_not_of("0.") == beast::string_view::npos;
    });
  }
  return false;
}

asio::ip::address peer_of(Connection& connection) {
  error_code ignored;
  return connection.socket().remote_endpoint(ignored).address();
}

const char* reason(unsigned status) {
  const auto s = http::obsolete_reason(static_cast<http::status>(status));
  return s.data();
}

}  // namespace

Session::Session(Server& server, asio::ip::tcp::socket socket, asio::ssl::context* tls)
    : server_(server),
      connection_(std::move(socket), tls),
      peer_(peer_of(connection_)),
      client_(client_key(peer_, {})),
      buffer_(server.options_.max_header_bytes + kMaxReadAhead) {
  error_code ignored;
  connection_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
  connection_.socket().set_option(NotSentLowWater(kMostNotSent), ignored);
  ++server_.open_;
  server_.metrics_.connections.add(1);
}

Session::~Session() {
  --server_.open_;
  if (refused_) --server_.refused_;
  server_.metrics_.connections.add(-1);
  server_.finished(this);
}

void Session::start() {
  if (!connection_.secure()) return read();
  wait_until(Doing::kReading);
  connection_.async_handshake([self = shared_from_this()](const error_code& e) {
    if (e) return self->close();
    self->read();
  });
}

bool Session::take_place() {
  if (server_.options_.behind_proxy) return true;
  place_ = server_.shares_.take(client_);
  return place_.has_value();
}

// Headers that the API or this file uses; RequestParser ensures that each appears once. They are
// few, so one pass over them takes less than looking each up.
Session::Headers Session::headers() const {
  Headers h;
  h.host = parser_->host();
  for (const auto& field : parser_->get()) {
    const std::string_view value = view(field.value());
    switch (field.name()) {
      case http::field::authorization:
        h.authorization = value;
        break;
      case http::field::cookie:
        h.cookie = value;
        break;
      case http::field::origin:
        h.origin = value;
        break;
      case http::field::content_type:
        h.content_type = value;
        break;
      case http::field::accept:
        h.accept = value;
        break;
      case http::field::accept_language:
        h.accept_language = value;
        break;
      case http::field::if_match:
        h.if_match = value;
        break;
      case http::field::if_none_match:
        h.if_none_match = value;
        break;
      case http::field::unknown:
        if (beast::iequals(field.name_string(), "Qiao-Actor")) h.acting = value;
        if (beast::iequals(field.name_string(), "Idempotency-Key")) h.idempotency_key = value;
        // The last of these: the proxy in front appends its own to what the client sent.
        if (beast::iequals(field.name_string(), "X-Forwarded-For")) h.forwarded_for = value;
        if (beast::iequals(field.name_string(), "X-Forwarded-Proto")) h.forwarded_proto = value;
        break;
      default:
        break;
    }
  }
  return h;
}

// Views into the request that was read.
Credentials Session::credentials(const Headers& h) const {
  Credentials c;
  c.authorization = h.authorization;
  c.cookie = h.cookie;
  c.origin = h.origin;
  c.host = h.host;
  c.acting = h.acting;
  c.address = client_;
  c.secure = connection_.secure();
  if (server_.options_.behind_proxy) {
    c.secure =
        c.secure || beast::iequals({h.forwarded_proto.data(), h.forwarded_proto.size()}, "https");
  }
  return c;
}

void Session::wait_until(Doing doing) {
  doing_ = doing;
  deadline_ = std::chrono::steady_clock::now() + server_.options_.timeout;
}

void Session::sweep(std::chrono::steady_clock::time_point now) {
  if (doing_ == Doing::kWaiting || now < deadline_ || timed_out_) return;
  timed_out_ = true;
  server_.metrics_.connections_timed_out.add();
  error_code ignored;
  if (doing_ == Doing::kReading) {
    connection_.socket().cancel(ignored);
  } else {
    connection_.close();
  }
}

void Session::drain() {
  draining_ = true;
  if (doing_ == Doing::kReading && !(parser_ && parser_->got_some())) close();
}

void Session::close() { connection_.close(); }

void Session::read() {
  if (server_.options_.behind_proxy) place_.reset();
  head_only_ = false;
  received_.reset();
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(server_.options_.max_header_bytes));
  // Which limit applies depends on the target, which is not known yet; a length above all limits is
  // refused at once.
  parser_->body_limit(std::max({server_.options_.max_body_bytes, server_.options_.max_batch_bytes,
                                server_.options_.max_import_bytes}));
  wait_until(Doing::kReading);
  http::async_read_header(
      connection_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& e, std::size_t) { self->on_header(e); });
}

void Session::read_failed(const error_code& error) {
  keep_alive_ = false;
  if (timed_out_) {
    // A client that has sent nothing gets no response.
    if (!parser_ || !parser_->got_some()) return close();
    timed_out_ = false;
    return write(problem(HttpFault::kTimeout, chinese_));
  }
  if (error == http::error::end_of_stream || error == asio::ssl::error::stream_truncated ||
      error == asio::error::operation_aborted || error == asio::error::connection_reset ||
      error == http::error::partial_message) {
    return close();
  }
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return write(problem(HttpFault::kHeaderTooLarge, chinese_));
  }
  if (error == http::error::body_limit) return write(problem(HttpFault::kBodyTooLarge, chinese_));
  if (error.category() == http::make_error_code(http::error::bad_method).category())
    return write(problem(HttpFault::kMalformed, chinese_));
  close();
}

std::size_t Session::body_limit(std::string_view target) const {
  if (target.starts_with("/v1/batch")) return server_.options_.max_batch_bytes;
  if (target.starts_with("/v1/imports")) return server_.options_.max_import_bytes;
  return server_.options_.max_body_bytes;
}

void Session::on_header(const error_code& error) {
  if (error) return read_failed(error);
  const auto& header = parser_->get();
  keep_alive_ = parser_->keep_alive() && !draining_;
  head_only_ = header.method() == http::verb::head;
  gzip_ = accepts_gzip(header[http::field::accept_encoding]);
  chinese_ = prefers_chinese(view(header[http::field::accept_language]));
  const std::string_view target = parser_->target();
  const std::size_t limit = body_limit(target);
  if (const auto length = parser_->content_length(); length && *length > limit)
    return read_failed(http::error::body_limit);
  parser_->body_limit(limit);
  if (server_.options_.behind_proxy) {
    client_ = client_key(peer_, headers().forwarded_for);
    place_ = server_.shares_.take(client_);
    if (!place_) {
      keep_alive_ = false;
      return write(problem(HttpFault::kTooManyConnections, chinese_));
    }
  }
  // A body without a length may be of any size.
  const std::size_t size = parser_->is_done() ? 0 : parser_->content_length().value_or(limit);
  if (size > kSmallBody) {
    if (server_.received_.is_used_up(client_)) {
      keep_alive_ = false;
      return write(problem(HttpFault::kOverloaded, chinese_));
    }
    received_ = server_.received_.add(client_, size);
  }
  // Only this is upgraded here; elsewhere an offered Upgrade is ignored (RFC 9110 7.8).
  if (target == "/v1/watch" || target.starts_with("/v1/watch?")) return upgrade(target);
  if (header.version() >= 11 && beast::iequals(header[http::field::expect], "100-continue")) {
    static const std::string kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(connection_, asio::buffer(kContinue),
                      [self = shared_from_this()](const error_code& e, std::size_t) {
                        if (e) return self->close();
                        self->read_body();
                      });
    return;
  }
  read_body();
}

void Session::read_body() {
  if (parser_->is_done()) return on_request({});
  wait_until(Doing::kReading);
  http::async_read(
      connection_, buffer_, *parser_,
      [self = shared_from_this()](const error_code& e, std::size_t) { self->on_request(e); });
}

void Session::on_request(const error_code& error) {
  if (error) return read_failed(error);
  request_read_ = std::chrono::steady_clock::now();
  doing_ = Doing::kWaiting;
  server_.turns_.run(client_, request_read_, [self = shared_from_this()] { self->handle(); });
}

void Session::handle() {
  const auto& message = parser_->get();
  Request request;
  request.method = view(message.method_string());
  request.target = parser_->target();
  request.body = message.body();
  const Headers h = headers();
  request.content_type = h.content_type;
  request.accept = h.accept;
  request.accept_language = h.accept_language;
  request.if_match = h.if_match;
  request.if_none_match = h.if_none_match;
  request.idempotency_key = h.idempotency_key;
  request.credentials = credentials(h);
  if (request.method == "GET" || request.method == "HEAD") {
    if (const Page* page =
            server_.options_.pages.find(request.target.substr(0, request.target.find('?'))))
      return write_page(*page);
  }
  if (request.target.starts_with("/v1/") && server_.unsent_.is_used_up(client_)) {
    return write(problem(HttpFault::kOverloaded, chinese_));
  }
  answer(server_.api_.handle(request));
}

void Session::answer(Response response) {
  if (response.deferred) {
    doing_ = Doing::kWaiting;
    auto start = std::move(response.deferred);
    const auto then = [self = shared_from_this()](Response r) { self->answer(std::move(r)); };
    return start(Waiter(then, [this] { return connection_.other_side_is_there(); }));
  }
  if (response.wait_for <= server_.runtime_.durable_seq()) return write(std::move(response));
  doing_ = Doing::kWaiting;
  const Seq seq = response.wait_for;
  server_.runtime_.when_durable(
      seq, [self = shared_from_this(), r = std::make_shared<Response>(std::move(response))] {
        self->write(std::move(*r));
      });
}

void Session::write(Response response) {
  if (draining_) keep_alive_ = false;
  const bool has_body = response.status != 304 && response.status != 204;
  bool zipped = false;
  if (gzip_ && response.body.size() >= kGzipFrom &&
      !response.content_type.starts_with("application/x-protobuf")) {
    const auto began = std::chrono::steady_clock::now();
    body_ = gzip(response.body);
    zipped = true;
    server_.api_.charge(client_, std::chrono::steady_clock::now() - began);
  } else {
    body_ = std::move(response.body);
  }
  head_.clear();
  head_ += "HTTP/1.1 ";
  head_ += std::to_string(response.status);
  head_ += ' ';
  head_ += reason(response.status);
  head_ += "\r\nServer: qiao\r\n";
  if (has_body) {
    head_ += "Content-Type: ";
    head_ += response.content_type;
    head_ += "\r\n";
  }
  if (!response.etag.empty()) head_.append("ETag: ").append(response.etag).append("\r\n");
  if (!response.location.empty())
    head_.append("Location: ").append(response.location).append("\r\n");
  if (!response.allow.empty()) head_.append("Allow: ").append(response.allow).append("\r\n");
  if (zipped) head_ += "Content-Encoding: gzip\r\n";
  if (!response.set_cookie.empty())
    head_.append("Set-Cookie: ").append(response.set_cookie).append("\r\n");
  if (response.status == 401) head_ += "WWW-Authenticate: Bearer realm=\"qiao\"\r\n";
  if (response.status == 426) head_ += "Upgrade: websocket\r\nConnection: upgrade\r\n";
  if (response.status == 503 && response.retry_after == 0) response.retry_after = 1;
  if (response.retry_after != 0)
    head_.append("Retry-After: ").append(std::to_string(response.retry_after)).append("\r\n");
  head_ += response.secret ? "Cache-Control: no-store\r\n" : "Cache-Control: private, no-cache\r\n";
  head_ += kNoPage;
  head_ += server_.epoch_header_;
  head_ends(has_body, body_.size());
  if (head_only_ || !has_body) body_.clear();
  send(asio::buffer(body_));
}

// Pages change when a new console is built: files named after their content are cached, the others
// are revalidated.
void Session::write_page(const Page& page) {
  if (draining_) keep_alive_ = false;
  const std::string_view known = view(parser_->get()[http::field::if_none_match]);
  const bool same = !known.empty() && known.find(page.etag) != std::string_view::npos;
  const bool zipped = gzip_ && !page.zipped.empty();
  const std::string& body = zipped ? page.zipped : page.body;
  head_ = same ? "HTTP/1.1 304 Not Modified\r\nServer: qiao\r\n"
               : "HTTP/1.1 200 OK\r\nServer: qiao\r\n";
  if (!same) head_.append("Content-Type: ").append(page.content_type).append("\r\n");
  if (!same && zipped) head_ += "Content-Encoding: gzip\r\n";
  head_.append("ETag: ").append(page.etag).append("\r\nVary: Accept-Encoding\r\n");
  head_ += page.immutable ? "Cache-Control: public, max-age=31536000, immutable\r\n"
                          : "Cache-Control: no-cache\r\n";
  head_ += server_.page_headers_;
  head_ends(!same, body.size());
  send(same || head_only_ ? asio::const_buffer() : asio::buffer(body));
}

void Session::head_ends(bool has_body, std::size_t size) {
  head_ += kHardened;
  if (connection_.secure()) head_ += kStrictTransport;
  if (!keep_alive_) head_ += "Connection: close\r\n";
  if (has_body) {
    head_ += "Content-Length: ";
    head_ += std::to_string(size);
    head_ += "\r\n";
  }
  head_ += "\r\n";
}

// What `body` points to lives until it is sent: it belongs to this session, or is a page.
void Session::send(asio::const_buffer body) {
  if (request_read_ != std::chrono::steady_clock::time_point{}) {
    server_.metrics_.request_us.record_us(
        static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                       std::chrono::steady_clock::now() - request_read_)
                                       .count()));
    request_read_ = {};
  }
  wait_until(Doing::kWriting);
  std::array<asio::const_buffer, 2> buffers{asio::buffer(head_), body};
  const std::size_t written = connection_.try_write_some(buffers);
  if (written == head_.size() + body.size()) return sent();
  if (!body_.empty()) unsent_ = server_.unsent_.add(client_, body_.size());
  const std::size_t of_head = std::min(written, head_.size());
  buffers[0] += of_head;
  buffers[1] += written - of_head;
  asio::async_write(connection_, buffers,
                    [self = shared_from_this()](const error_code& e, std::size_t) {
                      if (e) return self->close();
                      self->sent();
                    });
}

void Session::sent() {
  unsent_.reset();
  body_ = {};
  if (!keep_alive_) return linger();
  read();
}

// Shuts down the sending side, then reads and discards what is still in flight.
void Session::linger() {
  wait_until(Doing::kLingering);
  // A client that has its response gets a moment to stop sending.
  deadline_ = std::chrono::steady_clock::now() + std::chrono::seconds{2};
  connection_.async_shutdown([self = shared_from_this()](const error_code& e) {
    if (e || self->connection_.secure()) return self->close();
    self->drop_incoming();
  });
}

void Session::drop_incoming() {
  buffer_.clear();
  connection_.async_read_some(buffer_.prepare(64 << 10),
                              [self = shared_from_this()](const error_code& e, std::size_t n) {
                                self->lingered_ += n;
                                if (e || self->lingered_ > kMaxLinger) return self->close();
                                self->drop_incoming();
                              });
}

void Session::refuse_connection() {
  keep_alive_ = false;
  refused_ = true;
  ++server_.refused_;
  // Nothing can be sent before a handshake, which costs more than the response.
  if (connection_.secure() || server_.refused_ > kMaxRefused) return close();
  write(problem(HttpFault::kTooManyConnections, false));
}

void Session::upgrade(std::string_view target) {
  keep_alive_ = false;
  const auto& message = parser_->get();
  const bool is_upgrade =
      beast::websocket::is_upgrade(message) && !message[http::field::sec_websocket_key].empty();
  if (!is_upgrade) return write(problem(HttpFault::kUpgradeRequired, chinese_));
  // A browser sends its cookies from any page: here the page must be ours.
  const Headers h = headers();
  Credentials strict = credentials(h);
  strict.changes = true;
  auto who = server_.api_.watcher(strict);
  if (!who.good())
    return write(who.refusal ? problem(*who.refusal, chinese_)
                             : problem(fault_of(who.error), chinese_));
  auto watch = parse_watch(target, h.accept, server_.runtime_.store().epoch());
  if (!watch) return write(problem(watch.error(), chinese_));
  if (auto known = check_watch(watch.value(), who.value.actor, server_.runtime_.state(),
                               server_.runtime_.durable_seq());
      !known) {
    return write(problem(known.error(), chinese_));
  }
  auto reach = reach_of(who.value, watch.value().filter, server_.runtime_.state());
  if (!reach) return write(problem(reach.error(), chinese_));
  watch.value().reach = std::move(reach).value();
  if (draining_) return write(problem(HttpFault::kDraining, chinese_));
  auto place = server_.feed_.take_place(client_);
  if (!place) return write(problem(HttpFault::kTooManyConnections, chinese_));
  // The request as received, for the WebSocket handshake on the feed's side.
  std::string text(view(message.method_string()));
  text.append(" ").append(target).append(" HTTP/1.1\r\n");
  for (const auto& field : message) {
    text.append(view(field.name_string())).append(": ").append(view(field.value())).append("\r\n");
  }
  text += "\r\n";
  const auto parcel = connection_.release();
  if (parcel.socket < 0) return;
  server_.feed_.take_over(parcel, std::move(text), std::move(watch).value(), std::move(*place));
}

}  // namespace qiao
