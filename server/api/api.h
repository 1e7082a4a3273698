// What the server answers, apart from how it arrives: a request goes in, a response comes out. No
// sockets here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/access/gate.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

// For the market thread. Lives as long as requests may come.
class Api {
 public:
  Api(Runtime& runtime, Clearinghouse& house, Analyst& analyst, Gate& gate, Metrics& metrics,
      ApiOptions options);

  // Answers at once; the answer is to be given when response.wait_for is on disk.
  Response handle(const Request& request);

  // Charges an address for time of the market thread that an answer took after handle().
  void charge(std::string_view address, std::chrono::nanoseconds used);

  const std::vector<Route>& routes() const { return routes_; }
  // May whoever sends it watch the feed, and what of it? For the WebSocket, which is no route.
  Gate::Answer<Identity> watcher(const Credentials& credentials) const;
  // No more commands: the process is going.
  void drain() { services_.draining = true; }

 private:
  Response answer_again(const Call& call, const pb::KeptAnswer& kept, Seq wait_for) const;
  Response run(const Request& request, Call& call);
  std::optional<Response> stopped(const Call& call) const;
  std::optional<Response> over_time_of_address(const Call& call, std::chrono::microseconds cost);
  std::optional<Response> over_limit(const Call& call, double changes,
                                     std::chrono::microseconds cost);
  const Route* find(const Request& request, Call& call, Response& refusal) const;

  Services services_;
  Runtime& runtime_;
  Gate& gate_;
  Metrics& metrics_;
  std::vector<Route> routes_;
  // Routes by the first segment behind /v1, or the only one.
  boost::unordered_flat_map<std::string, std::vector<const Route*>> by_word_;
};

}  // namespace qiao
