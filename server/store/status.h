// RocksDB's status as an error for the operator.
#pragma once

#include <rocksdb/status.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "server/store/error.h"

namespace qiao {

// Whether a file is corrupt, missing, or a folder. RocksDB has no code for the last.
inline bool is_damage(const rocksdb::Status& status) {
  if (status.IsCorruption() || status.IsPathNotFound() || status.IsNotFound()) return true;
  return status.IsIOError() && status.ToString().find(std::strerror(EISDIR)) != std::string::npos;
}

// `what` failed; `zh`: the same in Chinese, if there is such a text.
inline StoreError error(const std::string& what, const rocksdb::Status& status,
                        const std::string& zh = {}) {
  const bool damaged = is_damage(status);
  StoreError result{what + ": " + status.ToString(), damaged, {}};
  if (!zh.empty()) result.zh = zh + "：" + status.ToString();
  if (!damaged) return result;
  result.message += "; a file of the database is damaged or missing: restore the last backup";
  if (!zh.empty()) result.zh += "；数据库的文件已损坏或缺失，请恢复最近的备份";
  return result;
}

}  // namespace qiao
