#pragma once

#include <string_view>

namespace qiao {

// A serialised google.protobuf.FileDescriptorSet of proto/qiao/v1 with source information
// (comments).
std::string_view descriptor_set();

}  // namespace qiao
