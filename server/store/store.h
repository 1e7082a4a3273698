// The market on disk: one RocksDB, as in DESIGN.md §6.
//
//   journal   sequence (8 bytes, big endian) -> its hash (32 bytes), Event
//   area, party, person, offer, need, match, notification, account, grant
//             key (8 bytes, big endian) -> row
//   single    "taxonomy", "policy" -> row
//   dedup     account (8 bytes), idempotency key -> time (8 bytes) and the response;
//             0xff, time, account, idempotency key -> nothing: for deleting by age
//   clearing  number (8 bytes, big endian) and a part (ClearingPart) -> that part
//   vault     kind (1 byte) and key -> the row's own key, sealed with the master key;
//             "chain" -> the key of the hashes
//   audit     'o', kind, key, sequence; 'a', account, sequence -> nothing: events by object
//             and by account
//   meta      "format" -> magic and format version; "head" -> last sequence and its hash;
//             "loading" -> LoadMark, while a history is loaded; "marked" -> nothing: it had a HEAD
//
// Beside RocksDB's files is HEAD (head_mark.h): how far the journal has been answered from.
//
// Personal fields of rows and events are sealed (vault.h); code outside this folder never sees a
// sealed value.
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

// Written into every database; one with a greater number was written by a newer Qiao and is
// refused.
inline constexpr std::uint32_t kStoreFormat = 5;

struct StoreOptions {
  // File with the master key; empty: PATH.key.
  std::string key_file = {};
  // The disk of the database; nullptr: the machine's. The key file is always on the machine's.
  rocksdb::Env* env = nullptr;
  // Bytes of a table in memory before they are written to a file. There are 17 tables.
  std::size_t write_buffer = 32 << 20;
  // Files of the database that are kept open; -1: all.
  int open_files = -1;
  // Threads that check the files when the database is opened.
  int opening_threads = 16;
  // Opens a database whose journal ends before what has been answered from it, or whose mark of
  // that is missing, without what is missing.
  bool accept_loss = false;
};

// The parts of a clearing: each is a row of its own.
enum class ClearingPart : char {
  kSummary = 's',    // Clearing
  kFills = 'f',      // KeptFills
  kProposals = 'p',  // KeptProposals
  kProgress = 'a',   // KeptProgress, while they are applied
};

// Bytes of a clearing's key: its number and the part.
inline constexpr std::size_t kClearingKeySize = 9;
// Before the time, then the idempotency key. No account id begins with this byte.
inline constexpr std::string_view kByTime = "\xff";

// How far a history has been loaded that is not complete; on disk with each group of its commands.
struct LoadMark {
  std::uint64_t lines = 0;  // of the file that have been applied
  ChainHash digest{};       // BLAKE2b-256 of those lines
  std::string file = {};    // name of the file as given
};
// The error for a database with a part of a history, with instructions.
StoreError load_was_cut_off(const LoadMark& mark);

// Kind of an audit key for a resident's number, beside the kinds of rows.
inline constexpr std::uint8_t kAuditResident = 0xf0;
// For the contact of a need: only its disclosures, however many events the need has.
inline constexpr std::uint8_t kAuditContact = 0xf1;

// Commands that are written together: all of them or none.
class Group {
 public:
  Group();
  ~Group();
  Group(Group&&) noexcept;
  Group& operator=(Group&&) noexcept;

  // Adds the events of one applied command and the resulting rows.
  void add(std::span<const pb::Event> events, const State& state, class Store& store);
  // Stores a response under an idempotency key: its message with personal fields sealed as in the
  // row that it shows. After add() of its events. Returns the stored value, for
  // Store::read_stored_response().
  std::string add_response(std::string_view idempotency_key, pb::StoredResponse response,
                           google::protobuf::Message& message, Time now, class Store& store);
  // Stores a part of a clearing, or deletes it.
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

// Thread-safe except for load(). One process at a time has a database open.
class Store {
 public:
  enum class Mode { kCreateIfMissing, kExisting, kReadOnly };

  // Refuses, with instructions, a folder that contains anything else than a Qiao database, one
  // written by a newer version, one that another process has open, and one whose master key is not
  // in the key file. A new database creates its key file; one of an older format is migrated, which
  // takes a while. A database that is damaged, or whose journal lost something that was answered,
  // is refused before anything in it is changed (StoreError::damaged); read-only it is opened as
  // far as possible, see missing().
  static StoreResult<std::unique_ptr<Store>> open(const std::string& path, Mode mode,
                                                  StoreOptions options);
  static StoreResult<std::unique_ptr<Store>> open(const std::string& path, Mode mode,
                                                  const std::string& key_file = {}) {
    return open(path, mode, StoreOptions{.key_file = key_file});
  }
  ~Store();

  // Ids of the master keys that seal something in a database, which is opened read-only and may be
  // in use. A database of an older format, whose data are not sealed yet, is refused.
  static StoreResult<std::vector<std::uint64_t>> keys_in_use(const std::string& path,
                                                             const std::string& key_file);

  // Puts every row into an empty market. Reads rows, not history.
  StoreResult<void> load(Market& market, const Workers& workers = alone);

  // One write with one sync. After a failure the state of the database is unknown: the caller stops
  // the process.
  StoreResult<void> commit(Group& group);

  // The hash of the next event, given its stored form. Events must be given in order, from one
  // thread.
  ChainHash link(Seq seq, std::string_view stored);

  // Calls event(bytes) for the events with after < seq <= last, in order, until it returns false.
  StoreResult<void> read_journal(
      Seq after, Seq last, const std::function<bool(Seq, std::string_view bytes)>& event) const;

  // The stored response for a key, if it has not been deleted.
  StoreResult<std::optional<std::string>> find_stored_response(
      std::string_view idempotency_key) const;
  // Reads the message of a response. Erased fields are empty. False: it cannot be read.
  bool read_stored_response(const pb::StoredResponse& response,
                            google::protobuf::Message& message) const;
  // Deletes responses older than that time, at most `most` of them; returns how many. O(that many),
  // whatever is stored.
  StoreResult<std::size_t> delete_stored_responses(Time before, std::size_t most);

  // Calls row() for each stored part of a clearing, by number.
  using ClearingRow = std::function<void(std::uint64_t number, ClearingPart, std::string_view)>;
  StoreResult<void> read_clearings(const ClearingRow& row) const;

  // The mark of a load that has begun and not ended.
  StoreResult<std::optional<LoadMark>> load_mark() const;
  // Writes the contents of memory tables into files, so that the next start reads no log.
  StoreResult<void> flush();

  // A complete copy that can be opened by itself, while the database is in use. The folder must not
  // exist. On one file system its tables are hard links: damage to one is in both. Returns the end
  // of its journal.
  StoreResult<Head> checkpoint(const std::string& path);

  // Last sequence in the journal.
  Seq last_seq() const { return last_seq_; }
  // What was answered and is missing from the journal, in words; empty if nothing is known to be
  // missing. Only of a database opened read-only or with accept_loss.
  const std::string& missing() const { return missing_; }
  // Nothing is known to be missing, but the mark that would show it is missing or damaged. Then
  // missing() says so too.
  const std::optional<StoreError>& lost_mark() const { return lost_mark_; }
  // The key file, if this open created the database although that file existed; otherwise empty.
  const std::string& key_without_database() const { return key_without_database_; }
  // Of this history: random, different for each database, and changed by a restore, after which
  // numbers are used again for other things.
  std::uint64_t epoch() const { return epoch_; }
  // Called, on the reading thread, when a read finds that a file is damaged. Set before other
  // threads read.
  void on_damage(std::function<void(const StoreError&)> then) { on_damage_ = std::move(then); }
  // The hash of an event on disk; nothing if there is none, or the database has an older format and
  // is opened read-only.
  std::optional<ChainHash> hash_of(Seq seq) const;
  // Checks the whole journal: that every event is there with the right hash. One line for each
  // finding.
  StoreResult<std::vector<std::string>> check_chain(
      const std::function<void(Seq, Seq)>& progress) const;
  // Reads every file of every column family completely, and checks the rows that a load does not
  // read. One line for each finding; the error says which file is damaged.
  StoreResult<std::vector<std::string>> check_tables() const;

  // Sequences of the events about an object or by an account, from `after` on: greater ones, or
  // smaller ones if the newest come first (0: from the end). At most `most`.
  struct AuditKey {
    static AuditKey object(std::uint8_t kind, std::uint64_t id);
    static AuditKey account(std::uint64_t id);
    std::string prefix;
  };
  std::vector<Seq> audit(const AuditKey& key, Seq after, bool newest, std::size_t most) const;
  // The entries of that index for an event, each a key and the sequence.
  static std::vector<std::string> audit_entries(const pb::Event& event);
  // Whether the index is complete: not if the database has an older format and is read-only.
  bool has_audit_index() const { return has_audit_index_; }
  // Calls seen() with every entry of the index.
  StoreResult<void> read_audit_index(const std::function<void(std::string_view)>& seen) const;
  // One event, unsealed. Empty if there is none with that number.
  std::optional<pb::Event> event(Seq seq) const;

  Vault& vault() { return *vault_; }
  const Vault& vault() const { return *vault_; }
  // Removes erased data, and what an old master key had sealed, from the disk: flushes, and
  // compacts the keys. Takes seconds.
  StoreResult<void> purge();

  // Begins to write one of the tables that grow fastest, by number, from memory to a file of its
  // own, which RocksDB otherwise does when one is full. For the simulation.
  static constexpr std::size_t kFlushed = 4;
  void begin_flush(std::size_t table);

  struct Statistics {
    std::uint64_t rows = 0;
    std::uint64_t bytes = 0;
  };
  // Reads every row and drops it: a lower bound for a restart.
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
  // Assigns the epoch: that of `before`, if it continues that history.
  StoreResult<void> make_mark(const std::optional<Head>& before);
  // Reports a damaged file to the listener, if that was the error.
  StoreError noticed(StoreError error) const;
  StoreResult<void> migrate(std::uint64_t from);
  StoreResult<void> seal_and_link();
  StoreResult<void> strip_stored_responses();
  StoreResult<void> index_disclosures();
  // The event in a value of the journal, as stored.
  std::string_view stored_event(std::string_view value) const {
    return chained_ ? value.substr(std::min(sizeof(ChainHash), value.size())) : value;
  }
  // The value of an event in the journal. Nothing if there is none with that number.
  std::optional<std::string> stored_value(Seq seq) const;
  // The same, unsealed, in `buffer` if anything was sealed.
  StoreResult<std::string_view> plain_event(std::string_view value, std::string& buffer) const;

  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::vector<rocksdb::ColumnFamilyHandle*> families_;  // by RowCase
  rocksdb::ColumnFamilyHandle* journal_ = nullptr;
  rocksdb::ColumnFamilyHandle* dedup_ = nullptr;
  rocksdb::ColumnFamilyHandle* audit_ = nullptr;
  bool has_audit_index_ = true;
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

// Reads every table completely, refolds the journal and compares it with the rows, byte for byte;
// checks the market's invariants. Changes nothing if the store is open read-only. Each difference
// is a line; empty means none. progress(done, of) is called from time to time.
StoreResult<std::vector<std::string>> verify(Store& store,
                                             const Market::MatcherFactory& make_matcher,
                                             const std::function<void(Seq, Seq)>& progress);

}  // namespace qiao
