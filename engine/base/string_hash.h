// Hash for tables with string keys, which allows lookups by std::string_view without a copy.
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
