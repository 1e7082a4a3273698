#pragma once

#include <string>

#include "engine/base/refusal.h"

namespace qiao {

// The contents of a file, decompressed if it is gzipped. A refusal names `field`.
Result<std::string> read_file(const std::string& path, const std::string& field);
// The same, with - for standard input.
Result<std::string> read_file_or_stdin(const std::string& path, const std::string& field);

}  // namespace qiao
