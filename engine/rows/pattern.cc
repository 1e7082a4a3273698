#include "engine/rows/pattern.h"

#include <algorithm>

namespace qiao {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr unsigned kMinutesPerStretch = 180;

WeekMask stretches(unsigned weekday_from_0, unsigned start_minute, unsigned end_minute) {
  WeekMask mask = 0;
  for (unsigned s = start_minute / kMinutesPerStretch; s * kMinutesPerStretch < end_minute; ++s) {
    mask |= WeekMask{1} << (weekday_from_0 * 8 + s);
  }
  return mask;
}

// 0 is Monday.
unsigned weekday_of(std::chrono::local_days day) {
  return std::chrono::weekday{day}.iso_encoding() - 1;
}
unsigned weekday_of(std::uint32_t date) {
  const std::chrono::year_month_day ymd{std::chrono::year{static_cast<int>(date / 10000)},
                                        std::chrono::month{date / 100 % 100},
                                        std::chrono::day{date % 100}};
  return weekday_of(std::chrono::local_days{ymd});
}

std::uint32_t date_of(std::chrono::local_days day) { return take_apart(LocalTime{day}).date; }

// Calls visit(day, first second, second after the last) for each local day that the window touches.
template <class Visit>
bool each_day(const TimeZone& zone, const Interval& window, Visit visit) {
  Time at = window.start;
  while (at < window.end) {
    const auto span = zone.span_at(at);
    const Time piece_end = std::min(window.end, span.until);
    std::int64_t from = to_int(at + span.offset);
    const std::int64_t to = to_int(piece_end + span.offset);
    while (from < to) {
      const std::int64_t midnight = from - ((from % kDay) + kDay) % kDay;
      const std::int64_t until = std::min(to, midnight + kDay);
      if (!visit(std::chrono::local_days{std::chrono::days{midnight / kDay}}, from - midnight,
                 until - midnight))
        return false;
      from = until;
    }
    at = piece_end;
  }
  return true;
}

}  // namespace

bool covers(const WeekPattern* pattern, const std::vector<DayException>& exceptions,
            const TimeZone& zone, const Interval& window) {
  if (pattern == nullptr && exceptions.empty()) return true;
  return each_day(zone, window,
                  [&](std::chrono::local_days day, std::int64_t from, std::int64_t to) {
                    auto within = [&](const DaySlot& slot) {
                      return slot.start * 60 <= from && to <= slot.end * 60;
                    };
                    const std::uint32_t date = exceptions.empty() ? 0 : date_of(day);
                    for (const DayException& e : exceptions) {
                      if (e.date == date) return within(e.open);
                    }
                    if (pattern == nullptr) return true;
                    const auto& slots = pattern->days[weekday_of(day)];
                    return std::any_of(slots.begin(), slots.end(), within);
                  });
}

WeekMask intervals_of(const TimeZone& zone, const Interval& window) {
  if (window.end - window.start >= std::chrono::days{8}) return kWholeWeek;
  WeekMask mask = 0;
  each_day(zone, window, [&](std::chrono::local_days day, std::int64_t from, std::int64_t to) {
    mask |= stretches(weekday_of(day), static_cast<unsigned>(from / 60),
                      static_cast<unsigned>((to + 59) / 60));
    return true;
  });
  return mask;
}

WeekMask possible(const WeekPattern* pattern, const std::vector<DayException>& exceptions) {
  WeekMask mask = pattern == nullptr ? kWholeWeek : pattern->mask;
  for (const DayException& e : exceptions)
    mask |= stretches(weekday_of(e.date), e.open.start, e.open.end);
  return mask;
}

const WeekPattern* PatternPool::intern(std::span<const WeekSlot> slots) {
  if (slots.empty()) return nullptr;
  static_assert(std::has_unique_object_representations_v<WeekSlot>);
  const std::string_view written(reinterpret_cast<const char*>(slots.data()), slots.size_bytes());
  if (const auto seen = seen_.find(written); seen != seen_.end()) return seen->second;
  auto pattern = std::make_unique<WeekPattern>();
  for (const WeekSlot& s : slots) {
    pattern->days[s.weekday - 1U].push_back(s.open);
    pattern->mask |= stretches(s.weekday - 1U, s.open.start, s.open.end);
  }
  std::string key;
  for (std::size_t d = 0; d < 7; ++d) {
    auto& day = pattern->days[d];
    std::sort(day.begin(), day.end(),
              [](const DaySlot& a, const DaySlot& b) { return a.start < b.start; });
    std::vector<DaySlot> merged;
    for (const DaySlot& s : day) {
      if (!merged.empty() && s.start <= merged.back().end) {
        merged.back().end = std::max(merged.back().end, s.end);
      } else {
        merged.push_back(s);
      }
    }
    day = std::move(merged);
    for (const DaySlot& s : day) {
      key += static_cast<char>(d);
      key.append(reinterpret_cast<const char*>(&s), sizeof s);
    }
  }
  auto [it, is_new] = pool_.try_emplace(std::move(key), nullptr);
  if (is_new) it->second = std::move(pattern);
  seen_.emplace(written, it->second.get());
  return it->second.get();
}

}  // namespace qiao
