// The thread that owns the market, the timers, and requests that wait for the disk.
//
//   market thread   applies commands in memory, one after another; adds each to the open group
//   commit thread   takes the group, writes it with one sync, reports to the market thread how far
//                   the disk is
//   housekeeping    backups, deleting old responses, compaction: beside commits, which never wait
//                   for them
//
// If it is driven (RuntimeOptions) there is one thread, and the caller runs the steps.
//
// The market thread never waits for the disk. Responses do: that to a change is sent when its
// events are on disk, that to a read when everything it saw is (DESIGN.md §2, idea 3). A failed
// write stops the process.
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
#include "engine/match/ranked_market.h"
#include "server/runtime/metrics.h"
#include "server/store/store.h"

namespace qiao {

// An event on its way to watchers: the fields that filters and access rules read, and the bytes.
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
  bool active;                 // a party with that standing
  AreaCode account_area;       // of an account without a party
  std::string bytes;           // serialised Event
};
// Without the bytes.
Published outline_of(const pb::Event& event);

struct RuntimeOptions {
  // Commands are refused while more than this waits for the disk.
  std::size_t max_pending_bytes = 64 << 20;
  Seconds keep_responses = std::chrono::hours{48};
  // Fills an empty database (with apply_at) before anything else. Commands that it does not commit
  // itself (commit_load) are written at its end. Called again, with the stored rows loaded, while
  // the store has a LoadMark; if a mark remains the start is refused.
  std::function<StoreResult<void>(class Runtime&)> fill_empty = {};
  // Called if the disk refused a write, so that memory is ahead of it and must not be read any
  // more, or if it cannot be read, so that nobody can say whether a request was answered before. On
  // the thread that noticed; nothing happens after it. By default the process logs the reason and
  // exits with 74 (EX_IOERR), or with 65 (EX_DATAERR) if files are damaged.
  std::function<void(const StoreError&)> on_disk_failure = {};
  // Without a thread and timers of its own: the caller calls commit(), wake() and tidy_up(). For
  // simulations.
  bool driven = false;
};

// The result of a command.
struct Applied {
  Seq seq;  // the response may be sent when this is on disk
  std::vector<Subject> subjects;
};

// All functions are for the market thread unless stated otherwise.
class Runtime {
 public:
  using Clock = std::function<Time()>;
  using Listener = std::function<void(std::vector<std::shared_ptr<const Published>>)>;

  // Loads the market from the store, which must outlive it. The market thread is the one that runs
  // `context`.
  static StoreResult<std::unique_ptr<Runtime>> start(boost::asio::io_context& context, Store& store,
                                                     Metrics& metrics, Clock clock,
                                                     RuntimeOptions options = {});
  ~Runtime();

  // Stores the response to a command under an idempotency key, in the same write as the command.
  struct ResponseToStore {
    pb::StoredResponse response;
    std::unique_ptr<google::protobuf::Message> message;
  };
  struct KeyedResponse {
    std::string key;
    // Called once, when the command has been applied.
    std::function<ResponseToStore(const Applied&)> make;
  };

  // Applies a command now. Refusals change nothing. Never blocks.
  Result<Applied> apply(const pb::Command& command, const KeyedResponse* keyed = nullptr);

  // Which commands of a batch would be refused now. Changes nothing.
  Result<std::vector<Market::Refused>> check(const pb::Batch& batch, const pb::Actor& actor) {
    return market_.check(batch, actor, clock_());
  }

  // The same at another time than now: for loading a history. Not before the last event.
  Result<Applied> apply_at(const pb::Command& command, Time now,
                           const KeyedResponse* keyed = nullptr);

  const State& state() const { return market_.state(); }
  const Ranking& ranking() const { return market_.ranking(); }
  Time now() const { return clock_(); }

  Seq applied_seq() const { return market_.state().last_seq(); }
  Seq durable_seq() const { return durable_seq_; }
  bool overloaded() const;

  // Calls back on the market thread when everything up to seq is on disk: before returning if it
  // already is.
  void when_durable(Seq seq, std::function<void()> then);

  // Responses by idempotency key. A response that is not on disk yet is found too, with the seq to
  // wait for.
  struct FoundResponse {
    pb::StoredResponse stored;
    Seq seq;
  };
  std::optional<FoundResponse> find_stored_response(const std::string& key) const;

  // Events on disk after that one, in order, until event() returns false.
  StoreResult<void> read_journal(
      Seq after, const std::function<bool(Seq, std::string_view bytes)>& event) const {
    return store_.read_journal(after, durable_seq_, event);
  }

  // Writes a part of a clearing to disk with the next write; without bytes, deletes it.
  void keep_clearing(std::uint64_t number, ClearingPart part, std::optional<std::string> bytes);

  // While the database is filled (RuntimeOptions::fill_empty): bytes that wait for the disk; writes
  // them, with the mark of an unfinished load, or none at its end.
  std::size_t pending_bytes() const;
  StoreResult<void> commit_load(const std::optional<LoadMark>& mark);
  // Writes the contents of memory tables into files.
  StoreResult<void> flush() { return store_.flush(); }

  // For queries about the past; everything in it is on disk.
  const Store& store() const { return store_; }

  // Makes a backup on the commit thread, calls back on the market thread.
  void checkpoint(std::string path, std::function<void(StoreResult<Head>)> then);

  // The disk failed or files are damaged: see RuntimeOptions::on_disk_failure. For any thread.
  void fail(const StoreError& error) const;

  // Receives each event once, in order, when it is on disk. Called on the market thread; set once.
  void listen(Listener listener) { listener_ = std::move(listener); }

  // Receives each event as it is applied, before it is on disk. On the market thread, which it must
  // not block; set once, or to nothing.
  void on_event(std::function<void(const pb::Event&)> observer) { observer_ = std::move(observer); }

  // Waits until everything applied is on disk and stops the commit thread. Called by the
  // destructor.
  void stop();

  // The steps that threads and timers take, for a caller that drives it.
  //
  // Writes what has been applied; true: callbacks that wait for it run as soon as the context runs.
  bool commit();
  // The next time at which the market acts without a command.
  std::optional<Time> next_tick() { return market_.next_tick(); }
  // Runs what is due.
  void wake() { tick(clock_()); }
  // Deletes old responses, and removes erased data from the disk.
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
  void record(const Outcome& outcome, const KeyedResponse* keyed, const Applied& applied);
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
  RankedMarket market_;
  boost::asio::steady_timer timer_;
  bool refreshing_timers_ = false;
  Time armed_for_{};  // 0: not armed
  boost::asio::steady_timer housekeeping_;
  Seq durable_seq_ = 0;
  std::deque<Waiter> waiters_;  // by seq
  struct Unwritten {
    std::string bytes;  // as stored
    Seq seq;
  };
  boost::unordered_flat_map<std::string, Unwritten> unwritten_responses_;  // not on disk yet
  std::deque<std::pair<Seq, std::string>> unwritten_response_order_;
  std::vector<std::shared_ptr<const Published>> unpublished_;
  Listener listener_;
  std::function<void(const pb::Event&)> observer_;

  // Shared by the two threads.
  mutable std::mutex mutex_;
  std::condition_variable work_;
  Group open_group_;
  Group written_group_;  // of commit()
  // Long work other than commits: the commit thread passes it on when everything before it is
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
