#include "server/sheets/cell_values.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "proto/text/notation.h"

namespace qiao {
namespace {

using std::chrono::local_days;

constexpr int kFirstYear = 1970;
constexpr int kLastYear = 9999;
// Excel's numbers of the days from 1954 to 2119: five digits.
constexpr double kFirstSerial = 20'000;
constexpr double kLastSerial = 80'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr local_days kSerialZero{std::chrono::year{1899} / 12 / 30};

std::optional<int> small_number(std::string_view text) {
  return all_digits(text) ? parse_number<int>(text) : std::nullopt;
}

std::optional<double> decimal(std::string_view text) {
  double value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<local_days> day_of(int year, int month, int day) {
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (year < kFirstYear || year > kLastYear || !ymd.ok()) return std::nullopt;
  return local_days{ymd};
}

// The first such day that is not before `today`: on 29 February perhaps in some years.
std::optional<local_days> next_day_of(int month, int day, local_days today) {
  constexpr int kYearsLookedAt = 9;
  const int year = static_cast<int>(std::chrono::year_month_day(today).year());
  for (int y = year; y < year + kYearsLookedAt; ++y) {
    const auto found = day_of(y, month, day);
    if (found && *found >= today) return found;
  }
  return std::nullopt;
}

// Digits, perhaps with thousands separators, and decimals.
struct Decimal {
  std::string whole;
  std::string fraction;
};
std::optional<Decimal> take_apart_decimal(std::string_view text) {
  const std::size_t dot = std::min(text.find('.'), text.size());
  std::string_view whole = text.substr(0, dot);
  Decimal d;
  if (dot < text.size()) {
    d.fraction = text.substr(dot + 1);
    if (!all_digits(d.fraction)) return std::nullopt;
  }
  const std::size_t comma = whole.find(',');
  if (comma == std::string_view::npos) {
    d.whole = whole;
  } else {
    if (comma == 0 || comma > 3) return std::nullopt;
    d.whole = whole.substr(0, comma);
    for (std::size_t at = comma; at < whole.size(); at += 4) {
      if (whole[at] != ',' || at + 4 > whole.size()) return std::nullopt;
      d.whole += whole.substr(at + 1, 3);
    }
  }
  if (!all_digits(d.whole)) return std::nullopt;
  return d;
}

enum class PartOfDay : std::uint8_t { kNone, kAm, kPm, kBeforeDawn, kMorning, kNoon, kEvening };

// Takes the word off that says which half of the day is meant.
PartOfDay take_part_of_day(std::string& text) {
  struct Word {
    std::string_view text;
    PartOfDay part;
  };
  static constexpr std::array<Word, 15> kWords = {{{"a.m.", PartOfDay::kAm},
                                                   {"p.m.", PartOfDay::kPm},
                                                   {"am", PartOfDay::kAm},
                                                   {"pm", PartOfDay::kPm},
                                                   {"凌晨", PartOfDay::kBeforeDawn},
                                                   {"清晨", PartOfDay::kMorning},
                                                   {"早上", PartOfDay::kMorning},
                                                   {"早晨", PartOfDay::kMorning},
                                                   {"上午", PartOfDay::kMorning},
                                                   {"中午", PartOfDay::kNoon},
                                                   {"下午", PartOfDay::kPm},
                                                   {"傍晚", PartOfDay::kPm},
                                                   {"晚上", PartOfDay::kEvening},
                                                   {"晚间", PartOfDay::kEvening},
                                                   {"夜间", PartOfDay::kEvening}}};
  for (const Word& word : kWords) {
    const auto at = text.find(word.text);
    if (at == std::string::npos) continue;
    if (at != 0 && at + word.text.size() != text.size()) continue;
    text.erase(at, word.text.size());
    text = std::string(trimmed(text));
    return word.part;
  }
  return PartOfDay::kNone;
}

// The hour of the day; nothing where it may be two.
std::optional<int> hour_of(int hour, PartOfDay part) {
  switch (part) {
    case PartOfDay::kNone:
      return hour;
    case PartOfDay::kAm:
      if (hour > 12) return std::nullopt;
      return hour % 12;
    case PartOfDay::kBeforeDawn:
      if (hour > 6 && hour != 12) return std::nullopt;
      return hour % 12;
    case PartOfDay::kMorning:
      if (hour >= 12) return std::nullopt;
      return hour;
    case PartOfDay::kNoon:
      if (hour == 11 || hour == 12 || hour == 13) return hour;
      if (hour == 1) return 13;
      return std::nullopt;
    case PartOfDay::kPm:
      return hour < 12 ? hour + 12 : hour;
    case PartOfDay::kEvening:
      if (hour == 12 || hour >= 18) return hour == 12 ? 24 : hour;
      if (hour >= 5 && hour < 12) return hour + 12;
      return std::nullopt;
  }
  return std::nullopt;
}

// "9", "9:00", "9:00:00", "0900", "9.30".
std::optional<Seconds> digits_of_clock(std::string_view text, PartOfDay part) {
  std::array<int, 3> fields = {0, 0, 0};
  if (text.size() == 4 && all_digits(text)) {
    fields[0] = *small_number(text.substr(0, 2));
    fields[1] = *small_number(text.substr(2));
  } else {
    const bool dotted = text.find(':') == std::string_view::npos && text.size() >= 4 &&
                        text[text.size() - 3] == '.';
    const std::vector<std::string> parts = split(text, dotted ? "." : ":");
    if (parts.empty() || parts.size() > fields.size()) return std::nullopt;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto value = parts[i].size() <= 2 ? small_number(parts[i]) : std::nullopt;
      if (!value) return std::nullopt;
      fields[i] = *value;
    }
  }
  const auto hour = hour_of(fields[0], part);
  if (!hour || *hour > 24 || fields[1] > 59 || fields[2] > 59) return std::nullopt;
  const Seconds time =
      std::chrono::hours{*hour} + std::chrono::minutes{fields[1]} + Seconds{fields[2]};
  if (time > std::chrono::hours{24}) return std::nullopt;
  return time;
}

std::optional<Seconds> read_time_of_day(std::string text) {
  text = std::string(trimmed(text));
  const PartOfDay part = take_part_of_day(text);
  replace_all(text, "点半", ":30");
  replace_all(text, "时半", ":30");
  replace_all(text, "点钟", ":");
  for (const char* mark : {"点", "时", "分"}) replace_all(text, mark, ":");
  replace_all(text, "秒", "");
  while (text.ends_with(':')) text.pop_back();
  if (text.empty() || text.starts_with(':')) return std::nullopt;
  if (text.starts_with("0.") && part == PartOfDay::kNone) {
    const auto fraction = decimal(text);
    if (!fraction) return std::nullopt;
    return Seconds{std::llround(*fraction * static_cast<double>(kSecondsPerDay))};
  }
  return digits_of_clock(text, part);
}

// Without the day of the week behind it.
std::string_view without_weekday(std::string_view text) {
  for (const std::string_view mark : {"(", "周", "星期"})
    text = text.substr(0, std::min(text.find(mark), text.size()));
  return trimmed(text);
}

}  // namespace

std::string half_width(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U;
    };
    if (byte(i) == 0xEF && byte(i + 1) == 0xBC && byte(i + 2) >= 0x81 && byte(i + 2) <= 0xBF) {
      out += static_cast<char>(byte(i + 2) - 0x81 + '!');
      i += 2;
    } else if (byte(i) == 0xEF && byte(i + 1) == 0xBD && byte(i + 2) >= 0x80 &&
               byte(i + 2) <= 0x9E) {
      out += static_cast<char>(byte(i + 2) - 0x80 + '`');
      i += 2;
    } else if (text.substr(i).starts_with("\u3000")) {
      out += ' ';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Result<std::int64_t> read_whole(std::string_view text,
                                std::initializer_list<std::string_view> units,
                                const std::string& field) {
  const std::string narrow = half_width(text);
  std::string_view rest = trimmed(narrow);
  for (const std::string_view unit : units) {
    if (unit.empty() || !rest.ends_with(unit)) continue;
    rest = trimmed(rest.substr(0, rest.size() - unit.size()));
    break;
  }
  const bool negative = rest.starts_with('-');
  const auto parts = take_apart_decimal(negative ? rest.substr(1) : rest);
  if (!parts || parts->fraction.find_first_not_of('0') != std::string::npos)
    return refuse_type(field, "integer");
  return parse_integer((negative ? "-" : "") + parts->whole, field);
}

Result<std::int64_t> read_hundredths(std::string_view text, const std::string& field) {
  const std::string narrow = half_width(text);
  std::string_view rest = trimmed(narrow);
  for (const std::string_view sign : {"￥", "¥"}) {
    if (rest.starts_with(sign)) rest = trimmed(rest.substr(sign.size()));
  }
  if (rest.ends_with("元"))
    rest = trimmed(rest.substr(0, rest.size() - std::string_view("元").size()));
  const auto parts = take_apart_decimal(rest);
  constexpr std::size_t kDecimals = 2;
  if (!parts ||
      std::min(parts->fraction.find_last_not_of('0') + 1, parts->fraction.size()) > kDecimals) {
    return refuse_notation(field, kMoneyNotation);
  }
  std::string fraction = parts->fraction.substr(0, kDecimals);
  fraction.resize(kDecimals, '0');
  return parse_integer(parts->whole + fraction, field);
}

std::optional<local_days> read_day(std::string_view text, local_days today) {
  std::string plain = half_width(text);
  const bool chinese = plain.find("月") != std::string::npos;
  replace_all(plain, "年", "-");
  replace_all(plain, "月", "-");
  replace_all(plain, "日", "");
  replace_all(plain, "号", "");
  std::string_view rest = without_weekday(plain);
  for (const std::string_view midnight : {" 00:00:00", " 00:00", " 0:00"}) {
    if (!rest.ends_with(midnight)) continue;
    rest = trimmed(rest.substr(0, rest.size() - midnight.size()));
    break;
  }
  if (all_digits(rest)) {
    if (rest.size() == 8)
      return day_of(*small_number(rest.substr(0, 4)), *small_number(rest.substr(4, 2)),
                    *small_number(rest.substr(6)));
    const auto serial = small_number(rest);
    if (!serial || *serial < kFirstSerial || *serial > kLastSerial) return std::nullopt;
    return kSerialZero + std::chrono::days{*serial};
  }
  const std::vector<std::string> parts = split(rest, "-/.");
  std::vector<int> numbers;
  for (const std::string& part : parts) {
    const auto number = part.size() <= 4 ? small_number(part) : std::nullopt;
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  if (numbers.size() == 3) return day_of(numbers[0], numbers[1], numbers[2]);
  if (numbers.size() == 2 && chinese) return next_day_of(numbers[0], numbers[1], today);
  return std::nullopt;
}

std::optional<Clock> read_clock(std::string_view text, local_days today) {
  std::string plain = ascii_lower(half_width(text));
  const std::string_view rest = trimmed(plain);
  if (const auto serial = decimal(rest);
      serial && *serial >= kFirstSerial && *serial <= kLastSerial) {
    const auto seconds = std::llround(*serial * static_cast<double>(kSecondsPerDay));
    return Clock{kSerialZero + std::chrono::days{seconds / kSecondsPerDay},
                 Seconds{seconds % kSecondsPerDay}};
  }
  const auto gap = rest.find_first_of(" t");
  const auto day =
      gap == std::string_view::npos ? std::nullopt : read_day(rest.substr(0, gap), today);
  const auto time = read_time_of_day(std::string(day ? rest.substr(gap + 1) : rest));
  if (!time) return std::nullopt;
  return Clock{day, *time};
}

Result<Time> read_moment(const std::string& text, const TimeZone& zone, Time now,
                         const std::string& field) {
  const std::string plain = half_width(text);
  auto moment = parse_moment(plain, zone, field);
  if (moment) return moment;
  const auto today = std::chrono::floor<std::chrono::days>(zone.to_local(now));
  if (const auto day = read_day(plain, today)) return zone.to_utc(*day);
  const auto clock = read_clock(plain, today);
  if (!clock || !clock->day) return moment;
  return zone.to_utc(*clock->day + clock->time);
}

}  // namespace qiao
