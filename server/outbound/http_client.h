// HTTP requests to other servers, over libcurl.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace qiao {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method = "GET";
  std::string url;  // http or https
  HttpHeaders headers = {};
  std::string body = {};
  // A connection that broke while idle is replaced and the request sent once more. Otherwise it is
  // sent over a new connection, so that it is never sent twice.
  bool replayable = true;
};

struct HttpResponse {
  unsigned status = 0;
  std::map<std::string, std::string> headers = {};  // by name in lower case; the last of its name
  std::string body = {};

  // Empty where there is no such header.
  std::string header(const std::string& lower_name) const;
};

// Why there is no response, in libcurl's words.
struct HttpFailure {
  std::string message;
};
template <class T>
using HttpResult =
    boost::outcome_v2::basic_result<T, HttpFailure, boost::outcome_v2::policy::terminate>;

struct HttpClientOptions {
  std::chrono::seconds timeout{0};   // of a whole exchange; 0: none
  std::size_t most_bytes = 1 << 20;  // of a response's body
  // A file with authorities to trust besides the system's (OpenSSL's own variables, such as
  // SSL_CERT_FILE, are followed); empty: none.
  std::string trust_file = {};
};

// Blocks. Follows no redirects and uses no proxy; certificates are verified. Connections are kept.
// For one thread at a time.
class HttpClient {
 public:
  explicit HttpClient(HttpClientOptions options = {});
  ~HttpClient();
  HttpClient(HttpClient&&) noexcept;
  HttpClient& operator=(HttpClient&&) noexcept;

  HttpResult<HttpResponse> send(const HttpRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao
