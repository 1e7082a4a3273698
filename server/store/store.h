// The market on disk: one RocksDB, as in DESIGN.md §6.
//
//   journal   sequence (8 bytes, big endian) -> Event
//   area, party, person, offer, need, match   key (8 bytes, big endian) -> row
//   single    "taxonomy", "policy" -> row
//   dedup     idempotency key -> time (8 bytes) and the first answer
//   meta      "format" -> magic and format version
#pragma once

#include <rocksdb/db.h>

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/market/market.h"

namespace qiao {

// What went wrong with the disk or the database, in words for the person who runs the server.
struct StoreError {
  std::string message;
};
template <class T>
using StoreResult = boost::outcome_v2::basic_result<T, StoreError, boost::outcome_v2::policy::terminate>;

// Written into every database; one that has a greater number was written by a newer Qiao and is not opened.
inline constexpr std::uint32_t kStoreFormat = 2;

// Commands that go to disk together: all of them or none.
class Group {
 public:
  // Adds the events of one applied command and the rows that they left.
  void add(std::span<const pb::Event> events, const State& state, class Store& store);
  void add_answer(std::string_view idempotency_key, std::string_view answer, Time now, class Store& store);
  bool empty() const { return batch_.Count() == 0; }
  std::size_t bytes() const { return batch_.GetDataSize(); }
  Seq last_seq() const { return last_seq_; }
  Time last_time() const { return last_time_; }
  void clear();
  rocksdb::WriteBatch& batch() { return batch_; }

 private:
  rocksdb::WriteBatch batch_;
  Seq last_seq_ = 0;
  Time last_time_{};
  std::string buffer_;
};

// Thread-safe but for load(). One process at a time has a database open.
class Store {
 public:
  enum class Mode { kCreateIfMissing, kExisting, kReadOnly };

  // Refuses, with words that say what to do, a folder that holds something else than a Qiao database, one written by a
  // newer version, and one that another process has open.
  static StoreResult<std::unique_ptr<Store>> open(const std::string& path, Mode mode);
  ~Store();

  // Puts every row into an empty market. Reads rows, not history.
  StoreResult<void> load(Market& market);

  // One write with one sync. After a failure the database is in doubt: the caller stops the process.
  StoreResult<void> commit(Group& group);

  // Calls event(bytes) for the events with after < seq <= last, in order, until it returns false.
  StoreResult<void> read_journal(Seq after, Seq last, const std::function<bool(Seq, std::string_view bytes)>& event) const;

  // The first answer given to a key, if it is still kept.
  std::optional<std::string> find_answer(std::string_view idempotency_key) const;
  // Forgets answers given before that time, at most `most` of them; how many.
  std::size_t forget_answers(Time before, std::size_t most);

  // A complete copy that can be opened by itself, while the database is in use. The folder must not exist.
  StoreResult<Seq> checkpoint(const std::string& path);

  // Last sequence in the journal.
  Seq last_seq() const;

  struct Statistics {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  // Reads every row and drops it: what a restart cannot beat.
  Statistics scan() const;

  rocksdb::ColumnFamilyHandle* family(pb::Event::RowCase kind) const { return families_[static_cast<std::size_t>(kind)]; }
  rocksdb::ColumnFamilyHandle* journal() const { return journal_; }
  rocksdb::ColumnFamilyHandle* dedup() const { return dedup_; }
  rocksdb::DB& db() { return *db_; }

 private:
  Store() = default;
  static StoreResult<std::unique_ptr<Store>> open_folder(const std::string& path, Mode mode);
  StoreResult<void> load_rows(pb::Event::RowCase kind, State& state);

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by RowCase
  rocksdb::ColumnFamilyHandle* journal_ = nullptr;
  rocksdb::ColumnFamilyHandle* dedup_ = nullptr;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  std::string path_;
};

// Refolds the journal and compares with the rows, byte for byte; checks the market's invariants. Each difference is a
// line; empty is good. progress(done, of) is called now and then.
StoreResult<std::vector<std::string>> verify(Store& store, const Market::MatcherFactory& make_matcher,
                                             const std::function<void(Seq, Seq)>& progress);

// Keys in the order of their numbers.
std::string big_endian(std::uint64_t v);
std::uint64_t from_big_endian(std::string_view bytes);

}  // namespace qiao
