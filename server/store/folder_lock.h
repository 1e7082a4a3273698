// Keeps a database's folder from being opened for writing, without writing to it.
#pragma once

#include <string>

#include "server/store/error.h"

namespace qiao {

// Several may hold one folder at once. Held until the end of the object.
class FolderLock {
 public:
  // Refused where a process has the database open for writing. Where the folder has no LOCK file,
  // as a backup, or its file system has no locks, there is nothing to hold.
  static StoreResult<FolderLock> shared(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;  // -1: none
};

// Words for a folder that another process has open.
StoreError folder_in_use(const std::string& folder);

}  // namespace qiao
