// The market: a pure state machine. Commands go in, events or a refusal come out.
//
// No clock, no thread, no file, no randomness: the same commands with the same times give the same
// events on every machine. A refused command has changed nothing.
#pragma once

#include <functional>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/refusal.h"
#include "engine/identity/roles.h"
#include "engine/market/matcher.h"
#include "engine/rows/state.h"
#include "qiao/v1/command.pb.h"
#include "qiao/v1/event.pb.h"

namespace qiao {

// What a command is about: the row that answers it.
struct Subject {
  pb::Event::RowCase kind = pb::Event::ROW_NOT_SET;
  std::uint64_t key = 0;
  std::uint32_t part = 0;  // of a batch: the place of its command, from 0
};

struct Outcome {
  // In the order in which they happened. Valid until the next apply(). Empty when a tick found
  // nothing to do.
  std::span<const pb::Event> events;
  // What the commands were about, in their order: one row each, except Notify (a row for each
  // party told) and Erase (one for each row that something was erased from).
  std::span<const Subject> subjects;
};

// Owns state and matcher. Single-threaded.
class Market {
 public:
  using MatcherFactory = std::function<std::unique_ptr<Matcher>(const State&)>;
  explicit Market(const MatcherFactory& make_matcher);
  ~Market();

  // Applies a command at `now`. Where the clock ran back, the time of the last event is used
  // instead.
  Result<Outcome> apply(const pb::Command& command, Time now);

  // Which commands of a batch would be refused, and why: each is tried on what the good ones before
  // it left, then all is taken back. `index` counts from 0.
  struct Refused {
    int index;
    Refusal refusal;
  };
  Result<std::vector<Refused>> check(const pb::Batch& batch, const pb::Actor& actor, Time now);

  // Follows a journal: what apply() gave elsewhere.
  void fold(const pb::Event& event) { state_.fold(event); }

  // When a Tick has something to do; nothing before that. Amortised O(log n).
  std::optional<Time> next_tick();

  const State& state() const { return state_; }
  // See State::refresh_timers().
  bool refresh_timers(std::size_t rows) { return state_.refresh_timers(rows); }
  const Matcher& matcher() const { return *matcher_; }
  // For loading rows at start-up only: takes rows until loaded() is told the last event's number
  // and time. Matching learns of them then, all at once. No row has a greater id than the last
  // event's number, where it is known.
  static constexpr Seq kAnySeq = std::numeric_limits<Seq>::max();
  State& state_to_load(Seq last_seq = kAnySeq);
  void loaded(Seq last_seq, Time last_time, const Workers& workers = alone);

 private:
  Status dispatch(const pb::Command& command);
  Status batch(const pb::Batch& batch);
  Status batch_part(const pb::Command& command);
  // parties.cc
  Status put_taxonomy(const pb::Taxonomy&);
  Status set_policy(const pb::Policy&);
  Status put_area(const pb::Area&);
  Status register_party(const pb::Party&);
  Status update_party(const pb::Party&);
  Status set_standing(const pb::SetStanding&);
  Status put_person(const pb::Person&);
  Status remove_person(const pb::RemovePerson&);
  // offers.cc
  Status post_offer(const pb::Offer&);
  Status update_offer(const pb::Offer&);
  Status withdraw_offer(const pb::WithdrawOffer&);
  // needs.cc
  Status post_need(const pb::PostNeed&);
  Status update_need(const pb::Need&);
  Status move_need(const pb::MoveNeed&);
  Status review_need(const pb::ReviewNeed&);
  // matches.cc
  Status make_match(const pb::MakeMatch&);
  Status move_match(const pb::MoveMatch&);
  Status check_in_allowed(const MatchRow& match, const pb::MoveMatch&) const;
  Status still_fit(const MatchRow& match) const;
  bool can_confirm_later(const MatchRow& row, const pb::Match& match) const;
  // notifications.cc
  Status notify(const pb::Notify&);
  // accounts.cc
  Status put_account(const pb::Account&);
  Status set_password(const pb::SetPassword&);
  Status lock_account(const pb::LockAccount&);
  Status add_grant(const pb::Grant&);
  // Ends what an account holds: what was disabled, and is enabled again, begins with nothing.
  enum class Ending : std::uint8_t { kAll, kAllButTokens };
  void end_grants(Slot account, Ending which);
  Status revoke_grant(const pb::RevokeGrant&);
  Status check_account(Slot account) const;
  Status check_role_of(const pb::Account&) const;
  Status check_waiting(const char* field) const;
  bool may_organise_there(Slot area, pb::PartyKind kind) const;
  Status check_account_change(const pb::Account& before, const pb::Account& row) const;
  bool lead_remains_without(Slot account) const;
  // privacy.cc
  Status disclose(const pb::Disclose&);
  Status erase(const pb::Erase&);
  Status check_contact(const NeedRow& need) const;
  Status check_subject(pb::SubjectKind subject, std::uint64_t id) const;
  void erase_need(Slot need);
  void erase_person(Slot person);
  void erase_account(Slot account);
  // timers.cc
  Status tick();
  void fire_match(Slot match);
  void fire_need(Slot need);

  Result<Slot> find_need(std::uint64_t id) const;
  Result<Slot> find_offer(std::uint64_t id) const;
  Result<Slot> find_party(std::uint64_t id, const char* field) const;
  Status check_version(std::uint64_t actual) const;
  // Where the scope is one's own: it is the member's own row.
  Status check_own(std::uint64_t person_id) const;

  // Steps shared by commands and timers.
  void open_need(pb::Need need);
  void escalate_need(pb::Need need);
  // Cancels what is live of it, then closes the need itself.
  void close_need(Slot need, pb::NeedState state, pb::EventKind kind, const std::string& reason);
  void change_match(Slot match, pb::MatchState state, const std::string& reason,
                    bool at_site = false);
  void new_match(Slot line, Slot offer, std::int64_t quantity, pb::MatchState how,
                 const Judgement& judgement);
  // After matches of a need changed: filled, reopened, done?
  void refresh_need_state(Slot need);
  // A dispatch came to nothing: counts it, raises the need, asks the next best.
  void redispatch(Slot match);
  void verify_served(Slot need);

  template <class Resource>
  void emit(pb::EventKind kind, Resource resource);
  // A new thing is called after the event that creates it.
  std::uint64_t next_id() const { return state_.last_seq() + 1; }
  pb::Event& fresh_event();
  void answer(pb::Event::RowCase kind, std::uint64_t key) {
    subjects_.push_back({kind, key, part_});
  }

  State state_;
  std::unique_ptr<Matcher> matcher_;
  // Of the command at hand.
  Time now_{};
  pb::Actor actor_;
  Scope scope_{};
  std::uint64_t expected_version_ = 0;
  std::vector<pb::Event> events_;  // reused, so that their memory is
  std::size_t event_count_ = 0;
  std::vector<Subject> subjects_;
  std::uint32_t part_ = 0;
};

}  // namespace qiao
