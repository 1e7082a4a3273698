#include "server/store/file_list.h"

#include <algorithm>

#include "engine/base/refusal.h"
#include "server/store/head_mark.h"

namespace qiao {
namespace {

constexpr std::string_view kManifest = "MANIFEST-";

}  // namespace

StoreResult<bool> was_database(rocksdb::Env& env, const std::string& folder,
                               const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), "HEAD") == names.end()) return false;
  const auto mark = HeadMark::read(env, folder);
  if (mark) return mark.value().has_value();
  if (!mark.error().damaged) return mark.error();
  // Other programs, such as Git, have files of that name too.
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.starts_with(kManifest); });
}

StoreError file_list_is_damaged(rocksdb::Env& env, const std::string& folder) {
  std::string name;
  const bool read = rocksdb::ReadFileToString(&env, folder + "/CURRENT", &name).ok();
  if (!read || !name.starts_with(kManifest)) name = "CURRENT";
  const std::string file = folder + "/" + name.substr(0, name.find('\n'));
  return {.message = file +
                     ", which lists the files of the database, is damaged or missing; put "
                     "it back or restore the last backup",
          .damaged = true,
          .zh = "数据库的文件清单" + file + "已损坏或缺失；请放回该文件，或恢复最近的备份"};
}

}  // namespace qiao
