// The services that handlers use.
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
  // The server's public URL, for example https://qiao.example.cn; for links in invitations. Empty:
  // links are paths.
  std::string public_url;
  // Backups are written to folders in this one; empty: the route answers 404.
  std::string backup_folder;
  // The URL of map tiles for the console; see Session.
  std::string map_tiles;
  bool demo = false;
};

// One for each Api; outlives all requests, so that handlers may keep a reference.
struct Services {
  Runtime& runtime;
  Clearinghouse& house;
  Analyst& analyst;
  Gate& gate;
  Metrics& metrics;
  ApiOptions options;
  // Stored counts that have more pages, see counted.h.
  std::shared_ptr<KeptCounts<EquityCount>> equity;
  std::shared_ptr<KeptCounts<ReportCount>> reports;
  std::shared_ptr<KeptCounts<WorkforceCount>> workforce;
  std::shared_ptr<Imports> imports;
  std::string openapi = {};
  // Commands are refused: the process is stopping.
  bool draining = false;

  const State& state() const { return runtime.state(); }
};

}  // namespace qiao
