// Talks to a server: one HTTP/1.1 connection that is kept, and the watch feed.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/refusal.h"
#include "server/outbound/http_client.h"

namespace qiao {

struct Reply {
  unsigned status = 0;
  std::string body;
  std::string etag;
  std::string cookie = {};  // Set-Cookie
  int retry_after = 0;      // seconds; 0: absent
  std::string epoch = {};   // Qiao-Epoch
  bool ok() const { return status >= 200 && status < 300; }
};

using Headers = HttpHeaders;

// Blocking, for one thread. Does not resolve redirects and speaks to no proxy.
class Client {
 public:
  // "http://host:port" or "https://…", whose certificate is checked (QIAO_CA names a file of
  // additional authorities); refused for any other text.
  static Result<Client> to(const std::string& url);
  Client(Client&&) noexcept;
  Client& operator=(Client&&) noexcept;
  ~Client();

  // A connection of its own to the same server, with the same headers.
  Client another() const;

  // Sent with every request, e.g. Qiao-Actor. A header that a request gives with an empty value is
  // omitted from that one.
  void always(std::string name, std::string value);

  // An error only if there is no response. After a broken connection a GET, or a request with an
  // Idempotency-Key, is sent once more.
  Result<Reply> send(const std::string& method, const std::string& target,
                     const std::string& body = {}, const Headers& headers = {});

  // Calls frame(text) for each event until it returns false or the server closes, which returns the
  // reason.
  Result<std::string> watch(const std::string& target,
                            const std::function<bool(std::string_view)>& frame);

  const std::string& url() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao
