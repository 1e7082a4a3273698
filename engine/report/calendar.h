// A party's services as a calendar that telephones subscribe to (iCalendar, RFC 5545).
#pragma once

#include <string>

#include "engine/rows/state.h"

namespace qiao {

// Matches that were accepted, from thirty days back on, as events in UTC; the dispatched ones as
// tentative. `url` is what the console's pages begin with.
std::string calendar(const State& state, Slot party, Time now, const std::string& url);

// A line of content folded at 75 bytes, never within a character (RFC 5545 §3.1), with its line
// end.
std::string fold_line(std::string_view line);

}  // namespace qiao
