// Long work on the market thread, in slices, so that requests get their turn.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>

namespace qiao {

// Of the market thread.
inline constexpr std::chrono::microseconds kSlice{250};

// Receives the duration of each slice.
using Charge = std::function<void(std::chrono::nanoseconds)>;

// Calls step(0) … step(count - 1), then done(), on the thread that runs the context. Stops without
// done() once alive() returns false, which is asked before each slice. Reads the clock after this
// many steps: 1 if a step may take long. Each slice's time is charged before the next and before
// done().
void in_slices(
    boost::asio::io_context& context, std::size_t count, std::function<void(std::size_t)> step,
    std::function<void()> done, std::function<bool()> alive = [] { return true; },
    std::size_t together = 1, Charge charge = {});

// For steps that take less than about a microsecond.
inline constexpr std::size_t kShortSteps = 64;

}  // namespace qiao
