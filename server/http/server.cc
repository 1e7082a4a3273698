#include "server/http/server.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "server/api/epoch.h"
#include "server/http/session.h"
#include "server/runtime/log.h"

namespace qiao {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

}  // namespace

Server::Server(asio::io_context& context, Api& api, Runtime& runtime, Feed& feed, Metrics& metrics,
               ServerOptions options)
    : context_(context),
      api_(api),
      runtime_(runtime),
      feed_(feed),
      metrics_(metrics),
      options_(std::move(options)),
      acceptor_(context),
      sweeper_(context),
      accept_again_(context),
      page_headers_(
          "Content-Security-Policy: " +
          options_.pages.content_security_policy(options_.tile_origin) +
          "\r\nPermissions-Policy: geolocation=(self), camera=(), microphone=(), payment=()\r\n"),
      epoch_header_("Qiao-Epoch: " + epoch_text(runtime.store().epoch()) + "\r\n"),
      shares_(share_of(std::min(options_.max_connections, options_.max_sockets),
                       options_.max_connections_per_address)) {}

Server::~Server() = default;

// TLS 1.2 and 1.3, forward secrecy and authenticated ciphers only.
StoreResult<void> Server::reload_certificate() {
  if (options_.certificate.empty()) return outcome::success();
  auto fresh = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX* native = fresh->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(
      native, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  error_code error;
  if (SSL_CTX_set_cipher_list(native, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return StoreError{"OpenSSL knows none of the ciphers that are asked for"};
  fresh->use_certificate_chain_file(options_.certificate, error);
  if (error)
    return StoreError{"cannot use the certificate in " + options_.certificate + ": " +
                      error.message()};
  fresh->use_private_key_file(options_.private_key, asio::ssl::context::pem, error);
  if (error)
    return StoreError{"cannot use the private key in " + options_.private_key + ": " +
                      error.message()};
  if (SSL_CTX_check_private_key(native) != 1)
    return StoreError{"the private key in " + options_.private_key +
                      " is not that of the certificate"};
  tls_ = std::move(fresh);
  return outcome::success();
}

StoreResult<void> Server::listen() {
  QIAO_TRY(reload_certificate());
  error_code error;
  const auto address = asio::ip::make_address(options_.address, error);
  if (error) return StoreError{"\"" + options_.address + "\" is not an address to listen on"};
  const asio::ip::tcp::endpoint endpoint(address, options_.port);
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(4096, error);
  if (error) {
    return StoreError{"cannot listen on " + options_.address + " port " +
                      std::to_string(options_.port) + ": " + error.message() +
                      "; choose another with --port"};
  }
  port_ = acceptor_.local_endpoint().port();
  accept();
  sweep();
  return outcome::success();
}

void Server::accept() {
  acceptor_.async_accept([this](const error_code& error, asio::ip::tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {
      // Out of file descriptors, most likely: wait until some connection has closed.
      accept_again_.expires_after(std::chrono::milliseconds{100});
      accept_again_.async_wait([this](const error_code& e) {
        if (!e) accept();
      });
      return;
    }
    const bool full =
        open_ - refused_ >= options_.max_connections ||
        open_ + static_cast<std::size_t>(metrics_.watchers.value()) >= options_.max_sockets;
    auto session = std::make_shared<Session>(*this, std::move(socket), tls_.get());
    sessions_.push_back(session);
    const bool taken = !full && session->take_place();
    (taken ? metrics_.connections_accepted : metrics_.connections_refused).add();
    taken ? session->start() : session->refuse_connection();
    accept();
  });
}

void Server::sweep() {
  sweeper_.expires_after(std::chrono::seconds{1});
  sweeper_.async_wait([this](const error_code& error) {
    if (error) return;
    const auto now = std::chrono::steady_clock::now();
    for (auto it = sessions_.begin(); it != sessions_.end();) {
      const auto session = it->lock();
      if (!session) {
        it = sessions_.erase(it);
        continue;
      }
      session->sweep(now);
      if (drained_ && now > drain_by_) session->close();
      ++it;
    }
    sweep();
  });
}

void Server::finished(Session*) {
  if (!drained_ || open_ > 0) return;
  sweeper_.cancel();
  auto then = std::move(drained_);
  drained_ = nullptr;
  asio::post(context_, std::move(then));
}

void Server::drain(std::function<void()> then) {
  error_code ignored;
  acceptor_.close(ignored);
  accept_again_.cancel();
  api_.drain();
  drain_by_ = std::chrono::steady_clock::now() + options_.drain;
  drained_ = std::move(then);
  for (const auto& weak : sessions_) {
    if (const auto session = weak.lock()) session->drain();
  }
  finished(nullptr);
}

}  // namespace qiao
