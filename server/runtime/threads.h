// Threads for the engine's parallel loops.
#pragma once

#include "engine/base/workers.h"

namespace qiao {

// Runs parts on so many threads, the caller's among them. Threads are started for each call: it is for work of milliseconds.
Workers on_threads(unsigned count);

}  // namespace qiao
