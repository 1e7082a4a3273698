// Numbers, days and times as people write them in the cells of a spreadsheet.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"
#include "engine/base/time_zone.h"

namespace qiao {

// With digits, letters, marks and spaces of Chinese keyboards as the narrow ones: "９：００" as
// "9:00".
std::string half_width(std::string_view text);

// A whole number: "3", "３", "3.0", "1,200", "5人" where one of the units is 人. "2.5" is refused.
Result<std::int64_t> read_whole(std::string_view text,
                                std::initializer_list<std::string_view> units,
                                const std::string& field);
// Hundredths: "500.50", "￥500", "500元" as 50050, 50000 and 50000. A third decimal is refused.
Result<std::int64_t> read_hundredths(std::string_view text, const std::string& field);

// "2027-12-05", "2027/12/5", "2027.12.5", "2027年12月5日", "20271205", Excel's number of the day;
// "12月5日" for the first such day that is not before `today`. Nothing for anything else.
std::optional<std::chrono::local_days> read_day(std::string_view text,
                                                std::chrono::local_days today);

// A reading of a clock: the time of the day, up to 24:00, and the day where the cell tells it too.
struct Clock {
  std::optional<std::chrono::local_days> day = {};
  Seconds time{};
};
// "9:00", "9：00:00", "0900", "9.30", "9", "9点半", "下午2:00", "02:00:00 PM", Excel's fraction of
// a day ("0.375"), or a day and one of these. Nothing for anything else, and for what may be two
// times ("晚上1点").
std::optional<Clock> read_clock(std::string_view text, std::chrono::local_days today);

// A moment: as parse_moment() of notation.h has it, or a day and a time of the above.
Result<Time> read_moment(const std::string& text, const TimeZone& zone, Time now,
                         const std::string& field);

}  // namespace qiao
