// When a party may be told of a line, and whether it answered what it was told.
#pragma once

#include "engine/base/refusal.h"
#include "engine/rows/state.h"

namespace qiao {

// The policy's limits: quiet hours, so many a week, a spacing that doubles with each silence in a
// row, never twice of the same line. O(notifications of the party in a week).
Status may_notify(const State& state, Slot party, Slot need, std::uint8_t line, Time now);

// The same for the hours alone.
bool quiet(const State& state, Time now);

// The party has taken something of the need since: claimed or accepted, whatever came of it later.
bool answered(const State& state, const NotificationRow& notification);

}  // namespace qiao
