// Matches, from proposed to verified.
#include <algorithm>

#include "engine/identity/roles.h"
#include "engine/market/amount.h"
#include "engine/market/emit.h"
#include "engine/market/qualification.h"
#include "engine/market/validate.h"
#include "engine/market/words.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

pb::EventKind kind_of(pb::MatchState state) {
  switch (state) {
    case pb::MATCH_STATE_PROPOSED:
      return pb::EVENT_KIND_MATCH_PROPOSED;
    case pb::MATCH_STATE_DISPATCHED:
      return pb::EVENT_KIND_MATCH_DISPATCHED;
    case pb::MATCH_STATE_CLAIMED:
      return pb::EVENT_KIND_MATCH_CLAIMED;
    case pb::MATCH_STATE_ACCEPTED:
      return pb::EVENT_KIND_MATCH_ACCEPTED;
    case pb::MATCH_STATE_CHECKED_IN:
      return pb::EVENT_KIND_MATCH_CHECKED_IN;
    case pb::MATCH_STATE_SERVED:
      return pb::EVENT_KIND_MATCH_SERVED;
    case pb::MATCH_STATE_VERIFIED:
      return pb::EVENT_KIND_MATCH_VERIFIED;
    case pb::MATCH_STATE_DECLINED:
      return pb::EVENT_KIND_MATCH_DECLINED;
    case pb::MATCH_STATE_LAPSED:
      return pb::EVENT_KIND_MATCH_LAPSED;
    case pb::MATCH_STATE_WITHDRAWN:
      return pb::EVENT_KIND_MATCH_WITHDRAWN;
    case pb::MATCH_STATE_NO_SHOW:
      return pb::EVENT_KIND_MATCH_NO_SHOW;
    case pb::MATCH_STATE_CANCELLED:
      return pb::EVENT_KIND_MATCH_CANCELLED;
    default:
      return pb::EVENT_KIND_UNSPECIFIED;
  }
}

Seconds answer_limit(const pb::TimeLimits& limits, pb::MatchState how, pb::Urgency urgency) {
  if (how == pb::MATCH_STATE_PROPOSED) return Seconds{limits.proposal()};
  if (how == pb::MATCH_STATE_CLAIMED) return Seconds{limits.confirm()};
  switch (urgency) {
    case pb::URGENCY_CRITICAL:
      return Seconds{limits.answer_critical()};
    case pb::URGENCY_URGENT:
      return Seconds{limits.answer_urgent()};
    default:
      return Seconds{limits.answer_normal()};
  }
}

// Whether the need may have another match, of that party.
Status check_number_of_matches(const State& state, const NeedRow& need, Slot party) {
  int matches = 0;
  int of_party = 0;
  for (Slot m = need.first_match; m != kNoSlot; m = state.matches()[m].next_of_need) {
    ++matches;
    if (state.offers()[state.matches()[m].offer].party == party) ++of_party;
  }
  if (of_party >= kMaxMatchesOfPartyInNeed)
    return refuse(Code::kTooMany, "offerId", std::to_string(kMaxMatchesOfPartyInNeed));
  if (matches >= kMaxMatchesOfNeed)
    return refuse(Code::kTooMany, "needId", std::to_string(kMaxMatchesOfNeed));
  return outcome::success();
}

Refusal not_eligible(pb::Rule rule) {
  const Words w = words(rule);
  switch (rule) {
    case pb::RULE_LINE_FULL:
      return refuse(Code::kLineFull, "line");
    case pb::RULE_PARTY_NOT_ACTIVE:
      return refuse(Code::kPartyNotActive, "offerId");
    case pb::RULE_NEED_NOT_OPEN:
      return {Code::kNotEligible, "needId", std::string(w.en), std::string(w.zh)};
    default:
      return {Code::kNotEligible, "offerId", std::string(w.en), std::string(w.zh)};
  }
}

// One row for each verb: the states that it is allowed in, and the new state.
struct Move {
  pb::MatchVerb verb;
  std::initializer_list<pb::MatchState> from;
  pb::MatchState to;
  bool needs_reason;
};
const Move kMoves[] = {
    {pb::MATCH_VERB_DISPATCH, {pb::MATCH_STATE_PROPOSED}, pb::MATCH_STATE_DISPATCHED, false},
    {pb::MATCH_VERB_CONFIRM, {pb::MATCH_STATE_CLAIMED}, pb::MATCH_STATE_ACCEPTED, false},
    {pb::MATCH_VERB_ACCEPT, {pb::MATCH_STATE_DISPATCHED}, pb::MATCH_STATE_ACCEPTED, false},
    {pb::MATCH_VERB_DECLINE, {pb::MATCH_STATE_DISPATCHED}, pb::MATCH_STATE_DECLINED, true},
    {pb::MATCH_VERB_WITHDRAW,
     {pb::MATCH_STATE_CLAIMED, pb::MATCH_STATE_ACCEPTED},
     pb::MATCH_STATE_WITHDRAWN,
     true},
    {pb::MATCH_VERB_CHECK_IN, {pb::MATCH_STATE_ACCEPTED}, pb::MATCH_STATE_CHECKED_IN, false},
    {pb::MATCH_VERB_CHECK_OUT, {pb::MATCH_STATE_CHECKED_IN}, pb::MATCH_STATE_SERVED, false},
    {pb::MATCH_VERB_VERIFY, {pb::MATCH_STATE_SERVED}, pb::MATCH_STATE_VERIFIED, false},
    {pb::MATCH_VERB_NO_SHOW, {pb::MATCH_STATE_ACCEPTED}, pb::MATCH_STATE_NO_SHOW, false},
    {pb::MATCH_VERB_CANCEL,
     {pb::MATCH_STATE_PROPOSED, pb::MATCH_STATE_DISPATCHED, pb::MATCH_STATE_CLAIMED,
      pb::MATCH_STATE_ACCEPTED},
     pb::MATCH_STATE_CANCELLED,
     true},
};

bool by_staff(const pb::Actor& actor) {
  return actor.role() == pb::ROLE_ORGANISER || actor.role() == pb::ROLE_LEAD;
}

}  // namespace

void set_about(pb::Event& e, const pb::Match& match, const State& state) {
  e.set_area_code(area_of_need(state, match.need_id()));
  e.set_party_id(match.party_id());
  e.set_need_id(match.need_id());
}

Status Market::make_match(const pb::MakeMatch& make) {
  QIAO_TRY(auto need, find_need(make.need_id()));
  QIAO_TRY(auto offer, find_offer(make.offer_id()));
  const NeedRow& need_row = state_.needs()[need];
  const std::uint32_t number = make.line() == 0 && need_row.line_count == 1 ? 1 : make.line();
  const Slot line = state_.line_of(need, number);
  if (line == kNoSlot) return refuse(Code::kUnknownLine, "line", std::to_string(make.line()));
  const pb::MatchState how = make.how();
  if (how != pb::MATCH_STATE_PROPOSED && how != pb::MATCH_STATE_DISPATCHED &&
      how != pb::MATCH_STATE_CLAIMED) {
    return refuse(Code::kOutOfRange, "how",
                  "MATCH_STATE_PROPOSED, MATCH_STATE_DISPATCHED, MATCH_STATE_CLAIMED");
  }
  if (make.quantity() < 0 || make.quantity() > kMaxQuantity) {
    return refuse(Code::kOutOfRange, "quantity", "1.." + std::to_string(kMaxQuantity));
  }
  QIAO_TRY(check_area(scope_, actor_, state_, need_row.area));
  QIAO_TRY(check_party(scope_, actor_, state_, state_.offers()[offer].party));
  QIAO_TRY(check_version(need_row.last_change));
  const Judgement judgement = matcher_->judge(line, offer, now_);
  if (!judgement.eligible()) return not_eligible(judgement.rule);
  const std::int64_t quantity = make.quantity() == 0 ? judgement.available : make.quantity();
  const auto not_so_many = [&](Code code, std::int64_t bound) {
    const LineRow& row = state_.line(line);
    AmountWords w = amount_words(state_.taxonomy(), row.time_kind, row.resource, bound);
    return refuse(code, "quantity", std::move(w.en), std::move(w.zh));
  };
  if (quantity > judgement.available) {
    return not_so_many(Code::kQuantityTooLarge, judgement.available);
  }
  if (const std::int64_t lot = state_.offers()[offer].smallest_lot; quantity < lot) {
    return not_so_many(Code::kQuantityTooSmall, lot);
  }
  QIAO_TRY(check_number_of_matches(state_, need_row, state_.offers()[offer].party));
  answer(pb::Event::kMatch, next_id());
  new_match(line, offer, quantity, how, judgement);
  if (how == pb::MATCH_STATE_CLAIMED && !state_.policy().confirm_claims()) {
    change_match(state_.matches().size() - 1, pb::MATCH_STATE_ACCEPTED, "");
    refresh_need_state(need);
  }
  return outcome::success();
}

void Market::new_match(Slot line, Slot offer, std::int64_t quantity, pb::MatchState how,
                       const Judgement& judgement) {
  const LineRow& l = state_.line(line);
  const NeedRow& need = state_.needs()[l.need];
  const OfferRow& o = state_.offers()[offer];
  pb::Match match;
  match.set_id(next_id());
  match.set_need_id(need.id.value());
  match.set_line(l.number);
  match.set_offer_id(o.id.value());
  match.set_party_id(state_.parties()[o.party].id.value());
  match.set_quantity(quantity);
  match.mutable_window()->set_start(to_int(l.window.start));
  match.mutable_window()->set_end(to_int(l.window.end));
  match.set_state(how);
  match.mutable_score()->set_value_micro(judgement.value_micro);
  match.mutable_score()->set_distance_m(judgement.distance_m);
  for (const std::int64_t f : judgement.factors) match.mutable_score()->add_factor_micro(f);
  match.set_created_at(to_int(now_));
  match.set_changed_at(to_int(now_));
  match.set_answer_by(to_int(
      std::min(now_ + answer_limit(state_.policy().limits(), how, need.urgency), l.window.start)));
  match.set_was_dispatched(how == pb::MATCH_STATE_DISPATCHED);
  emit(kind_of(how), std::move(match));
}

void Market::change_match(Slot slot, pb::MatchState state, const std::string& reason,
                          bool at_site) {
  pb::Match match = state_.load_match(slot);
  match.set_state(state);
  match.set_changed_at(to_int(now_));
  match.clear_answer_by();
  match.set_reason(reason);
  if (at_site) match.set_at_site(true);
  switch (state) {
    case pb::MATCH_STATE_DISPATCHED: {
      const auto urgency = state_.needs()[state_.matches()[slot].need].urgency;
      match.set_was_dispatched(true);
      match.set_answer_by(
          std::min(to_int(now_ + answer_limit(state_.policy().limits(), state, urgency)),
                   match.window().start()));
      break;
    }
    case pb::MATCH_STATE_ACCEPTED:
      match.set_accepted_at(to_int(now_));
      if (state_.matches()[slot].state == pb::MATCH_STATE_CLAIMED && by_staff(actor_)) {
        match.set_confirmed_at(to_int(now_));
      }
      break;
    case pb::MATCH_STATE_CHECKED_IN:
      match.set_checked_in_at(to_int(now_));
      break;
    case pb::MATCH_STATE_SERVED:
      match.set_checked_out_at(to_int(now_));
      break;
    default:
      break;
  }
  emit(kind_of(state), std::move(match));
}

// Whether the match is an unconfirmed claim whose party may see the contact only after a
// confirmation.
bool Market::can_confirm_later(const MatchRow& row, const pb::Match& match) const {
  return row.state == pb::MATCH_STATE_ACCEPTED && !match.was_dispatched() &&
         match.confirmed_at() == 0 && state_.policy().contact_from() == pb::CONTACT_FROM_CONFIRMED;
}

// The conditions at acceptance may no longer hold at check-in.
Status Market::still_fit(const MatchRow& match) const {
  if (now_ >= match.window.end) return refuse(Code::kTooLate, "matchId");
  const LineRow& line = state_.line(match.line);
  if (const pb::Rule rule = qualification_rule(line, state_.offers()[match.offer]);
      rule != pb::RULE_UNSPECIFIED)
    return not_eligible(rule);
  const NeedRow& need = state_.needs()[match.need];
  if (need.ratio == 0 || line.time_kind != pb::TIME_KIND_PEOPLE) return outcome::success();
  std::int64_t professionals = 0;
  std::int64_t volunteers = match.quantity;
  for (Slot m = need.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
    const MatchRow& other = state_.matches()[m];
    const auto kind = state_.line(other.line).time_kind;
    if (kind == pb::TIME_KIND_PROFESSIONAL && secured(other.state)) professionals += other.quantity;
    if (kind == pb::TIME_KIND_PEOPLE && other.state >= pb::MATCH_STATE_CHECKED_IN &&
        secured(other.state))
      volunteers += other.quantity;
  }
  const std::int64_t needed = (volunteers + need.ratio - 1) / need.ratio;
  if (professionals >= needed) return outcome::success();
  return refuse(Code::kProfessionalMissing, "matchId", std::to_string(needed - professionals));
}

Status Market::check_in_allowed(const MatchRow& match, const pb::MoveMatch& request) const {
  const NeedRow& need = state_.needs()[match.need];
  if (now_ < match.window.start - Seconds{state_.policy().limits().grace()})
    return refuse(Code::kTooEarly, "matchId");
  const bool supplier = actor_.role() == pb::ROLE_SUPPLIER || actor_.role() == pb::ROLE_MEMBER;
  if (supplier && state_.policy().check_in_by_code() && !request.at_site())
    return refuse(Code::kSiteCodeNeeded, "code");
  // All or nothing: nobody checks in before all lines are filled.
  if (need.all_or_nothing && need.state == pb::NEED_STATE_OPEN) {
    const Words w = words(need.state);
    return Refusal{Code::kWrongState, "matchId", std::string(w.en), std::string(w.zh)};
  }
  if (Status fit = still_fit(match); !fit) {
    // The organiser may check the party in anyway, but must give a reason; the refusal asks for it.
    if (supplier) return fit;
    Refusal refusal = std::move(fit).error();
    refusal.field = "reason";
    if (request.reason().empty()) return refusal;
  }
  return outcome::success();
}

Status Market::move_match(const pb::MoveMatch& request) {
  const Slot slot = state_.matches().find(MatchId{request.match_id()});
  if (slot == kNoSlot)
    return refuse(Code::kNotFound, "matchId", "match " + std::to_string(request.match_id()),
                  "对接单" + std::to_string(request.match_id()));
  const MatchRow& row = state_.matches()[slot];
  const Move* move = std::find_if(std::begin(kMoves), std::end(kMoves),
                                  [&](const Move& m) { return m.verb == request.verb(); });
  if (move == std::end(kMoves)) return refuse(Code::kRequired, "verb");
  const NeedRow& need = state_.needs()[row.need];
  QIAO_TRY(check_area(scope_, actor_, state_, need.area));
  QIAO_TRY(check_party(scope_, actor_, state_, state_.offers()[row.offer].party));
  if (expected_version_ != 0) {
    QIAO_TRY(check_version(state_.load_match(slot).version()));
  }
  if (move->verb == pb::MATCH_VERB_CONFIRM) {
    pb::Match match = state_.load_match(slot);
    if (can_confirm_later(row, match)) {
      match.set_confirmed_at(to_int(now_));
      answer(pb::Event::kMatch, request.match_id());
      emit(pb::EVENT_KIND_MATCH_ACCEPTED, std::move(match));
      return outcome::success();
    }
  }
  if (std::find(move->from.begin(), move->from.end(), row.state) == move->from.end()) {
    const Words w = words(row.state);
    return Refusal{Code::kWrongState, "matchId", std::string(w.en), std::string(w.zh)};
  }
  QIAO_TRY(check_text(request.reason(), "reason", move->needs_reason ? 1 : 0, kMaxReasonBytes));
  // A no-show or a check-out is not possible before the window begins.
  const bool ends = move->verb == pb::MATCH_VERB_NO_SHOW || move->verb == pb::MATCH_VERB_CHECK_OUT;
  if (ends && now_ < row.window.start) return refuse(Code::kTooEarly, "matchId");
  if (move->verb == pb::MATCH_VERB_CHECK_IN) {
    QIAO_TRY(check_in_allowed(row, request));
  }
  answer(pb::Event::kMatch, request.match_id());
  const Slot need_slot = row.need;
  change_match(slot, move->to, request.reason(),
               request.at_site() && move->verb == pb::MATCH_VERB_CHECK_IN);
  if (move->verb == pb::MATCH_VERB_CHECK_IN &&
      (need.state == pb::NEED_STATE_OPEN || need.state == pb::NEED_STATE_FILLED)) {
    pb::Need started = state_.load_need(need_slot);
    started.set_state(pb::NEED_STATE_IN_SERVICE);
    started.set_started_at(to_int(now_));
    emit(pb::EVENT_KIND_NEED_STARTED, std::move(started));
  }
  refresh_need_state(need_slot);
  if (move->to == pb::MATCH_STATE_DECLINED || move->to == pb::MATCH_STATE_WITHDRAWN)
    redispatch(slot);
  return outcome::success();
}

void Market::redispatch(Slot slot) {
  const MatchRow& failed = state_.matches()[slot];
  const Slot need_slot = failed.need;
  const Slot line = failed.line;
  if (!takes_matches(state_.needs()[need_slot].state)) return;
  pb::Need need = state_.load_need(need_slot);
  const pb::Match match = state_.load_match(slot);
  if (!match.was_dispatched()) return;
  need.set_failed_dispatches(need.failed_dispatches() + 1);
  if (need.failed_dispatches() % state_.policy().raise_after_dispatches() == 0 &&
      need.raised() < kMaxRaised) {
    escalate_need(std::move(need));
  } else {
    emit(pb::EVENT_KIND_NEED_CHANGED, std::move(need));
  }
  if (!state_.policy().redispatch()) return;
  auto next = matcher_->next_best(line, failed.quantity, now_);
  if (!next) next = matcher_->next_best(line, 1, now_);
  if (!next) return;
  if (!check_number_of_matches(state_, state_.needs()[need_slot], state_.offers()[*next].party))
    return;
  const Judgement judgement = matcher_->judge(line, *next, now_);
  QIAO_CHECK(judgement.eligible(), "the next best is eligible");
  new_match(line, *next, std::min(failed.quantity, judgement.available), pb::MATCH_STATE_DISPATCHED,
            judgement);
}

}  // namespace qiao
