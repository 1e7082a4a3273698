// The market: a pure state machine from commands to events or a refusal.
//
// No clock, thread, file or randomness: the same commands with the same times give the same events
// on every machine. A refused command has changed nothing.
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

// The row that a command is about.
struct Subject {
  pb::Event::RowCase kind = pb::Event::ROW_NOT_SET;
  std::uint64_t key = 0;
  std::uint32_t part = 0;  // the index of the command in its batch
};

struct Outcome {
  // In the order in which they happened. Valid until the next apply(). Empty if a tick had nothing
  // to do.
  std::span<const pb::Event> events;
  // The rows that the commands are about, in order: one for each command, except Notify (one for
  // each notified party) and Erase (one for each row that something was erased from).
  std::span<const Subject> subjects;
};

// Owns the state and the matcher. Single-threaded.
class Market {
 public:
  using MatcherFactory = std::function<std::unique_ptr<Matcher>(const State&)>;
  explicit Market(const MatcherFactory& make_matcher);
  ~Market();

  // Applies a command at `now`. If the clock was set back, the time of the last event is used
  // instead.
  Result<Outcome> apply(const pb::Command& command, Time now);

  // Returns which commands of a batch would be refused, and why: each is tried after the accepted
  // ones before it, then all are undone. `index` counts from 0.
  struct Refused {
    int index;
    Refusal refusal;
  };
  Result<std::vector<Refused>> check(const pb::Batch& batch, const pb::Actor& actor, Time now);

  // Applies an event of another market's journal.
  void fold(const pb::Event& event) { state_.fold(event); }

  // When the next Tick is due; nothing if none is. Amortised O(log n).
  std::optional<Time> next_tick();

  const State& state() const { return state_; }
  // See State::refresh_timers().
  bool refresh_timers(std::size_t rows) { return state_.refresh_timers(rows); }
  // For loading rows at start-up only: takes rows until loaded(), which is given the number and
  // time of the last event and then builds the index of all rows. If `last_seq` is known, no row
  // may have a greater id.
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
  Status check_waiting(const char* field) const;
  Status check_number_of_needs(std::uint64_t resident_ref, const char* field) const;
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
  // Which grants of an account end. All of them if it is disabled, so that it has none when it is
  // enabled again.
  enum class Ending : std::uint8_t { kAll, kAllButTokens };
  void end_grants(Slot account, Ending which);
  Status revoke_grant(const pb::RevokeGrant&);
  // privacy.cc
  Status disclose(const pb::Disclose&);
  Status erase(const pb::Erase&);
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

  // Steps shared by commands and timers.
  void open_need(pb::Need need);
  void escalate_need(pb::Need need);
  // Cancels the need's live matches, then closes the need.
  void close_need(Slot need, pb::NeedState state, pb::EventKind kind, const std::string& reason);
  void change_match(Slot match, pb::MatchState state, const std::string& reason,
                    bool at_site = false);
  void new_match(Slot line, Slot offer, std::int64_t quantity, pb::MatchState how,
                 const Judgement& judgement);
  // Call after matches of a need have changed: it may be filled, open again or done.
  void refresh_need_state(Slot need);
  // After a dispatch was declined or has lapsed: counts it, escalates the need, asks the next best
  // party.
  void redispatch(Slot match);
  void verify_served(Slot need);

  template <class Resource>
  void emit(pb::EventKind kind, Resource resource);
  // The id of a new row is the number of the event that creates it.
  std::uint64_t next_id() const { return state_.last_seq() + 1; }
  pb::Event& fresh_event();
  void answer(pb::Event::RowCase kind, std::uint64_t key) {
    subjects_.push_back({kind, key, part_});
  }

  State state_;
  std::unique_ptr<Matcher> matcher_;
  // For the current command.
  Time now_{};
  pb::Actor actor_;
  Scope scope_{};
  std::uint64_t expected_version_ = 0;
  std::vector<pb::Event> events_;  // reused, to keep their memory
  std::size_t event_count_ = 0;
  std::vector<Subject> subjects_;
  std::uint32_t part_ = 0;
};

}  // namespace qiao
