// A city's time zone as a plain value: local time is UTC plus an offset that changes at known
// instants.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace qiao {

// Seconds since 1970-01-01T00:00:00 on the wall clock of a city.
using LocalTime = std::chrono::local_seconds;

// Immutable after load(); may be read from any thread. Cheap enough to copy when the policy
// changes, not for every need.
class TimeZone {
 public:
  // UTC.
  TimeZone();

  // Reads the IANA zone of that name from the system's database with the date library; nothing else
  // in the engine does. Stores the offsets of the years 1970..2200. Returns nothing if there is no
  // such zone.
  static std::optional<TimeZone> load(std::string_view iana_name);

  const std::string& name() const { return name_; }

  // The offset at t, and the instant at which the next one begins.
  struct Span {
    Seconds offset;
    Time until;
  };
  // O(log transitions); one comparison for a zone without daylight saving.
  Span span_at(Time t) const;

  LocalTime to_local(Time t) const { return LocalTime{(t + span_at(t).offset).time_since_epoch()}; }

  // The first instant at which local clocks show that time; for times skipped by a change of the
  // clocks, the instant of the change.
  Time to_utc(LocalTime local) const;

 private:
  struct Transition {
    Time from;
    Seconds offset;
  };
  std::string name_;
  std::vector<Transition> transitions_;  // ascending; the first is at the beginning of time
};

// A local time in its components.
struct LocalMoment {
  std::uint32_t date;  // yyyymmdd
  unsigned weekday;    // ISO: 1 Monday .. 7 Sunday
  unsigned minute;     // of the day, 0..1439
  unsigned second;     // of the minute
};
LocalMoment take_apart(LocalTime local);

}  // namespace qiao
