// Loads rows from disk into a market's state, on threads that share the work evenly.
//
// A thread takes a kind, reads a batch of its rows from disk and puts it into the state while it is
// in the core's cache, until there are no more. If no kind is left, it reads ahead for those that
// others put, so that all threads have work until the end.
#pragma once

#include <rocksdb/db.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/workers.h"
#include "engine/rows/state.h"
#include "server/store/error.h"

namespace qiao {

class Loader {
 public:
  // All rows of a kind, by key; nullptr if there is no such table. Called once a kind, by the
  // thread that reads it first.
  using Open = std::function<std::unique_ptr<rocksdb::Iterator>(pb::Event::RowCase)>;
  // The row as the market knows it, in `buffer` if it differs from the stored one; nothing if it is
  // damaged.
  using Unseal = std::function<std::optional<std::string_view>(
      pb::Event::RowCase, std::string_view key, std::string_view stored, std::string& buffer)>;

  Loader(State& state, Open open, Unseal unseal);

  // The first error in the rows, in words; the state must not be used then.
  StoreResult<void> run(const Workers& workers);

 private:
  // A kind, or the step that links rows of a kind with those they reference. Protected by the
  // mutex, except for what a thread has taken for a step, which belongs to that thread until it is
  // returned.
  struct Lane {
    pb::Event::RowCase kind{};
    std::string name;                 // of the kind, for people
    std::vector<const Lane*> after;   // starts only after those
    bool (State::*link)() = nullptr;  // instead of rows
    const char* missing = "";         // what was wrong if that failed
    bool taken = false;
    bool reads_to_come = true;
    bool being_read = false;
    bool done = false;
    std::unique_ptr<rocksdb::Iterator> rows = {};
    std::deque<BlobBatch> waiting = {};
    std::uint64_t put = 0;  // rows
  };

  Lane& add(pb::Event::RowCase kind, std::vector<const Lane*> after);
  Lane& add(bool (State::*link)(), const char* missing, std::vector<const Lane*> after);
  // One that was added.
  const Lane& lane_of(pb::Event::RowCase kind) const;
  void work();
  Lane* next_to_take();
  Lane* next_to_read();
  // Each releases the lock while it works.
  void run(Lane& lane, std::unique_lock<std::mutex>& lock);
  void read(Lane& lane, std::unique_lock<std::mutex>& lock);
  void put(Lane& lane, BlobBatch batch, std::unique_lock<std::mutex>& lock);
  void link(Lane& lane, std::unique_lock<std::mutex>& lock);
  bool over() const;
  void fail(std::string what);

  State& state_;
  const Open open_;
  const Unseal unseal_;
  std::deque<Lane> lanes_;  // in the order in which they are taken and read ahead
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<StoreError> error_;
};

}  // namespace qiao
