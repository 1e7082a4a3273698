#pragma once

#include <string>

#include "server/store/error.h"

namespace qiao {

// The contents of a file. Blocks.
StoreResult<std::string> read_file(const std::string& path);

}  // namespace qiao
