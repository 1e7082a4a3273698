// Converts an event to an entry of the audit.
#pragma once

#include "engine/rows/state.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/event.pb.h"

namespace qiao {

pb::AuditEntry entry_of(const State& state, const pb::Event& event);

}  // namespace qiao
