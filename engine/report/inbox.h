// The inbox of the requester.
#pragma once

#include "engine/identity/roles.h"
#include "engine/rows/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::size_t kMaxInbox = 100;

// O(entries); for the lead and organisers also O(areas), for a party O(its matches).
pb::Inbox inbox(const State& state, const pb::Actor& actor, Time now);

}  // namespace qiao
