// Threads for the engine's parallel loops.
#pragma once

#include <functional>
#include <thread>

#include "engine/base/workers.h"

namespace qiao {

// Runs parts on this many threads, including the caller's. Threads are started for each call: for
// work of milliseconds.
Workers on_threads(unsigned count);

// A thread for long work beside the market: if cores are scarce, threads that answer requests go
// first. The threads that it starts have the same priority.
std::thread background_thread(std::function<void()> work);
// Gives the calling thread that priority.
void yield_to_answers();

}  // namespace qiao
