// Entity tags (RFC 9110 8.8.3): a row's version and the database's epoch.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"

namespace qiao {

std::string etag_of(std::uint64_t version, std::uint64_t epoch);
// The version that If-Match requires; 0 for any.
Result<std::uint64_t> parse_if_match(std::string_view header, std::uint64_t epoch);
// Whether If-None-Match contains the tag.
bool names_etag(std::string_view if_none_match, std::string_view etag);

}  // namespace qiao
