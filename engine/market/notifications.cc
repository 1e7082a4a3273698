#include "engine/market/notifications.h"

#include <algorithm>

#include "engine/base/fixed.h"
#include "engine/identity/roles.h"
#include "engine/market/emit.h"
#include "engine/market/words.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

constexpr Seconds kWeek = std::chrono::days{7};
constexpr std::uint32_t kPerWeek = 3;  // unless set by the policy

// Claimed, or accepted after a dispatch.
bool taken(const State& state, Slot match) {
  const pb::MatchState s = state.matches()[match].state;
  if (s == pb::MATCH_STATE_CANCELLED) return state.load_match(match).accepted_at() != 0;
  return (s >= pb::MATCH_STATE_CLAIMED && s <= pb::MATCH_STATE_VERIFIED) ||
         s == pb::MATCH_STATE_WITHDRAWN || s == pb::MATCH_STATE_NO_SHOW;
}

}  // namespace

void set_about(pb::Event& e, const pb::Notification& notification, const State& state) {
  e.set_area_code(area_of_need(state, notification.need_id()));
  e.set_party_id(notification.party_id());
  e.set_need_id(notification.need_id());
}

bool quiet(const State& state, Time now) {
  const pb::NotificationPolicy& policy = state.policy().notification();
  const std::uint32_t from = policy.quiet_from_minute();
  const std::uint32_t to = policy.quiet_to_minute();
  const std::uint32_t minute = take_apart(state.zone().to_local(now)).minute;
  return from <= to ? minute >= from && minute < to : minute >= from || minute < to;
}

bool answered(const State& state, const NotificationRow& notification) {
  for (Slot m = state.needs()[notification.need].first_match; m != kNoSlot;
       m = state.matches()[m].next_of_need) {
    const MatchRow& match = state.matches()[m];
    // Ids ascend with time, and the list of matches begins with the newest.
    if (match.id.value() < notification.id.value()) return false;
    if (state.offers()[match.offer].party == notification.party && taken(state, m)) return true;
  }
  return false;
}

Status may_notify(const State& state, Slot party, Slot need, std::uint8_t line, Time now) {
  const pb::NotificationPolicy& policy = state.policy().notification();
  if (quiet(state, now)) return refuse(Code::kNotifyQuiet);
  const std::uint32_t per_week = policy.per_week() == 0 ? kPerWeek : policy.per_week();
  std::uint32_t in_week = 0;
  std::uint32_t silences = 0;
  bool silent = true;
  int looked_at = 0;
  Time oldest{};
  for (Slot s = state.parties()[party].first_notification;
       s != kNoSlot && looked_at < kMaxNotificationsConsidered;
       s = state.notifications()[s].next_of_party, ++looked_at) {
    const NotificationRow& row = state.notifications()[s];
    if (row.need == need && row.line == line) return refuse(Code::kNotifyTwice, "partyId");
    silent = silent && !answered(state, row);
    if (silent) ++silences;
    if (row.sent > now - kWeek) {
      ++in_week;
      oldest = row.sent;
    }
  }
  auto wait = [](Seconds s) {
    return refuse(Code::kNotifyTooOften, "partyId", std::to_string(s.count()));
  };
  if (in_week >= per_week) return wait(oldest + kWeek - now);
  if (const Slot last = state.parties()[party].first_notification; last != kNoSlot) {
    // One unanswered notification does not count: the party may not have had time to answer.
    const std::uint32_t doublings =
        std::min(silences == 0 ? 0 : silences - 1, kMaxSilenceDoublings);
    const Time again = state.notifications()[last].sent + Seconds{policy.spacing() << doublings};
    if (now < again) return wait(again - now);
  }
  return outcome::success();
}

Status Market::notify(const pb::Notify& notify) {
  if (notify.notifications_size() == 0) return refuse(Code::kRequired, "notifications");
  if (notify.notifications_size() > kMaxNotificationsPerCommand)
    return refuse(Code::kTooMany, "notifications", std::to_string(kMaxNotificationsPerCommand));
  for (int i = 0; i < notify.notifications_size(); ++i) {
    const pb::Notification& n = notify.notifications(i);
    const std::string at = "notifications[" + std::to_string(i) + "].";
    const auto placed = [&](Refusal r) {
      r.field = at + r.field;
      return r;
    };
    if (n.id() != 0) return refuse(Code::kNotSettable, at + "id");
    if (n.sent_at() != 0) return refuse(Code::kNotSettable, at + "sentAt");
    const Slot need = state_.needs().find(NeedId{n.need_id()});
    if (need == kNoSlot)
      return refuse(Code::kUnknownNeed, at + "needId", std::to_string(n.need_id()));
    const Slot line = state_.line_of(need, n.line());
    if (line == kNoSlot) return refuse(Code::kUnknownLine, at + "line", std::to_string(n.line()));
    const Slot offer = state_.offers().find(OfferId{n.offer_id()});
    if (offer == kNoSlot)
      return refuse(Code::kUnknownOffer, at + "offerId", std::to_string(n.offer_id()));
    const Slot party = state_.offers()[offer].party;
    if (n.party_id() != state_.parties()[party].id.value())
      return refuse(Code::kOutOfRange, at + "partyId",
                    std::to_string(state_.parties()[party].id.value()));
    if (n.chance_micro() < 0 || n.chance_micro() > kMicro)
      return refuse(Code::kOutOfRange, at + "chanceMicro", "0.." + std::to_string(kMicro));
    QIAO_TRY(check_area(scope_, actor_, state_, state_.needs()[need].area));
    if (const Judgement j = matcher_->judge(line, offer, now_); !j.eligible()) {
      const Words w = words(j.rule);
      return Refusal{Code::kNotEligible, at + "offerId", std::string(w.en), std::string(w.zh)};
    }
    if (Status may = may_notify(state_, party, need, static_cast<std::uint8_t>(n.line()), now_);
        !may)
      return placed(std::move(may).error());
    pb::Notification row = n;
    row.set_id(next_id());
    row.set_sent_at(to_int(now_));
    answer(pb::Event::kNotification, row.id());
    emit(pb::EVENT_KIND_PARTY_NOTIFIED, std::move(row));
  }
  return outcome::success();
}

}  // namespace qiao
