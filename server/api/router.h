// Finds the route of a request.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "server/api/route.h"

namespace qiao {

class Router {
 public:
  explicit Router(std::vector<Route> routes);
  Router(const Router&) = delete;

  const std::vector<Route>& routes() const { return routes_; }
  // The route for the method and the path; fills the call's numbers. Returns nullptr and sets
  // `refusal`: 404, 405, or 400 for a malformed number.
  const Route* find(const Request& request, Call& call, Response& refusal) const;

 private:
  std::vector<Route> routes_;
  // By the first segment after /v1, or the only one.
  boost::unordered_flat_map<std::string, std::vector<const Route*>> by_word_;
};

}  // namespace qiao
