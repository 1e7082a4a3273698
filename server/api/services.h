// What the handlers of routes work with.
#pragma once

#include <memory>
#include <string>

#include "server/access/gate.h"
#include "server/background/analyst.h"
#include "server/background/clearinghouse.h"
#include "server/runtime/runtime.h"

namespace qiao {

class EquityCount;
class Imports;
class ReportCount;
class WorkforceCount;
template <class Count>
class KeptCounts;

struct ApiOptions {
  // How the server is reached from outside, e.g. https://qiao.example.cn; for links in invitations.
  // Empty: they are paths.
  std::string public_url;
  // Backups are made in folders under this one; empty: the route answers 404.
  std::string backup_folder;
  // What the console is told; see Session.
  std::string map_tiles;
  bool demo = false;
};

// One for each Api, which lives as long as requests may come: handlers may keep a reference.
struct Services {
  Runtime& runtime;
  Clearinghouse& house;
  Analyst& analyst;
  Gate& gate;
  Metrics& metrics;
  ApiOptions options;
  // Counts that have further pages, see counted.h.
  std::shared_ptr<KeptCounts<EquityCount>> equity;
  std::shared_ptr<KeptCounts<ReportCount>> reports;
  std::shared_ptr<KeptCounts<WorkforceCount>> workforce;
  std::shared_ptr<Imports> imports;
  std::string openapi = {};
  // No more commands: the process stops.
  bool draining = false;

  const State& state() const { return runtime.state(); }
};

}  // namespace qiao
