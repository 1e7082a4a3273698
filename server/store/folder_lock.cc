#include "server/store/folder_lock.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace qiao {

StoreError folder_in_use(const std::string& folder) {
  return {.message = "another process has the database in " + folder + " open; stop it first",
          .zh = "另一个进程已打开" + folder + "中的数据库；请先停止该进程"};
}

// RocksDB locks all of LOCK for writing. A read lock excludes that one, and needs a file that is
// open for reading. It belongs to the open file: closing another descriptor of the same name keeps
// it.
StoreResult<FolderLock> FolderLock::shared(const std::string& folder) {
  FolderLock lock(::open((folder + "/LOCK").c_str(), O_RDONLY | O_CLOEXEC));
  if (lock.file_ < 0) return lock;
  struct flock whole {};
  whole.l_type = F_RDLCK;
  whole.l_whence = SEEK_SET;
  if (fcntl(lock.file_, F_OFD_SETLK, &whole) == 0) return lock;
  if (errno == EAGAIN || errno == EACCES) return folder_in_use(folder);
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

FolderLock::~FolderLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace qiao
