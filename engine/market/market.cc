#include "engine/market/market.h"

#include "engine/identity/roles.h"
#include "engine/market/emit.h"
#include "engine/rows/limits.h"

namespace qiao {

Market::Market(const MatcherFactory& make_matcher) : matcher_(make_matcher(state_)) {
  state_.observe(matcher_.get());
}

State& Market::state_to_load(Seq last_seq) {
  state_.observe(nullptr);
  state_.start_loading(last_seq);
  return state_;
}

void Market::loaded(Seq last_seq, Time last_time, const Workers& workers) {
  state_.loaded(last_seq, last_time);
  workers(2, [&](std::size_t part) {
    if (part == 1) return matcher_->loaded(workers);
    state_.start_timers();
    state_.link_lists();
  });
  state_.observe(matcher_.get());
}
Market::~Market() = default;

Result<Outcome> Market::apply(const pb::Command& command, Time now) {
  now_ = std::max(now, state_.last_time());
  event_count_ = 0;
  subjects_.clear();
  part_ = 0;
  state_.begin();
  actor_ = command.actor();
  if (Status status = dispatch(command); !status) {
    state_.rollback();
    return std::move(status).error();
  }
  state_.commit();
  return Outcome{{events_.data(), event_count_}, subjects_};
}

std::optional<Time> Market::next_tick() {
  const auto entry = state_.next_timer();
  if (!entry) return std::nullopt;
  return entry->due;
}

pb::Event& Market::fresh_event() {
  if (event_count_ == events_.size()) events_.emplace_back();
  pb::Event& e = events_[event_count_++];
  e.Clear();
  e.set_seq(state_.last_seq() + 1);
  e.set_time(to_int(now_));
  *e.mutable_actor() = actor_;
  return e;
}

Status Market::dispatch(const pb::Command& command) {
  QIAO_TRY(scope_, check_role(command));
  QIAO_TRY(check_actor(command, state_));
  expected_version_ = command.expected_version();
  switch (command.body_case()) {
    case pb::Command::kPutTaxonomy:
      return put_taxonomy(command.put_taxonomy());
    case pb::Command::kSetPolicy:
      return set_policy(command.set_policy());
    case pb::Command::kPutArea:
      return put_area(command.put_area());
    case pb::Command::kRegisterParty:
      return register_party(command.register_party());
    case pb::Command::kUpdateParty:
      return update_party(command.update_party());
    case pb::Command::kSetStanding:
      return set_standing(command.set_standing());
    case pb::Command::kPutPerson:
      return put_person(command.put_person());
    case pb::Command::kRemovePerson:
      return remove_person(command.remove_person());
    case pb::Command::kPostOffer:
      return post_offer(command.post_offer());
    case pb::Command::kUpdateOffer:
      return update_offer(command.update_offer());
    case pb::Command::kWithdrawOffer:
      return withdraw_offer(command.withdraw_offer());
    case pb::Command::kPostNeed:
      return post_need(command.post_need());
    case pb::Command::kUpdateNeed:
      return update_need(command.update_need());
    case pb::Command::kMoveNeed:
      return move_need(command.move_need());
    case pb::Command::kReviewNeed:
      return review_need(command.review_need());
    case pb::Command::kMakeMatch:
      return make_match(command.make_match());
    case pb::Command::kMoveMatch:
      return move_match(command.move_match());
    case pb::Command::kNotify:
      return notify(command.notify());
    case pb::Command::kPutAccount:
      return put_account(command.put_account().account());
    case pb::Command::kSetPassword:
      return set_password(command.set_password());
    case pb::Command::kLockAccount:
      return lock_account(command.lock_account());
    case pb::Command::kAddGrant:
      return add_grant(command.add_grant().grant());
    case pb::Command::kRevokeGrant:
      return revoke_grant(command.revoke_grant());
    case pb::Command::kDisclose:
      return disclose(command.disclose());
    case pb::Command::kErase:
      return erase(command.erase());
    case pb::Command::kTick:
      return tick();
    case pb::Command::kBatch:
      return batch(command.batch());
    case pb::Command::BODY_NOT_SET:
      break;
  }
  return refuse(Code::kRequired, "command");
}

Status Market::batch(const pb::Batch& batch) {
  if (batch.commands_size() == 0) return refuse(Code::kRequired, "commands");
  if (batch.commands_size() > kMaxCommandsPerBatch)
    return refuse(Code::kTooMany, "commands", std::to_string(kMaxCommandsPerBatch));
  for (int i = 0; i < batch.commands_size(); ++i) {
    part_ = static_cast<std::uint32_t>(i);
    if (Status status = batch_part(batch.commands(i)); !status) {
      const std::string at = "commands[" + std::to_string(i) + "]";
      Refusal refusal = std::move(status).error();
      refusal.field = refusal.field.empty() ? at : at + "." + refusal.field;
      return refusal;
    }
  }
  return outcome::success();
}

Status Market::batch_part(const pb::Command& command) {
  if (command.has_batch() || command.has_tick()) return refuse(Code::kNotSettable);
  // The sender of the batch is the actor of all its commands.
  if (command.has_actor()) return refuse(Code::kNotSettable, "actor");
  pb::Command part = command;
  *part.mutable_actor() = actor_;
  return dispatch(part);
}

Result<std::vector<Market::Refused>> Market::check(const pb::Batch& batch, const pb::Actor& actor,
                                                   Time now) {
  if (batch.commands_size() > kMaxCommandsPerBatch)
    return refuse(Code::kTooMany, "commands", std::to_string(kMaxCommandsPerBatch));
  now_ = std::max(now, state_.last_time());
  actor_ = actor;
  subjects_.clear();
  std::vector<Refused> refused;
  state_.begin();
  for (int i = 0; i < batch.commands_size(); ++i) {
    const State::Mark mark = state_.mark();
    event_count_ = 0;
    if (Status status = batch_part(batch.commands(i)); !status) {
      state_.rollback_to(mark);
      refused.push_back({i, std::move(status).error()});
    }
  }
  state_.rollback();
  return refused;
}

std::uint64_t area_of_party(const State& state, std::uint64_t id) {
  return state.areas()[state.parties()[state.parties().find(PartyId{id})].area].id.value();
}

std::uint64_t area_of_need(const State& state, std::uint64_t id) {
  return state.areas()[state.needs()[state.needs().find(NeedId{id})].area].id.value();
}

Status Market::check_version(std::uint64_t actual) const {
  if (expected_version_ == 0 || expected_version_ == actual) return outcome::success();
  return refuse(Code::kVersionMismatch, "If-Match", std::to_string(actual));
}

Result<Slot> Market::find_need(std::uint64_t id) const {
  const Slot s = state_.needs().find(NeedId{id});
  if (s == kNoSlot) return refuse(Code::kUnknownNeed, "needId", std::to_string(id));
  return s;
}

Result<Slot> Market::find_offer(std::uint64_t id) const {
  const Slot s = state_.offers().find(OfferId{id});
  if (s == kNoSlot) return refuse(Code::kUnknownOffer, "offerId", std::to_string(id));
  return s;
}

Result<Slot> Market::find_party(std::uint64_t id, const char* field) const {
  const Slot s = state_.parties().find(PartyId{id});
  if (s == kNoSlot) return refuse(Code::kUnknownParty, field, std::to_string(id));
  return s;
}

}  // namespace qiao
