// Measures how fast a server answers, from outside.
#pragma once

#include "tools/qiao/session.h"

namespace qiao {

struct BenchOptions {
  int connections = 16;
  int seconds = 5;
  std::string target = "/v1/policy";
};

// GETs on this many connections for this long; prints requests a second and the percentiles of
// their times.
int bench_server(Session& session, const BenchOptions& options);

}  // namespace qiao
