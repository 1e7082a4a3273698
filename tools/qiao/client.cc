#include "tools/qiao/client.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <cstdlib>

#include "tools/qiao/feed.h"

namespace qiao {
namespace {

constexpr std::size_t kMaxAnswer = std::size_t{1} << 30;

std::string trust_file() {
  const char* ca = std::getenv("QIAO_CA");
  return ca == nullptr ? std::string() : ca;
}

// Those of `more` in place of `always` of the same name; one without a value is left out.
HttpHeaders joined(const HttpHeaders& always, const HttpHeaders& more) {
  HttpHeaders all = more;
  for (const auto& header : always) {
    const bool given = std::any_of(more.begin(), more.end(),
                                   [&](const auto& other) { return other.first == header.first; });
    if (!given) all.push_back(header);
  }
  std::erase_if(all, [](const auto& header) { return header.second.empty(); });
  return all;
}

bool has(const HttpHeaders& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return header.first == name; });
}

}  // namespace

struct Client::Impl {
  explicit Impl(ServerAddress address)
      : server(std::move(address)),
        http({.most_bytes = kMaxAnswer, .trust_file = server.trust_file}) {}

  ServerAddress server;
  HttpHeaders always = {};
  HttpClient http;
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
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
  ServerAddress server;
  server.url = text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
  server.secure = url->scheme() == "https";
  server.host = url->host_address();
  server.port = url->has_port() ? std::string(url->port()) : server.secure ? "443" : "80";
  server.trust_file = trust_file();
  return Client(std::make_unique<Impl>(std::move(server)));
}

const std::string& Client::url() const { return impl_->server.url; }

void Client::always(std::string name, std::string value) {
  impl_->always.emplace_back(std::move(name), std::move(value));
}

Result<Reply> Client::send(const std::string& method, const std::string& target,
                           const std::string& body, const Headers& headers) {
  HttpRequest request{.method = method,
                      .url = impl_->server.url + target,
                      .headers = joined(impl_->always, headers),
                      .body = body};
  if (!body.empty() && !has(request.headers, "Content-Type"))
    request.headers.emplace_back("Content-Type", "application/json");
  request.replayable = method == "GET" || has(request.headers, "Idempotency-Key");
  auto sent = impl_->http.send(request);
  if (!sent) return refuse(Code::kUnreachable, {}, url() + " (" + sent.error().message + ")");
  HttpResponse& response = sent.value();
  Reply reply;
  reply.status = response.status;
  reply.etag = response.header("etag");
  reply.cookie = response.header("set-cookie");
  reply.retry_after = std::atoi(response.header("retry-after").c_str());
  reply.epoch = response.header("qiao-epoch");
  reply.body = std::move(response.body);
  return reply;
}

Result<std::string> Client::watch(const std::string& target,
                                  const std::function<bool(std::string_view)>& frame) {
  QIAO_TRY(const FeedEnd end, read_feed(impl_->server, target, impl_->always, frame));
  if (!end.declined) return end.reason;
  // The reason is in the body; ask again as plain HTTP to read it.
  QIAO_TRY(const Reply reply, send("GET", target));
  return reply.body;
}

Client Client::another() const {
  Client client(std::make_unique<Impl>(impl_->server));
  client.impl_->always = impl_->always;
  return client;
}

}  // namespace qiao
