#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

inline constexpr std::size_t kMaxQueryParams = 32;

// The query parameters of a request's target, names and values decoded. A repeated name is refused.
//
// Parses the whole target: Boost 1.81's parse_query() reads one character past the end of a view
// that does not end its buffer.
Result<std::vector<std::pair<std::string, std::string>>> parse_params(std::string_view target);

}  // namespace qiao
