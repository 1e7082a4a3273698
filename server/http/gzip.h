#pragma once

#include <string>
#include <string_view>

namespace qiao {

// RFC 1952. Fast: at a level that costs about as much as sending the bytes saves on a slow line.
enum class GzipLevel { kQuick, kSmallest };
std::string gzip(std::string_view bytes, GzipLevel level = GzipLevel::kQuick);

}  // namespace qiao
