#pragma once

#include <string>
#include <string_view>

namespace qiao {

// RFC 1952, at a level that costs about as much as sending the bytes saves on a slow line.
std::string gzip(std::string_view bytes);

// Does Accept-Encoding take gzip (and not with q=0)?
bool accepts_gzip(std::string_view accept_encoding);

}  // namespace qiao
