// Reads the watch feed over a WebSocket. Blocks.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"
#include "server/outbound/http_client.h"

namespace qiao {

struct ServerAddress {
  std::string url;  // without a slash at its end
  std::string host;
  std::string port;
  bool secure = false;          // https
  std::string trust_file = {};  // authorities to trust besides the system's; empty: none
};

struct FeedEnd {
  std::string reason = {};  // the server's, where it closed the feed
  bool declined = false;    // the server did not open a feed; its HTTP answer says why
};

// Calls frame(text) for each event until it returns false or the server closes. An error where the
// server cannot be reached.
Result<FeedEnd> read_feed(const ServerAddress& server, const std::string& target,
                          const HttpHeaders& headers,
                          const std::function<bool(std::string_view)>& frame);

}  // namespace qiao
