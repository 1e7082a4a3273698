#include <algorithm>

#include "engine/identity/reach.h"
#include "engine/identity/roles.h"
#include "engine/market/emit.h"
#include "engine/market/settable.h"
#include "engine/market/validate.h"
#include "engine/market/words.h"
#include "engine/rows/due.h"
#include "engine/rows/limits.h"
#include "engine/rows/marked.h"

namespace qiao {
namespace {

Refusal wrong_state(pb::NeedState state, std::string field) {
  const Words w = words(state);
  return {Code::kWrongState, std::move(field), std::string(w.en), std::string(w.zh)};
}

void complete(pb::Need& need, const State& state, const pb::Actor& actor) {
  if (!need.has_point()) {
    const Point p = state.areas()[state.areas().find(AreaCode{need.area_code()})].point;
    need.mutable_point()->set_latitude_e7(p.latitude_e7);
    need.mutable_point()->set_longitude_e7(p.longitude_e7);
  }
  if (need.urgency() == pb::URGENCY_UNSPECIFIED) need.set_urgency(pb::URGENCY_NORMAL);
  if (need.organiser_id() == 0 && actor.role() == pb::ROLE_ORGANISER)
    need.set_organiser_id(actor.party_id());
  // A resident's need is for itself, and no organiser has approved it yet.
  if (actor.role() == pb::ROLE_RESIDENT) {
    need.set_resident_ref(actor.resident_ref());
    need.clear_organiser_id();
  }
}

bool same_requirement(const pb::RequirementLine& a, const pb::RequirementLine& b) {
  if (a.window().start() != b.window().start() || a.window().end() != b.window().end())
    return false;
  if (a.has_time() != b.has_time()) return false;
  return a.has_time() ? a.time().SerializeAsString() == b.time().SerializeAsString()
                      : a.stock().resource() == b.stock().resource();
}

}  // namespace

void set_about(pb::Event& e, const pb::Need& need, const State&) {
  e.set_area_code(need.area_code());
  e.set_need_id(need.id());
}

// Limits a resident's needs that wait for approval.
Status Market::check_waiting(const char* field) const {
  if (scope_ != Scope::kOwn) return outcome::success();
  int waiting = 0;
  Slot need = state_.first_need_of_resident(actor_.resident_ref());
  for (; need != kNoSlot; need = state_.needs()[need].next_of_resident) {
    if (state_.needs()[need].state == pb::NEED_STATE_SUBMITTED) ++waiting;
  }
  if (waiting >= kMaxWaitingNeeds)
    return refuse(Code::kTooMany, field, std::to_string(kMaxWaitingNeeds));
  return outcome::success();
}

Status Market::check_number_of_needs(std::uint64_t resident_ref, const char* field) const {
  int needs = 0;
  Slot need = resident_ref == 0 ? kNoSlot : state_.first_need_of_resident(resident_ref);
  for (; need != kNoSlot; need = state_.needs()[need].next_of_resident) {
    if (!state_.progress(need).erased) ++needs;
  }
  if (needs >= kMaxNeedsOfResident)
    return refuse(Code::kTooMany, field, std::to_string(kMaxNeedsOfResident));
  return outcome::success();
}

Status Market::post_need(const pb::PostNeed& post) {
  const bool staff = actor_.role() != pb::ROLE_RESIDENT;
  pb::NeedState until = post.until();
  if (until == pb::NEED_STATE_UNSPECIFIED)
    until = staff ? pb::NEED_STATE_OPEN : pb::NEED_STATE_SUBMITTED;
  if (until != pb::NEED_STATE_DRAFT && until != pb::NEED_STATE_SUBMITTED &&
      until != pb::NEED_STATE_OPEN) {
    return refuse(Code::kOutOfRange, "until",
                  "NEED_STATE_DRAFT, NEED_STATE_SUBMITTED, NEED_STATE_OPEN");
  }
  if (!post.has_need()) return refuse(Code::kRequired, "need");
  pb::Need row;
  copy_settable(post.need(), row);
  QIAO_TRY(unmask(row, pb::Need(), {}, "need."));
  QIAO_TRY(validate(post.need(), state_, now_, Posting::kNew, "need."));
  QIAO_TRY(
      check_area(scope_, actor_, state_, state_.areas().find(AreaCode{post.need().area_code()})));
  if (scope_ == Scope::kOwn && actor_.resident_ref() == 0)
    return refuse(Code::kRequired, "actor.residentRef");
  if (scope_ != Scope::kOwn) {
    QIAO_TRY(check_resident_ref(state_, actor_, scope_, row.resident_ref(), "need.residentRef"));
  }
  for (auto& line : *row.mutable_lines()) line.clear_held();
  row.set_id(next_id());
  row.set_created_at(to_int(now_));
  row.set_state(pb::NEED_STATE_DRAFT);
  complete(row, state_, actor_);
  QIAO_TRY(check_number_of_needs(row.resident_ref(), "need.residentRef"));
  answer(pb::Event::kNeed, row.id());
  if (until == pb::NEED_STATE_OPEN) {
    // An organiser's own need needs no approval: one event instead of three.
    row.set_submitted_at(to_int(now_));
    row.set_opened_at(to_int(now_));
    row.set_state(pb::NEED_STATE_OPEN);
    emit(pb::EVENT_KIND_NEED_OPENED, std::move(row));
  } else if (until == pb::NEED_STATE_SUBMITTED) {
    QIAO_TRY(check_waiting("need"));
    row.set_submitted_at(to_int(now_));
    row.set_state(pb::NEED_STATE_SUBMITTED);
    emit(pb::EVENT_KIND_NEED_SUBMITTED, std::move(row));
  } else {
    emit(pb::EVENT_KIND_NEED_POSTED, std::move(row));
  }
  return outcome::success();
}

Status Market::update_need(const pb::Need& sent) {
  const Slot slot = state_.needs().find(NeedId{sent.id()});
  if (slot == kNoSlot) return refuse(Code::kUnknownNeed, "id", std::to_string(sent.id()));
  QIAO_TRY(check_area(scope_, actor_, state_, state_.needs()[slot].area));
  QIAO_TRY(check_resident(scope_, actor_, state_.needs()[slot].resident_ref));
  const pb::Need before = state_.load_need(slot);
  QIAO_TRY(check_version(before.version()));
  pb::Need need = before;
  copy_settable(sent, need);
  if (before.state() > pb::NEED_STATE_FILLED || before.closed())
    return wrong_state(before.state(), "id");
  if (actor_.role() == pb::ROLE_RESIDENT && before.state() > pb::NEED_STATE_SUBMITTED)
    return wrong_state(before.state(), "id");
  QIAO_TRY(unmask(need, before, state_.area_name(state_.needs()[slot].area)));
  // The start of an unchanged window may have passed since.
  QIAO_TRY(validate(need, state_, now_, Posting::kUpdate, ""));
  for (int i = 0; i < need.lines_size(); ++i) {
    const bool kept = i < before.lines_size() &&
                      need.lines(i).window().start() == before.lines(i).window().start();
    if (!kept && to_time(need.lines(i).window().start()) <= now_) {
      return refuse(Code::kWindowPast, "lines[" + std::to_string(i) + "].window.start");
    }
  }
  if (need.deadline() != before.deadline() && need.deadline() != 0 &&
      (to_time(need.deadline()) <= now_ || to_time(need.deadline()) > times_of(need).last_end)) {
    return refuse(Code::kDeadlinePast, "deadline");
  }
  // The resident with that number can see the contact, and the previous one loses access to the
  // need.
  if (need.resident_ref() != before.resident_ref() && scope_ != Scope::kAll)
    return refuse(Code::kRoleForbidden, "residentRef");
  if (need.resident_ref() != before.resident_ref()) {
    QIAO_TRY(check_number_of_needs(need.resident_ref(), "residentRef"));
  }
  const NeedRow& row_before = state_.needs()[slot];
  if (row_before.first_match != kNoSlot) {
    // Service records and the fill rates of communities depend on these.
    if (need.area_code() != before.area_code()) return refuse(Code::kNotSettable, "areaCode");
    if (need.resident_ref() != before.resident_ref())
      return refuse(Code::kNotSettable, "residentRef");
    // Matches, also those that have ended, reference their line by its number.
    if (need.lines_size() < before.lines_size()) return refuse(Code::kNeedHeld, "lines");
  }
  for (int i = 0; i < before.lines_size(); ++i) {
    const std::int64_t held = before.lines(i).held();
    if (held == 0) continue;
    const std::string at = "lines[" + std::to_string(i) + "]";
    if (!same_requirement(need.lines(i), before.lines(i))) return refuse(Code::kNeedHeld, at);
    if (need.lines(i).quantity() < held) return refuse(Code::kNeedHeld, at + ".quantity");
  }
  QIAO_TRY(check_area(scope_, actor_, state_, state_.areas().find(AreaCode{need.area_code()})));
  pb::Need row = std::move(need);
  for (int i = 0; i < row.lines_size(); ++i)
    row.mutable_lines(i)->set_held(i < before.lines_size() ? before.lines(i).held() : 0);
  complete(row, state_, actor_);
  answer(pb::Event::kNeed, row.id());
  emit(pb::EVENT_KIND_NEED_CHANGED, std::move(row));
  refresh_need_state(slot);
  return outcome::success();
}

Status Market::move_need(const pb::MoveNeed& move) {
  QIAO_TRY(auto slot, find_need(move.need_id()));
  QIAO_TRY(check_area(scope_, actor_, state_, state_.needs()[slot].area));
  QIAO_TRY(check_resident(scope_, actor_, state_.needs()[slot].resident_ref));
  pb::Need need = state_.load_need(slot);
  QIAO_TRY(check_version(need.version()));
  answer(pb::Event::kNeed, need.id());
  const pb::NeedState from = need.state();
  switch (move.verb()) {
    case pb::NEED_VERB_SUBMIT: {
      if (from != pb::NEED_STATE_DRAFT) return wrong_state(from, "needId");
      if (times_of(need).first_start <= now_) return refuse(Code::kWindowPast, "lines");
      QIAO_TRY(check_waiting("needId"));
      need.set_state(pb::NEED_STATE_SUBMITTED);
      need.set_submitted_at(to_int(now_));
      emit(pb::EVENT_KIND_NEED_SUBMITTED, std::move(need));
      return outcome::success();
    }
    case pb::NEED_VERB_APPROVE:
      if (from != pb::NEED_STATE_DRAFT && from != pb::NEED_STATE_SUBMITTED)
        return wrong_state(from, "needId");
      if (times_of(need).closing <= now_) return refuse(Code::kWindowPast, "lines");
      if (from == pb::NEED_STATE_DRAFT) need.set_submitted_at(to_int(now_));
      open_need(std::move(need));
      return outcome::success();
    case pb::NEED_VERB_REJECT: {
      if (from != pb::NEED_STATE_SUBMITTED) return wrong_state(from, "needId");
      QIAO_TRY(check_text(move.reason(), "reason", 1, kMaxReasonBytes));
      close_need(slot, pb::NEED_STATE_REJECTED, pb::EVENT_KIND_NEED_REJECTED, move.reason());
      return outcome::success();
    }
    case pb::NEED_VERB_CANCEL: {
      if (from < pb::NEED_STATE_DRAFT || from > pb::NEED_STATE_IN_SERVICE)
        return wrong_state(from, "needId");
      QIAO_TRY(check_text(move.reason(), "reason", 1, kMaxReasonBytes));
      for (Slot m = state_.needs()[slot].first_match; m != kNoSlot;
           m = state_.matches()[m].next_of_need) {
        const auto state = state_.matches()[m].state;
        // A service that has begun cannot be cancelled; such a need ends when its matches do.
        if (state >= pb::MATCH_STATE_CHECKED_IN && state <= pb::MATCH_STATE_VERIFIED)
          return wrong_state(from, "needId");
      }
      close_need(slot, pb::NEED_STATE_CANCELLED, pb::EVENT_KIND_NEED_CANCELLED, move.reason());
      return outcome::success();
    }
    default:
      return refuse(Code::kRequired, "verb");
  }
}

Status Market::review_need(const pb::ReviewNeed& review) {
  QIAO_TRY(auto slot, find_need(review.need_id()));
  QIAO_TRY(check_area(scope_, actor_, state_, state_.needs()[slot].area));
  QIAO_TRY(check_resident(scope_, actor_, state_.needs()[slot].resident_ref));
  pb::Need need = state_.load_need(slot);
  QIAO_TRY(check_version(need.version()));
  if (review.stars() < 1 || review.stars() > 5) return refuse(Code::kOutOfRange, "stars", "1..5");
  QIAO_TRY(check_text(review.words(), "words", 0, kMaxReviewBytes));
  if (need.state() != pb::NEED_STATE_DONE) return wrong_state(need.state(), "needId");
  need.set_state(pb::NEED_STATE_REVIEWED);
  need.mutable_review()->set_stars(review.stars());
  need.mutable_review()->set_words(review.words());
  need.mutable_review()->set_reviewed_at(to_int(now_));
  need.set_ended_at(to_int(now_));
  answer(pb::Event::kNeed, need.id());
  emit(pb::EVENT_KIND_NEED_REVIEWED, std::move(need));
  // A review also confirms what was served.
  verify_served(slot);
  return outcome::success();
}

void Market::open_need(pb::Need need) {
  need.set_state(pb::NEED_STATE_OPEN);
  need.set_opened_at(to_int(now_));
  emit(pb::EVENT_KIND_NEED_OPENED, std::move(need));
}

void Market::escalate_need(pb::Need need) {
  need.set_raised(need.raised() + 1);
  need.set_raised_at(to_int(now_));
  emit(pb::EVENT_KIND_NEED_RAISED, std::move(need));
}

void Market::close_need(Slot slot, pb::NeedState state, pb::EventKind kind,
                        const std::string& reason) {
  for (Slot m = state_.needs()[slot].first_match; m != kNoSlot;
       m = state_.matches()[m].next_of_need) {
    const auto now = state_.matches()[m].state;
    if (now >= pb::MATCH_STATE_PROPOSED && now <= pb::MATCH_STATE_ACCEPTED)
      change_match(m, pb::MATCH_STATE_CANCELLED, reason);
  }
  pb::Need need = state_.load_need(slot);
  need.set_state(state);
  need.set_reason(reason);
  need.set_ended_at(to_int(now_));
  emit(kind, std::move(need));
}

void Market::verify_served(Slot slot) {
  for (Slot m = state_.needs()[slot].first_match; m != kNoSlot;
       m = state_.matches()[m].next_of_need) {
    if (state_.matches()[m].state == pb::MATCH_STATE_SERVED)
      change_match(m, pb::MATCH_STATE_VERIFIED, "");
  }
}

void Market::refresh_need_state(Slot slot) {
  const NeedRow& row = state_.needs()[slot];
  bool full = true;
  for (Slot l = row.first_line; l < row.first_line + row.line_count; ++l) {
    full = full && state_.line(l).secured == state_.line(l).quantity;
  }
  if (row.state == pb::NEED_STATE_OPEN && full) {
    pb::Need need = state_.load_need(slot);
    need.set_state(pb::NEED_STATE_FILLED);
    need.set_filled_at(to_int(now_));
    emit(pb::EVENT_KIND_NEED_FILLED, std::move(need));
  } else if (row.state == pb::NEED_STATE_FILLED && !full) {
    pb::Need need = state_.load_need(slot);
    need.set_state(pb::NEED_STATE_OPEN);
    need.clear_filled_at();
    emit(pb::EVENT_KIND_NEED_REOPENED, std::move(need));
  } else if (row.state == pb::NEED_STATE_IN_SERVICE && full) {
    for (Slot m = row.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
      if (holds(state_.matches()[m].state) && !served(state_.matches()[m].state)) return;
    }
    pb::Need need = state_.load_need(slot);
    need.set_state(pb::NEED_STATE_DONE);
    need.set_done_at(to_int(now_));
    emit(pb::EVENT_KIND_NEED_DONE, std::move(need));
  }
}

}  // namespace qiao
