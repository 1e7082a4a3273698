// The market on disk: one RocksDB, as in DESIGN.md §6.
//
//   journal   sequence (8 bytes, big endian) -> hash of it and everything before it (32 bytes),
//   Event area, party, person, offer, need, match, notification, account, grant   key (8 bytes, big
//   endian) -> row single    "taxonomy", "policy" -> row dedup     account (8 bytes), idempotency
//   key -> time (8 bytes) and the first answer;
//             0xff, time, account, idempotency key -> nothing: which of them are old
//   clearing  number (8 bytes, big endian) and a part (ClearingPart) -> that part
//   vault     kind (1 byte) and key -> the row's own key, sealed with the master key; "chain" ->
//   that of the hashes audit     'o', kind, key, sequence; 'a', account, sequence -> nothing: who
//   did what to what meta      "format" -> magic and format version; "head" -> last sequence and
//   its hash;
//             "loading" -> LoadMark, while a history is loaded; "marked" -> nothing: it had a HEAD
//
// Beside RocksDB's files lies HEAD (head_mark.h): how far the journal has been answered from.
//
// Personal fields of rows and events are sealed (vault.h); above this file nobody sees a sealed
// one.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/workers.h"
#include "engine/market/market.h"
#include "qiao/v1/query.pb.h"
#include "server/store/error.h"
#include "server/store/head_mark.h"
#include "server/store/numbers.h"
#include "server/store/vault.h"

namespace rocksdb {
class ColumnFamilyHandle;
class DB;
class Env;
class WriteBatch;
}  // namespace rocksdb

namespace qiao {

// Written into every database; one that has a greater number was written by a newer Qiao and is not
// opened.
inline constexpr std::uint32_t kStoreFormat = 5;

struct StoreOptions {
  // File with the master key; empty: PATH.key.
  std::string key_file = {};
  // The disk that the database is on; nullptr: the machine's. The key file is always on the
  // machine's.
  rocksdb::Env* env = nullptr;
  // Bytes of a table in memory before they get a file of their own. There are 17 tables.
  std::size_t write_buffer = 32 << 20;
  // Files of the database that are kept open; -1: all.
  int open_files = -1;
  // That look at the files when the database is opened.
  int opening_threads = 16;
  // Opens a database whose journal ends before what has been answered from it, or whose mark of
  // that is gone, and goes on without what is missing.
  bool accept_loss = false;
};

// What is kept of a clearing: each part is a row of its own.
enum class ClearingPart : char {
  kSummary = 's',    // Clearing
  kFills = 'f',      // KeptFills
  kProposals = 'p',  // KeptProposals
  kProgress = 'a',   // KeptProgress, while they are applied
};

// Bytes of a clearing's key: its number and the part.
inline constexpr std::size_t kClearingKeySize = 9;
// Before the time, then the key of a kept answer. No account has an id that begins so.
inline constexpr std::string_view kByTime = "\xff";

// How far a history has been loaded that is not loaded to its end; on disk with each group of its
// commands.
struct LoadMark {
  std::uint64_t lines = 0;  // of the file that have been applied
  ChainHash digest{};       // BLAKE2b-256 of those lines
  std::string file = {};    // as it was named
};
// That the database holds a part of a history, and what to do.
StoreError load_was_cut_off(const LoadMark& mark);

// Kind of an audit key that stands for a resident's number, beside the kinds of rows.
inline constexpr std::uint8_t kAuditResident = 0xf0;
// That stands for the contact of a need: only who saw it, however much happened to the need since.
inline constexpr std::uint8_t kAuditContact = 0xf1;

// Id or code of the row that an event carries; 0 where there is only one such row.
std::uint64_t key_of(const pb::Event& event);

// Commands that go to disk together: all of them or none.
class Group {
 public:
  Group();
  ~Group();
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;

  // Adds the events of one applied command and the rows that they left.
  void add(std::span<const pb::Event> events, const State& state, class Store& store);
  // Keeps an answer under an idempotency key: its message with personal fields sealed as in the row
  // that it shows. Behind add() of the events that it is about. Returns what is kept, for
  // Store::read_answer().
  std::string add_answer(std::string_view idempotency_key, pb::KeptAnswer answer,
                         google::protobuf::Message& message, Time now, class Store& store);
  // Keeps a part of a clearing, or forgets it.
  void put_clearing(std::uint64_t number, ClearingPart part, std::string_view bytes, Store& store);
  void delete_clearing(std::uint64_t number, ClearingPart part, Store& store);
  void put_load_mark(const LoadMark& mark, Store& store);
  void delete_load_mark(Store& store);
  bool empty() const;
  std::size_t bytes() const;
  Seq last_seq() const { return last_seq_; }
  Time last_time() const { return last_time_; }
  const ChainHash& last_hash() const { return last_hash_; }
  void clear();
  rocksdb::WriteBatch& batch() { return *batch_; }

 private:
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  Seq last_seq_ = 0;
  Time last_time_{};
  ChainHash last_hash_{};
  pb::Event sealed_;  // reused, so that its memory is
  std::string buffer_;
};

// Thread-safe but for load(). One process at a time has a database open.
class Store {
 public:
  enum class Mode { kCreateIfMissing, kExisting, kReadOnly };

  // Refuses, with words that say what to do, a folder that holds something else than a Qiao
  // database, one written by a newer version, one that another process has open, and one whose
  // master key is not in the key file. A new database makes its key file; one of an older format is
  // migrated, which takes a while. A database that is damaged, or whose journal lost something that
  // was answered, is refused before anything in it is changed (StoreError::damaged); read-only it
  // is opened as far as possible, see missing().
  static StoreResult<std::unique_ptr<Store>> open(const std::string& path, Mode mode,
                                                  StoreOptions options);
  static StoreResult<std::unique_ptr<Store>> open(const std::string& path, Mode mode,
                                                  const std::string& key_file = {}) {
    return open(path, mode, StoreOptions{.key_file = key_file});
  }
  ~Store();

  // Ids of the master keys that seal something in a database, which is only read and may be in
  // use. A database of an older format, whose data are not sealed yet, is refused.
  static StoreResult<std::vector<std::uint64_t>> keys_in_use(const std::string& path,
                                                             const std::string& key_file);

  // Puts every row into an empty market. Reads rows, not history.
  StoreResult<void> load(Market& market, const Workers& workers = alone);

  // One write with one sync. After a failure the database is in doubt: the caller stops the
  // process.
  StoreResult<void> commit(Group& group);

  // The hash of the next event, given how it will be stored. Events come in their order, from one
  // thread.
  ChainHash link(Seq seq, std::string_view stored);

  // Calls event(bytes) for the events with after < seq <= last, in order, until it returns false.
  StoreResult<void> read_journal(
      Seq after, Seq last, const std::function<bool(Seq, std::string_view bytes)>& event) const;

  // The first answer given to a key, as it was kept, if it still is.
  StoreResult<std::optional<std::string>> find_answer(std::string_view idempotency_key) const;
  // Reads the message of an answer. What was erased since comes out empty. False: it cannot be
  // read.
  bool read_answer(const pb::KeptAnswer& answer, google::protobuf::Message& message) const;
  // Forgets answers given before that time, at most `most` of them; how many. O(that many),
  // whatever is kept.
  StoreResult<std::size_t> forget_answers(Time before, std::size_t most);

  // Calls row() for each part of a clearing that is kept, by number.
  using ClearingRow = std::function<void(std::uint64_t number, ClearingPart, std::string_view)>;
  StoreResult<void> read_clearings(const ClearingRow& row) const;

  // The mark of a load that has begun and not ended.
  StoreResult<std::optional<LoadMark>> load_mark() const;
  // Writes what the tables hold in memory into files, so that the next start reads no log.
  StoreResult<void> flush();

  // A complete copy that can be opened by itself, while the database is in use. The folder must not
  // exist. On one file system its tables are hard links: damage to one is in both. Returns the end
  // of its journal.
  StoreResult<Head> checkpoint(const std::string& path);

  // Last sequence in the journal.
  Seq last_seq() const { return last_seq_; }
  // What was answered and is not in the journal any more, in words; empty where nothing is known to
  // be missing. Only of a database opened read-only or with accept_loss.
  const std::string& missing() const { return missing_; }
  // Nothing is known to be missing, but what would tell is: the mark of how far the journal was
  // answered from is gone or damaged. Then missing() says so, too.
  const std::optional<StoreError>& lost_mark() const { return lost_mark_; }
  // The key file, where this open made the database although that file was there; else empty.
  const std::string& key_without_database() const { return key_without_database_; }
  // Of this history: random, another for each database, and another again after a restore, where
  // numbers come again for other things.
  std::uint64_t epoch() const { return epoch_; }
  // Called, on the thread that reads, when a read finds that a file is damaged. Set before other
  // threads read.
  void on_damage(std::function<void(const StoreError&)> then) { on_damage_ = std::move(then); }
  // The hash of an event on disk; nothing where there is none, or the database is of an older
  // format and only looked at.
  std::optional<ChainHash> hash_of(Seq seq) const;
  // Goes through the whole journal: is every event there, and is each hash what it has to be?
  // Findings, a line each.
  StoreResult<std::vector<std::string>> check_chain(
      const std::function<void(Seq, Seq)>& progress) const;
  // Reads every file of every column family whole, whatever column families there are, and looks at
  // the rows that a load does not read. Findings, a line each; the error says which file is
  // damaged.
  StoreResult<std::vector<std::string>> check_tables() const;

  // Sequences of the events about an object or by an account, from `after` on: greater ones, or
  // smaller ones where the newest come first (0: from the end). At most `most`.
  struct AuditKey {
    static AuditKey object(std::uint8_t kind, std::uint64_t id);
    static AuditKey account(std::uint64_t id);
    std::string prefix;
  };
  std::vector<Seq> audit(const AuditKey& key, Seq after, bool newest, std::size_t most) const;
  // One event, unsealed. Empty where there is none with that number.
  std::optional<pb::Event> event(Seq seq) const;

  Vault& vault() { return *vault_; }
  const Vault& vault() const { return *vault_; }
  // Takes off the disk what was erased, and what an old master key had sealed: flushes, and
  // compacts the keys. Seconds.
  StoreResult<void> purge();

  // Begins to write one of the tables that grow fastest, by number, from memory to a file of its
  // own, which RocksDB otherwise does when one is full. For the simulation.
  static constexpr std::size_t kFlushed = 4;
  void begin_flush(std::size_t table);

  struct Statistics {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  // Reads every row and drops it: what a restart cannot beat.
  Statistics scan() const;

  rocksdb::ColumnFamilyHandle* family(pb::Event::RowCase kind) const {
    return families_[static_cast<std::size_t>(kind)];
  }
  rocksdb::ColumnFamilyHandle* journal() const { return journal_; }
  rocksdb::ColumnFamilyHandle* dedup() const { return dedup_; }
  rocksdb::ColumnFamilyHandle* clearing() const { return clearing_; }
  rocksdb::ColumnFamilyHandle* meta() const { return meta_; }
  rocksdb::DB& db() { return *db_; }

 private:
  Store();
  static StoreResult<std::unique_ptr<Store>> open_folder(const std::string& path, Mode mode,
                                                         const StoreOptions& options);
  StoreResult<void> open_vault(Mode mode, std::uint64_t format, bool made);
  // Gives the database its epoch: that of `before`, where it goes on from there.
  StoreResult<void> make_mark(const std::optional<Head>& before);
  // Tells whoever listens that a file is damaged, if that is what went wrong.
  StoreError noticed(StoreError error) const;
  StoreResult<void> migrate(std::uint64_t from);
  StoreResult<void> seal_and_link();
  StoreResult<void> strip_answers();
  StoreResult<void> index_disclosures();
  // The event in a value of the journal, as stored.
  std::string_view stored_event(std::string_view value) const {
    return chained_ ? value.substr(std::min(sizeof(ChainHash), value.size())) : value;
  }
  // The value of an event in the journal. Nothing where there is none with that number.
  std::optional<std::string> stored_value(Seq seq) const;
  // The same, unsealed, in `buffer` where anything was sealed.
  StoreResult<std::string_view> plain_event(std::string_view value, std::string& buffer) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by RowCase
  rocksdb::ColumnFamilyHandle* journal_ = nullptr;
  rocksdb::ColumnFamilyHandle* dedup_ = nullptr;
  rocksdb::ColumnFamilyHandle* audit_ = nullptr;
  rocksdb::ColumnFamilyHandle* clearing_ = nullptr;
  rocksdb::ColumnFamilyHandle* vault_family_ = nullptr;
  std::unique_ptr<Vault> vault_;
  bool chained_ = true;  // not before format 3
  ChainHash head_{};     // of the last event linked
  std::atomic<Seq> last_seq_{0};
  std::unique_ptr<HeadMark> mark_;  // where it is open for writing
  Head marked_{};                   // the last record of mark_
  std::uint64_t epoch_ = 0;
  std::string missing_;
  std::string key_without_database_;
  std::optional<StoreError> lost_mark_;
  std::function<void(const StoreError&)> on_damage_;
  rocksdb::ColumnFamilyHandle* meta_ = nullptr;
  std::string path_;
  StoreOptions options_;
  friend class Group;
};

// Reads every table whole, refolds the journal and compares with the rows, byte for byte; checks
// the market's invariants. Changes nothing where the store is open for reading only. Each
// difference is a line; empty is good. progress(done, of) is called now and then.
StoreResult<std::vector<std::string>> verify(Store& store,
                                             const Market::MatcherFactory& make_matcher,
                                             const std::function<void(Seq, Seq)>& progress);

}  // namespace qiao
