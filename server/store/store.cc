#include "server/store/store.h"

#include <fcntl.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <mutex>
#include <thread>

#include "engine/market/invariants.h"

namespace qiao {
namespace {

constexpr std::string_view kMagic = "qiao";
constexpr std::array<pb::Event::RowCase, 7> kKeyed = {pb::Event::kArea, pb::Event::kParty, pb::Event::kPerson,      pb::Event::kOffer,
                                                      pb::Event::kNeed, pb::Event::kMatch, pb::Event::kNotification};
constexpr std::array<const char*, 12> kFamilyNames = {"default", "journal", "single", "dedup", "meta", "area", "party", "person", "offer", "need", "match", "notification"};

StoreError error(const std::string& what, const rocksdb::Status& status) { return {what + ": " + status.ToString()}; }

rocksdb::Slice slice(std::string_view v) { return {v.data(), v.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

std::uint64_t key_of(const pb::Event& e) {
  switch (e.row_case()) {
    case pb::Event::kArea: return e.area().code();
    case pb::Event::kParty: return e.party().id();
    case pb::Event::kPerson: return e.person().id();
    case pb::Event::kOffer: return e.offer().id();
    case pb::Event::kNeed: return e.need().id();
    case pb::Event::kMatch: return e.match().id();
    case pb::Event::kNotification: return e.notification().id();
    default: return 0;
  }
}

rocksdb::DBOptions options_for(Store::Mode mode) {
  rocksdb::DBOptions options;
  options.create_if_missing = mode == Store::Mode::kCreateIfMissing;
  // A table that a newer format adds; foreign and newer databases have been refused by then.
  options.create_missing_column_families = mode != Store::Mode::kReadOnly;
  // Without these the kernel writes back in bursts, and a sync meets a 40 ms stall (DESIGN.md §8).
  options.bytes_per_sync = 1 << 20;
  options.wal_bytes_per_sync = 1 << 20;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 256 << 20;
  options.keep_log_file_num = 4;
  options.info_log_level = rocksdb::WARN_LEVEL;
  return options;
}

rocksdb::ColumnFamilyOptions family_options() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 32 << 20;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.block_size = 16 << 10;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return options;
}

// Makes a rename in it last.
bool sync_folder(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return false;
  const bool ok = fsync(fd) == 0;
  close(fd);
  return ok;
}

}  // namespace

std::string big_endian(std::uint64_t v) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i, v >>= 8) key[static_cast<std::size_t>(i)] = static_cast<char>(v & 0xff);
  return key;
}

std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t v = 0;
  for (const char c : bytes.substr(0, 8)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

void Group::add(std::span<const pb::Event> events, const State& state, Store& store) {
  boost::container::small_vector<std::pair<pb::Event::RowCase, std::uint64_t>, 8> rows;
  for (const pb::Event& e : events) {
    buffer_.clear();
    e.AppendToString(&buffer_);
    batch_.Put(store.journal(), big_endian(e.seq()), buffer_);
    // A need keeps no trace of the matches that touched it but in memory, so each row is written as the last event left it.
    const std::pair row{e.row_case(), key_of(e)};
    if (std::find(rows.begin(), rows.end(), row) == rows.end()) rows.push_back(row);
    last_seq_ = e.seq();
    last_time_ = to_time(e.time());
  }
  for (const auto& [kind, key] : rows) {
    if (kind == pb::Event::kTaxonomy) {
      batch_.Put(store.family(kind), "taxonomy", state.taxonomy().SerializeAsString());
    } else if (kind == pb::Event::kPolicy) {
      batch_.Put(store.family(kind), "policy", state.policy().SerializeAsString());
    } else {
      batch_.Put(store.family(kind), big_endian(key), slice(state.row_bytes(kind, key)));
    }
  }
}

void Group::add_answer(std::string_view key, std::string_view answer, Time now, Store& store) {
  std::string value = big_endian(static_cast<std::uint64_t>(to_int(now)));
  value += answer;
  batch_.Put(store.dedup(), slice(key), value);
}

void Group::clear() {
  batch_.Clear();
  last_seq_ = 0;
}

Store::~Store() {
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
}

StoreResult<std::unique_ptr<Store>> Store::open(const std::string& path, Mode mode) {
  namespace fs = std::filesystem;
  std::error_code fs_error;
  if (fs::exists(fs::path(path) / "CURRENT", fs_error)) return open_folder(path, mode == Mode::kCreateIfMissing ? Mode::kExisting : mode);
  if (mode != Mode::kCreateIfMissing) return StoreError{"there is no database in " + path};
  if (fs::exists(path, fs_error) && !fs::is_empty(path, fs_error)) {
    return StoreError{path + " is not empty and holds no Qiao database; give an empty or a new folder"};
  }
  // Made under another name and renamed when it is whole: a crash in between leaves nothing that looks like somebody else's.
  const fs::path whole = fs::absolute(fs::path(path) / ".").lexically_normal().parent_path();
  const fs::path fresh = whole.string() + ".new";
  fs::remove_all(fresh, fs_error);
  fs::create_directories(whole.parent_path(), fs_error);
  if (auto made = open_folder(fresh.string(), mode); !made) return std::move(made).error();
  fs::rename(fresh, whole, fs_error);
  if (fs_error || !sync_folder(whole.parent_path().string())) return StoreError{"cannot make a database in " + path + ": " + fs_error.message()};
  return open_folder(path, Mode::kExisting);
}

StoreResult<std::unique_ptr<Store>> Store::open_folder(const std::string& path, Mode mode) {
  const bool there = mode != Mode::kCreateIfMissing;
  std::vector<std::string> missing;
  const auto options = options_for(mode);
  if (there) {
    std::vector<std::string> names;
    const auto listed = rocksdb::DB::ListColumnFamilies(options, path, &names);
    if (!listed.ok()) return error("cannot read the database in " + path, listed);
    if (std::find(names.begin(), names.end(), "meta") == names.end() || std::find(names.begin(), names.end(), "journal") == names.end()) {
      return StoreError{path + " holds a RocksDB database that is not Qiao's; give another folder"};
    }
    for (const std::string& name : names) {
      if (std::find(kFamilyNames.begin(), kFamilyNames.end(), name) == kFamilyNames.end()) {
        return StoreError{path + " was written by a newer Qiao (it has a table \"" + name + "\" unknown here); open it with that version"};
      }
    }
    // Only looked at, an older database stays without the tables that came later.
    for (const char* name : kFamilyNames) {
      if (mode == Mode::kReadOnly && std::find(names.begin(), names.end(), name) == names.end()) missing.emplace_back(name);
    }
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : kFamilyNames) {
    if (std::find(missing.begin(), missing.end(), name) == missing.end()) descriptors.emplace_back(name, family_options());
  }
  std::unique_ptr<Store> store(new Store);
  rocksdb::DB* db = nullptr;
  const auto opened = mode == Mode::kReadOnly ? rocksdb::DB::OpenForReadOnly(options, path, descriptors, &store->handles_, &db)
                                              : rocksdb::DB::Open(options, path, descriptors, &store->handles_, &db);
  if (!opened.ok()) {
    if (opened.IsIOError() && opened.ToString().find("lock") != std::string::npos) {
      return StoreError{"another process has the database in " + path + " open; stop it first"};
    }
    return error("cannot open the database in " + path, opened);
  }
  store->db_.reset(db);
  store->path_ = path;
  auto named = [&](std::string_view name) -> rocksdb::ColumnFamilyHandle* {
    const auto at = std::find_if(store->handles_.begin(), store->handles_.end(), [&](auto* handle) { return handle->GetName() == name; });
    return at == store->handles_.end() ? nullptr : *at;
  };
  store->journal_ = named("journal");
  store->dedup_ = named("dedup");
  store->meta_ = named("meta");
  store->families_.assign(32, nullptr);
  auto put = [&](pb::Event::RowCase kind, const char* name) { store->families_[static_cast<std::size_t>(kind)] = named(name); };
  put(pb::Event::kTaxonomy, "single");
  put(pb::Event::kPolicy, "single");
  put(pb::Event::kArea, "area");
  put(pb::Event::kParty, "party");
  put(pb::Event::kPerson, "person");
  put(pb::Event::kOffer, "offer");
  put(pb::Event::kNeed, "need");
  put(pb::Event::kMatch, "match");
  put(pb::Event::kNotification, "notification");

  std::string format;
  const auto found = db->Get({}, store->meta_, "format", &format);
  if (found.IsNotFound()) {
    if (there && store->last_seq() != 0) return StoreError{path + " has no format mark; it is not a Qiao database"};
    if (mode == Mode::kReadOnly) return StoreError{path + " has no format mark; it is not a Qiao database"};
    rocksdb::WriteOptions sync;
    sync.sync = true;
    const auto written = db->Put(sync, store->meta_, "format", std::string(kMagic) + big_endian(kStoreFormat));
    if (!written.ok()) return error("cannot write to " + path, written);
  } else if (!found.ok()) {
    return error("cannot read " + path, found);
  } else {
    if (format.size() != kMagic.size() + 8 || !format.starts_with(kMagic)) return StoreError{path + " is not a Qiao database"};
    const std::uint64_t version = from_big_endian(std::string_view(format).substr(kMagic.size()));
    if (version > kStoreFormat) {
      return StoreError{path + " was written by a newer Qiao (format " + std::to_string(version) + "; this one knows " +
                        std::to_string(kStoreFormat) + "); open it with that version"};
    }
    if (version < kStoreFormat && mode != Mode::kReadOnly) {
      rocksdb::WriteOptions sync;
      sync.sync = true;
      const auto written = db->Put(sync, store->meta_, "format", std::string(kMagic) + big_endian(kStoreFormat));
      if (!written.ok()) return error("cannot write to " + path, written);
    }
  }
  return store;
}

StoreResult<void> Store::commit(Group& group) {
  rocksdb::WriteOptions options;
  options.sync = true;
  const auto status = db_->Write(options, &group.batch());
  if (!status.ok()) return error("cannot write to " + path_, status);
  return outcome::success();
}

Seq Store::last_seq() const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, journal_));
  it->SeekToLast();
  return it->Valid() ? from_big_endian(view(it->key())) : 0;
}

// One thread reads and parses, the caller puts: a start-up on two cores takes half as long. Rows go over in chunks that are
// used again, so that parsing allocates little.
StoreResult<void> Store::load_rows(pb::Event::RowCase kind, State& state) {
  struct Row {
    std::unique_ptr<google::protobuf::Message> message;
    std::string bytes;
    bool good = false;
  };
  struct Chunk {
    std::vector<Row> rows;
    std::size_t count = 0;
  };
  constexpr std::size_t kRowsPerChunk = 512;
  constexpr std::size_t kChunks = 8;
  std::uint64_t keys = 0;
  if (db_->GetIntProperty(family(kind), rocksdb::DB::Properties::kEstimateNumKeys, &keys)) state.reserve(kind, keys);

  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Chunk> full;
  std::deque<Chunk> empty(kChunks);
  bool stop = false;  // the caller wants no more
  bool done = false;  // there are no more
  rocksdb::Status status;
  std::thread reader([&] {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = 4 << 20;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family(kind)));
    it->SeekToFirst();
    while (it->Valid()) {
      Chunk chunk;
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stop || !empty.empty(); });
        if (stop) break;
        chunk = std::move(empty.front());
        empty.pop_front();
      }
      chunk.rows.resize(kRowsPerChunk);
      for (chunk.count = 0; chunk.count < kRowsPerChunk && it->Valid(); ++chunk.count, it->Next()) {
        Row& row = chunk.rows[chunk.count];
        if (!row.message) row.message.reset(State::row_type(kind).New());
        row.bytes.assign(it->value().data(), it->value().size());
        row.good = row.message->ParseFromArray(row.bytes.data(), static_cast<int>(row.bytes.size()));
      }
      const std::lock_guard lock(mutex);
      full.push_back(std::move(chunk));
      changed.notify_all();
    }
    const std::lock_guard lock(mutex);
    status = it->status();
    done = true;
    changed.notify_all();
  });
  std::uint64_t number = 0;
  bool good = true;
  while (good) {
    Chunk chunk;
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return done || !full.empty(); });
      if (full.empty()) break;
      chunk = std::move(full.front());
      full.pop_front();
    }
    for (std::size_t i = 0; good && i < chunk.count; ++i, ++number) {
      const Row& row = chunk.rows[i];
      good = row.good && state.load_row(kind, *row.message, row.bytes);
    }
    const std::lock_guard lock(mutex);
    empty.push_back(std::move(chunk));
    stop = !good;
    changed.notify_all();
  }
  reader.join();
  if (!good) {
    return StoreError{path_ + ": row " + std::to_string(number) + " of " + family(kind)->GetName() +
                      " is damaged or leans on one that is missing; restore the last backup"};
  }
  if (!status.ok()) return error("cannot read " + path_, status);
  return outcome::success();
}

StoreResult<void> Store::load(Market& market) {
  State& state = market.state_to_load();
  for (const auto& [kind, name] : {std::pair{pb::Event::kTaxonomy, "taxonomy"}, std::pair{pb::Event::kPolicy, "policy"}}) {
    std::string bytes;
    const auto status = db_->Get({}, family(kind), name, &bytes);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return error("cannot read " + path_, status);
    if (!state.load_row(kind, bytes)) return StoreError{path_ + ": the row of the " + name + " is damaged"};
  }
  for (const auto kind : kKeyed) {
    if (family(kind) == nullptr) continue;
    QIAO_TRY(load_rows(kind, state));
    if (kind == pb::Event::kArea && !state.link_areas()) return StoreError{path_ + ": an area lies in one that is missing"};
  }
  const Seq last = last_seq();
  Time time{};
  if (last != 0) {
    std::string bytes;
    pb::Event event;
    const auto status = db_->Get({}, journal_, big_endian(last), &bytes);
    if (!status.ok() || !event.ParseFromString(bytes)) return StoreError{path_ + ": the last event cannot be read"};
    time = to_time(event.time());
  }
  state.loaded(last, time);
  return outcome::success();
}

StoreResult<void> Store::read_journal(Seq after, Seq last, const std::function<bool(Seq, std::string_view)>& event) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, journal_));
  for (it->Seek(big_endian(after + 1)); it->Valid(); it->Next()) {
    const Seq seq = from_big_endian(view(it->key()));
    if (seq > last || !event(seq, view(it->value()))) break;
  }
  if (!it->status().ok()) return error("cannot read the journal in " + path_, it->status());
  return outcome::success();
}

std::optional<std::string> Store::find_answer(std::string_view key) const {
  std::string value;
  const auto status = db_->Get({}, dedup_, slice(key), &value);
  if (!status.ok() || value.size() < 8) return std::nullopt;
  return value.substr(8);
}

std::size_t Store::forget_answers(Time before, std::size_t most) {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator({}, dedup_));
  std::size_t count = 0;
  for (it->SeekToFirst(); it->Valid() && count < most; it->Next()) {
    if (static_cast<std::int64_t>(from_big_endian(view(it->value()))) >= to_int(before)) continue;
    batch.Delete(dedup_, it->key());
    ++count;
  }
  // No sync: a key that comes back after a crash is forgotten again.
  if (count > 0 && !db_->Write({}, &batch).ok()) return 0;
  return count;
}

StoreResult<Seq> Store::checkpoint(const std::string& path) {
  std::error_code fs_error;
  if (std::filesystem::exists(path, fs_error)) return StoreError{path + " is there already"};
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), fs_error);
  rocksdb::Checkpoint* raw = nullptr;
  auto status = rocksdb::Checkpoint::Create(db_.get(), &raw);
  if (!status.ok()) return error("cannot make a backup", status);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  status = checkpoint->CreateCheckpoint(path);
  if (!status.ok()) return error("cannot make a backup in " + path, status);
  // What the copy holds, asked of the copy.
  auto copy = open(path, Mode::kReadOnly);
  if (!copy) return std::move(copy).error();
  return copy.value()->last_seq();
}

Store::Statistics Store::scan() const {
  Statistics result;
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  options.readahead_size = 4 << 20;
  for (const auto kind : kKeyed) {
    if (family(kind) == nullptr) continue;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family(kind)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ++result.rows;
      result.bytes += it->key().size() + it->value().size();
    }
  }
  return result;
}

StoreResult<std::vector<std::string>> verify(Store& store, const Market::MatcherFactory& make_matcher,
                                             const std::function<void(Seq, Seq)>& progress) {
  std::vector<std::string> findings;
  Market loaded(make_matcher);
  QIAO_TRY(store.load(loaded));
  for (std::string& breach : check_invariants(loaded.state())) findings.push_back("rows: " + breach);

  Market refolded(make_matcher);
  Seq expected = 1;
  const Seq last = store.last_seq();
  pb::Event event;
  QIAO_TRY(store.read_journal(0, last, [&](Seq seq, std::string_view bytes) {
    if (seq != expected) {
      findings.push_back("journal: event " + std::to_string(expected) + " is missing");
      return false;
    }
    if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) || event.seq() != seq ||
        event.row_case() == pb::Event::ROW_NOT_SET) {
      findings.push_back("journal: event " + std::to_string(seq) + " cannot be read");
      return false;
    }
    refolded.fold(event);
    if (++expected % 10'000 == 0) progress(seq, last);
    return true;
  }));
  progress(last, last);
  if (!findings.empty()) return findings;
  for (std::string& breach : check_invariants(refolded.state())) findings.push_back("journal: " + breach);
  if (digest(loaded.state()) == digest(refolded.state())) return findings;
  // Say which rows differ.
  auto compare = [&](const char* kind, const auto& rows, const auto& again) {
    if (rows.size() != again.size()) {
      findings.push_back(std::string(kind) + ": " + std::to_string(rows.size()) + " rows, but the journal makes " + std::to_string(again.size()));
    }
    for (Slot s = 0; s < again.size() && findings.size() < kMaxBreaches; ++s) {
      const Slot other = rows.find(again[s].id);
      const std::string name = std::string(kind) + " " + std::to_string(again[s].id.value());
      if (other == kNoSlot) {
        findings.push_back(name + ": the journal has it, the rows do not");
      } else if (rows[other].bytes.view() != again[s].bytes.view()) {
        findings.push_back(name + ": the row differs from what the journal makes of it");
      }
    }
  };
  const State& a = loaded.state();
  const State& b = refolded.state();
  compare("area", a.areas(), b.areas());
  compare("party", a.parties(), b.parties());
  compare("person", a.persons(), b.persons());
  compare("offer", a.offers(), b.offers());
  compare("need", a.needs(), b.needs());
  compare("match", a.matches(), b.matches());
  compare("notification", a.notifications(), b.notifications());
  if (findings.empty()) findings.push_back("taxonomy, policy or what follows from the rows differs from what the journal makes");
  return findings;
}

}  // namespace qiao
