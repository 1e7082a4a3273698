// When a party may be notified of a line, and whether it answered a notification.
#pragma once

#include "engine/base/refusal.h"
#include "engine/rows/state.h"

namespace qiao {

// Refuses a notification that violates the policy's limits: quiet hours, the number per week, an
// interval that doubles with each unanswered notification in a row; and a second one for the same
// line. O(notifications of the party in a week).
Status may_notify(const State& state, Slot party, Slot need, std::uint8_t line, Time now);

// Whether it is during the quiet hours.
bool quiet(const State& state, Time now);

// Whether the party has claimed or accepted something of the need since, even if it withdrew later.
bool answered(const State& state, const NotificationRow& notification);

}  // namespace qiao
