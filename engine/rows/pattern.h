// When an offer is there: a weekly pattern on the city's wall clock, and dated exceptions.
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

// As an offer says it: on that day of each week, 1 Monday .. 7 Sunday.
struct WeekSlot {
  std::uint16_t weekday;
  DaySlot open;
};

// The week in 56 stretches of three hours, bit day*8 + hour/3 with Monday as day 0. For a fast no.
using WeekMask = std::uint64_t;
inline constexpr WeekMask kWholeWeek = (WeekMask{1} << 56) - 1;

// Slots of each day merged and sorted. Patterns repeat from team to team, so they are kept once
// (PatternPool).
struct WeekPattern {
  std::array<std::vector<DaySlot>, 7> days;
  WeekMask mask = 0;
};

struct DayException {
  std::uint32_t date;
  DaySlot open;  // start == end: closed
};

// Does [window) lie wholly within the pattern as changed by the exceptions? Exact on days when
// clocks change. pattern == nullptr: always there but for the exceptions.
bool covers(const WeekPattern* pattern, const std::vector<DayException>& exceptions,
            const TimeZone& zone, const Interval& window);

// The stretches that a window touches. An offer whose mask lacks one of them cannot cover it.
WeekMask touched(const TimeZone& zone, const Interval& window);

// Stretches in which the offer may be there: those of the pattern and of every exception that
// opens.
WeekMask possible(const WeekPattern* pattern, const std::vector<DayException>& exceptions);

// Keeps each pattern once. Grows only: a city has few. Pointers stay valid for the life of the
// pool.
class PatternPool {
 public:
  // nullptr for an empty list: always.
  const WeekPattern* intern(std::span<const WeekSlot> slots);

 private:
  boost::unordered_flat_map<std::string, std::unique_ptr<WeekPattern>> pool_;  // by merged slots
  // By the bytes of the slots as they were written, looked up without making a string of them.
  boost::unordered_flat_map<std::string, const WeekPattern*, StringHash, std::equal_to<>> seen_;
};

}  // namespace qiao
