// A party's services as a calendar that phones can subscribe to (iCalendar, RFC 5545).
#pragma once

#include <functional>
#include <string>

#include "engine/rows/state.h"

namespace qiao {

// Accepted matches, from thirty days ago on, as events in UTC; the dispatched ones as tentative.
// `page_of` returns the address of a match's page; empty: events have no address.
std::string calendar(const State& state, Slot party, Time now,
                     const std::function<std::string(MatchId)>& page_of);

// A content line folded at 75 bytes, never within a character (RFC 5545 §3.1), with its line end.
std::string fold_line(std::string_view line);

}  // namespace qiao
