// Times, weeks and lists as typed in a cell or on a command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"
#include "engine/base/time_zone.h"
#include "qiao/v1/base.pb.h"
#include "qiao/v1/offer.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// How a value is written, for the refusal of a text that is read as none.
struct Notation {
  const char* en;
  const char* zh;
  const char* example;
};
inline constexpr Notation kDayNotation{"a date", "日期", "2026-12-05"};
inline constexpr Notation kClockNotation{"a time of day", "时刻", "09:00"};
inline constexpr Notation kMoneyNotation{"an amount in yuan", "金额（元）", "500.50"};
inline constexpr Notation kPointNotation{"a latitude and a longitude", "纬度和经度",
                                         "30.6265,118.9834"};
inline constexpr Notation kStockNotation{"a resource and a quantity", "物资和数量", "rice:50"};
inline constexpr Notation kCertificateNotation{"a certificate and its level", "资质和等级",
                                               "social_worker:2"};
Refusal refuse_notation(std::string field, const Notation& notation);

// "2026-11-28 09:00" in the city's time zone. Also with T, with /, with seconds, and a date alone
// for its midnight; with a trailing Z in UTC. A refusal names `field`.
Result<Time> parse_moment(std::string_view text, const TimeZone& zone, const std::string& field);
// To the minute, for people.
std::string format_moment(Time t, const TimeZone& zone);
// A form that parse_moment reads back as the same second: with seconds if there are any, in UTC in
// the hour that local time has twice, and seconds since 1970 ("99999999999999s") after the year
// 9999.
std::string exact_moment(Time t, const TimeZone& zone);

// "2026-11-28 09:00/12:00" or "2026-11-28 22:00/2026-11-29 06:00". Written windows are read back as
// the same seconds.
Result<pb::Window> parse_window(std::string_view text, const TimeZone& zone,
                                const std::string& field);
std::string format_window(const pb::Window& window, const TimeZone& zone);

// "1-5 08:00-12:00; 6,7 09:00-17:00"; days also as mon..sun and 周一..周日; empty: always.
Result<std::vector<pb::WeeklySlot>> parse_week(std::string_view text, const std::string& field);
// Slots of the same hours together.
std::string format_week(const google::protobuf::RepeatedPtrField<pb::WeeklySlot>& slots);

// Days that differ from the week: "2026-12-01 closed; 2026-12-02 09:00-12:00"; 休 also means
// closed.
Result<std::vector<pb::DatedException>> parse_exceptions(std::string_view text,
                                                         const std::string& field);
std::string format_exceptions(const google::protobuf::RepeatedPtrField<pb::DatedException>& days);

// A whole number.
Result<std::int64_t> parse_integer(std::string_view text, const std::string& field);
// "30.626529" into 1e-7 degrees.
Result<std::int32_t> parse_degrees(std::string_view text, const std::string& field);
std::string format_degrees(std::int32_t e7);

// Splits at any of the separators, trims each piece and omits empty ones. The wide comma and
// semicolon of Chinese keyboards count as separators too.
std::vector<std::string> split(std::string_view text, std::string_view separators = ",;");
std::string join(const google::protobuf::RepeatedPtrField<std::string>& words,
                 std::string_view separator = ";");
// Free text in a list: pieces that have separators, quotes or outer spaces stand in double quotes.
std::vector<std::string> split_names(std::string_view text);
std::string join_names(const std::vector<std::string>& names);
// Without the spaces, tabs and line breaks at both ends.
std::string_view trimmed(std::string_view text);
void replace_all(std::string& text, std::string_view from, std::string_view to);

}  // namespace qiao
