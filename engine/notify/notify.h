// Decides which parties to notify of an unfilled need, and which not to disturb.
//
// After Manshadi & Rodilitz, "Online policies for efficient volunteer crowdsourcing" (Management
// Science 2022): a party that is notified stays inactive for a while, so a notification is used
// where an answer is likely, and no more are sent than the need requires. The limits on each party
// are rules of the market (engine/market/notifications.h).
#pragma once

#include <vector>

#include "engine/match/ranking.h"
#include "qiao/v1/notification.pb.h"

namespace qiao {

// The probability, in millionths, that the party answers a notification of a need of that category:
// a Beta posterior for party and category, whose prior is the posterior for the party over all
// categories, whose prior is set by the policy.
std::int64_t answer_chance(const State& state, Slot party, std::uint16_t category, Time now);

// The probability, in millionths, that independent suppliers with these probabilities together
// provide at least `wanted`.
struct Chance {
  std::int64_t units;
  std::int64_t micro;
};
std::int64_t chance_of(const std::vector<Chance>& givers, std::int64_t wanted);

// Chooses notifications for the lines of a need, the most valuable offers first, until these and
// recent notifications give each line the probability that the policy requires. Empty if the policy
// does not notify, the need is not open, it is likely enough to be filled, or no eligible party may
// be notified now. About 100 us a line.
std::vector<pb::Notification> choose_notifications(const Ranking& ranking, Slot need, Time now);

}  // namespace qiao
