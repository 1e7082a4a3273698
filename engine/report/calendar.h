// A party's services as a calendar that phones can subscribe to (iCalendar, RFC 5545).
#pragma once

#include <string>

#include "engine/rows/state.h"

namespace qiao {

// Accepted matches, from thirty days ago on, as events in UTC; the dispatched ones as tentative.
// `url` is the prefix of the console's pages.
std::string calendar(const State& state, Slot party, Time now, const std::string& url);

// A content line folded at 75 bytes, never within a character (RFC 5545 §3.1), with its line end.
std::string fold_line(std::string_view line);

}  // namespace qiao
