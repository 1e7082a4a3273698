// Instants and durations of the engine: whole seconds, UTC. The engine never reads a clock; the
// time is an argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace qiao {

using Time = std::chrono::sys_seconds;
using Seconds = std::chrono::seconds;

constexpr Time to_time(std::int64_t seconds_since_epoch) {
  return Time{Seconds{seconds_since_epoch}};
}
constexpr std::int64_t to_int(Time t) { return t.time_since_epoch().count(); }

// 0 on the wire means "not set".
constexpr bool is_set(Time t) { return to_int(t) != 0; }

// Half open: [start, end).
struct Interval {
  Time start;
  Time end;
  friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

constexpr bool overlap(const Interval& a, const Interval& b) {
  return a.start < b.end && b.start < a.end;
}

}  // namespace qiao
