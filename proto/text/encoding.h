// Text as it comes out of spreadsheets: UTF-8 or UTF-16, with or without a byte order mark, or
// GB18030.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/utf8.h"

namespace qiao {

// The text as UTF-8, without the mark: read as UTF-16 where a mark says so or where zero bytes
// stand at every other place only, as it is where it is UTF-8, else read as GB18030. Empty when it
// is none of these.
std::optional<std::string> to_utf8(std::string_view bytes);

// For Excel in China. GB18030 includes every character of Unicode.
std::string to_gb18030(std::string_view utf8);

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace qiao
