// Rows from disk into a market's state, by threads that share the work evenly.
//
// There are two sorts of step: read a batch of rows of a kind off the disk, and put a batch of a kind into the state. Kinds are put
// in an order that what they lean on asks for, and those on the same side one at a time (state.h says which may be put beside
// which). Whoever has nothing to put reads ahead, for the side that has more to come, so that both come to their end together and
// both threads have work until then.
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
#include "engine/market/state.h"
#include "server/store/error.h"

namespace qiao {

class Loader {
 public:
  // All rows of a kind, by key; nullptr where there is no such table. Asked for once a kind, by the thread that reads it first.
  using Open = std::function<std::unique_ptr<rocksdb::Iterator>(pb::Event::RowCase)>;
  // About how many there are, by which the work is shared out.
  using Count = std::function<std::uint64_t(pb::Event::RowCase)>;
  // The row as the market knows it, in `buffer` where it is not the stored one; nothing where it is damaged.
  using Unseal = std::function<std::optional<std::string_view>(pb::Event::RowCase, std::string_view key, std::string_view stored, std::string& buffer)>;

  Loader(State& state, Open open, const Count& count, Unseal unseal);

  // The first thing that is wrong with the rows, in words; the state is of no use then.
  StoreResult<void> run(const Workers& workers);

 private:
  enum class Side { kSupply, kDemand };
  // What is put one batch after the other, by one thread at a time; the state of it is behind the mutex, but what a thread
  // has taken for a step is that thread's alone until it gives it back.
  struct Lane {
    pb::Event::RowCase kind{};
    std::string name;                    // of the kind, for people
    Side side{};
    std::vector<const Lane*> after;      // put only when those are done
    const Lane* links_to = nullptr;      // rows that its own are linked with when all are there
    std::function<bool()> link = {};     // false: one is missing
    const char* missing = "";            // what, then
    std::uint64_t to_read = 0;           // rows, about
    bool reads_to_come = true;
    bool being_read = false;
    bool done = false;
    std::unique_ptr<rocksdb::Iterator> rows = {};
    std::deque<BlobBatch> waiting = {};
    std::uint64_t put = 0;               // rows
  };

  Lane& add(pb::Event::RowCase kind, const char* name, Side side, std::vector<const Lane*> after);
  void work();
  Lane* next_to_put();
  Lane* next_to_read();
  void put_step(Lane& lane, std::unique_lock<std::mutex>& lock);
  void read_step(Lane& lane, std::unique_lock<std::mutex>& lock);
  std::uint64_t to_read(Side side) const;
  void fail(std::string what);

  State& state_;
  const Open open_;
  const Unseal unseal_;
  std::deque<Lane> lanes_;  // the more urgent first
  std::mutex mutex_;
  std::condition_variable changed_;
  bool side_busy_[2] = {false, false};
  std::optional<StoreError> error_;
};

}  // namespace qiao
