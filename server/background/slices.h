// Long work of the market thread, a slice at a time, so that others have their turn.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>

namespace qiao {

// Of the market thread.
inline constexpr std::chrono::microseconds kSlice{250};

// Told how long something took.
using Charge = std::function<void(std::chrono::nanoseconds)>;

// Calls step(0) … step(count - 1), then done(), on the thread that runs the context. Stops without
// done() once alive() says no, which is asked before each slice. Looks at the clock after each so
// many steps: 1 where a step may take long. Each slice's time is charged before the next and before
// done().
void in_slices(
    boost::asio::io_context& context, std::size_t count, std::function<void(std::size_t)> step,
    std::function<void()> done, std::function<bool()> alive = [] { return true; },
    std::size_t together = 1, Charge charge = {});

// Steps that take less than a microsecond or so.
inline constexpr std::size_t kShortSteps = 64;

}  // namespace qiao
