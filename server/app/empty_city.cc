#include "server/app/empty_city.h"

#include "data/defaults.h"
#include "proto/json/json.h"
#include "server/app/history.h"
#include "server/runtime/read_file.h"

namespace qiao {
namespace {

StoreResult<void> apply_file(Runtime& runtime, const std::string& file, std::string_view otherwise,
                             const char* name, google::protobuf::Message* (*part)(pb::Command&)) {
  std::string text(otherwise);
  if (!file.empty()) {
    QIAO_TRY(text, read_file(file));
  }
  pb::Command command;
  command.mutable_actor()->set_role(pb::ROLE_LEAD);
  const std::string where = file.empty() ? name : file;
  if (auto read = from_json(text, *part(command)); !read) return unusable(where, read.error());
  // Before any event of a history that may be in the past.
  if (auto applied = runtime.apply_at(command, to_time(1)); !applied)
    return unusable(where, applied.error());
  return outcome::success();
}

}  // namespace

StoreResult<void> fill_empty_city(Runtime& runtime, const std::string& taxonomy_file,
                                  const std::string& policy_file, const std::string& history_file) {
  QIAO_TRY(const auto cut_off, runtime.store().load_mark());
  if (cut_off && history_file.empty()) return outcome::success();
  if (cut_off) return load_history(runtime, history_file);
  QIAO_TRY(apply_file(
      runtime, taxonomy_file, default_taxonomy_json(), "taxonomy",
      [](pb::Command& c) -> google::protobuf::Message* { return c.mutable_put_taxonomy(); }));
  QIAO_TRY(apply_file(
      runtime, policy_file, default_policy_json(), "policy",
      [](pb::Command& c) -> google::protobuf::Message* { return c.mutable_set_policy(); }));
  if (history_file.empty()) return outcome::success();
  return load_history(runtime, history_file);
}

}  // namespace qiao
