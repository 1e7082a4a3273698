#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "engine/base/fixed.h"
#include "engine/base/geography.h"
#include "engine/base/random.h"
#include "engine/base/refusal.h"
#include "engine/base/time_zone.h"

namespace qiao {
namespace {

using namespace std::chrono_literals;

double haversine_metres(Point a, Point b) {
  const double k = 3.14159265358979323846 / 180e7;
  const double dlat = (a.latitude_e7 - b.latitude_e7) * k;
  const double dlon = (static_cast<double>(a.longitude_e7) - b.longitude_e7) * k;
  const double h = std::pow(std::sin(dlat / 2), 2) + std::cos(a.latitude_e7 * k) *
                                                         std::cos(b.latitude_e7 * k) *
                                                         std::pow(std::sin(dlon / 2), 2);
  return 2 * 6'371'008.8 * std::asin(std::min(1.0, std::sqrt(h)));
}

TEST(Geography, DistanceIsWithinATenthOfAPerCentOfTheGreatCircle) {
  Random random(7);
  for (int i = 0; i < 100'000; ++i) {
    const Point a{static_cast<std::int32_t>(random.between(-550'000'000, 550'000'000)),
                  static_cast<std::int32_t>(random.between(-1'800'000'000, 1'800'000'000))};
    const Point b{
        a.latitude_e7 + static_cast<std::int32_t>(random.between(-10'000'000, 10'000'000)),
        static_cast<std::int32_t>(
            std::clamp<std::int64_t>(a.longitude_e7 + random.between(-10'000'000, 10'000'000),
                                     -kMaxLongitudeE7, kMaxLongitudeE7))};
    const double truth = haversine_metres(a, b);
    EXPECT_NEAR(static_cast<double>(distance_metres(a, b)), truth, truth * 0.001 + 2);
    EXPECT_EQ(distance_metres(a, b), distance_metres(b, a));
  }
}

TEST(Geography, DistanceGoesTheShortWayRoundTheDateLine) {
  EXPECT_LT(distance_metres({0, 1'799'999'000}, {0, -1'799'999'000}), 25);
  EXPECT_EQ(distance_metres({300'000'000, 5}, {300'000'000, 5}), 0);
}

TEST(Geography, MatchingKnowsAPlaceByItsCellAlone) {
  constexpr Point kMiddle{306'262'500, 1'189'837'500};
  EXPECT_EQ(matching_point({306'250'000, 1'189'825'000}), kMiddle) << "the first of the cell";
  EXPECT_EQ(matching_point({306'274'999, 1'189'849'999}), kMiddle) << "the last";
  EXPECT_EQ(matching_point({306'275'000, 1'189'825'000}).latitude_e7, 306'287'500) << "the next";
  EXPECT_EQ(matching_point({-306'250'000, -1}), (Point{-306'262'500, -12'500}));
  EXPECT_EQ(matching_point({kMaxLatitudeE7, -kMaxLongitudeE7}),
            (Point{kMaxLatitudeE7 - 12'500, -kMaxLongitudeE7 + 12'500}));
  Random random(13);
  for (int i = 0; i < 100'000; ++i) {
    const auto latitude = random.between(-kMaxLatitudeE7, kMaxLatitudeE7);
    const auto longitude = random.between(-kMaxLongitudeE7, kMaxLongitudeE7);
    const Point exact{static_cast<std::int32_t>(latitude), static_cast<std::int32_t>(longitude)};
    const Point known = matching_point(exact);
    EXPECT_EQ(matching_point(known), known);
    EXPECT_LE(distance_metres(exact, known), latitude < 300'000'000 ? 197 : 184);
  }
}

TEST(Geography, AReckonedDistanceIsNeverTooLarge) {
  Random random(11);
  const auto anywhere = [&] {
    return Point{static_cast<std::int32_t>(random.between(-kMaxLatitudeE7, kMaxLatitudeE7)),
                 static_cast<std::int32_t>(random.between(-kMaxLongitudeE7, kMaxLongitudeE7))};
  };
  const auto moved = [&](std::int64_t e7, std::int64_t by, std::int64_t most) {
    return static_cast<std::int32_t>(std::clamp(e7 + random.between(-by, by), -most, most));
  };
  for (int i = 0; i < 300'000; ++i) {
    const Point a = anywhere();
    const DistanceBound from(a);
    EXPECT_LE(from.at_least(a), 0);
    const Point far = anywhere();
    EXPECT_LE(from.at_least(far), static_cast<double>(distance_metres(a, far)));
    const std::int64_t by = random.between(1, 20'000'000);
    const Point near{moved(a.latitude_e7, by, kMaxLatitudeE7),
                     moved(a.longitude_e7, by, kMaxLongitudeE7)};
    const auto exact = static_cast<double>(distance_metres(a, near));
    EXPECT_LE(from.at_least(near), exact);
    if (std::abs(a.latitude_e7) < 550'000'000 && exact < 100'000) {
      EXPECT_GE(from.at_least(near), exact * 0.999 - 3);
    }
  }
}

TEST(Fixed, PowersAgreeWithFloatingPoint) {
  for (const double base : {0.01, 0.25, 0.5, 1.0, 1.7, 4.0, 16.0}) {
    for (const std::uint32_t milli : {0U, 1U, 250U, 500U, 999U, 1000U, 1500U, 2000U, 4000U}) {
      const double truth = std::pow(base, milli / 1000.0);
      EXPECT_NEAR(
          static_cast<double>(pow_micro(static_cast<std::int64_t>(base * kMicro), milli)) / kMicro,
          truth, truth * 2e-4 + 5e-6)
          << base << " ^ " << milli;
    }
  }
}

TEST(Fixed, IntegerRootIsTheFloor) {
  Random random(3);
  for (int i = 0; i < 10'000; ++i) {
    const std::uint64_t r = random.next() >> random.below(64);
    const auto square = static_cast<unsigned __int128>(r) * r;
    EXPECT_EQ(isqrt(square), r);
    if (r > 0) {
      EXPECT_EQ(isqrt(square - 1), r - 1);
    }
  }
}

LocalTime local(int year, unsigned month, unsigned day, int hour, int minute = 0) {
  return LocalTime{std::chrono::local_days{std::chrono::year{year} / static_cast<int>(month) /
                                           static_cast<int>(day)}} +
         std::chrono::hours{hour} + std::chrono::minutes{minute};
}

TEST(TimeZone, NingguoIsEightHoursAheadAllYear) {
  const auto zone = TimeZone::load("Asia/Shanghai");
  ASSERT_TRUE(zone);
  EXPECT_EQ(to_int(zone->to_utc(local(2026, 11, 28, 9))), 1'795'827'600);
  EXPECT_EQ(zone->to_local(to_time(1'795'827'600)), local(2026, 11, 28, 9));
}

TEST(TimeZone, TheHourThatSpringSkipsIsTheChangeItself) {
  const auto zone = TimeZone::load("America/New_York");
  ASSERT_TRUE(zone);
  // 2027-03-14: 02:00 becomes 03:00.
  const Time change = zone->to_utc(local(2027, 3, 14, 3));
  EXPECT_EQ(zone->to_utc(local(2027, 3, 14, 2, 30)), change);
  EXPECT_EQ(zone->to_utc(local(2027, 3, 14, 1, 59)) + 60s, change);
}

TEST(TimeZone, TheHourThatComesTwiceIsTheFirst) {
  const auto zone = TimeZone::load("America/New_York");
  // 2026-11-01: 02:00 becomes 01:00; the first 01:30 is at UTC-4.
  EXPECT_EQ(to_int(zone->to_utc(local(2026, 11, 1, 1, 30))), 1'793'511'000);
}

TEST(TimeZone, EveryLocalMomentComesBack) {
  for (const char* name : {"Asia/Shanghai", "America/New_York", "Europe/London",
                           "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu"}) {
    const auto zone = TimeZone::load(name);
    ASSERT_TRUE(zone) << name;
    Random random(11);
    for (int i = 0; i < 20'000; ++i) {
      const Time t = to_time(random.between(0, 4'000'000'000));
      const Time back = zone->to_utc(zone->to_local(t));
      // Only the second of an hour that comes twice is another instant, on the same clock.
      EXPECT_TRUE(back == t || (back < t && zone->to_local(back) == zone->to_local(t)))
          << name << " " << to_int(t);
    }
  }
}

TEST(TimeZone, UnknownNamesAreRefused) {
  EXPECT_FALSE(TimeZone::load("Asia/Ningguo"));
  EXPECT_FALSE(TimeZone::load(""));
  EXPECT_FALSE(TimeZone::load("../../etc/passwd"));
}

TEST(TimeZone, LeapDayIsADay) {
  const LocalMoment m = take_apart(local(2028, 2, 29, 23, 59));
  EXPECT_EQ(m.date, 20'280'229U);
  EXPECT_EQ(m.weekday, 2U);
  EXPECT_EQ(m.minute, 1439U);
}

TEST(Refusal, EveryCodeHasWordsInBothLanguagesAndItsOwnName) {
  std::set<std::string_view> seen;
  for (int i = 0; i <= static_cast<int>(Code::kNoSide); ++i) {
    const CodeInfo& c = info(static_cast<Code>(i));
    EXPECT_TRUE(seen.insert(c.code).second) << c.code;
    EXPECT_FALSE(c.zh.empty());
    EXPECT_FALSE(c.en.empty());
    EXPECT_EQ(c.zh.find("{}") == std::string_view::npos, c.en.find("{}") == std::string_view::npos)
        << c.code;
  }
}

}  // namespace
}  // namespace qiao
