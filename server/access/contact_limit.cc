#include "server/access/contact_limit.h"

#include <algorithm>

namespace qiao {
namespace {

constexpr std::chrono::hours kDay{24};
// At this number all records are dropped, so that needs seen earlier that day count again.
constexpr std::size_t kMostTeams = 100'000;

void add_asked(const pb::Command& command, const State& state, ContactLimit::Asked& asked) {
  if (command.has_disclose() && command.disclose().subject() == pb::SUBJECT_KIND_NEED) {
    asked.sees.push_back(NeedId{command.disclose().subject_id()});
  }
  if (command.has_make_match() && command.make_match().how() == pb::MATCH_STATE_CLAIMED) {
    asked.sees.push_back(NeedId{command.make_match().need_id()});
  }
  if (command.has_move_match() && command.move_match().verb() == pb::MATCH_VERB_WITHDRAW) {
    const Slot match = state.matches().find(MatchId{command.move_match().match_id()});
    if (match == kNoSlot || state.matches()[match].state < pb::MATCH_STATE_ACCEPTED) return;
    asked.withdrawals.push_back(state.needs()[state.matches()[match].need].id);
  }
}

// The number of distinct needs that are not in `known`.
double count_new(const boost::unordered_flat_set<NeedId>& known, const std::vector<NeedId>& needs) {
  boost::unordered_flat_set<NeedId> fresh;
  for (const NeedId need : needs) {
    if (!known.contains(need)) fresh.insert(need);
  }
  return static_cast<double>(fresh.size());
}

}  // namespace

ContactLimit::ContactLimit(double needs_per_day)
    : needs_per_day_(needs_per_day),
      needs_(needs_per_day / static_cast<double>(std::chrono::seconds{kDay}.count()),
             needs_per_day) {}

ContactLimit::Asked ContactLimit::asked_of(const pb::Command& command, const State& state) {
  Asked asked;
  add_asked(command, state, asked);
  for (const pb::Command& part : command.batch().commands()) add_asked(part, state, asked);
  return asked;
}

std::optional<std::chrono::seconds> ContactLimit::wait_for(PartyId team, const Asked& asked,
                                                           Moment now) {
  if (needs_per_day_ == 0 || asked.sees.empty()) return std::nullopt;
  const double fresh = count_new(seen_by(team, now).opened, asked.sees);
  // Needs that the team has already seen on that day may be seen again at any time.
  if (fresh == 0) return std::nullopt;
  if (fresh > needs_per_day_) return kDay;
  return needs_.wait_for(team.value(), fresh, now);
}

void ContactLimit::count(PartyId team, const Asked& asked, Moment now) {
  if (needs_per_day_ == 0 || (asked.sees.empty() && asked.withdrawals.empty())) return;
  Seen& seen = seen_by(team, now);
  for (const auto* needs : {&asked.sees, &asked.withdrawals}) {
    needs_.charge(team.value(), count_new(seen.charged, *needs), now, needs_per_day_);
    seen.charged.insert(needs->begin(), needs->end());
  }
  seen.opened.insert(asked.sees.begin(), asked.sees.end());
}

ContactLimit::Seen& ContactLimit::seen_by(PartyId team, Moment now) {
  if (seen_.size() >= kMostTeams) seen_.clear();
  Seen& seen = seen_.try_emplace(team, Seen{now, {}, {}}).first->second;
  if (now - seen.since >= kDay) seen = {now, {}, {}};
  return seen;
}

}  // namespace qiao
