// For hash tables with strings as keys that are looked up by a view, without making a string of it.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace qiao {

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
};

}  // namespace qiao
