#include "engine/base/time_zone.h"

#include <date/tz.h>

#include <algorithm>
#include <limits>

namespace qiao {
namespace {

using namespace std::chrono_literals;
constexpr Time kBeginning{Seconds{std::numeric_limits<std::int64_t>::min() / 4}};
constexpr Time kEnd{Seconds{std::numeric_limits<std::int64_t>::max() / 4}};

}  // namespace

TimeZone::TimeZone() : name_("UTC"), transitions_{{kBeginning, 0s}} {}

std::optional<TimeZone> TimeZone::load(std::string_view iana_name) {
  const date::time_zone* zone = nullptr;
  try {
    zone = date::locate_zone(std::string(iana_name));
  } catch (const std::exception&) {  // how the library reports an unknown name
    return std::nullopt;
  }
  TimeZone result;
  result.name_ = zone->name();
  result.transitions_.clear();
  Time at = std::chrono::sys_days{std::chrono::year{1970} / 1 / 1};
  const Time last = std::chrono::sys_days{std::chrono::year{2200} / 1 / 1};
  while (at < last) {
    const date::sys_info info = zone->get_info(at);
    if (result.transitions_.empty()) {
      result.transitions_.push_back({kBeginning, info.offset});
    } else if (result.transitions_.back().offset != info.offset) {
      result.transitions_.push_back({at, info.offset});
    }
    if (info.end <= at) break;
    at = info.end;
  }
  return result;
}

TimeZone::Span TimeZone::span_at(Time t) const {
  auto next = std::upper_bound(transitions_.begin(), transitions_.end(), t,
                               [](Time value, const Transition& x) { return value < x.from; });
  const Transition& here = next == transitions_.begin() ? transitions_.front() : *(next - 1);
  return {here.offset, next == transitions_.end() ? kEnd : next->from};
}

Time TimeZone::to_utc(LocalTime local) const {
  const Time as_if_utc{local.time_since_epoch()};
  // Offsets are less than a day, so the result is in one of the neighbouring spans; the first one
  // that contains it is the earliest.
  Time probe = as_if_utc - 24h;
  while (true) {
    const Span span = span_at(probe);
    const Time candidate = as_if_utc - span.offset;
    if (candidate < span.until)
      return std::max(candidate, probe > as_if_utc - 24h ? probe : candidate);
    probe = span.until;
  }
}

LocalMoment take_apart(LocalTime local) {
  const auto day = std::chrono::floor<std::chrono::days>(local);
  const std::chrono::year_month_day ymd{day};
  const std::chrono::weekday weekday{day};
  const auto second = static_cast<unsigned>((local - day).count());
  return {static_cast<std::uint32_t>(static_cast<int>(ymd.year())) * 10000U +
              static_cast<unsigned>(ymd.month()) * 100U + static_cast<unsigned>(ymd.day()),
          weekday.iso_encoding(), second / 60, second % 60};
}

}  // namespace qiao
