#include "server/store/store.h"

#include <rocksdb/db.h>
#include <rocksdb/utilities/checkpoint.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <boost/container/small_vector.hpp>
#include <filesystem>

#include "engine/rows/marked.h"
#include "server/store/file_list.h"
#include "server/store/folder_lock.h"
#include "server/store/folders.h"
#include "server/store/loader.h"
#include "server/store/options.h"
#include "server/store/scan.h"
#include "server/store/status.h"
#include "server/store/tables.h"

namespace qiao {
namespace {

constexpr std::string_view kMagic = "qiao";
std::string by_time(std::string_view time, std::string_view key) {
  return std::string(kByTime).append(time).append(key);
}

// In "meta": the database has had a mark.
constexpr const char* kMarked = "marked";

// Events migrated to a newer format in one write.
constexpr std::size_t kMigratedAtOnce = 2'000;

rocksdb::Slice slice(std::string_view v) { return {v.data(), v.size()}; }

google::protobuf::Message& row_of(pb::Event& e) {
  const auto* field = pb::Event::descriptor()->FindFieldByNumber(e.row_case());
  return *e.GetReflection()->MutableMessage(&e, field);
}

ChainHash hash_next(const KeyBytes& key, const ChainHash& before, Seq seq,
                    std::string_view stored) {
  ChainHash hash{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, key.data(), key.size(), hash.size());
  crypto_generichash_update(&state, before.data(), before.size());
  const std::string number = big_endian(seq);
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(number.data()),
                            number.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(stored.data()),
                            stored.size());
  crypto_generichash_final(&state, hash.data(), hash.size());
  return hash;
}

std::string_view view(const ChainHash& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

std::optional<ChainHash> to_hash(std::string_view value) {
  ChainHash hash{};
  if (value.size() < hash.size()) return std::nullopt;
  std::copy_n(value.begin(), hash.size(), reinterpret_cast<char*>(hash.data()));
  return hash;
}

Store::AuditKey object_of(const pb::Event& e) {
  if (!e.has_disclosure()) return Store::AuditKey::object(e.row_case(), key_of(e));
  // About the person whose data they are.
  const std::uint64_t id = e.disclosure().subject_id();
  switch (e.disclosure().subject()) {
    case pb::SUBJECT_KIND_NEED:
      return Store::AuditKey::object(pb::Event::kNeed, id);
    case pb::SUBJECT_KIND_PERSON:
      return Store::AuditKey::object(pb::Event::kPerson, id);
    case pb::SUBJECT_KIND_PARTY:
      return Store::AuditKey::object(pb::Event::kParty, id);
    default:
      return Store::AuditKey::object(kAuditResident, id);
  }
}

bool discloses_contact(const pb::Event& e) {
  return e.has_disclosure() && e.disclosure().subject() == pb::SUBJECT_KIND_NEED;
}

std::string contact_entry(const pb::Event& e) {
  return Store::AuditKey::object(kAuditContact, e.disclosure().subject_id()).prefix +
         big_endian(e.seq());
}

void index_event(const pb::Event& e, rocksdb::ColumnFamilyHandle* family,
                 rocksdb::WriteBatch& batch) {
  for (const std::string& entry : Store::audit_entries(e)) batch.Put(family, entry, {});
}

// Removes deleted and replaced values of some tables from the disk: the log by flushing all tables,
// the rest by compaction.
rocksdb::Status rewrite(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& all,
                        const std::vector<rocksdb::ColumnFamilyHandle*>& some) {
  rocksdb::CompactRangeOptions whole;
  whole.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  auto status = db.Flush({}, all);
  for (auto* handle : some) {
    if (status.ok()) status = db.CompactRange(whole, handle, nullptr, nullptr);
  }
  return status;
}

StoreResult<void> write_and_clear(rocksdb::DB& db, rocksdb::WriteBatch& batch,
                                  const std::string& path) {
  if (const auto status = db.Write({}, &batch); !status.ok())
    return error("cannot write to " + path, status);
  batch.Clear();
  return outcome::success();
}

std::uint64_t fresh_epoch() {
  std::uint64_t epoch = 0;
  while (epoch == 0) randombytes_buf(&epoch, sizeof epoch);
  return epoch;
}

StoreResult<Seq> last_in(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* journal,
                         const std::string& path) {
  const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator(scan_options(), journal));
  it->SeekToLast();
  if (!it->status().ok()) return error("cannot read the journal in " + path, it->status());
  return it->Valid() ? from_big_endian(it->key().ToStringView()) : 0;
}

StoreResult<bool> had_mark(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta,
                           const std::string& path) {
  std::string value;
  const auto status = db.Get({}, meta, kMarked, &value);
  if (!status.ok() && !status.IsNotFound()) return error("cannot read " + path, status);
  return status.ok();
}

// Whether every write that was answered is there, with events or without.
StoreResult<void> compare_writes(const rocksdb::DB& db, const Head& mark, const std::string& path) {
  const std::uint64_t last = db.GetLatestSequenceNumber();
  if (last >= mark.write) return outcome::success();
  const std::string missing = std::to_string(mark.write - last);
  return StoreError{"the last " + missing + " writes to the database in " + path +
                        " are missing. The end of a log (" + path +
                        "/*.log) is damaged or missing: put it back or restore the last backup",
                    true,
                    path + "中的数据库缺少最后" + missing + "次写入。日志文件（" + path +
                        "/*.log）的末尾已损坏或缺失：请放回该文件，或恢复最近的备份"};
}

// Whether everything that was answered is there, by the mark. The error says what is missing.
StoreResult<void> compare_with_mark(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* journal,
                                    const Head& mark, const std::string& path) {
  QIAO_TRY(const Seq last, last_in(db, journal, path));
  if (last < mark.seq) {
    return StoreError{"the journal in " + path + " ends with event " + std::to_string(last) +
                          ", but event " + std::to_string(mark.seq) + " was answered: " +
                          std::to_string(mark.seq - last) + " missing. The end of a log (" + path +
                          "/*.log) is damaged or missing: put it back or restore the last backup",
                      true};
  }
  QIAO_TRY(compare_writes(db, mark, path));
  if (mark.seq == 0) return outcome::success();
  std::string value;
  const auto status = db.Get({}, journal, big_endian(mark.seq), &value);
  if (!status.ok())
    return error("cannot read event " + std::to_string(mark.seq) + " in " + path, status);
  if (to_hash(value) == mark.hash) return outcome::success();
  return StoreError{"event " + std::to_string(mark.seq) + " in " + path +
                        " is not the one that was answered: files of different times were mixed; "
                        "restore the last backup",
                    true};
}

// The error if answered writes are missing, and nobody can tell since the mark is missing.
struct Loss {
  std::optional<StoreError> missing = {};
  std::optional<StoreError> mark = {};
};

StoreResult<Loss> look_for_loss(rocksdb::DB& db,
                                const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                                const MarkRead& mark, const std::string& path) {
  const auto named = [&](std::string_view name) {
    return *std::find_if(handles.begin(), handles.end(),
                         [&](auto* handle) { return handle->GetName() == name; });
  };
  Loss loss;
  if (!mark.head) {
    QIAO_TRY(const bool had_one, had_mark(db, named("meta"), path));
    if (had_one || mark.damage) loss.mark = mark_is_lost(mark, path);
    return loss;
  }
  auto compared = compare_with_mark(db, named("journal"), *mark.head, path);
  if (!compared) loss.missing = std::move(compared).error();
  return loss;
}

// Opening for writing discards what RocksDB takes for the torn end of a log. So missing writes are
// found before, while nothing is changed and the files can still be repaired.
StoreResult<void> check_nothing_missing(
    const std::string& path, const StoreOptions& with,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors, const MarkRead& mark) {
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* raw = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(options_for(Store::Mode::kReadOnly, with), path,
                                                   descriptors, &handles, &raw);
  if (!status.ok()) return cannot_open(path, status);
  const std::unique_ptr<rocksdb::DB> db(raw);
  const auto found = look_for_loss(*db, handles, mark, path);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  if (!found) return found.error();
  const auto& [missing, lost] = found.value();
  if (!missing && !lost) return outcome::success();
  StoreError refused = missing ? *missing : *lost;
  refused.message += ". To start without what is missing, use --accept-loss once";
  if (!refused.zh.empty()) refused.zh += "。若要在缺失的情况下继续，请用--accept-loss启动一次";
  return refused;
}

// The format that the database says it is of; nothing where it says none.
StoreResult<std::optional<std::uint64_t>> read_format(rocksdb::DB& db,
                                                      rocksdb::ColumnFamilyHandle* meta,
                                                      const std::string& path) {
  std::string format;
  const auto found = db.Get({}, meta, "format", &format);
  if (found.IsNotFound()) return std::optional<std::uint64_t>();
  if (!found.ok()) return error("cannot read " + path, found);
  if (format.size() != kMagic.size() + 8 || !format.starts_with(kMagic))
    return StoreError{path + " is not a Qiao database"};
  const std::uint64_t version = from_big_endian(std::string_view(format).substr(kMagic.size()));
  if (version > kStoreFormat) {
    return StoreError{path + " was written by a newer Qiao (format " + std::to_string(version) +
                      "; this one knows " + std::to_string(kStoreFormat) +
                      "); open it with that version"};
  }
  return std::optional(version);
}

// Of a new database.
StoreResult<void> write_format(rocksdb::DB& db, rocksdb::ColumnFamilyHandle* meta,
                               const std::string& path) {
  rocksdb::WriteOptions sync;
  sync.sync = true;
  rocksdb::WriteBatch batch;
  batch.Put(meta, "format", std::string(kMagic) + big_endian(kStoreFormat));
  // It gets its mark later, before it gets its name.
  batch.Put(meta, kMarked, {});
  const auto written = db.Write(sync, &batch);
  if (!written.ok()) return error("cannot write to " + path, written);
  return outcome::success();
}

}  // namespace

Group::Group() : batch_(std::make_unique<rocksdb::WriteBatch>()) {}

Group::~Group() = default;
Group::Group(Group&&) noexcept = default;
Group& Group::operator=(Group&&) noexcept = default;

bool Group::empty() const { return batch_->Count() == 0; }

std::size_t Group::bytes() const { return batch_->GetDataSize(); }

void Group::add(std::span<const pb::Event> events, const State& state, Store& store) {
  boost::container::small_vector<std::pair<pb::Event::RowCase, std::uint64_t>, 8> rows;
  for (const pb::Event& e : events) {
    const std::pair row{e.row_case(), key_of(e)};
    if (e.kind() == pb::EVENT_KIND_PERSONAL_ERASED)
      store.vault().forget(row.first, row.second, *batch_);
    buffer_.clear();
    bool sealed = false;
    if (Vault::covers(e.row_case())) {
      sealed_ = e;
      if (has_marked(row_of(sealed_))) {
        store.vault().seal(row.first, row.second, row_of(sealed_), *batch_);
        sealed_.AppendToString(&buffer_);
        sealed = true;
      }
    }
    if (!sealed) e.AppendToString(&buffer_);
    last_hash_ = store.link(e.seq(), buffer_);
    const std::array<rocksdb::Slice, 2> value{slice(view(last_hash_)), slice(buffer_)};
    const std::string seq = big_endian(e.seq());
    const rocksdb::Slice key = slice(seq);
    batch_->Put(store.journal(), rocksdb::SliceParts(&key, 1),
                rocksdb::SliceParts(value.data(), 2));
    index_event(e, store.audit_, *batch_);
    // A need records the matches that changed it only in memory, so each row is written as the last
    // event left it. A row with sealed fields is written together with its event: they are the
    // same.
    const auto known = std::find(rows.begin(), rows.end(), row);
    if (sealed) {
      batch_->Put(store.family(row.first), big_endian(row.second),
                  row_of(sealed_).SerializeAsString());
      if (known != rows.end()) rows.erase(known);
    } else if (known == rows.end() && !e.has_disclosure()) {
      rows.push_back(row);
    }
    last_seq_ = e.seq();
    last_time_ = to_time(e.time());
  }
  for (const auto& [kind, key] : rows) {
    if (is_setting(kind)) {
      batch_->Put(store.family(kind), name_of(kind), state.setting(kind).SerializeAsString());
    } else {
      batch_->Put(store.family(kind), big_endian(key), slice(state.row_bytes(kind, key)));
    }
  }
}

std::string Group::add_response(std::string_view key, pb::StoredResponse response,
                                google::protobuf::Message& message, Time now, Store& store) {
  const auto kind = static_cast<pb::Event::RowCase>(response.row_kind());
  if (Vault::covers(kind)) store.vault().seal(kind, response.row_id(), message, *batch_);
  response.set_message(message.SerializeAsString());
  std::string bytes = response.SerializeAsString();
  const std::string time = big_endian(static_cast<std::uint64_t>(to_int(now)));
  batch_->Put(store.dedup(), slice(key), time + bytes);
  batch_->Put(store.dedup(), by_time(time, key), {});
  return bytes;
}

void Group::clear() {
  batch_->Clear();
  last_seq_ = 0;
}

Store::Store() = default;

Store::~Store() {
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
}

Store::AuditKey Store::AuditKey::object(std::uint8_t kind, std::uint64_t id) {
  return {"o" + std::string(1, static_cast<char>(kind)) + big_endian(id)};
}
Store::AuditKey Store::AuditKey::account(std::uint64_t id) { return {"a" + big_endian(id)}; }

ChainHash Store::link(Seq seq, std::string_view stored) {
  head_ = hash_next(vault_->chain_key(), head_, seq, stored);
  return head_;
}

StoreResult<std::unique_ptr<Store>> Store::open(const std::string& path, Mode mode,
                                                StoreOptions options) {
  namespace fs = std::filesystem;
  const fs::path whole = fs::absolute(fs::path(path) / ".").lexically_normal().parent_path();
  // Beside the folder, never in it: a copy of the folder must reveal nothing.
  if (options.key_file.empty()) options.key_file = whole.string() + ".key";
  if (options.env == nullptr) options.env = rocksdb::Env::Default();
  rocksdb::Env& env = *options.env;
  if (env.FileExists(path + "/CURRENT").ok())
    return open_folder(path, mode == Mode::kCreateIfMissing ? Mode::kExisting : mode, options);
  std::vector<std::string> names;
  const auto listed = env.GetChildren(path, &names);
  QIAO_TRY(const bool lost, was_database(env, path, names));
  if (lost) return file_list_is_damaged(env, path);
  if (mode != Mode::kCreateIfMissing) return StoreError{"there is no database in " + path};
  std::erase_if(names, [](const std::string& name) { return name == "." || name == ".."; });
  if (!listed.ok() && !listed.IsNotFound()) return error("cannot look into " + path, listed);
  if (!names.empty())
    return StoreError{path + " is not empty and has no Qiao database; use an empty or new folder"};
  // Created under another name and renamed when it is complete: a crash in between leaves nothing
  // that looks like another program's folder.
  const std::string fresh = whole.string() + ".new";
  const auto failed = [&](const rocksdb::Status& status) {
    return error("cannot create a database in " + path, status);
  };
  auto status = make_folders(env, whole.parent_path());
  if (status.ok()) status = remove_folder(env, fresh);
  if (!status.ok()) return failed(status);
  std::error_code ignored;
  const bool key_was_there = fs::exists(options.key_file, ignored);
  if (auto made = open_folder(fresh, mode, options); !made) return std::move(made).error();
  // An empty folder may exist.
  if (listed.ok()) status = env.DeleteDir(whole.string());
  if (status.ok()) status = env.RenameFile(fresh, whole.string());
  if (status.ok()) status = sync_folder(env, whole.parent_path().string());
  if (!status.ok()) return failed(status);
  auto store = open_folder(path, Mode::kExisting, options);
  if (store && key_was_there) store.value()->key_without_database_ = options.key_file;
  return store;
}

StoreResult<std::vector<std::uint64_t>> Store::keys_in_use(const std::string& path,
                                                           const std::string& key_file) {
  QIAO_TRY(const auto store, open(path, Mode::kReadOnly, key_file));
  if (store->vault_ != nullptr) return store->vault_->keys_in_use();
  return StoreError{
      .message = "the database in " + path + " has an older format; start qiaod once first",
      .zh = path + "中的数据库是旧格式；请先启动一次qiaod"};
}

StoreResult<std::unique_ptr<Store>> Store::open_folder(const std::string& path, Mode mode,
                                                       const StoreOptions& with) {
  const bool there = mode != Mode::kCreateIfMissing;
  if (there && mode != Mode::kReadOnly) {
    QIAO_TRY(check_room(*with.env, path));
  }
  std::vector<std::string> missing;
  MarkRead mark;
  if (there) {
    // Before the journal: if another process writes, the mark is never ahead of what is read after
    // it.
    QIAO_TRY(mark, read_mark(*with.env, path));
    QIAO_TRY(missing, missing_tables(path, options_for(mode, with), mark, *with.env));
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const char* name : kFamilyNames) {
    if (std::find(missing.begin(), missing.end(), name) == missing.end())
      descriptors.emplace_back(name, family_options(with.write_buffer));
  }
  if (mode == Mode::kExisting && !with.accept_loss) {
    QIAO_TRY(check_nothing_missing(path, with, descriptors, mark));
  }
  // Opened read-only, an older database lacks the tables that were added later.
  if (mode != Mode::kReadOnly) {
    for (const std::string& name : missing)
      descriptors.emplace_back(name, family_options(with.write_buffer));
  }
  std::unique_ptr<Store> store(new Store);
  QIAO_TRY(store->db_, open_tables(path, mode, with, descriptors, store->handles_));
  store->path_ = path;
  store->options_ = with;
  store->journal_ = table_named(store->handles_, "journal");
  store->dedup_ = table_named(store->handles_, "dedup");
  store->meta_ = table_named(store->handles_, "meta");
  store->audit_ = table_named(store->handles_, "audit");
  store->clearing_ = table_named(store->handles_, "clearing");
  store->vault_family_ = table_named(store->handles_, "vault");
  store->families_ = tables_by_kind(store->handles_);
  rocksdb::DB& db = *store->db_;
  QIAO_TRY(store->last_seq_, last_in(db, store->journal_, path));
  QIAO_TRY(const Loss loss, look_for_loss(db, store->handles_, mark, path));
  store->lost_mark_ = loss.mark;
  if (loss.mark) store->missing_ = loss.mark->message;
  if (loss.missing) store->missing_ = loss.missing->message;

  QIAO_TRY(const auto format, read_format(db, store->meta_, path));
  if (format) {
    QIAO_TRY(store->open_vault(mode, *format, false));
    store->has_audit_index_ = *format == kStoreFormat || mode != Mode::kReadOnly;
    if (*format < kStoreFormat && mode != Mode::kReadOnly) {
      QIAO_TRY(store->migrate(*format));
    }
  } else {
    if (there && mark.head && !with.accept_loss) return file_list_is_damaged(*with.env, path);
    if ((there && store->last_seq() != 0) || mode == Mode::kReadOnly)
      return StoreError{path + " has no format mark; it is not a Qiao database"};
    QIAO_TRY(store->open_vault(mode, kStoreFormat, true));
    QIAO_TRY(write_format(db, store->meta_, path));
  }
  if (store->chained_) store->head_ = store->hash_of(store->last_seq()).value_or(ChainHash{});
  if (mode != Mode::kReadOnly) {
    QIAO_TRY(store->make_mark(mark.head));
  }
  return store;
}

StoreResult<void> Store::make_mark(const std::optional<Head>& before) {
  const std::uint64_t place = place_of(path_);
  // A database without one is new, or was restored; a copy of the folder is another history, and so
  // is one that starts with --accept-loss.
  const bool moved = before && before->place != 0 && place != 0 && before->place != place;
  const bool goes_on = before && before->epoch != 0 && missing_.empty() && !moved;
  epoch_ = goes_on ? before->epoch : fresh_epoch();
  marked_ = {last_seq(), head_, epoch_, db_->GetLatestSequenceNumber(), place};
  QIAO_TRY(mark_, HeadMark::create(*options_.env, path_, marked_));
  QIAO_TRY(const bool had_one, had_mark(*db_, meta_, path_));
  if (had_one) return outcome::success();
  rocksdb::WriteOptions sync;
  sync.sync = true;
  const auto written = db_->Put(sync, meta_, kMarked, {});
  if (!written.ok()) return error("cannot write to " + path_, written);
  return outcome::success();
}

StoreResult<void> Store::open_vault(Mode mode, std::uint64_t format, bool made) {
  namespace fs = std::filesystem;
  chained_ = format >= 3;
  const std::string& key_file = options_.key_file;
  // Nothing is sealed in an older database that is opened read-only.
  if (mode == Mode::kReadOnly && !chained_) return outcome::success();
  std::error_code ignored;
  if (!fs::exists(key_file, ignored)) {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), vault_family_));
    it->SeekToFirst();
    if (!it->status().ok()) return error("cannot read the keys in " + path_, it->status());
    if (mode == Mode::kReadOnly || (!made && it->Valid())) {
      return StoreError{"the personal data in " + path_ + " are sealed and the key file " +
                        key_file + " is missing; put it back, or name it with --key"};
    }
    QIAO_TRY(KeyFile::create(key_file));
  }
  QIAO_TRY(auto keys, KeyFile::load(key_file));
  QIAO_TRY(vault_, Vault::open(*db_, vault_family_, std::move(keys), mode == Mode::kReadOnly));
  return outcome::success();
}

// After an interruption it continues from where it was.
StoreResult<void> Store::migrate(std::uint64_t from) {
  if (from < 3) {
    QIAO_TRY(seal_and_link());
  } else {
    if (from < 4) {
      QIAO_TRY(strip_stored_responses());
    }
    QIAO_TRY(index_disclosures());
  }
  rocksdb::WriteBatch batch;
  batch.Put(meta_, "format", std::string(kMagic) + big_endian(kStoreFormat));
  batch.Delete(meta_, "lifted");
  rocksdb::WriteOptions sync;
  sync.sync = true;
  auto status = db_->Write(sync, &batch);
  chained_ = true;
  // The plain text must leave the disk, not only the tables.
  const auto rewritten = from < 3 ? handles_ : std::vector<rocksdb::ColumnFamilyHandle*>{dedup_};
  if (status.ok() && from < 4) status = rewrite(*db_, handles_, rewritten);
  if (!status.ok()) return error("cannot write to " + path_, status);
  return outcome::success();
}

// From format 3: responses were stored as they were sent, with the reader's own personal data. That
// the request was done is kept; the response is not.
StoreResult<void> Store::strip_stored_responses() {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), dedup_));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    pb::StoredResponse response;
    const std::string_view value = it->value().ToStringView();
    if (value.size() < 8 ||
        !response.ParseFromArray(value.data() + 8, static_cast<int>(value.size()) - 8))
      continue;
    response.DiscardUnknownFields();
    response.set_stripped(true);
    batch.Put(dedup_, it->key(), std::string(value.substr(0, 8)) + response.SerializeAsString());
    batch.Put(dedup_, by_time(value.substr(0, 8), it->key().ToStringView()), {});
    if (static_cast<std::size_t>(batch.Count()) < kMigratedAtOnce) continue;
    QIAO_TRY(write_and_clear(*db_, batch, path_));
  }
  if (!it->status().ok()) return error("cannot read " + path_, it->status());
  return write_and_clear(*db_, batch, path_);
}

// From format 3 or 4: disclosures of a need's contact were found only among all its events.
StoreResult<void> Store::index_disclosures() {
  rocksdb::WriteBatch batch;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), journal_));
  for (it->SeekToFirst(); it->Valid(); it->Next()) {
    pb::Event event;
    const std::string_view stored = stored_event(it->value().ToStringView());
    if (!event.ParseFromArray(stored.data(), static_cast<int>(stored.size())))
      return StoreError{path_ + ": the journal cannot be read; restore the last backup", true};
    if (discloses_contact(event)) batch.Put(audit_, contact_entry(event), {});
    if (static_cast<std::size_t>(batch.Count()) < kMigratedAtOnce) continue;
    QIAO_TRY(write_and_clear(*db_, batch, path_));
  }
  if (!it->status().ok()) return error("cannot read " + path_, it->status());
  return write_and_clear(*db_, batch, path_);
}

// From format 1 or 2: seals personal fields, links the journal, builds the audit's index. After an
// interruption it continues where it was, because each write records how far it is.
StoreResult<void> Store::seal_and_link() {
  rocksdb::WriteOptions sync;
  sync.sync = true;
  const auto write = [&](rocksdb::WriteBatch& batch) -> StoreResult<void> {
    const auto status = db_->Write(sync, &batch);
    batch.Clear();
    if (!status.ok()) return error("cannot write to " + path_, status);
    return outcome::success();
  };
  std::string mark;
  const auto begun = db_->Get({}, meta_, "lifted", &mark);
  Seq lifted = begun.ok() ? from_big_endian(mark) : 0;
  if (lifted != 0) {
    std::string value;
    if (!db_->Get({}, journal_, big_endian(lifted), &value).ok())
      return StoreError{path_ + ": the journal cannot be read"};
    head_ = to_hash(value).value_or(ChainHash{});
  }
  rocksdb::WriteBatch batch;
  {
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), journal_));
    std::size_t count = 0;
    for (it->Seek(big_endian(lifted + 1)); it->Valid(); it->Next()) {
      pb::Event event;
      if (!event.ParseFromArray(it->value().data(), static_cast<int>(it->value().size())))
        return StoreError{path_ + ": the journal cannot be read; restore the last backup", true};
      if (Vault::covers(event.row_case()))
        vault_->seal(event.row_case(), key_of(event), row_of(event), batch);
      const std::string stored = event.SerializeAsString();
      const ChainHash hash = link(event.seq(), stored);
      batch.Put(journal_, it->key(), std::string(view(hash)) + stored);
      index_event(event, audit_, batch);
      lifted = event.seq();
      if (++count % kMigratedAtOnce == 0) {
        batch.Put(meta_, "lifted", big_endian(lifted));
        QIAO_TRY(write(batch));
      }
    }
    if (!it->status().ok()) return error("cannot read " + path_, it->status());
  }
  batch.Put(meta_, "lifted", big_endian(lifted));
  batch.Put(meta_, "head", big_endian(lifted) + std::string(view(head_)));
  QIAO_TRY(write(batch));
  for (const auto kind : kKeyedKinds) {
    if (!Vault::covers(kind)) continue;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), family(kind)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      const std::unique_ptr<google::protobuf::Message> row(State::row_type(kind).New());
      if (!row->ParseFromArray(it->value().data(), static_cast<int>(it->value().size())))
        return StoreError{path_ + ": a row cannot be read; restore the last backup", true};
      vault_->seal(kind, from_big_endian(it->key().ToStringView()), *row, batch);
      batch.Put(family(kind), it->key(), row->SerializeAsString());
      if (static_cast<std::size_t>(batch.Count()) >= kMigratedAtOnce) {
        QIAO_TRY(write(batch));
      }
    }
  }
  // Stored responses contained personal data in the clear.
  const std::unique_ptr<rocksdb::Iterator> answers(db_->NewIterator(scan_options(), dedup_));
  for (answers->SeekToFirst(); answers->Valid(); answers->Next())
    batch.Delete(dedup_, answers->key());
  return write(batch);
}

StoreResult<void> Store::purge() {
  const auto status = rewrite(*db_, handles_, {vault_family_});
  if (!status.ok()) return error("cannot write to " + path_, status);
  return outcome::success();
}

StoreResult<void> Store::commit(Group& group) {
  rocksdb::WriteOptions options;
  options.sync = true;
  if (group.last_seq() != 0)
    group.batch().Put(meta_, "head",
                      big_endian(group.last_seq()) + std::string(view(group.last_hash())));
  // Other writes may be unsynced; this write's sync includes all that precede it.
  const std::uint64_t before = db_->GetLatestSequenceNumber();
  const auto status = db_->Write(options, &group.batch());
  if (!status.ok()) return error("cannot write to " + path_, status);
  marked_.write = before + static_cast<std::uint64_t>(group.batch().Count());
  if (group.last_seq() != 0) {
    last_seq_ = group.last_seq();
    marked_.seq = group.last_seq();
    marked_.hash = group.last_hash();
  }
  return mark_->append(marked_);
}

StoreError Store::noticed(StoreError error) const {
  if (error.damaged && on_damage_) on_damage_(error);
  return error;
}

StoreResult<void> Store::load(Market& market, const Workers& workers) {
  State& state = market.state_to_load(last_seq());
  for (const auto kind : kSettings) {
    const std::string name = name_of(kind);
    std::string bytes;
    const auto status = db_->Get({}, family(kind), name, &bytes);
    if (status.IsNotFound()) continue;
    if (!status.ok()) return error("cannot read " + path_, status);
    if (!state.load_row(kind, Blob(bytes)))
      return StoreError{path_ + ": the row of the " + name + " is damaged; restore the last backup",
                        true};
  }
  std::uint64_t areas = 0;
  db_->GetIntProperty(family(pb::Event::kArea), rocksdb::DB::Properties::kEstimateNumKeys, &areas);
  state.reserve_areas(areas);
  const auto rows = [this](pb::Event::RowCase kind) {
    rocksdb::ReadOptions options = scan_options();
    options.fill_cache = false;
    options.readahead_size = 4 << 20;
    return std::unique_ptr<rocksdb::Iterator>(
        family(kind) == nullptr ? nullptr : db_->NewIterator(options, family(kind)));
  };
  const auto unseal = [this](pb::Event::RowCase kind, std::string_view key, std::string_view stored,
                             std::string& buffer) -> std::optional<std::string_view> {
    if (!Vault::covers(kind) || !Vault::is_sealed(stored)) return stored;
    const std::unique_ptr<google::protobuf::Message> row(State::row_type(kind).New());
    if (!row->ParseFromArray(stored.data(), static_cast<int>(stored.size())) ||
        !vault_->unseal(kind, from_big_endian(key), *row))
      return std::nullopt;
    buffer = row->SerializeAsString();
    return buffer;
  };
  if (auto loaded = Loader(state, rows, unseal).run(workers); !loaded)
    return StoreError{path_ + ": " + loaded.error().message + "; restore the last backup", true};
  const Seq last = last_seq();
  Time time{};
  if (last != 0) {
    std::string bytes;
    pb::Event event;
    const auto status = db_->Get({}, journal_, big_endian(last), &bytes);
    const std::string_view stored = stored_event(bytes);
    if (!status.ok() || !event.ParseFromArray(stored.data(), static_cast<int>(stored.size())))
      return StoreError{path_ + ": the last event cannot be read; restore the last backup", true};
    time = to_time(event.time());
  }
  market.loaded(last, time, workers);
  return outcome::success();
}

StoreResult<void> Store::read_journal(
    Seq after, Seq last, const std::function<bool(Seq, std::string_view)>& event) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), journal_));
  std::string buffer;
  for (it->Seek(big_endian(after + 1)); it->Valid(); it->Next()) {
    const Seq seq = from_big_endian(it->key().ToStringView());
    if (seq > last) break;
    QIAO_TRY(const auto plain, plain_event(it->value().ToStringView(), buffer));
    if (!event(seq, plain)) break;
  }
  if (!it->status().ok())
    return noticed(error("cannot read the journal in " + path_, it->status()));
  return outcome::success();
}

StoreResult<std::string_view> Store::plain_event(std::string_view value,
                                                 std::string& buffer) const {
  const std::string_view stored = stored_event(value);
  if (!Vault::is_sealed(stored)) return stored;
  pb::Event event;
  if (!event.ParseFromArray(stored.data(), static_cast<int>(stored.size())) ||
      !Vault::covers(event.row_case()))
    return stored;
  if (!vault_->unseal(event.row_case(), key_of(event), row_of(event))) {
    return noticed({path_ + ": a sealed field of event " + std::to_string(event.seq()) +
                        " was changed; run qiao verify",
                    true});
  }
  buffer = event.SerializeAsString();
  return std::string_view(buffer);
}

std::optional<ChainHash> Store::hash_of(Seq seq) const {
  if (!chained_) return std::nullopt;
  const auto value = stored_value(seq);
  return value ? to_hash(*value) : std::nullopt;
}

std::optional<std::string> Store::stored_value(Seq seq) const {
  std::string value;
  const auto status = db_->Get({}, journal_, big_endian(seq), &value);
  if (status.ok()) return value;
  // A written event does not disappear.
  if (!status.IsNotFound() || (seq != 0 && seq <= last_seq_))
    noticed(error("cannot read event " + std::to_string(seq) + " in " + path_, status));
  return std::nullopt;
}

StoreResult<std::vector<std::string>> Store::check_chain(
    const std::function<void(Seq, Seq)>& progress) const {
  std::vector<std::string> findings;
  if (!chained_) return findings;
  const Seq last = last_seq();
  ChainHash before{};
  Seq expected = 1;
  rocksdb::ReadOptions options = scan_options();
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, journal_));
  for (it->SeekToFirst(); it->Valid() && findings.empty(); it->Next()) {
    const Seq seq = from_big_endian(it->key().ToStringView());
    const auto hash = to_hash(it->value().ToStringView());
    if (seq != expected) {
      findings.push_back("journal: event " + std::to_string(expected) + " is missing");
    } else if (!hash || *hash != hash_next(vault_->chain_key(), before, seq,
                                           stored_event(it->value().ToStringView()))) {
      findings.push_back("journal: event " + std::to_string(seq) + " is not what was written");
    } else {
      before = *hash;
      if (++expected % 10'000 == 0) progress(seq, last);
    }
  }
  if (!it->status().ok()) return error("cannot read the journal in " + path_, it->status());
  std::string head;
  if (findings.empty() && db_->Get({}, meta_, "head", &head).ok()) {
    const Seq promised = from_big_endian(head);
    if (promised != last) {
      findings.push_back("journal: it ends with event " + std::to_string(last) + ", but " +
                         std::to_string(promised) + " was the last");
    } else if (std::string_view(head).substr(8) != view(before)) {
      findings.push_back("journal: its end is not what was written");
    }
  }
  return findings;
}

std::vector<std::string> Store::audit_entries(const pb::Event& event) {
  const std::string seq = big_endian(event.seq());
  std::vector<std::string> entries = {object_of(event).prefix + seq};
  if (discloses_contact(event)) entries.push_back(contact_entry(event));
  if (event.actor().account_id() != 0)
    entries.push_back(AuditKey::account(event.actor().account_id()).prefix + seq);
  return entries;
}

StoreResult<void> Store::read_audit_index(const std::function<void(std::string_view)>& seen) const {
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), audit_));
  for (it->SeekToFirst(); it->Valid(); it->Next()) seen(it->key().ToStringView());
  if (!it->status().ok()) return error("cannot read the audit's index in " + path_, it->status());
  return outcome::success();
}

std::vector<Seq> Store::audit(const AuditKey& key, Seq after, bool newest, std::size_t most) const {
  std::vector<Seq> found;
  if (audit_ == nullptr) return found;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), audit_));
  if (newest) {
    it->SeekForPrev(key.prefix + big_endian(after == 0 ? ~std::uint64_t{0} : after - 1));
  } else {
    it->Seek(key.prefix + big_endian(after + 1));
  }
  while (it->Valid() && found.size() < most && it->key().ToStringView().starts_with(key.prefix) &&
         it->key().size() == key.prefix.size() + 8) {
    found.push_back(from_big_endian(it->key().ToStringView().substr(key.prefix.size())));
    newest ? it->Prev() : it->Next();
  }
  if (!it->status().ok()) noticed(error("cannot read the audit's index in " + path_, it->status()));
  return found;
}

std::optional<pb::Event> Store::event(Seq seq) const {
  const auto value = stored_value(seq);
  if (!value) return std::nullopt;
  std::string buffer;
  const auto plain = plain_event(*value, buffer);
  if (!plain) return std::nullopt;
  pb::Event event;
  if (!event.ParseFromArray(plain.value().data(), static_cast<int>(plain.value().size()))) {
    noticed({path_ + ": event " + std::to_string(seq) + " cannot be read; restore the last backup",
             true});
    return std::nullopt;
  }
  return event;
}

StoreResult<std::optional<std::string>> Store::find_stored_response(std::string_view key) const {
  std::string value;
  const auto status = db_->Get({}, dedup_, slice(key), &value);
  if (!status.ok() && !status.IsNotFound()) return noticed(error("cannot read " + path_, status));
  if (!status.ok()) return std::optional<std::string>();
  if (value.size() < 8) {
    return noticed({path_ + ": a stored response cannot be read; restore the last backup", true,
                    path_ + "：保存的答复无法读取；请恢复最近的备份"});
  }
  return std::optional(value.substr(8));
}

bool Store::read_stored_response(const pb::StoredResponse& response,
                                 google::protobuf::Message& message) const {
  if (!message.ParseFromString(response.message())) return false;
  const auto kind = static_cast<pb::Event::RowCase>(response.row_kind());
  return !Vault::covers(kind) || vault_->unseal(kind, response.row_id(), message);
}

StoreResult<std::size_t> Store::delete_stored_responses(Time before, std::size_t most) {
  rocksdb::WriteBatch batch;
  const std::string end = by_time(big_endian(static_cast<std::uint64_t>(to_int(before))), {});
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(scan_options(), dedup_));
  std::size_t count = 0;
  // Commits wait while a batch is written.
  constexpr std::size_t kDeletedAtOnce = 200;
  for (it->Seek(slice(kByTime)); it->Valid() && it->key().ToStringView() < end && count < most;
       it->Next(), ++count) {
    batch.Delete(dedup_, it->key());
    batch.Delete(dedup_, slice(it->key().ToStringView().substr(end.size())));
    if (static_cast<std::size_t>(batch.Count()) < kDeletedAtOnce) continue;
    if (const auto status = db_->Write({}, &batch); !status.ok()) {
      return error("cannot write to " + path_, status);
    }
    batch.Clear();
  }
  if (!it->status().ok())
    return error("cannot read the stored responses in " + path_, it->status());
  if (batch.Count() == 0) return count;
  // No sync: a key that reappears after a crash is deleted again.
  if (const auto status = db_->Write({}, &batch); !status.ok()) {
    return error("cannot write to " + path_, status);
  }
  return count;
}

StoreResult<Head> Store::checkpoint(const std::string& path) {
  if (options_.env->FileExists(path).ok()) return StoreError{path + " is there already"};
  rocksdb::Checkpoint* raw = nullptr;
  auto status = make_folders(*options_.env, std::filesystem::path(path).parent_path());
  if (status.ok()) status = rocksdb::Checkpoint::Create(db_.get(), &raw);
  if (!status.ok()) return error("cannot make a backup", status);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(raw);
  status = checkpoint->CreateCheckpoint(path);
  if (!status.ok()) return noticed(error("cannot make a backup in " + path, status));
  // The contents of the copy, read from the copy.
  auto copy = open(path, Mode::kReadOnly, options_);
  if (!copy) return std::move(copy).error();
  Head end{.seq = copy.value()->last_seq()};
  end.hash = copy.value()->hash_of(end.seq).value_or(ChainHash{});
  end.write = copy.value()->db().GetLatestSequenceNumber();
  // Without an epoch: a database made from the copy is a history of its own.
  QIAO_TRY(HeadMark::create(*options_.env, path, end));
  return end;
}

void Store::begin_flush(std::size_t table) {
  rocksdb::ColumnFamilyHandle* const tables[kFlushed] = {
      journal(), dedup(), family(pb::Event::kNeed), family(pb::Event::kMatch)};
  rocksdb::FlushOptions options;
  options.wait = false;
  // Where it fails RocksDB takes no more writes, which the next one notices.
  db_->Flush(options, tables[table]).PermitUncheckedError();
}

Store::Statistics Store::scan() const {
  Statistics result;
  rocksdb::ReadOptions options = scan_options();
  options.fill_cache = false;
  options.readahead_size = 4 << 20;
  for (const auto kind : kKeyedKinds) {
    if (family(kind) == nullptr) continue;
    const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(options, family(kind)));
    for (it->SeekToFirst(); it->Valid(); it->Next()) {
      ++result.rows;
      result.bytes += it->key().size() + it->value().size();
    }
  }
  return result;
}

}  // namespace qiao
