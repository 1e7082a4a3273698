#include "server/defaults.h"

#include <fstream>
#include <sstream>

#include "server/history.h"
#include "server/json/json.h"

asm(".section .rodata\n"
    "qiao_taxonomy_begin:\n.incbin \"" QIAO_DATA "/taxonomy.json\"\nqiao_taxonomy_end:\n"
    "qiao_policy_begin:\n.incbin \"" QIAO_DATA "/policy.json\"\nqiao_policy_end:\n"
    ".byte 0\n.previous\n");

extern "C" {
extern const char qiao_taxonomy_begin[];
extern const char qiao_taxonomy_end[];
extern const char qiao_policy_begin[];
extern const char qiao_policy_end[];
}

namespace qiao {
namespace {

StoreResult<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return StoreError{"cannot read " + path};
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

StoreResult<void> apply_file(Runtime& runtime, const std::string& file, std::string_view otherwise, const char* name,
                             google::protobuf::Message* (*part)(pb::Command&)) {
  std::string text(otherwise);
  if (!file.empty()) {
    QIAO_TRY(text, read_file(file));
  }
  pb::Command command;
  command.mutable_actor()->set_role(pb::ROLE_LEAD);
  const std::string where = file.empty() ? name : file;
  if (auto read = from_json(text, *part(command)); !read) return unusable(where, read.error());
  // Before any event of a history that may lie in the past.
  if (auto applied = runtime.apply_at(command, to_time(1)); !applied) return unusable(where, applied.error());
  return outcome::success();
}

template <class Message>
Message built_in(std::string_view json) {
  Message m;
  const auto read = from_json(json, m);
  QIAO_CHECK(read.has_value(), "the built-in data is well formed");
  return m;
}

}  // namespace

std::string_view default_taxonomy_json() { return {qiao_taxonomy_begin, static_cast<std::size_t>(qiao_taxonomy_end - qiao_taxonomy_begin)}; }
std::string_view default_policy_json() { return {qiao_policy_begin, static_cast<std::size_t>(qiao_policy_end - qiao_policy_begin)}; }

pb::Taxonomy default_taxonomy() { return built_in<pb::Taxonomy>(default_taxonomy_json()); }
pb::Policy default_policy() { return built_in<pb::Policy>(default_policy_json()); }

StoreResult<void> fill_empty_city(Runtime& runtime, const std::string& taxonomy_file, const std::string& policy_file, const std::string& history_file) {
  QIAO_TRY(const auto cut_off, runtime.store().load_mark());
  if (cut_off && history_file.empty()) return outcome::success();
  if (cut_off) return load_history(runtime, history_file);
  QIAO_TRY(apply_file(runtime, taxonomy_file, default_taxonomy_json(), "taxonomy",
                      [](pb::Command& c) -> google::protobuf::Message* { return c.mutable_put_taxonomy(); }));
  QIAO_TRY(apply_file(runtime, policy_file, default_policy_json(), "policy",
                      [](pb::Command& c) -> google::protobuf::Message* { return c.mutable_set_policy(); }));
  if (history_file.empty()) return outcome::success();
  return load_history(runtime, history_file);
}

}  // namespace qiao
