// When an offer is available: a weekly pattern in the city's local time, and dated exceptions.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/string_hash.h"
#include "engine/base/time_zone.h"

namespace qiao {

// Minutes of a day, [start, end).
struct DaySlot {
  std::uint16_t start;
  std::uint16_t end;
  friend bool operator==(const DaySlot&, const DaySlot&) = default;
};

// A slot of an offer's weekly pattern. weekday: 1 Monday .. 7 Sunday.
struct WeekSlot {
  std::uint16_t weekday;
  DaySlot open;
};

// The week as 56 intervals of three hours, bit day*8 + hour/3 with Monday as day 0. For a fast
// rejection.
using WeekMask = std::uint64_t;
inline constexpr WeekMask kWholeWeek = (WeekMask{1} << 56) - 1;

// Slots of each day merged and sorted. Many teams share a pattern, so each is stored once
// (PatternPool).
struct WeekPattern {
  std::array<std::vector<DaySlot>, 7> days;
  WeekMask mask = 0;
};

struct DayException {
  std::uint32_t date;
  DaySlot open;  // start == end: closed
};

// Whether [window) is entirely within the pattern as changed by the exceptions. Exact on days when
// clocks change. pattern == nullptr: always available, except for the exceptions.
bool covers(const WeekPattern* pattern, const std::vector<DayException>& exceptions,
            const TimeZone& zone, const Interval& window);

// The intervals that a window touches. An offer whose mask lacks one of them cannot cover it.
WeekMask intervals_of(const TimeZone& zone, const Interval& window);

// Intervals in which the offer may be available: those of the pattern and of every exception that
// opens.
WeekMask possible(const WeekPattern* pattern, const std::vector<DayException>& exceptions);

// Stores each pattern once. Only grows: a city has few. Pointers are valid for the life of the
// pool.
class PatternPool {
 public:
  // nullptr for an empty list: always.
  const WeekPattern* intern(std::span<const WeekSlot> slots);

 private:
  boost::unordered_flat_map<std::string, std::unique_ptr<WeekPattern>> pool_;  // by merged slots
  // Keyed by the bytes of the slots, looked up without building a string.
  boost::unordered_flat_map<std::string, const WeekPattern*, StringHash, std::equal_to<>> seen_;
};

}  // namespace qiao
