#include "server/outbound/http_client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <array>
#include <string_view>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace qiao {
namespace {

// Once in a process; libcurl has no other threads by then or guards it itself (since 7.84).
void init_once() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  QIAO_CHECK(done == CURLE_OK, "libcurl starts");
}

struct Received {
  HttpResponse response;
  std::size_t most_bytes;
};

std::size_t receive_body(char* data, std::size_t, std::size_t size, void* into) {
  auto& received = *static_cast<Received*>(into);
  if (received.response.body.size() + size > received.most_bytes) return CURL_WRITEFUNC_ERROR;
  received.response.body.append(data, size);
  return size;
}

std::size_t receive_header(char* data, std::size_t, std::size_t size, void* into) {
  std::string_view line(data, size);
  line = line.substr(0, line.find_last_not_of("\r\n") + 1);
  auto& headers = static_cast<Received*>(into)->response.headers;
  const auto colon = line.find(':');
  // The first line of a response: those of an interim one before it do not count.
  if (colon == std::string_view::npos) {
    if (line.starts_with("HTTP/")) headers.clear();
    return size;
  }
  headers[ascii_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
  return size;
}

// As OpenSSL's own programs do, and the file of the options.
CURLcode trust(CURL*, void* context, void* trust_file) {
  auto* tls = static_cast<SSL_CTX*>(context);
  const auto& file = *static_cast<const std::string*>(trust_file);
  const bool good =
      SSL_CTX_set_default_verify_paths(tls) == 1 &&
      (file.empty() || SSL_CTX_load_verify_locations(tls, file.c_str(), nullptr) == 1);
  return good ? CURLE_OK : CURLE_SSL_CACERT_BADFILE;
}

bool has_body(const HttpRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" ||
         request.method == "PATCH";
}

// libcurl adds headers of its own; one without a value is left out.
struct HeaderList {
  curl_slist* list = nullptr;
  HeaderList() = default;
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  ~HeaderList() { curl_slist_free_all(list); }
  void add(const std::string& line) {
    curl_slist* const longer = curl_slist_append(list, line.c_str());
    QIAO_CHECK(longer != nullptr, "memory for a header");
    list = longer;
  }
};

}  // namespace

std::string HttpResponse::header(const std::string& lower_name) const {
  const auto found = headers.find(lower_name);
  return found == headers.end() ? std::string() : found->second;
}

struct HttpClient::Impl {
  explicit Impl(HttpClientOptions with) : options(std::move(with)) {
    init_once();
    curl = curl_easy_init();
    QIAO_CHECK(curl != nullptr, "libcurl gives a handle");
  }
  ~Impl() { curl_easy_cleanup(curl); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void set_transfer(const HttpRequest& request, Received& received) {
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, static_cast<long>(options.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, request.replayable ? 0L : 1L);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, &trust);
    curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, &options.trust_file);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &receive_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &received);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &receive_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &received);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, message.data());
  }
  void set_request(const HttpRequest& request, const HeaderList& headers) {
    curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.list);
    if (has_body(request)) {
      curl_easy_setopt(curl, CURLOPT_POST, 1L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                       static_cast<curl_off_t>(request.body.size()));
    } else {
      curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
      curl_easy_setopt(curl, CURLOPT_NOBODY, request.method == "HEAD" ? 1L : 0L);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }

  HttpClientOptions options;
  CURL* curl;
  std::array<char, CURL_ERROR_SIZE> message{};
};

HttpClient::HttpClient(HttpClientOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}

HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResult<HttpResponse> HttpClient::send(const HttpRequest& request) {
  Impl& impl = *impl_;
  HeaderList headers;
  bool typed = false;
  for (const auto& [name, value] : request.headers) {
    if (value.find_first_of("\r\n") != std::string::npos)
      return HttpFailure{"a line break in the header " + name};
    headers.add(name + ": " + value);
    typed = typed || ascii_lower(name) == "content-type";
  }
  headers.add("Expect:");
  if (!typed) headers.add("Content-Type:");
  Received received{.response = {}, .most_bytes = impl.options.most_bytes};
  impl.message[0] = '\0';
  // Keeps connections.
  curl_easy_reset(impl.curl);
  impl.set_transfer(request, received);
  impl.set_request(request, headers);
  const CURLcode done = curl_easy_perform(impl.curl);
  if (done != CURLE_OK) {
    const bool told = impl.message[0] != '\0';
    return HttpFailure{told ? impl.message.data() : curl_easy_strerror(done)};
  }
  long status = 0;
  curl_easy_getinfo(impl.curl, CURLINFO_RESPONSE_CODE, &status);
  received.response.status = static_cast<unsigned>(status);
  return std::move(received.response);
}

}  // namespace qiao
