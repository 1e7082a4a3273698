// Rows from disk into a market's state, by threads that share the work evenly.
//
// A thread takes a kind, and reads a batch of its rows off the disk and puts it into the state,
// which is still in its core's cache then, until there are no more. Where no kind is left to take,
// it reads ahead for those that others put, so that all threads have work until the end.
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
  // All rows of a kind, by key; nullptr where there is no such table. Asked for once a kind, by the
  // thread that reads it first.
  using Open = std::function<std::unique_ptr<rocksdb::Iterator>(pb::Event::RowCase)>;
  // The row as the market knows it, in `buffer` where it is not the stored one; nothing where it is
  // damaged.
  using Unseal = std::function<std::optional<std::string_view>(
      pb::Event::RowCase, std::string_view key, std::string_view stored, std::string& buffer)>;

  Loader(State& state, Open open, Unseal unseal);

  // The first thing that is wrong with the rows, in words; the state is of no use then.
  StoreResult<void> run(const Workers& workers);

 private:
  // A kind, or what links rows of a kind with those they reference. All of it is behind the mutex,
  // but what a thread has taken for a step is that thread's alone until it gives it back.
  struct Lane {
    pb::Event::RowCase kind{};
    std::string name;                 // of the kind, for people
    std::vector<const Lane*> after;   // begun only when those are done
    bool (State::*link)() = nullptr;  // instead of rows
    const char* missing = "";         // what, when that says no
    bool taken = false;
    bool reads_to_come = true;
    bool being_read = false;
    bool done = false;
    std::unique_ptr<rocksdb::Iterator> rows = {};
    std::deque<BlobBatch> waiting = {};
    std::uint64_t put = 0;  // rows
  };

  Lane& add(pb::Event::RowCase kind, const char* name, std::vector<const Lane*> after);
  Lane& add(bool (State::*link)(), const char* missing, std::vector<const Lane*> after);
  void work();
  Lane* next_to_take();
  Lane* next_to_read();
  // Each lets go of the lock while it works.
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
