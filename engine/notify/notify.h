// Whom to tell of a need that lacks something, and when to leave them alone.
//
// After Manshadi & Rodilitz, "Online policies for efficient volunteer crowdsourcing" (Management
// Science 2022): who is told goes quiet for a while, so a notification is spent where it is likely
// to be answered, and no more of them than the need takes. Limits on each party are the market's
// own rules (engine/market/notifications.h).
#pragma once

#include <vector>

#include "engine/match/ranking.h"
#include "qiao/v1/notification.pb.h"

namespace qiao {

// The chance, in millionths, that the party answers when told of a need of that category: a Beta
// posterior for party and category, whose prior is the posterior for the party over all categories,
// whose prior is the policy's.
std::int64_t answer_chance(const State& state, Slot party, std::uint16_t category, Time now);

// The chance, in millionths, that independent givers who come with these chances bring at least
// `wanted` together.
struct Chance {
  std::int64_t units;
  std::int64_t micro;
};
std::int64_t chance_of(const std::vector<Chance>& givers, std::int64_t wanted);

// Notifications for the lines of a need, the most valuable offers first, until what was told lately
// and these give each line the policy's chance to be filled. Empty when nobody is to be told: the
// policy says so, the need is not open, it is likely enough to be filled, or all who could are to
// be left alone. About 100 us a line.
std::vector<pb::Notification> whom_to_tell(const Ranking& ranking, Slot need, Time now);

}  // namespace qiao
