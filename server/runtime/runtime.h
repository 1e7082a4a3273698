// The one thread that owns the market, the timers, and what waits for the disk.
//
//   market thread   applies commands in memory, at once, one after another; adds each to the open
//   group commit thread   takes the group, writes it with one sync, tells the market thread how far
//   the disk is housekeeping    backups, forgetting, compaction: beside commits, which never wait
//   for them
//
// Where it is driven (RuntimeOptions) there is one thread, and the steps are taken from outside.
//
// The market thread never waits for the disk. Answers do: what changed something is answered when
// its events are on disk, what read something when everything it saw is (DESIGN.md §2, idea 3). A
// failed write stops the process.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/market/market.h"
#include "engine/match/ranking.h"
#include "server/runtime/metrics.h"
#include "server/store/store.h"

namespace qiao {

// An event on its way to watchers: what filters and the rules of sight look at, and the bytes.
struct Published {
  Seq seq;
  pb::EventKind kind;
  AreaCode area;
  PartyId party;
  NeedId need;
  pb::Event::RowCase row;
  std::uint64_t row_id;        // of a person or an account
  pb::NeedState need_state;    // of a need
  bool opened;                 // a need that is or was on the public board
  std::uint64_t resident_ref;  // of a need
  bool active;                 // a party whose standing is that
  AreaCode account_area;       // of an account without a party
  std::string bytes;           // serialised Event
};
// Without the bytes.
Published outline_of(const pb::Event& event);

struct RuntimeOptions {
  // Commands are refused while more than this waits for the disk.
  std::size_t max_pending_bytes = 64 << 20;
  Seconds keep_answers = std::chrono::hours{48};
  // Fills an empty database (with apply_at) before anything else happens. What it does not commit
  // itself (commit_load) goes to disk as one write at its end. Called again, with what is on disk
  // loaded, while the store has a LoadMark; a mark that it leaves refuses the start.
  std::function<StoreResult<void>(class Runtime&)> fill_empty = {};
  // The disk refused a write, so that memory is ahead of it and must not be read any more; or it
  // cannot be read, so that nobody can say whether a request was answered before. Called on the
  // thread that found out; nothing happens after it. Where not given the process says why and ends
  // with 74 (EX_IOERR), or with 65 (EX_DATAERR) where files are damaged.
  std::function<void(const StoreError&)> on_disk_failure = {};
  // Without a thread and timers of its own: whoever has a time of his own calls commit(), wake()
  // and tidy_up(). For simulations.
  bool driven = false;
};

// What came of a command.
struct Applied {
  Seq seq;  // answer when this is on disk
  std::vector<Subject> subjects;
};

// All functions are for the market thread unless they say otherwise.
class Runtime {
 public:
  using Clock = std::function<Time()>;
  using Listener = std::function<void(std::vector<std::shared_ptr<const Published>>)>;

  // Loads the market from the store, which it uses until it is gone. The market thread is the one
  // that runs `context`.
  static StoreResult<std::unique_ptr<Runtime>> start(boost::asio::io_context& context, Store& store,
                                                     Metrics& metrics, Clock clock,
                                                     RuntimeOptions options = {});
  ~Runtime();

  // Keeps the answer to a command under an idempotency key, in the same write as the command
  // itself.
  struct Keepable {
    pb::KeptAnswer answer;
    std::unique_ptr<google::protobuf::Message> message;
  };
  struct KeyedAnswer {
    std::string key;
    std::function<Keepable(const Applied&)> make;  // called once, when the command has been applied
  };

  // Applies a command now. Refusals change nothing. Never waits.
  Result<Applied> apply(const pb::Command& command, const KeyedAnswer* keyed = nullptr);

  // Which commands of a batch would be refused now. Changes nothing.
  Result<std::vector<Market::Refused>> check(const pb::Batch& batch, const pb::Actor& actor) {
    return market_.check(batch, actor, clock_());
  }

  // The same at another moment than now: for loading a history. Not before the last event.
  Result<Applied> apply_at(const pb::Command& command, Time now,
                           const KeyedAnswer* keyed = nullptr);

  const State& state() const { return market_.state(); }
  const Ranking& ranking() const { return ranking_; }
  Time now() const { return clock_(); }

  Seq applied_seq() const { return market_.state().last_seq(); }
  Seq durable_seq() const { return durable_seq_; }
  bool overloaded() const;

  // Calls back on the market thread when everything up to seq is on disk: at once (before
  // returning) where it is.
  void when_durable(Seq seq, std::function<void()> then);

  // First answers by idempotency key. An answer that is not on disk yet is found too, with the seq
  // to wait for.
  struct Answer {
    pb::KeptAnswer kept;
    Seq seq;
  };
  std::optional<Answer> find_answer(const std::string& key) const;

  // Events on disk after that one, in order, until event() returns false.
  StoreResult<void> read_journal(
      Seq after, const std::function<bool(Seq, std::string_view bytes)>& event) const {
    return store_.read_journal(after, durable_seq_, event);
  }

  // Keeps a part of a clearing on disk with the next write; without bytes, forgets it.
  void keep_clearing(std::uint64_t number, ClearingPart part, std::optional<std::string> bytes);

  // While the database is filled (RuntimeOptions::fill_empty): bytes that wait for the disk; writes
  // them, with the mark of a load that goes on, or none at its end.
  std::size_t pending_bytes() const;
  StoreResult<void> commit_load(const std::optional<LoadMark>& mark);
  // Writes what the database holds in memory into files.
  StoreResult<void> flush() { return store_.flush(); }

  // For questions about the past; what is in it is on disk.
  const Store& store() const { return store_; }

  // Makes a backup on the commit thread, calls back on the market thread.
  void checkpoint(std::string path, std::function<void(StoreResult<Head>)> then);

  // The disk failed or files are damaged: see RuntimeOptions::on_disk_failure. For any thread.
  void fail(const StoreError& error) const;

  // Gets each event once, in order, when it is on disk. Called on the market thread; set once.
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Gets each event as it is applied, before it is on disk. On the market thread, which it must not
  // hold up; set once, or to nothing.
  void on_event(std::function<void(const pb::Event&)> observer) { observer_ = std::move(observer); }

  // Waits until everything applied is on disk and stops the commit thread. Called by the
  // destructor.
  void stop();

  // The steps that threads and timers take, for who drives it.
  //
  // Writes what has been applied; true: what waits for it is told as soon as the context runs.
  bool commit();
  // When the market acts by itself next.
  std::optional<Time> next_tick() { return market_.next_tick(); }
  // Lets the market do what is due.
  void wake() { tick(clock_()); }
  // Forgets old answers, and takes off the disk what was erased.
  void tidy_up();

 private:
  StoreResult<void> fill();
  // `purge`: something was erased, and its key has left the tables.
  void tidy_up(bool purge);
  Runtime(boost::asio::io_context& context, Store& store, Metrics& metrics, Clock clock,
          RuntimeOptions options);
  void run_commits();
  void run_jobs();
  bool write(Group& group);
  void on_durable(Seq seq);
  void arm_timer();
  void tick(Time now);
  void refresh_timers();
  void take(const Outcome& outcome, const KeyedAnswer* keyed, const Applied& applied);
  void count_rows();

  struct Waiter {
    Seq seq;
    std::function<void()> then;
  };

  boost::asio::io_context& context_;
  Store& store_;
  Metrics& metrics_;
  Clock clock_;
  RuntimeOptions options_;
  Market market_;
  const Ranking& ranking_;
  boost::asio::steady_timer timer_;
  bool refreshing_timers_ = false;
  Time armed_for_{};  // 0: not armed
  boost::asio::steady_timer housekeeping_;
  Seq durable_seq_ = 0;
  std::deque<Waiter> waiters_;  // by seq
  struct Fresh {
    std::string bytes;  // as kept
    Seq seq;
  };
  boost::unordered_flat_map<std::string, Fresh> fresh_answers_;  // not on disk yet
  std::deque<std::pair<Seq, std::string>> fresh_answer_order_;
  std::vector<std::shared_ptr<const Published>> unpublished_;
  Listener listener_;
  std::function<void(const pb::Event&)> observer_;

  // Between the two threads.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  Group open_group_;
  Group written_group_;  // of commit()
  // What takes long and is no commit: the commit thread hands it on when everything before it is
  // written.
  std::vector<std::function<void()>> jobs_;
  std::vector<std::function<void()>> ready_jobs_;
  std::condition_variable jobs_ready_;
  bool commits_ended_ = false;
  bool stopping_ = false;
  std::thread committer_;
  std::thread housekeeper_;
};

}  // namespace qiao
