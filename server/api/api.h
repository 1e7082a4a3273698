// From requests to responses, independent of the transport: no sockets here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "server/access/gate.h"
#include "server/api/route.h"
#include "server/api/router.h"
#include "server/api/services.h"

namespace qiao {

// Used on the market thread. Must outlive all requests.
class Api {
 public:
  Api(Runtime& runtime, Clearinghouse& house, Analyst& analyst, Gate& gate, Metrics& metrics,
      ApiOptions options);

  // Returns at once. Send the response only when response.wait_for is on disk.
  Response handle(const Request& request);

  // Charges an address for market-thread time that a response took after handle().
  void charge(std::string_view address, std::chrono::nanoseconds used);

  const std::vector<Route>& routes() const { return router_.routes(); }
  // Authenticates a client of the watch feed and decides what it may see. The WebSocket is not a
  // route.
  Gate::AuthResult<Identity> watcher(const Credentials& credentials) const;
  // Refuses commands from now on: the process is stopping.
  void drain() { services_.draining = true; }

 private:
  static Response run(struct Exchange& x);

  Services services_;
  Router router_;
};

}  // namespace qiao
