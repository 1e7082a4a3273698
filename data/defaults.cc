#include "data/defaults.h"

#include "engine/base/check.h"
#include "proto/json/json.h"

asm(".section .rodata\n"
    "qiao_taxonomy_begin:\n.incbin \"" QIAO_DATA
    "/taxonomy.json\"\nqiao_taxonomy_end:\n"
    "qiao_policy_begin:\n.incbin \"" QIAO_DATA
    "/policy.json\"\nqiao_policy_end:\n"
    ".byte 0\n.previous\n");

extern "C" {
extern const char qiao_taxonomy_begin[];
extern const char qiao_taxonomy_end[];
extern const char qiao_policy_begin[];
extern const char qiao_policy_end[];
}

namespace qiao {
namespace {

template <class Message>
Message built_in(std::string_view json) {
  Message m;
  const auto read = from_json(json, m);
  QIAO_CHECK(read.has_value(), "the built-in data is well formed");
  return m;
}

}  // namespace

std::string_view default_taxonomy_json() {
  return {qiao_taxonomy_begin, static_cast<std::size_t>(qiao_taxonomy_end - qiao_taxonomy_begin)};
}
std::string_view default_policy_json() {
  return {qiao_policy_begin, static_cast<std::size_t>(qiao_policy_end - qiao_policy_begin)};
}

pb::Taxonomy default_taxonomy() { return built_in<pb::Taxonomy>(default_taxonomy_json()); }
pb::Policy default_policy() { return built_in<pb::Policy>(default_policy_json()); }

}  // namespace qiao
