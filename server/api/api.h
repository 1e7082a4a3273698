// What the server answers, apart from how it arrives: a request goes in, a response comes out. No sockets here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/route.h"
#include "server/background/clearinghouse.h"
#include "server/runtime/runtime.h"

namespace qiao {

struct ApiOptions {
  // Who a request without a Qiao-Actor header comes from. Until there are accounts (issue 4) whoever reaches the port
  // may say who they are, so the server listens on loopback only unless told otherwise.
  pb::Actor default_actor;
  // Backups are made in folders under this one; empty: the route answers 404.
  std::string backup_folder;
};

// For the market thread. Lives as long as requests may come.
class Api {
 public:
  Api(Runtime& runtime, Clearinghouse& house, Metrics& metrics, ApiOptions options);

  // Answers at once; the answer is to be given when response.wait_for is on disk.
  Response handle(const Request& request);

  const std::vector<Route>& routes() const { return routes_; }
  // No more commands: the process is going.
  void drain() { draining_ = true; }

 private:
  Response run(const Request& request);
  const Route* find(const Request& request, Call& call, Response& refusal) const;

  Runtime& runtime_;
  Metrics& metrics_;
  ApiOptions options_;
  std::vector<Route> routes_;
  // Routes by the first segment behind /v1, or the only one.
  boost::unordered_flat_map<std::string, std::vector<const Route*>> by_word_;
  std::string openapi_;
  bool draining_ = false;
};

}  // namespace qiao
