// What the market does when a time limit has passed.
#include "engine/rows/timers.h"

#include "engine/market/emit.h"
#include "engine/rows/due.h"
#include "engine/rows/limits.h"

namespace qiao {

Status Market::tick() {
  for (int i = 0; i < kMaxTimersPerTick; ++i) {
    const auto entry = state_.next_timer();
    if (!entry || entry->due > now_) break;
    state_.pop_timer();
    if (entry->kind == TimerQueue::Kind::kMatch) {
      fire_match(entry->slot);
    } else if (entry->kind == TimerQueue::Kind::kNeed) {
      fire_need(entry->slot);
    } else {
      erase_person(entry->slot);
    }
  }
  return outcome::success();
}

void Market::fire_match(Slot slot) {
  const MatchRow& row = state_.matches()[slot];
  const Slot need = row.need;
  switch (row.state) {
    case pb::MATCH_STATE_PROPOSED:
      change_match(slot, pb::MATCH_STATE_LAPSED, "");
      break;
    case pb::MATCH_STATE_DISPATCHED:
      change_match(slot, pb::MATCH_STATE_LAPSED, "");
      refresh_need_state(need);
      redispatch(slot);
      return;
    case pb::MATCH_STATE_CLAIMED:
      change_match(slot, pb::MATCH_STATE_ACCEPTED, "");
      break;
    case pb::MATCH_STATE_ACCEPTED:
      change_match(slot, pb::MATCH_STATE_NO_SHOW, "");
      break;
    case pb::MATCH_STATE_CHECKED_IN:
      change_match(slot, pb::MATCH_STATE_SERVED, "");
      break;
    case pb::MATCH_STATE_SERVED:
      change_match(slot, pb::MATCH_STATE_VERIFIED, "");
      break;
    default:
      QIAO_CHECK(false, "only live matches have a time limit");
  }
  refresh_need_state(need);
}

void Market::fire_need(Slot slot) {
  pb::Need need = state_.load_need(slot);
  const NeedRow& row = state_.needs()[slot];
  std::int64_t held = 0;
  std::int64_t secured = 0;
  for (Slot l = row.first_line; l < row.first_line + row.line_count; ++l) {
    held += state_.line(l).held;
    secured += state_.line(l).secured;
  }
  auto expire = [&] {
    close_need(slot, pb::NEED_STATE_EXPIRED, pb::EVENT_KIND_NEED_EXPIRED, need.reason());
  };
  auto start = [&] {
    need.set_state(pb::NEED_STATE_IN_SERVICE);
    need.set_started_at(to_int(now_));
    emit(pb::EVENT_KIND_NEED_STARTED, std::move(need));
  };
  switch (need.state()) {
    case pb::NEED_STATE_DRAFT:
      return expire();
    case pb::NEED_STATE_SUBMITTED:
      if (now_ >= times_of(need).closing) return expire();
      return escalate_need(std::move(need));
    case pb::NEED_STATE_OPEN:
      if (!need.closed() && now_ < times_of(need).closing) return escalate_need(std::move(need));
      // refresh_need_state() would have filled a complete need, so an open all-or-nothing need
      // lacks something.
      if (need.all_or_nothing() || held == 0) return expire();
      if (now_ < times_of(need).last_start) {
        need.set_closed(true);
        emit(pb::EVENT_KIND_NEED_CHANGED, std::move(need));
        return;
      }
      return secured > 0 ? start() : expire();
    case pb::NEED_STATE_FILLED:
      return start();
    case pb::NEED_STATE_IN_SERVICE: {
      bool any = false;
      for (Slot m = row.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need)
        any = any || served(state_.matches()[m].state);
      if (!any) return expire();
      need.set_state(pb::NEED_STATE_DONE);
      need.set_done_at(to_int(now_));
      emit(pb::EVENT_KIND_NEED_DONE, std::move(need));
      return;
    }
    case pb::NEED_STATE_DONE:
      if (!need.review_requested()) {
        need.set_review_requested(true);
        emit(pb::EVENT_KIND_REVIEW_REQUESTED, std::move(need));
        return;
      }
      need.set_state(pb::NEED_STATE_REVIEWED);
      need.mutable_review()->set_reviewed_at(to_int(now_));
      need.set_ended_at(to_int(now_));
      emit(pb::EVENT_KIND_NEED_REVIEWED, std::move(need));
      verify_served(slot);
      return;
    case pb::NEED_STATE_REVIEWED:
    case pb::NEED_STATE_REJECTED:
    case pb::NEED_STATE_CANCELLED:
    case pb::NEED_STATE_EXPIRED:
      return erase_need(slot);
    default:
      QIAO_CHECK(false, "every need that has a time limit is in some state");
  }
}

}  // namespace qiao
