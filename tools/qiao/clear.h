// qiao clear: one clearing from its start to its end.
#pragma once

#include <cstdint>
#include <string>

#include "tools/qiao/session.h"

namespace qiao {

struct ClearCommand {
  std::uint64_t area = 0;
  std::int64_t budget = 10;
  double gap_percent = 0.5;
  std::string apply;     // nothing, propose or dispatch
  bool explain = false;  // proposals, gaps and equity too
};

// Starts it, shows its progress, waits, shows the result. Ctrl-C leaves it running.
int clear_city(Session& session, const ClearCommand& command);

}  // namespace qiao
