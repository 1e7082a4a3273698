// The first start of an empty database.
#pragma once

#include <string>

#include "server/runtime/runtime.h"

namespace qiao {

// Gives an empty market its taxonomy, its policy and, if `history` names a file, the history in it
// (history.h); after an interrupted load, the rest of it. The error names file and line.
StoreResult<void> fill_empty_city(Runtime& runtime, const std::string& taxonomy_file,
                                  const std::string& policy_file, const std::string& history_file);

}  // namespace qiao
