// The names of enum values without the beginning that all names of an enum share.
#pragma once

#include <google/protobuf/descriptor.h>

#include <string_view>

namespace qiao {

// "PARTY_KIND_" of the enum that has PARTY_KIND_ENTERPRISE. In each enum of the vocabulary the name
// of value 0 is this and UNSPECIFIED.
inline std::string_view enum_prefix(const google::protobuf::EnumDescriptor* type) {
  std::string_view name = type->value(0)->name();
  name.remove_suffix(std::string_view("UNSPECIFIED").size());
  return name;
}

// "ENTERPRISE" for PARTY_KIND_ENTERPRISE.
inline std::string_view unprefixed_name(const google::protobuf::EnumValueDescriptor* value) {
  return std::string_view(value->name()).substr(enum_prefix(value->type()).size());
}

}  // namespace qiao
