#include "tools/swarm/disk.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

namespace qiao::swarm {
namespace {

struct Machine {
  SimulatedDisk disk;
  Random random{1};
  rocksdb::Env& env = *disk.env();
  Machine() {
    EXPECT_TRUE(env.CreateDirIfMissing("/a").ok());
    sync_names("/");
  }

  std::unique_ptr<rocksdb::WritableFile> create(const std::string& path) {
    std::unique_ptr<rocksdb::WritableFile> file;
    EXPECT_TRUE(env.NewWritableFile(path, &file, {}).ok());
    return file;
  }
  void sync_names(const std::string& folder) {
    std::unique_ptr<rocksdb::Directory> directory;
    EXPECT_TRUE(env.NewDirectory(folder, &directory).ok());
    EXPECT_TRUE(directory->Fsync().ok());
  }
  std::string read(const std::string& path) {
    std::unique_ptr<rocksdb::SequentialFile> file;
    if (!env.NewSequentialFile(path, &file, {}).ok()) return "(none)";
    std::string scratch(1 << 16, '\0');
    rocksdb::Slice got;
    EXPECT_TRUE(file->Read(scratch.size(), &got, scratch.data()).ok());
    return got.ToString();
  }
};

TEST(SimulatedDisk, KeepsWhatWasSyncedThroughAPowerCut) {
  Machine m;
  auto file = m.create("/a/x");
  EXPECT_TRUE(file->Append("hello").ok());
  EXPECT_TRUE(file->Sync().ok());
  m.sync_names("/a");
  for (int i = 0; i < 20; ++i) {
    m.disk.take_up_after_power_cut(m.random);
    EXPECT_EQ(m.read("/a/x"), "hello");
  }
}

TEST(SimulatedDisk, KeepsOrLosesTheRestAndNothingElse) {
  bool lost = false;
  bool kept = false;
  bool garbage = false;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const std::string name = seed % 2 == 0 ? "/a/1.log" : "/a/MANIFEST";
    Machine m;
    m.random = Random(seed);
    auto file = m.create(name);
    EXPECT_TRUE(file->Append("hello").ok());
    EXPECT_TRUE(file->Sync().ok());
    m.sync_names("/a");
    EXPECT_TRUE(file->Append(" world").ok());
    m.disk.take_up_after_power_cut(m.random);
    const std::string left = m.read(name);
    EXPECT_TRUE(left.starts_with("hello")) << left;
    EXPECT_LE(left.size(), 11U);
    kept |= left == "hello world";
    lost |= left == "hello";
    const bool other = !std::string("hello world").starts_with(left);
    EXPECT_FALSE(other && seed % 2 == 1) << "only a log's end may be garbage";
    garbage |= other;
  }
  EXPECT_TRUE(lost && kept && garbage);
}

TEST(SimulatedDisk, LosesNamesFromTheEndOnly) {
  bool none = false;
  bool both = false;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Machine m;
    m.random = Random(seed);
    m.create("/a/first");
    m.create("/a/second");
    m.disk.take_up_after_power_cut(m.random);
    const bool first = m.env.FileExists("/a/first").ok();
    const bool second = m.env.FileExists("/a/second").ok();
    EXPECT_TRUE(first || !second);
    none |= !first;
    both |= second;
  }
  EXPECT_TRUE(none && both);
}

TEST(SimulatedDisk, ARenameIsThereWholeOrNotAtAll) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Machine m;
    m.random = Random(seed);
    EXPECT_TRUE(m.create("/a/old")->Append("1").ok());
    EXPECT_TRUE(m.env.CreateDirIfMissing("/b").ok());
    m.sync_names("/");
    EXPECT_TRUE(m.env.RenameFile("/a", "/c").ok());
    m.disk.take_up_after_power_cut(m.random);
    EXPECT_NE(m.env.FileExists("/a").ok(), m.env.FileExists("/c").ok());
  }
}

TEST(SimulatedDisk, StopsInTheMiddleAndKeepsWhatWasWrittenThroughAKill) {
  Machine m;
  auto file = m.create("/a/x");
  EXPECT_TRUE(file->Append("hello").ok());
  m.disk.stop_at(m.disk.operations() + 1);
  EXPECT_FALSE(file->Append(" world, this is long").ok());
  EXPECT_TRUE(m.disk.stopped());
  EXPECT_FALSE(file->Append("more").ok());
  m.disk.take_up_after_kill();
  EXPECT_TRUE(m.read("/a/x").starts_with("hello"));
  EXPECT_EQ(m.read("/a/x").find("more"), std::string::npos);
}

TEST(SimulatedDisk, RefusesOnceAndIsFullAsLongAsItIs) {
  Machine m;
  auto file = m.create("/a/x");
  m.disk.refuse_at(m.disk.operations() + 1);
  EXPECT_TRUE(file->Append("a").IsIOError());
  EXPECT_TRUE(file->Append("b").ok());
  m.disk.set_full(true);
  EXPECT_TRUE(file->Append("c").IsNoSpace());
  m.disk.set_full(false);
  EXPECT_TRUE(file->Append("d").ok());
  EXPECT_EQ(m.read("/a/x"), "bd");
}

TEST(SimulatedDisk, LyingLosesWhatWasSynced) {
  bool lost = false;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Machine m;
    m.random = Random(seed);
    auto file = m.create("/a/x");
    m.sync_names("/a");
    m.disk.set_lying(true);
    EXPECT_TRUE(file->Append("hello").ok());
    EXPECT_TRUE(file->Sync().ok());
    m.disk.take_up_after_power_cut(m.random);
    lost |= m.read("/a/x") != "hello";
  }
  EXPECT_TRUE(lost);
}

}  // namespace
}  // namespace qiao::swarm
