// Threads for the engine's parallel loops.
#pragma once

#include <functional>
#include <thread>

#include "engine/base/workers.h"

namespace qiao {

// Runs parts on so many threads, the caller's among them. Threads are started for each call: it is
// for work of milliseconds.
Workers on_threads(unsigned count);

// A thread for long work beside the market: where cores are scarce, those that answer go first. The
// threads that it starts are like it.
std::thread background_thread(std::function<void()> work);
// Makes the calling thread such a one.
void yield_to_answers();

}  // namespace qiao
