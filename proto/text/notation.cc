#include "proto/text/notation.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "engine/base/number_text.h"

namespace qiao {
namespace {

constexpr int kLastYear = 9999;

constexpr Notation kMoment{"a date and a time", "日期和时刻", "2026-11-28 09:00"};
constexpr Notation kWindow{"a time window", "时间段", "2026-11-28 09:00/12:00"};
constexpr Notation kExceptions{"days with their hours", "日期和时间",
                               "2026-12-01 closed; 2026-12-02 09:00-12:00"};
constexpr Notation kWeek{"days of the week with their hours", "每周时间",
                         "1-5 08:00-12:00; 6,7 09:00-17:00"};
constexpr Notation kDegrees{"degrees", "度数", "30.626529"};

std::optional<int> number(std::string_view text) {
  const auto v = parse_number<int>(text);
  return v && *v >= 0 ? v : std::nullopt;
}

// Seconds after midnight, up to 24:00.
std::optional<Seconds> time_of_day(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto second_colon = std::min(text.find(':', colon + 1), text.size());
  const auto h = number(text.substr(0, colon));
  const auto m = number(text.substr(colon + 1, second_colon - colon - 1));
  const auto s = second_colon < text.size() ? number(text.substr(second_colon + 1)) : 0;
  if (!h || !m || !s || *h > 24 || *m > 59 || *s > 59) return std::nullopt;
  const Seconds time = std::chrono::hours{*h} + std::chrono::minutes{*m} + Seconds{*s};
  if (time > std::chrono::hours{24}) return std::nullopt;
  return time;
}

// Minutes after midnight, up to 24:00.
std::optional<int> clock(std::string_view text) {
  const auto time = time_of_day(text);
  if (!time || *time % std::chrono::minutes{1} != Seconds{0}) return std::nullopt;
  return static_cast<int>(*time / std::chrono::minutes{1});
}

std::optional<std::chrono::year_month_day> date(std::string_view text) {
  const auto parts = split(text, "-/.");
  if (parts.size() != 3) return std::nullopt;
  const auto y = number(parts[0]);
  const auto m = number(parts[1]);
  const auto d = number(parts[2]);
  if (!y || !m || !d || *y < 1970 || *y > kLastYear) return std::nullopt;
  const std::chrono::year_month_day ymd{std::chrono::year{*y},
                                        std::chrono::month{static_cast<unsigned>(*m)},
                                        std::chrono::day{static_cast<unsigned>(*d)}};
  if (!ymd.ok()) return std::nullopt;
  return ymd;
}

std::optional<LocalTime> local_moment(std::string_view text) {
  text = trimmed(text);
  const auto gap = std::min(text.find_first_of(" T"), text.size());
  const auto day = date(text.substr(0, gap));
  if (!day) return std::nullopt;
  if (gap == text.size()) return LocalTime{std::chrono::local_days{*day}};
  const auto time = time_of_day(trimmed(text.substr(gap + 1)));
  if (!time) return std::nullopt;
  return LocalTime{std::chrono::local_days{*day}} + *time;
}

std::optional<Time> moment(std::string_view text, const TimeZone& zone) {
  text = trimmed(text);
  if (text.ends_with('s')) {
    const auto seconds = parse_number<std::int64_t>(text.substr(0, text.size() - 1));
    if (!seconds || *seconds < 0) return std::nullopt;
    return to_time(*seconds);
  }
  const bool utc = text.ends_with('Z');
  const auto local = local_moment(utc ? text.substr(0, text.size() - 1) : text);
  if (!local) return std::nullopt;
  return (utc ? TimeZone() : zone).to_utc(*local);
}

std::string clock_text(int minutes) {
  return two_digits(minutes / 60) + ":" + two_digits(minutes % 60);
}
std::string hours_text(std::uint32_t start_minute, std::uint32_t end_minute) {
  return clock_text(static_cast<int>(start_minute)) + "-" +
         clock_text(static_cast<int>(end_minute));
}
std::string date_text(std::uint32_t yyyymmdd) {
  return std::to_string(yyyymmdd / 10000) + "-" +
         two_digits(static_cast<int>(yyyymmdd / 100 % 100)) + "-" +
         two_digits(static_cast<int>(yyyymmdd % 100));
}

std::string minute_text(LocalTime t) {
  const LocalMoment m = take_apart(t);
  return date_text(m.date) + " " + clock_text(static_cast<int>(m.minute));
}

std::string second_text(LocalTime t) {
  const auto second = static_cast<int>(take_apart(t).second);
  return minute_text(t) + (second == 0 ? "" : ":" + two_digits(second));
}

// "08:00-12:00" as the minutes of both.
std::optional<std::pair<std::uint32_t, std::uint32_t>> hours(std::string_view text) {
  const auto ends = split(text, "-");
  if (ends.size() != 2) return std::nullopt;
  const auto from = clock(ends[0]);
  const auto to = clock(ends[1]);
  if (!from || !to || *from >= *to) return std::nullopt;
  return std::pair{static_cast<std::uint32_t>(*from), static_cast<std::uint32_t>(*to)};
}

// ISO number of a day's name.
std::optional<unsigned> weekday(std::string_view name) {
  static const std::array<std::array<std::string_view, 4>, 7> kNames = {
      {{"1", "mon", "周一", "星期一"},
       {"2", "tue", "周二", "星期二"},
       {"3", "wed", "周三", "星期三"},
       {"4", "thu", "周四", "星期四"},
       {"5", "fri", "周五", "星期五"},
       {"6", "sat", "周六", "星期六"},
       {"7", "sun", "周日", "星期日"}}};
  for (unsigned d = 0; d < 7; ++d) {
    if (std::find(kNames[d].begin(), kNames[d].end(), name) != kNames[d].end()) return d + 1;
  }
  return name == "周天" ? std::optional<unsigned>(7) : std::nullopt;
}

std::string narrow(std::string_view text) {
  std::string s(text);
  for (const auto& [wide, thin] :
       {std::pair{"，", ","}, {"；", ";"}, {"、", ","}, {"：", ":"}, {"至", "-"}, {"～", "-"}})
    replace_all(s, wide, thin);
  return s;
}

// Where the next separator of names begins (the text's size if there is none), and its length.
std::pair<std::size_t, std::size_t> next_separator(std::string_view text) {
  std::pair<std::size_t, std::size_t> next{text.size(), 0};
  for (const std::string_view separator : {",", ";", "，", "；", "、"}) {
    const auto at = text.find(separator);
    if (at < next.first) next = {at, separator.size()};
  }
  return next;
}

}  // namespace

Refusal refuse_notation(std::string field, const Notation& notation) {
  return refuse(Code::kWrongType, std::move(field),
                std::string(notation.en) + ", for example " + notation.example,
                std::string(notation.zh) + "，如 " + notation.example);
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (auto next = text.find(from); next != std::string::npos; next = text.find(from, at)) {
    out.append(text, at, next - at).append(to);
    at = next + from.size();
  }
  if (at > 0) text = out.append(text, at);
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::vector<std::string> split(std::string_view text, std::string_view separators) {
  const std::string plain = narrow(text);
  std::vector<std::string> out;
  for (std::size_t from = 0; from <= plain.size();) {
    const std::size_t to = std::min(plain.find_first_of(separators, from), plain.size());
    const auto piece = trimmed(std::string_view(plain).substr(from, to - from));
    if (!piece.empty()) out.emplace_back(piece);
    from = to + 1;
  }
  return out;
}

std::string join(const google::protobuf::RepeatedPtrField<std::string>& words,
                 std::string_view separator) {
  std::string out;
  for (const auto& w : words) out += (out.empty() ? "" : std::string(separator)) + w;
  return out;
}

std::vector<std::string> split_names(std::string_view text) {
  std::vector<std::string> names;
  while (!(text = trimmed(text)).empty()) {
    std::string name;
    if (text.front() == '"') {
      std::size_t at = 1;
      for (; at < text.size(); ++at) {
        if (text[at] == '"' && (at + 1 == text.size() || text[++at] != '"')) break;
        name += text[at];
      }
      text.remove_prefix(std::min(at, text.size()));
      text.remove_prefix(next_separator(text).first);
    } else {
      const auto at = next_separator(text).first;
      name = trimmed(text.substr(0, at));
      text.remove_prefix(at);
    }
    text.remove_prefix(next_separator(text).second);
    if (!name.empty()) names.push_back(std::move(name));
  }
  return names;
}

std::string join_names(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) {
    out += out.empty() ? "" : ";";
    const bool plain = next_separator(name).first == name.size() && trimmed(name) == name &&
                       name.find('"') == std::string::npos;
    if (plain) {
      out += name;
      continue;
    }
    out += '"';
    for (const char c : name) out += c == '"' ? std::string(2, c) : std::string(1, c);
    out += '"';
  }
  return out;
}

Result<Time> parse_moment(std::string_view text, const TimeZone& zone, const std::string& field) {
  const auto t = moment(narrow(text), zone);
  if (!t) return refuse_notation(field, kMoment);
  return *t;
}

std::string format_moment(Time t, const TimeZone& zone) {
  if (!is_set(t)) return {};
  return minute_text(zone.to_local(t));
}

std::string exact_moment(Time t, const TimeZone& zone) {
  if (!is_set(t)) return {};
  constexpr Time kEnd = std::chrono::sys_days{std::chrono::year{kLastYear} / 12 / 31};
  if (t >= kEnd) return std::to_string(to_int(t)) + "s";
  const LocalTime local = zone.to_local(t);
  if (zone.to_utc(local) == t) return second_text(local);
  return second_text(TimeZone().to_local(t)) + "Z";
}

Result<pb::Window> parse_window(std::string_view text, const TimeZone& zone,
                                const std::string& field) {
  const std::string plain = narrow(text);
  // Dates may contain slashes: the separator of start and end is the one with a moment on either
  // side.
  for (auto slash = plain.find('/'); slash != std::string::npos;
       slash = plain.find('/', slash + 1)) {
    const std::string_view head = trimmed(std::string_view(plain).substr(0, slash));
    const std::string_view tail = trimmed(std::string_view(plain).substr(slash + 1));
    const bool timed = head.find(':') != std::string_view::npos || head.ends_with('s');
    const auto start = timed ? moment(head, zone) : std::nullopt;
    if (!start || !is_set(*start)) continue;
    // An end without a date is on the day of the start, in the city's time zone.
    const auto time = time_of_day(tail);
    const auto day = std::chrono::floor<std::chrono::days>(zone.to_local(*start));
    const auto end = time ? std::optional(zone.to_utc(day + *time)) : moment(tail, zone);
    if (!end) continue;
    pb::Window w;
    w.set_start(to_int(*start));
    w.set_end(to_int(*end));
    return w;
  }
  return refuse_notation(field, kWindow);
}

std::string format_window(const pb::Window& w, const TimeZone& zone) {
  if (w.start() == 0) return {};
  const std::string start = exact_moment(to_time(w.start()), zone);
  const std::string end = exact_moment(to_time(w.end()), zone);
  const auto local = [](const std::string& text) {
    return !text.ends_with('Z') && !text.ends_with('s');
  };
  const bool same_day = local(start) && local(end) && start.substr(0, 10) == end.substr(0, 10);
  return start + "/" + (same_day ? end.substr(11) : end);
}

Result<std::vector<pb::DatedException>> parse_exceptions(std::string_view text,
                                                         const std::string& field) {
  std::vector<pb::DatedException> days;
  for (const std::string& part : split(text, ";")) {
    const auto gap = part.find(' ');
    const auto day = date(std::string_view(part).substr(0, gap));
    if (!day || gap == std::string::npos) return refuse_notation(field, kExceptions);
    pb::DatedException& e = days.emplace_back();
    e.set_date(take_apart(LocalTime{std::chrono::local_days{*day}}).date);
    const std::string_view when = trimmed(std::string_view(part).substr(gap));
    if (when == "closed" || when == "休") continue;
    const auto open = hours(when);
    if (!open) return refuse_notation(field, kExceptions);
    e.set_start_minute(open->first);
    e.set_end_minute(open->second);
  }
  return days;
}

std::string format_exceptions(const google::protobuf::RepeatedPtrField<pb::DatedException>& days) {
  std::string out;
  for (const auto& e : days) {
    const bool closed = e.start_minute() == 0 && e.end_minute() == 0;
    out += (out.empty() ? "" : "; ") + date_text(e.date()) + " " +
           (closed ? "closed" : hours_text(e.start_minute(), e.end_minute()));
  }
  return out;
}

Result<std::vector<pb::WeeklySlot>> parse_week(std::string_view text, const std::string& field) {
  std::vector<pb::WeeklySlot> slots;
  for (const std::string& part : split(text, ";")) {
    const auto gap = part.find(' ');
    if (gap == std::string::npos) return refuse_notation(field, kWeek);
    const auto open = hours(std::string_view(part).substr(gap + 1));
    if (!open) return refuse_notation(field, kWeek);
    for (const std::string& days : split(std::string_view(part).substr(0, gap), ",")) {
      const auto ends = split(days, "-");
      const auto first = ends.empty() ? std::nullopt : weekday(ends.front());
      const auto last = ends.empty() ? std::nullopt : weekday(ends.back());
      if (!first || !last || ends.size() > 2 || *first > *last)
        return refuse_notation(field, kWeek);
      for (unsigned d = *first; d <= *last; ++d) {
        pb::WeeklySlot& s = slots.emplace_back();
        s.set_weekday(d);
        s.set_start_minute(open->first);
        s.set_end_minute(open->second);
      }
    }
  }
  return slots;
}

std::string format_week(const google::protobuf::RepeatedPtrField<pb::WeeklySlot>& slots) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<std::uint32_t>> days_of;
  for (const auto& s : slots) days_of[{s.start_minute(), s.end_minute()}].push_back(s.weekday());
  std::string out;
  for (auto& [hours, days] : days_of) {
    std::sort(days.begin(), days.end());
    days.erase(std::unique(days.begin(), days.end()), days.end());
    std::string list;
    for (std::size_t i = 0; i < days.size();) {
      std::size_t j = i;
      while (j + 1 < days.size() && days[j + 1] == days[j] + 1) ++j;
      list += (list.empty() ? "" : ",") + std::to_string(days[i]) +
              (j > i ? "-" + std::to_string(days[j]) : "");
      i = j + 1;
    }
    out += (out.empty() ? "" : "; ") + list + " " + hours_text(hours.first, hours.second);
  }
  return out;
}

Result<std::int64_t> parse_integer(std::string_view text, const std::string& field) {
  const auto v = parse_number<std::int64_t>(trimmed(text));
  if (!v) return refuse_type(field, "integer");
  return *v;
}

Result<std::int32_t> parse_degrees(std::string_view text, const std::string& field) {
  const auto degrees = parse_number<double>(trimmed(text));
  if (!degrees || !(*degrees >= -180 && *degrees <= 180)) return refuse_notation(field, kDegrees);
  return static_cast<std::int32_t>(*degrees * 1e7 + (*degrees < 0 ? -0.5 : 0.5));
}

std::string format_degrees(std::int32_t e7) {
  const std::int64_t magnitude = e7 < 0 ? -std::int64_t{e7} : e7;
  const std::string fraction = std::to_string(magnitude % 10'000'000);
  return (e7 < 0 ? "-" : "") + std::to_string(magnitude / 10'000'000) + "." +
         std::string(7 - fraction.size(), '0') + fraction;
}

}  // namespace qiao
