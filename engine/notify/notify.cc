#include "engine/notify/notify.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/market/notifications.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

constexpr std::size_t kCandidatesPerLine = 40;  // best offers of a line that are considered
// After this long an answer is no longer expected.
constexpr Seconds kPatience = std::chrono::hours{24};
// More units than this are counted in steps.
constexpr std::int64_t kMostSteps = 256;

struct Record {
  std::int64_t answers = 0;
  std::int64_t silences = 0;
};

// Counts the newest notifications of the party: all of them, and those of needs of one category.
std::pair<Record, Record> record_of(const State& state, Slot party, std::uint16_t category,
                                    Time now) {
  Record all;
  Record kind;
  int looked_at = 0;
  for (Slot s = state.parties()[party].first_notification;
       s != kNoSlot && looked_at < kMaxNotificationsConsidered;
       s = state.notifications()[s].next_of_party, ++looked_at) {
    const NotificationRow& row = state.notifications()[s];
    const bool yes = answered(state, row);
    // Parties that were notified recently do not count as silent yet.
    if (!yes && now < row.sent + kPatience) continue;
    (yes ? all.answers : all.silences) += 1;
    if (state.needs()[row.need].category == category) (yes ? kind.answers : kind.silences) += 1;
  }
  return {all, kind};
}

// Whether the party was notified of this line recently enough that it may still answer, and has not
// answered.
bool pending(const State& state, Slot party, Slot need, std::uint8_t line, Time now) {
  int looked_at = 0;
  for (Slot s = state.parties()[party].first_notification;
       s != kNoSlot && looked_at < kMaxNotificationsConsidered;
       s = state.notifications()[s].next_of_party, ++looked_at) {
    const NotificationRow& row = state.notifications()[s];
    if (row.sent + kPatience <= now) return false;
    if (row.need == need && row.line == line) return !answered(state, row);
  }
  return false;
}

}  // namespace

std::int64_t answer_chance(const State& state, Slot party, std::uint16_t category, Time now) {
  const pb::NotificationPolicy& policy = state.policy().notification();
  const std::int64_t yes = policy.prior_answers() == 0 ? 1 : policy.prior_answers();
  const std::int64_t no = policy.prior_silences() == 0 ? 3 : policy.prior_silences();
  const auto [all, kind] = record_of(state, party, category, now);
  const std::int64_t mean = div_micro(yes + all.answers, yes + no + all.answers + all.silences);
  // The party's own mean counts for as many observations as the policy's prior did.
  const std::int64_t weight = yes + no;
  return (mean * weight + kind.answers * kMicro) / (weight + kind.answers + kind.silences);
}

std::int64_t chance_of(const std::vector<Chance>& givers, std::int64_t wanted) {
  if (wanted <= 0) return kMicro;
  // Rounding units down and the wanted number up never makes the probability too high.
  const std::int64_t step = (wanted + kMostSteps - 1) / kMostSteps;
  const auto most = static_cast<std::size_t>((wanted + step - 1) / step);
  std::vector<std::int64_t> sums(most + 1, 0);
  sums[0] = kMicro;
  for (const Chance& g : givers) {
    const auto units = static_cast<std::size_t>(
        std::min<std::int64_t>(g.units / step, static_cast<std::int64_t>(most)));
    if (units == 0) continue;
    for (std::size_t have = most + 1; have-- > 0;) {
      const std::int64_t come = mul_micro(sums[have], g.micro);
      sums[have] -= come;
      sums[std::min(most, have + units)] += come;
    }
  }
  return sums[most];
}

std::vector<pb::Notification> choose_notifications(const Ranking& ranking, Slot slot, Time now) {
  const State& state = ranking.state();
  std::vector<pb::Notification> result;
  const std::int64_t target = state.policy().notification().fill_micro();
  const NeedRow& need = state.needs()[slot];
  if (target == 0 || !takes_matches(need.state) || quiet(state, now)) return result;
  std::vector<Slot> told;  // one notification for a party, even if it could serve two lines
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    const LineRow& line = state.line(l);
    if (line.held >= line.quantity || now >= line.window.start) continue;
    const auto candidates = ranking.proposable(l, kCandidatesPerLine, now);
    std::vector<Chance> givers;
    for (const Candidate& c : candidates) {
      const Slot party = state.offers()[c.offer].party;
      if (pending(state, party, slot, line.number, now))
        givers.push_back({c.judgement.available, answer_chance(state, party, need.category, now)});
    }
    const std::int64_t wanted = line.quantity - line.held;
    for (const Candidate& c : candidates) {
      if (chance_of(givers, wanted) >= target) break;
      const Slot party = state.offers()[c.offer].party;
      if (std::find(told.begin(), told.end(), party) != told.end() ||
          !may_notify(state, party, slot, line.number, now))
        continue;
      const std::int64_t chance = answer_chance(state, party, need.category, now);
      told.push_back(party);
      givers.push_back({c.judgement.available, chance});
      pb::Notification& n = result.emplace_back();
      n.set_party_id(state.parties()[party].id.value());
      n.set_need_id(need.id.value());
      n.set_line(line.number);
      n.set_offer_id(state.offers()[c.offer].id.value());
      n.set_chance_micro(chance);
    }
  }
  return result;
}

}  // namespace qiao
