// How RocksDB is opened.
#pragma once

#include <rocksdb/options.h>

#include <cstddef>

#include "server/store/store.h"

namespace qiao {

rocksdb::DBOptions options_for(Store::Mode mode, const StoreOptions& with);
// Of one table; `write_buffer` in bytes.
rocksdb::ColumnFamilyOptions family_options(std::size_t write_buffer);

}  // namespace qiao
