// RocksDB's list of the files of a database: CURRENT names the MANIFEST, which names all others.
#pragma once

#include <rocksdb/env.h>

#include <string>
#include <vector>

#include "server/store/error.h"

namespace qiao {

// Whether a folder with these files but without CURRENT was a database of Qiao: it has a mark
// (HEAD), valid, or damaged beside other files of RocksDB.
StoreResult<bool> was_database(rocksdb::Env& env, const std::string& folder,
                               const std::vector<std::string>& names);

// The error for a list that is damaged or missing; names the MANIFEST, or CURRENT if that does not
// name it.
StoreError file_list_is_damaged(rocksdb::Env& env, const std::string& folder);

}  // namespace qiao
