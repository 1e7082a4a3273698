#pragma once

#include <string>

#include "engine/base/refusal.h"

namespace qiao {

// The whole of a file; one that is gzipped is unpacked. `field` is named in the refusal where it
// cannot be read.
Result<std::string> read_file(const std::string& path, const std::string& field);
// The same, with - for standard input.
Result<std::string> read_file_or_stdin(const std::string& path, const std::string& field);

}  // namespace qiao
