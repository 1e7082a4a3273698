// What a party has given (服务记录), and who has given most.
#pragma once

#include <vector>

#include "engine/market/state.h"
#include "qiao/v1/report.pb.h"

namespace qiao {

inline constexpr std::size_t kMaxEntries = 500;
inline constexpr std::string_view kMicroWish = "micro_wish";

// O(matches of the party); parses those that were served. `entries`: with each service, and not of the sum only.
pb::ServiceRecord service_record(const State& state, Slot party, bool entries);

// Active parties of the kind with most services, at most `most`. O(parties + matches of the chosen).
std::vector<Slot> most_services(const State& state, pb::PartyKind kind, Slot within, std::size_t most);

// The stars of so many unit-minutes.
std::uint32_t star_rating(const pb::RecognitionPolicy& policy, std::int64_t minutes);

}  // namespace qiao
