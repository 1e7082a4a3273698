// Text from spreadsheets: UTF-8 with or without a byte order mark, or GB18030.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/utf8.h"

namespace qiao {

// The text as UTF-8: unchanged (without the mark) if it is UTF-8, else read as GB18030. Empty if it
// is neither.
std::optional<std::string> to_utf8(std::string_view bytes);

// For Excel in China. GB18030 includes every character of Unicode.
std::string to_gb18030(std::string_view utf8);

inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace qiao
