#include "server/http/provider_keys.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>
#include <boost/url/parse.hpp>
#include <fstream>
#include <memory>
#include <sstream>

#include "server/runtime/log.h"

namespace qiao {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

constexpr std::size_t kMaxBody = 1 << 20;
constexpr auto kRefreshEvery = std::chrono::hours{1};
// After a failure, and after a token with an unknown key: not more often than this.
constexpr auto kAgainAfter = std::chrono::seconds{60};
constexpr auto kLookEvery = std::chrono::seconds{5};
constexpr auto kTimeout = std::chrono::seconds{10};

// Asynchronous throughout, because only that can be given a time limit; the caller runs it to its
// end.
template <class Stream>
error_code exchange(asio::io_context& context, Stream& stream,
                    const http::request<http::empty_body>& request,
                    http::response_parser<http::string_body>& parser) {
  error_code result;
  beast::flat_buffer buffer;
  http::async_write(stream, request, [&](error_code e, std::size_t) {
    result = e;
    if (e) return;
    http::async_read(stream, buffer, parser, [&](error_code e2, std::size_t) { result = e2; });
  });
  context.restart();
  context.run();
  return result;
}

StoreResult<std::string> read_keys(const std::string& where) {
  if (where.starts_with("http://") || where.starts_with("https://")) return fetch(where, kTimeout);
  std::ifstream file(where, std::ios::binary);
  if (!file) return StoreError{"cannot read " + where};
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

StoreResult<std::string> fetch(const std::string& address, std::chrono::seconds timeout) {
  const auto parsed = boost::urls::parse_uri(address);
  const auto failed = [&](const std::string& why) {
    return StoreError{"cannot fetch " + address + ": " + why};
  };
  if (!parsed || (parsed->scheme() != "https" && parsed->scheme() != "http"))
    return failed("not an http or https address");
  const bool secure = parsed->scheme() == "https";
  const std::string host(parsed->host_address().data(), parsed->host_address().size());
  const std::string port = parsed->has_port()
                               ? std::string(parsed->port().data(), parsed->port().size())
                           : secure ? "443"
                                    : "80";
  const auto resource = parsed->encoded_resource();
  http::request<http::empty_body> request{
      http::verb::get,
      resource.empty() ? "/" : beast::string_view(resource.data(), resource.size()), 11};
  request.set(http::field::host, host);
  request.set(http::field::accept, "application/json");
  request.set(http::field::user_agent, "qiao");
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxBody);

  asio::io_context context(1);
  error_code error;
  asio::ip::tcp::resolver resolver(context);
  const auto endpoints = resolver.resolve(host, port, error);
  if (error) return failed(error.message());
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.set_default_verify_paths(error);
  tls.set_verify_mode(asio::ssl::verify_peer);
  beast::ssl_stream<beast::tcp_stream> stream(context, tls);
  auto& tcp = beast::get_lowest_layer(stream);
  tcp.expires_after(timeout);
  tcp.async_connect(endpoints, [&](error_code e, const auto&) { error = e; });
  context.run();
  if (error) return failed(error.message());
  tcp.expires_after(timeout);
  if (secure) {
    stream.set_verify_callback(asio::ssl::host_name_verification(host));
    SSL_ctrl(stream.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
             const_cast<char*>(host.c_str()));
    stream.async_handshake(asio::ssl::stream_base::client, [&](error_code e) { error = e; });
    context.restart();
    context.run();
    if (!error) error = exchange(context, stream, request, parser);
  } else {
    error = exchange(context, tcp, request, parser);
  }
  if (error) return failed(error.message());
  if (parser.get().result() != http::status::ok)
    return failed("it answered " + std::to_string(parser.get().result_int()));
  return std::move(parser.get().body());
}

ProviderKeys::ProviderKeys(asio::io_context& context, IdentityProvider& provider)
    : context_(context), provider_(provider), timer_(context) {
  if (!provider_.configured()) return;
  refresh();
  tick();
}

ProviderKeys::~ProviderKeys() {
  if (worker_.joinable()) worker_.join();
}

void ProviderKeys::refresh() {
  if (busy_ || !provider_.configured()) return;
  busy_ = true;
  refreshed_ = std::chrono::steady_clock::now();
  if (worker_.joinable()) worker_.join();
  worker_ = std::thread([this, where = provider_.options().keys] {
    auto keys = std::make_shared<StoreResult<std::string>>(read_keys(where));
    asio::post(context_, [this, keys] {
      busy_ = false;
      good_ = *keys && provider_.set_keys(keys->value());
      if (!good_)
        log_error("the identity provider's keys could not be read",
                  {{"reason", *keys ? "no usable key in it" : keys->error().message}});
    });
  });
}

void ProviderKeys::tick() {
  timer_.expires_after(kLookEvery);
  timer_.async_wait([this](const error_code& error) {
    if (error) return;
    const auto age = std::chrono::steady_clock::now() - refreshed_;
    if (age >= kRefreshEvery || (age >= kAgainAfter && (!good_ || provider_.take_unknown_key())))
      refresh();
    tick();
  });
}

}  // namespace qiao
