// The tables of a database (RocksDB's column families): which there are, and how they are opened.
#pragma once

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/rows/kinds.h"
#include "server/store/head_mark.h"
#include "server/store/store.h"

namespace qiao {

// A table for each kind of row that is keyed, and those that are not of a kind.
inline constexpr std::array kFamilyNames = {"default", "journal", "single", "dedup",
                                            "meta",    "vault",   "audit",
#define QIAO_KIND(Name, one, ...) #one,
#include "engine/rows/kinds.inc"
                                            "clearing"};

StoreError cannot_open(const std::string& path, const rocksdb::Status& status);
// The tables that an older version did not make yet. Refused where the database is not Qiao's, or
// of a newer version.
StoreResult<std::vector<std::string>> missing_tables(const std::string& path,
                                                     const rocksdb::DBOptions& options,
                                                     const MarkRead& mark, rocksdb::Env& env);
// Opens the tables that are described; fills their handles, which the caller destroys.
StoreResult<std::unique_ptr<rocksdb::DB>> open_tables(
    const std::string& path, Store::Mode mode, const StoreOptions& with,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors,
    std::vector<rocksdb::ColumnFamilyHandle*>& handles);
// nullptr where it is not open.
rocksdb::ColumnFamilyHandle* table_named(const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                                         std::string_view name);
// The table of each kind of row, by pb::Event::RowCase.
std::vector<rocksdb::ColumnFamilyHandle*> tables_by_kind(
    const std::vector<rocksdb::ColumnFamilyHandle*>& handles);

}  // namespace qiao
