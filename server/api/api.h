// What the server answers, apart from how it arrives: a request goes in, a response comes out. No
// sockets here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/access/gate.h"
#include "server/api/route.h"
#include "server/api/router.h"
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

  const std::vector<Route>& routes() const { return router_.routes(); }
  // May whoever sends it watch the feed, and what of it? For the WebSocket, which is no route.
  Gate::Answer<Identity> watcher(const Credentials& credentials) const;
  // No more commands: the process is going.
  void drain() { services_.draining = true; }

 private:
  static Response run(struct Exchange& x);

  Services services_;
  Router router_;
};

}  // namespace qiao
