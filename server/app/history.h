// Loads a market's past into an empty database: JSON lines of HistoryLine, as written by qiao-sim.
#pragma once

#include <string>

#include "server/runtime/runtime.h"

namespace qiao {

// Applies the commands of a file. Errors name the file and the line.
//
// They are written in groups, each with a mark of how far the load is (LoadMark), and table files
// are written meanwhile: memory does not grow with the history, and the next start reads no log. An
// interrupted load continues after its mark if the lines before it are unchanged, and is refused
// otherwise. Logs its progress from time to time.
// were, and is refused otherwise. Says now and then how far it is.
StoreResult<void> load_history(Runtime& runtime, const std::string& file);

// The error for an invalid line.
StoreError unusable(const std::string& where, const Refusal& refusal);

}  // namespace qiao
