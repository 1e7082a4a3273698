// The whole state of the market. It changes only when a row is put: folding the journal puts its
// rows.
//
// Derived values (what a line holds, what an offer has booked, the fill rate of a community, who
// served whom) are updated with each put and depend on the rows alone, so that a restart from rows
// gives the same state.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_set>
#include <vector>

#include "engine/base/time_zone.h"
#include "engine/rows/facts.h"
#include "engine/rows/kinds.h"
#include "engine/rows/rows.h"
#include "engine/rows/table.h"
#include "engine/rows/timers.h"
#include "qiao/v1/event.pb.h"

namespace qiao {

// Called after each change, on the same thread. Matching keeps its index up to date with it.
class StateObserver {
 public:
  virtual ~StateObserver() = default;
  virtual void offer_changed(Slot offer) = 0;
  virtual void need_changed(Slot need) = 0;
  // Called before the row of an offer or line is removed (an append is undone).
  virtual void offer_removed(Slot offer) = 0;
  virtual void need_removed(Slot need) = 0;
  virtual void party_changed(Slot party) = 0;
  // The policy or the taxonomy has changed.
  virtual void settings_changed() = 0;
};

// A booking of an offer for a window.
struct Booking {
  Interval window;
  std::int64_t quantity;
  Slot match;
};

// Single-threaded. Other threads may read it only while its owner does not run.
class State {
 public:
  State();
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  // Area codes arrive in any order; ids ascend.
  template <class Id>
  using IdsOf = std::conditional_t<std::is_same_v<Id, AreaCode>, HashedIds<Id>, AscendingIds<Id>>;
  template <class Kind>
  using Rows = Table<typename Kind::Id, typename Kind::Row, IdsOf<typename Kind::Id>>;

  // needs(), offers() and so on: the rows of each kind in kinds.inc. rows(kinds::Need{}): needs().
#define QIAO_KIND(Name, one, many, ...)                     \
  const Rows<kinds::Name>& many() const { return many##_; } \
  const Rows<kinds::Name>& rows(kinds::Name) const { return many##_; }
#include "engine/rows/kinds.inc"

  // kNoSlot if no account has that login (lower case), external identity or secret.
  Slot account_by_login(std::string_view login) const;
  Slot account_by_external_id(std::string_view external_id) const;
  Slot grant_by_secret(const SecretHash& secret) const;
  // Accounts of a person or of a resident. In no particular order.
  std::span<const Slot> accounts_of_party(PartyId party) const;
  std::span<const Slot> accounts_of_person(PersonId person) const;
  std::span<const Slot> accounts_of_resident(std::uint64_t resident_ref) const;
  // A resident's needs: the first, and the rest by NeedRow::next_of_resident; kNoSlot if there are
  // none.
  Slot first_need_of_resident(std::uint64_t resident_ref) const;
  // Name of the area; empty if it does not exist.
  std::string area_name(Slot area) const;
  // Needs in that area, and not below, that wait for an organiser: to be checked, reviewed or
  // dispatched after an escalation, with a claim to confirm or a service to verify. In no
  // particular order.
  std::span<const Slot> waiting_in(Slot area) const;
  // The same for every area that has any.
  const boost::unordered_flat_map<Slot, std::vector<Slot>>& waiting() const { return waiting_; }
  // The needs that were escalated to the city, which the lead handles wherever they are.
  const boost::unordered_flat_set<Slot>& waiting_in_city() const { return waiting_in_city_; }
  const NeedProgress& progress(Slot need) const { return progress_[need]; }
  Slot line_count() const { return lines_.size(); }
  const LineRow& line(Slot s) const { return lines_[s]; }
  // Prefetches a row: ranking reads rows in random order and spends most of its time waiting for
  // memory.
  void prefetch_line(Slot s) const { __builtin_prefetch(&lines_[s]); }
  void prefetch_offer(Slot s) const { __builtin_prefetch(&offers_[s]); }
  void prefetch_need(Slot s) const { __builtin_prefetch(&needs_[s]); }
  // kNoSlot unless 1 <= number <= the need's lines.
  Slot line_of(Slot need, std::uint32_t number) const;

  const pb::Policy& policy() const { return policy_; }
  const pb::Taxonomy& taxonomy() const { return vocabulary_.taxonomy(); }
  // The policy or the taxonomy.
  const google::protobuf::Message& setting(pb::Event::RowCase kind) const;
  const Vocabulary& vocabulary() const { return vocabulary_; }
  const TimeZone& zone() const { return zone_; }
  Seq last_seq() const { return last_seq_; }
  Time last_time() const { return last_time_; }

  // load_need(slot) and so on: the current resource; a need includes its version and the quantities
  // that its lines hold. load(kinds::Need{}, slot) is load_need(slot). Parses: about 1 us.
#define QIAO_KIND(Name, one, ...)  \
  pb::Name load_##one(Slot) const; \
  pb::Name load(kinds::Name, Slot slot) const { return load_##one(slot); }
#include "engine/rows/kinds.inc"

  // The most units that the offer can supply in that window now. O(log + overlapping bookings).
  std::int64_t available(Slot offer, const Interval& window) const;
  // The highest quantity booked at any instant of the window (time).
  std::int64_t peak(Slot offer, const Interval& window) const;
  // Bookings of a time offer, ordered by start; or nullptr.
  const std::vector<Booking>* bookings(Slot offer) const;
  // True if a is b or lies in it.
  bool within(Slot area, Slot ancestor) const;
  // The direct branches of the party. In no particular order.
  std::span<const PartyId> branches_of(PartyId party) const;
  // How often the party has served this resident, this community.
  std::uint32_t served_resident(Slot party, std::uint64_t resident_ref) const;
  std::uint32_t served_area(Slot party, Slot area) const;
  // Sums over all communities (millionths of a line).
  std::int64_t asked_micro() const { return asked_micro_; }
  std::int64_t filled_micro() const { return filled_micro_; }

  // Folds an event: its row replaces the previous one. Events must be given in the order of their
  // seq. Keeps what is needed to undo it until commit().
  void fold(const pb::Event& event);
  // Puts a stored row. Returns false if the bytes are not such a row or reference a missing row.
  //
  // At start-up, in this order: start_loading(); the settings; the kinds that are linked (kLinked)
  // in any order; link_areas(), link_parties(), link_offers(), link_needs(); the other kinds,
  // grants after accounts; loaded(), start_timers(), link_lists().
  // Each row once. Different threads may put rows of different kinds at the same time, and link a
  // kind while others are put, once the rows that it references are put and linked.
  bool load_row(pb::Event::RowCase kind, Blob bytes);
  // `last_seq`: the last event. Ids are numbers of events, so none is greater.
  void start_loading(Seq last_seq) {
    loading_ = std::make_unique<Loading>();
    loading_->last_seq = last_seq;
  }
  // An empty message of the type of that kind of row.
  static const google::protobuf::Message& row_type(pb::Event::RowCase kind);
  // Reserves room for this many areas.
  void reserve_areas(std::size_t areas) { areas_.reserve(areas); }
  // Links them to their parent areas; returns false if one is missing.
  bool link_areas();
  bool link_parties();
  bool link_needs();
  // Links them to their parties.
  bool link_offers();
  void loaded(Seq last_seq, Time last_time);
  // Rebuilds every timer from the rows. May run while other threads read rows.
  void start_timers();
  // Builds the lists of residents' needs and of needs that wait for organisers. May run on another
  // thread than start_timers().
  void link_lists();

  // The current bytes of the row of that kind and key. Valid until the row changes.
  std::string_view row_bytes(pb::Event::RowCase kind, std::uint64_t key) const;

  // A transaction: fold events, then commit or undo all of them.
  void begin();
  void commit();
  void rollback();
  // A position within the transaction to which it can be undone.
  struct Mark {
    std::size_t undo = 0;
    Seq seq = 0;
    Time time{};
  };
  Mark mark() const { return {undo_.size(), last_seq_, last_time_}; }
  void rollback_to(const Mark& mark);

  // A policy with other time limits changes when the market acts on every row: the timers are
  // recomputed in steps, those of the first rows at once. Handles up to this many rows; returns
  // false once none is left. A timer that expires meanwhile is recomputed first; a new one may be
  // late.
  bool refresh_timers(std::size_t rows);

  // The earliest moment at which the market has to act.
  std::optional<TimerQueue::Entry> next_timer();
  void pop_timer() { timers_.pop(); }
  void observe(StateObserver* observer) { observer_ = observer; }

 private:
  struct UndoRecord {
    pb::Event::RowCase kind;
    Slot slot;        // of the row
    Blob previous;    // null: the row is new
    Seq last_change;  // previous value of the need
  };
  struct HistoryKey {
    Slot party;
    std::uint64_t what;
    friend bool operator==(const HistoryKey&, const HistoryKey&) = default;
    friend std::size_t hash_value(const HistoryKey& k) {
      return static_cast<std::size_t>((k.what ^ (std::uint64_t{k.party} << 32)) *
                                      0x9E3779B97F4A7C15ULL);
    }
  };

  // Slots of referenced rows. They are looked up together once all rows are loaded: they are in
  // random order, so that the waits for memory overlap and memory is read locally, and the kinds of
  // rows do not wait for each other.
  struct Loading {
    alignas(kApart) std::vector<AreaCode> parents;  // its own code if it has no parent
    alignas(kApart) std::vector<AreaCode> of_parties;
    alignas(kApart) std::vector<AreaCode> of_needs;
    alignas(kApart) std::vector<PartyId> of_offers;
    alignas(kApart) Seq last_seq = 0;
  };
  // Whether a row with that id may be new.
  template <class Rows, class Id>
  bool takes(const Rows& rows, Id id) const {
    return (!loading_ || id.value() <= loading_->last_seq) && rows.takes(id);
  }
  void link_offer(Slot offer, Slot party);
  void link_resident(Slot need);
  void unlink_resident(Slot need);
  bool waits(const NeedRow& need) const;
  void update_waiting(Slot need);
  void leave_waiting(Slot need);
  void set_parent(PartyRow& row, PartyId parent);
  void update_waiting_in_city(Slot need);

  // put_need() and so on: how a row of each kind changes the state (fold.cc). The result is that of
  // load_row(). remove_need() and so on undo an append; the row must be the last one (undo.cc).
#define QIAO_KIND(Name, one, ...) \
  bool put_##one(Blob bytes);     \
  void remove_##one(Slot);
#define QIAO_SETTING(Name, one, ...) bool put_##one(std::string_view bytes);
#include "engine/rows/kinds.inc"

  void unindex_names(Slot account);
  void remember(pb::Event::RowCase kind, Slot slot, Blob previous, Seq last_change) {
    if (in_transaction_) undo_.push_back({kind, slot, std::move(previous), last_change});
  }
  void undo(UndoRecord& record);
  void remove_row(pb::Event::RowCase kind, Slot slot);

  void contribute(const MatchRow&, Slot match, std::int64_t sign);
  void contribute_fill(const NeedRow&, std::int64_t sign);
  CategorySet category_set(const Codes& codes) const;
  void place_lines(NeedRow&, Slot need, const NeedFacts&);
  void schedule(TimerQueue::Kind kind, Slot slot, Time due);
  bool still_due(const TimerQueue::Entry& e) const;
  void limits_changed();
  bool timers_are_fresh() const;
  bool refresh_timer(TimerQueue::Kind kind, Slot slot);

#define QIAO_KIND(Name, one, many, ...) Rows<kinds::Name> many##_;
#include "engine/rows/kinds.inc"

  boost::unordered_flat_map<std::string, Slot> logins_;
  boost::unordered_flat_map<std::string, Slot> external_ids_;
  boost::unordered_flat_map<SecretHash, Slot> secrets_;
  boost::unordered_flat_map<PartyId, std::vector<Slot>> accounts_of_party_;
  boost::unordered_flat_map<std::uint64_t, std::vector<Slot>> accounts_of_person_;
  boost::unordered_flat_map<std::uint64_t, std::vector<Slot>> accounts_of_resident_;
  boost::unordered_flat_map<std::uint64_t, Slot> residents_;           // the first need of each
  boost::unordered_flat_map<PartyId, std::vector<PartyId>> branches_;  // no list is empty
  boost::unordered_flat_map<Slot, std::vector<Slot>> waiting_;         // by area; no list is empty
  boost::unordered_flat_set<Slot> waiting_in_city_;
  Chunks<LineRow> lines_;
  Chunks<NeedProgress> progress_;  // by need
  pb::Policy policy_;
  Vocabulary vocabulary_;
  TimeZone zone_;
  PatternPool patterns_;
  std::unordered_set<CategorySet> category_sets_;  // interned; only grows
  boost::unordered_flat_map<Slot, std::vector<Booking>> bookings_;
  boost::unordered_flat_map<HistoryKey, std::uint32_t> history_;
  TimerQueue timers_;
  // Rows below these slots have timers of the previous policy.
  struct {
    Slot needs = 0;
    Slot matches = 0;
    Slot persons = 0;
  } stale_;
  std::int64_t asked_micro_ = 0;
  std::int64_t filled_micro_ = 0;
  Seq last_seq_ = 0;
  Time last_time_{};

  std::unique_ptr<Loading> loading_;  // only while loading
  bool in_transaction_ = false;
  Mark begin_;
  std::vector<UndoRecord> undo_;
  std::string buffer_;
  StateObserver* observer_ = nullptr;
};

// Sets the fields that decisions use from a need as it was sent, also for a need that is not posted
// (a preview). State sets `need.first_line`, the lists and the timer.
void fill(NeedRow& row, const pb::Need& need, const State& state);
void fill(LineRow& row, const pb::RequirementLine& line, const State& state);

}  // namespace qiao
