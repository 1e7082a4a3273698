// qiao verify: finds damage in whatever is on disk, and changes nothing itself.
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <set>

#include "server/store/folder_lock.h"
#include "tests/support/lived.h"
#include "tests/support/raw.h"
#include "tools/qiao/local.h"
#include "tools/qiao/session.h"

namespace qiao {
namespace {

namespace fs = std::filesystem;

struct Verified {
  int code;
  std::string words;  // all that it printed
};

Verified verify_it(const std::string& folder, const std::string& key, bool chinese = false) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = verify_folder(folder, key, {}, chinese);
  const std::string out = testing::internal::GetCapturedStdout();
  return {code, out + testing::internal::GetCapturedStderr()};
}

// Files of tables, by column family.
std::map<std::string, std::string> tables_of(const std::string& path) {
  EXPECT_TRUE(must_open(path)->flush());
  // Read only: nothing is compacted meanwhile.
  const auto store = Store::open(path, Store::Mode::kReadOnly).value();
  std::vector<rocksdb::LiveFileMetaData> files;
  store->db().GetLiveFilesMetaData(&files);
  std::map<std::string, std::string> tables;
  for (const auto& file : files) tables[file.column_family_name] = file.relative_filename;
  return tables;
}

// Whatever column families there are: a new one is read, too, or has no rows in Lived.
TEST(Verify, ReadsEveryColumnFamilyWhole) {
  const Lived lived;
  const auto tables = tables_of(lived.path());
  std::vector<std::string> families;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies({}, lived.path(), &families).ok());
  for (const std::string& family : families) {
    // RocksDB's own, in which nothing is ever put.
    if (family == rocksdb::kDefaultColumnFamilyName) continue;
    SCOPED_TRACE(family);
    ASSERT_TRUE(tables.contains(family));
    const fs::path table = fs::path(lived.path()) / tables.at(family);
    const std::string whole = read_file(table);
    // In the rows, and in what finds them.
    for (const std::size_t at : {std::size_t{20}, whole.size() - 100}) {
      write_file(table, flipped(whole, at));
      const Verified v = verify_it(lived.path(), lived.key());
      EXPECT_EQ(v.code, kDifferences) << v.words;
      EXPECT_NE(v.words.find(".sst"), std::string::npos) << v.words;
    }
    write_file(table, whole);
  }
  const Verified whole = verify_it(lived.path(), lived.key());
  EXPECT_EQ(whole.code, kDone) << whole.words;
}

TEST(Verify, FindsRowsOutsideTheMarketThatCannotBeRead) {
  const auto with = [](const auto& change) {
    const Lived lived;
    {
      const auto store = must_open(lived.path());
      change(*store);
    }
    return verify_it(lived.path(), lived.key());
  };
  const Verified answer = with([](Store& s) { s.db().Put({}, s.dedup(), "key-1", "short"); });
  EXPECT_EQ(answer.code, kDifferences);
  EXPECT_NE(answer.words.find("dedup: a row of"), std::string::npos) << answer.words;
  const Verified clearing =
      with([](Store& s) { s.db().Put({}, s.clearing(), big_endian(1) + "s", "\xff"); });
  EXPECT_EQ(clearing.code, kDifferences);
  EXPECT_NE(clearing.words.find("clearing: a row of"), std::string::npos) << clearing.words;
}

// Nothing shows that the audit does not find an event of an object or an account.
TEST(Verify, FindsAnAuditIndexThatIsNotTheJournals) {
  const auto with = [](const auto& change) {
    const Lived lived;
    {
      const Raw raw(lived.path());
      change(*raw.db, raw.families.at("audit"));
    }
    return verify_it(lived.path(), lived.key());
  };
  const auto first = [](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* audit) {
    const std::unique_ptr<rocksdb::Iterator> it(db.NewIterator({}, audit));
    it->SeekToFirst();
    EXPECT_TRUE(it->Valid());
    return it->key().ToString();
  };
  const auto remove = [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* audit) {
    EXPECT_TRUE(db.Delete({}, audit, first(db, audit)).ok());
  };
  const auto add = [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* audit) {
    std::string entry = first(db, audit);
    ++entry.back();
    EXPECT_TRUE(db.Put({}, audit, entry, "").ok());
  };
  const auto replace = [&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle* audit) {
    std::string entry = first(db, audit);
    EXPECT_TRUE(db.Delete({}, audit, entry).ok());
    entry[1] = static_cast<char>(~entry[1]);
    EXPECT_TRUE(db.Put({}, audit, entry, "").ok());
  };
  for (const Verified& v : {with(remove), with(add), with(replace)}) {
    EXPECT_EQ(v.code, kDifferences) << v.words;
    EXPECT_NE(v.words.find("audit: its index has"), std::string::npos) << v.words;
  }
  EXPECT_EQ(with([](auto&, auto*) {}).code, kDone);
}

TEST(Verify, ChangesNoByte) {
  const Lived lived;
  {
    const auto store = must_open(lived.path());
    ASSERT_TRUE(store->checkpoint(lived.folder / "backup"));
  }
  for (const char* name : {"/db", "/earlier", "/backup"}) {
    const std::string path = lived.folder.path() + name;
    SCOPED_TRACE(path);
    const auto before = files_of(path);
    const auto beside = files_of(lived.folder.path());
    // As on a medium that cannot be written; root can all the same, and does not.
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_exec);
    const Verified v = verify_it(path, lived.key());
    EXPECT_EQ(v.code, kDone) << v.words;
    fs::permissions(path, fs::perms::owner_all);
    EXPECT_EQ(files_of(path), before);
    EXPECT_EQ(files_of(lived.folder.path()).size(), beside.size());
  }
}

TEST(Verify, OfADamagedDatabaseChangesNothingEither) {
  const Lived lived;
  const fs::path mark = lived.path() + "/HEAD";
  fs::remove(mark);
  const auto before = files_of(lived.path());
  EXPECT_EQ(verify_it(lived.path(), lived.key()).code, kLostMark);
  fs::remove(lived.key());
  EXPECT_EQ(verify_it(lived.path(), lived.key()).code, kRefused);
  EXPECT_FALSE(fs::exists(lived.key())) << "the key is not made again";
  EXPECT_EQ(files_of(lived.path()), before);
}

// By what is left, all the same, it was a database of Qiao.
TEST(Verify, AndRestoreTellADatabaseWithoutItsListOfFilesFromNone) {
  const Lived lived;
  const std::string restored = lived.folder / "restored";
  fs::remove(lived.path() + "/CURRENT");
  const auto damaged = [&] {
    const Verified v = verify_it(lived.path(), lived.key());
    EXPECT_EQ(v.code, kDifferences) << v.words;
    EXPECT_NE(v.words.find("/CURRENT"), std::string::npos) << v.words;
    testing::internal::CaptureStderr();
    EXPECT_EQ(restore_folder(lived.path(), restored, lived.key(), false), kDifferences);
    const std::string words = testing::internal::GetCapturedStderr();
    EXPECT_NE(words.find("restore the last backup"), std::string::npos) << words;
    EXPECT_FALSE(fs::exists(restored));
  };
  damaged();
  for (const auto& [name, bytes] : files_of(lived.path())) {
    if (name != "HEAD") fs::remove(lived.path() + "/" + name);
  }
  damaged();
}

TEST(Verify, ARestoreThatFailsLeavesNothingBehind) {
  const Lived lived;
  const fs::path table = fs::path(lived.path()) / tables_of(lived.path()).at("need");
  const std::string whole = read_file(table);
  const std::string mark = read_file(lived.path() + "/HEAD");
  const std::string restored = lived.folder / "restored";
  const auto restore = [&] {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = restore_folder(lived.path(), restored, lived.key(), false);
    const std::string out = testing::internal::GetCapturedStdout();
    return Verified{code, out + testing::internal::GetCapturedStderr()};
  };
  const auto fails = [&](int code) {
    const Verified v = restore();
    EXPECT_EQ(v.code, code) << v.words;
    EXPECT_NE(v.words.find(restored + " was not created"), std::string::npos) << v.words;
    for (const char* ending : {"", ".part", ".key"}) EXPECT_FALSE(fs::exists(restored + ending));
  };
  write_file(table, flipped(whole, 20));
  fails(kDifferences);
  write_file(table, whole);
  fs::remove(lived.path() + "/HEAD");
  fails(kLostMark);
  write_file(lived.path() + "/HEAD", mark);
  // A key file that was there before stays.
  fs::copy_file(lived.key(), restored + ".key");
  write_file(table, flipped(whole, 20));
  EXPECT_EQ(restore().code, kDifferences);
  EXPECT_TRUE(fs::exists(restored + ".key"));
  write_file(table, whole);
  EXPECT_EQ(restore().code, kDone);
}

// What was handed out by one is refused by the other, see Store::epoch().
TEST(Verify, OfABackupLeavesItsRestoresHistoriesOfTheirOwn) {
  const Lived lived;
  const std::string backup = lived.folder / "backup";
  {
    const auto store = must_open(lived.path());
    ASSERT_TRUE(store->checkpoint(backup));
  }
  EXPECT_EQ(verify_it(backup, lived.key()).code, kDone);
  std::set<std::uint64_t> epochs = {must_open(lived.path())->epoch()};
  for (const char* name : {"/one", "/two"}) {
    const std::string restored = lived.folder.path() + name;
    testing::internal::CaptureStdout();
    EXPECT_EQ(restore_folder(backup, restored, lived.key(), false), kDone);
    testing::internal::GetCapturedStdout();
    epochs.insert(must_open(restored)->epoch());
  }
  EXPECT_EQ(epochs.size(), 3U);
}

TEST(Verify, AndAServerDoNotHaveAFolderAtOnce) {
  const Lived lived;
  {
    const auto store = must_open(lived.path());
    const Verified v = verify_it(lived.path(), lived.key());
    EXPECT_EQ(v.code, kRefused);
    EXPECT_NE(v.words.find("another process has"), std::string::npos) << v.words;
  }
  const auto first = FolderLock::shared(lived.path());
  ASSERT_TRUE(first);
  EXPECT_TRUE(FolderLock::shared(lived.path())) << "two may look at once";
  const auto opened = Store::open(lived.path(), Store::Mode::kExisting);
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().message.find("another process has"), std::string::npos);
  EXPECT_FALSE(opened.error().zh.empty());
}

TEST(Verify, SaysThatTheMarkIsGoneWithACodeOfItsOwn) {
  const Lived lived;
  const fs::path mark = lived.path() + "/HEAD";
  const std::string whole = read_file(mark);
  fs::path log;
  for (const auto& entry : fs::directory_iterator(lived.path())) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) log = entry.path();
  }
  const std::string whole_log = read_file(log);
  const auto lost = [&] {
    for (const bool cut : {false, true}) {
      write_file(log, cut ? whole_log.substr(0, whole_log.size() / 2) : whole_log);
      const Verified v = verify_it(lived.path(), lived.key());
      EXPECT_EQ(v.code, kLostMark) << v.words;
      EXPECT_NE(v.words.find("/HEAD"), std::string::npos) << v.words;
      EXPECT_EQ(v.words.find("every invariant holds"), std::string::npos) << v.words;
      const Verified zh = verify_it(lived.path(), lived.key(), true);
      EXPECT_NE(zh.words.find("标记"), std::string::npos) << zh.words;
    }
    write_file(log, whole_log);
  };
  fs::remove(mark);
  lost();
  fs::create_directory(mark);
  lost();
  fs::remove(mark);
  write_file(mark, "");
  lost();
  write_file(mark, whole.substr(0, 20));
  lost();
  write_file(mark, whole);
  EXPECT_EQ(verify_it(lived.path(), lived.key()).code, kDone);
}

}  // namespace
}  // namespace qiao
