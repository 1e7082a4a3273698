// Prevents a database's folder from being opened for writing, without writing to it.
#pragma once

#include <string>

#include "server/store/error.h"

namespace qiao {

// Several objects may hold one folder at once. Held until the object is destroyed.
class FolderLock {
 public:
  // Refused if a process has the database open for writing. If the folder has no LOCK file, like a
  // backup, or its file system has no locks, nothing is held.
  static StoreResult<FolderLock> shared(const std::string& folder);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) = delete;
  ~FolderLock();

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;  // -1: none
};

// The error for a folder that another process has open.
StoreError folder_in_use(const std::string& folder);

}  // namespace qiao
