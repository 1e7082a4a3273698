// What an empty city starts with: data/taxonomy.json and data/policy.json, in the program itself.
#pragma once

#include <string>
#include <string_view>

#include "server/runtime/runtime.h"

namespace qiao {

std::string_view default_taxonomy_json();
std::string_view default_policy_json();
pb::Taxonomy default_taxonomy();
pb::Policy default_policy();

// Gives an empty market its words, its policy and, where `history` names a file, the history in it
// (history.h); where a load of one was cut off, the rest of it. The error names file and line.
StoreResult<void> fill_empty_city(Runtime& runtime, const std::string& taxonomy_file, const std::string& policy_file, const std::string& history_file);

}  // namespace qiao
