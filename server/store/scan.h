// Options for iterating over tables.
#pragma once

#include <rocksdb/options.h>

namespace qiao {

// For every iterator. No range of keys is ever deleted by DeleteRange(), so ignoring such ranges
// loses nothing. When RocksDB 7.8 looks for them, an iterator that moves on to a table loses the
// error of a damaged first block: it skips the table and all that follow on that level, and its
// status is OK (see RocksDB's pull requests 11783 and 11786).
// follow on that level, and its status is OK (see RocksDB's pull requests 11783 and 11786).
inline rocksdb::ReadOptions scan_options() {
  rocksdb::ReadOptions options;
  options.ignore_range_deletions = true;
  return options;
}

}  // namespace qiao
