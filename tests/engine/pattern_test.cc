#include "engine/rows/pattern.h"

#include <gtest/gtest.h>

#include "proto/text/notation.h"

namespace qiao {
namespace {

// Does a pattern, written as people do, cover the window on that city's clock?
bool there(const char* week, const char* window, const char* zone_name = "Asia/Shanghai",
           const std::vector<DayException>& exceptions = {}) {
  const auto zone = TimeZone::load(zone_name);
  PatternPool pool;
  std::vector<WeekSlot> slots;
  const auto parsed = parse_week(week, "week");
  EXPECT_TRUE(parsed);
  for (const auto& s : parsed.value()) {
    slots.push_back({static_cast<std::uint16_t>(s.weekday()),
                     {static_cast<std::uint16_t>(s.start_minute()),
                      static_cast<std::uint16_t>(s.end_minute())}});
  }
  const auto w = parse_window(window, *zone, "window");
  EXPECT_TRUE(w);
  const Interval interval{to_time(w.value().start()), to_time(w.value().end())};
  const WeekPattern* pattern = pool.intern(slots);
  const bool covered = covers(pattern, exceptions, *zone, interval);
  // The quick test never says no wrongly.
  if (covered) {
    EXPECT_EQ(intervals_of(*zone, interval) & ~possible(pattern, exceptions), 0U);
  }
  return covered;
}

TEST(Pattern, CoversWhatLiesWithin) {
  EXPECT_TRUE(there("6,7 08:00-12:00", "2026-11-28 09:00/12:00"));
  EXPECT_FALSE(there("6,7 08:00-12:00", "2026-11-28 09:00/12:01"));
  EXPECT_FALSE(there("6,7 08:00-12:00", "2026-11-27 09:00/12:00"));
  EXPECT_TRUE(there("", "2026-11-27 03:00/2026-11-29 04:00"));
}

TEST(Pattern, SlotsThatTouchAreOne) {
  EXPECT_TRUE(there("6 08:00-12:00; 6 12:00-18:00", "2026-11-28 11:00/13:00"));
  EXPECT_FALSE(there("6 08:00-12:00; 6 12:30-18:00", "2026-11-28 11:00/13:00"));
}

TEST(Pattern, GoesAcrossMidnight) {
  EXPECT_TRUE(there("5 18:00-24:00; 6 00:00-06:00", "2026-11-27 22:00/2026-11-28 05:00"));
  EXPECT_FALSE(there("5 18:00-24:00; 6 01:00-06:00", "2026-11-27 22:00/2026-11-28 05:00"));
}

TEST(Pattern, AnExceptionReplacesItsDay) {
  EXPECT_FALSE(
      there("6,7 08:00-12:00", "2026-11-28 09:00/12:00", "Asia/Shanghai", {{20'261'128, {0, 0}}}));
  EXPECT_TRUE(there("6,7 08:00-12:00", "2026-11-28 20:00/21:00", "Asia/Shanghai",
                    {{20'261'128, {1200, 1260}}}));
  EXPECT_FALSE(there("", "2026-11-28 09:00/12:00", "Asia/Shanghai", {{20'261'128, {0, 0}}}));
}

TEST(Pattern, IsRightOnDaysWhenClocksChange) {
  // 2027-03-14 in New York: the wall clock jumps from 02:00 to 03:00; a shift of the wall clock's
  // 01:00-05:00 takes three hours.
  EXPECT_TRUE(there("7 01:00-05:00", "2027-03-14 01:00/05:00", "America/New_York"));
  EXPECT_FALSE(there("7 03:30-05:00", "2027-03-14 03:00/05:00", "America/New_York"));
  // 2026-11-01: 01:00-02:00 comes twice; both belong to the slot.
  EXPECT_TRUE(there("7 01:00-02:00", "2026-11-01 01:00/02:00", "America/New_York"));
}

TEST(Pattern, IsRightOnLeapDay) {
  EXPECT_TRUE(there("2 08:00-12:00", "2028-02-29 08:00/12:00"));
  EXPECT_FALSE(there("1 08:00-12:00", "2028-02-29 08:00/12:00"));
}

}  // namespace
}  // namespace qiao
