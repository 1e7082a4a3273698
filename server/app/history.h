// A market's past put into an empty database: JSON lines of HistoryLine, as qiao-sim writes them.
#pragma once

#include <string>

#include "server/runtime/runtime.h"

namespace qiao {

// Applies the commands of a file, which is named in the words of the errors, with its line.
//
// They go to disk in groups, each with a mark of how far the load has come (LoadMark), and files
// are written as it goes on: memory does not grow with the history, and the next start reads no
// log. A load that was cut off goes on behind its mark, where the lines before it are what they
// were, and is refused otherwise. Says now and then how far it is.
StoreResult<void> load_history(Runtime& runtime, const std::string& file);

// What is wrong with what stands there.
StoreError unusable(const std::string& where, const Refusal& refusal);

}  // namespace qiao
