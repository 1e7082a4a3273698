// What the command line calls flags and values of enums, in both languages.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

namespace qiao {

// What the flag --`name` means; empty for a flag without an entry.
std::string_view flag_meaning(std::string_view name, bool chinese);

// A value of an enum. In English, where the table has nothing else, the end of its name:
// PARTY_KIND_ENTERPRISE is "enterprise". A number that the enum does not have is written as it is.
std::string enum_word(const google::protobuf::EnumDescriptor* type, int value, bool chinese);

}  // namespace qiao
