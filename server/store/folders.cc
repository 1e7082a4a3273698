#include "server/store/folders.h"

#include <memory>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

rocksdb::Status sync_folder(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> folder;
  auto status = env.NewDirectory(path, &folder);
  if (status.ok()) status = folder->Fsync();
  return status;
}

rocksdb::Status make_folders(rocksdb::Env& env, const std::filesystem::path& path) {
  if (path.empty() || env.FileExists(path.string()).ok()) return rocksdb::Status::OK();
  auto status =
      path.has_relative_path() ? make_folders(env, path.parent_path()) : rocksdb::Status::OK();
  if (status.ok()) status = env.CreateDirIfMissing(path.string());
  return status;
}

// Opening writes: data that were only in the log get files. If there is no room for them RocksDB
// 7.8 may fail an assertion, which Debian's build enables; so this is checked before.
StoreResult<void> check_room(rocksdb::Env& env, const std::string& path) {
  constexpr std::uint64_t kBeside = 8 << 20;
  std::uint64_t needed = kBeside;
  std::uint64_t free = 0;
  std::vector<rocksdb::Env::FileAttributes> files;
  if (!env.GetFreeSpace(path, &free).ok() || !env.GetChildrenFileAttributes(path, &files).ok())
    return outcome::success();
  for (const auto& file : files) {
    if (file.name.ends_with(".log")) needed += file.size_bytes;
  }
  if (free >= needed) return outcome::success();
  return StoreError{"No space left on device: the disk of " + path + " has " +
                    std::to_string(free >> 10) + " KiB free, opening the database takes " +
                    std::to_string(needed >> 10) + " KiB; make room and start again"};
}

rocksdb::Status remove_folder(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  auto status = env.GetChildren(path, &names);
  if (status.IsNotFound()) return rocksdb::Status::OK();
  for (const std::string& name : names) {
    if (status.ok() && name != "." && name != "..") status = env.DeleteFile(path + "/" + name);
  }
  if (status.ok()) status = env.DeleteDir(path);
  return status;
}

}  // namespace qiao
