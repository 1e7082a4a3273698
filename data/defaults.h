// What an empty city starts with: taxonomy.json and policy.json of this folder, in the program
// itself.
#pragma once

#include <string_view>

#include "qiao/v1/policy.pb.h"
#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

namespace pb = qiao::v1;

std::string_view default_taxonomy_json();
std::string_view default_policy_json();
pb::Taxonomy default_taxonomy();
pb::Policy default_policy();

}  // namespace qiao
