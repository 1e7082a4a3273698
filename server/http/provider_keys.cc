#include "server/http/provider_keys.h"

#include <boost/asio/post.hpp>
#include <memory>

#include "server/outbound/http_client.h"
#include "server/runtime/log.h"
#include "server/runtime/read_file.h"

namespace qiao {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr unsigned kOk = 200;
constexpr std::size_t kMaxBody = 1 << 20;
constexpr auto kRefreshEvery = std::chrono::hours{1};
// After a failure, and after a token with an unknown key: not more often than this.
constexpr auto kAgainAfter = std::chrono::seconds{60};
constexpr auto kLookEvery = std::chrono::seconds{5};
constexpr auto kTimeout = std::chrono::seconds{10};

StoreResult<std::string> fetch(const std::string& url) {
  HttpClient client({.timeout = kTimeout, .most_bytes = kMaxBody});
  const auto failed = [&](const std::string& why) {
    return StoreError{"cannot fetch " + url + ": " + why};
  };
  auto answer = client.send({.url = url, .headers = {{"Accept", "application/json"}}});
  if (!answer) return failed(answer.error().message);
  if (answer.value().status != kOk)
    return failed("it answered " + std::to_string(answer.value().status));
  return std::move(answer.value().body);
}

StoreResult<std::string> read_keys(const std::string& where) {
  if (where.starts_with("http://") || where.starts_with("https://")) return fetch(where);
  return read_file(where);
}

}  // namespace

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
