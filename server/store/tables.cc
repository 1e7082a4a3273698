#include "server/store/tables.h"

#include <algorithm>
#include <utility>

#include "server/store/file_list.h"
#include "server/store/folder_lock.h"
#include "server/store/options.h"
#include "server/store/status.h"

namespace qiao {

StoreError cannot_open(const std::string& path, const rocksdb::Status& status) {
  return error("cannot open the database in " + path, status, "无法打开" + path + "中的数据库");
}

StoreResult<std::vector<std::string>> missing_tables(const std::string& path,
                                                     const rocksdb::DBOptions& options,
                                                     const MarkRead& mark, rocksdb::Env& env) {
  std::vector<std::string> names;
  const auto listed = rocksdb::DB::ListColumnFamilies(options, path, &names);
  if (!listed.ok()) return cannot_open(path, listed);
  if (std::find(names.begin(), names.end(), "meta") == names.end() ||
      std::find(names.begin(), names.end(), "journal") == names.end()) {
    if (mark.head || mark.damage) return file_list_is_damaged(env, path);
    return StoreError{path + " holds a RocksDB database that is not Qiao's; give another folder"};
  }
  for (const std::string& name : names) {
    if (std::find(kFamilyNames.begin(), kFamilyNames.end(), name) == kFamilyNames.end()) {
      return StoreError{path + " was written by a newer Qiao (it has a table \"" + name +
                        "\" unknown here); open it with that version"};
    }
  }
  std::vector<std::string> missing;
  for (const char* name : kFamilyNames) {
    if (std::find(names.begin(), names.end(), name) == names.end()) missing.emplace_back(name);
  }
  return missing;
}

StoreResult<std::unique_ptr<rocksdb::DB>> open_tables(
    const std::string& path, Store::Mode mode, const StoreOptions& with,
    const std::vector<rocksdb::ColumnFamilyDescriptor>& descriptors,
    std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  const auto options = options_for(mode, with);
  rocksdb::DB* db = nullptr;
  const auto opened = mode == Store::Mode::kReadOnly
                          ? rocksdb::DB::OpenForReadOnly(options, path, descriptors, &handles, &db)
                          : rocksdb::DB::Open(options, path, descriptors, &handles, &db);
  if (opened.ok()) return std::unique_ptr<rocksdb::DB>(db);
  if (opened.IsIOError() && opened.ToString().find("lock") != std::string::npos)
    return folder_in_use(path);
  return cannot_open(path, opened);
}

rocksdb::ColumnFamilyHandle* table_named(const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                                         std::string_view name) {
  const auto at = std::find_if(handles.begin(), handles.end(),
                               [&](auto* handle) { return handle->GetName() == name; });
  return at == handles.end() ? nullptr : *at;
}

std::vector<rocksdb::ColumnFamilyHandle*> tables_by_kind(
    const std::vector<rocksdb::ColumnFamilyHandle*>& handles) {
  std::vector<rocksdb::ColumnFamilyHandle*> families(kRowCaseLimit, nullptr);
  for (const auto kind : kSettings)
    families[static_cast<std::size_t>(kind)] = table_named(handles, "single");
  for (const auto kind : kKeyedKinds)
    families[static_cast<std::size_t>(kind)] = table_named(handles, name_of(kind));
  return families;
}

}  // namespace qiao
