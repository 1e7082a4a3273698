#include "server/sheets/number_format.h"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"

namespace qiao {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;
// 9999-12-31.
constexpr std::int64_t kLastDay = 2'958'465;
constexpr std::int64_t kDaysFrom1900To1904 = 1'462;

std::string clock_text(std::int64_t hours, std::int64_t second_of_hour) {
  const std::string seconds = second_of_hour % 60 == 0 ? "" : ":" + two_digits(second_of_hour % 60);
  return two_digits(hours) + ":" + two_digits(second_of_hour / 60) + seconds;
}

// Excel takes 1900 for a leap year: before its 29 February days are counted from one day later.
std::string day_text(std::int64_t serial) {
  using std::chrono::days;
  constexpr std::chrono::sys_days kZero = std::chrono::year{1899} / 12 / 30;
  const auto day = kZero + days{serial < 60 ? serial + 1 : serial};
  const std::chrono::year_month_day ymd(day);
  return std::to_string(static_cast<int>(ymd.year())) + "-" +
         two_digits(static_cast<unsigned>(ymd.month())) + "-" +
         two_digits(static_cast<unsigned>(ymd.day()));
}

// With as many digits as Excel shows, so that 0.1 + 0.2 is 0.3.
std::string plain_text(double value) {
  constexpr double kExact = 1e15;
  constexpr int kDigits = 15;
  if (value == std::floor(value) && std::abs(value) < kExact)
    return std::to_string(static_cast<std::int64_t>(value));
  std::array<char, 40> buffer;
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                          std::chars_format::general, kDigits);
  return error == std::errc{} ? std::string(buffer.data(), end) : std::string();
}

// The letters of the first section that are neither quoted, escaped nor part of AM/PM, in lower
// case; "[h]" and its like as "[".
std::string significant_letters(std::string_view code) {
  std::string letters;
  for (std::size_t i = 0; i < code.size() && code[i] != ';'; ++i) {
    const char c = code[i];
    if (c == '\\' || c == '_' || c == '*') {
      ++i;
    } else if (c == '"') {
      i = std::min(code.find('"', i + 1), code.size());
    } else if (c == '[') {
      const std::size_t close = std::min(code.find(']', i), code.size());
      const std::string_view inside = code.substr(i + 1, close - i - 1);
      if (!inside.empty() && inside.find_first_not_of("hHmMsS") == std::string_view::npos)
        letters += '[';
      i = close;
    } else if (code.substr(i).starts_with("AM/PM") || code.substr(i).starts_with("am/pm")) {
      i += 4;
    } else if (code.substr(i).starts_with("General")) {
      i += 6;
    } else {
      letters += ascii_lower(c);
    }
  }
  return letters;
}

}  // namespace

NumberKind kind_of_format(std::string_view code) {
  const std::string letters = significant_letters(code);
  const auto has = [&](const char* any) { return letters.find_first_of(any) != std::string::npos; };
  if (has("[")) return NumberKind::kElapsed;
  if (has("yd")) return NumberKind::kDate;
  if (has("hs")) return NumberKind::kTime;
  return has("m") ? NumberKind::kDate : NumberKind::kPlain;
}

NumberKind kind_of_built_in_format(unsigned number) {
  if ((number >= 14 && number <= 17) || number == 22) return NumberKind::kDate;
  if (number >= 18 && number <= 21) return NumberKind::kTime;
  if (number >= 32 && number <= 35) return NumberKind::kTime;
  if (number >= 27 && number <= 36) return NumberKind::kDate;
  if (number == 45 || number == 47) return NumberKind::kTime;
  if (number == 46) return NumberKind::kElapsed;
  if (number == 55 || number == 56) return NumberKind::kTime;
  if (number >= 50 && number <= 58) return NumberKind::kDate;
  return NumberKind::kPlain;
}

std::string number_text(double value, NumberKind kind, bool from_1904) {
  if (kind == NumberKind::kPlain || !(value >= 0) || value > static_cast<double>(kLastDay))
    return plain_text(value);
  const auto seconds = std::llround(value * static_cast<double>(kSecondsPerDay));
  const std::int64_t in_day = seconds % kSecondsPerDay;
  if (kind == NumberKind::kElapsed) return clock_text(seconds / 3600, seconds % 3600);
  const std::string time = clock_text(in_day / 3600, in_day % 3600);
  std::int64_t day = seconds / kSecondsPerDay;
  if (kind == NumberKind::kTime || (day == 0 && !from_1904)) return time;
  day += from_1904 ? kDaysFrom1900To1904 : 0;
  return day_text(day) + (in_day == 0 ? "" : " " + time);
}

}  // namespace qiao
