// Times, weeks and lists as people write them in a cell or on a command line.
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

// "2026-11-28 09:00" on the city's clock. Also with T, with /, and a date alone for its midnight. `field` is named in refusals.
Result<Time> parse_moment(std::string_view text, const TimeZone& zone, const std::string& field);
std::string format_moment(Time t, const TimeZone& zone);

// "2026-11-28 09:00/12:00" or "2026-11-28 22:00/2026-11-29 06:00".
Result<pb::Window> parse_window(std::string_view text, const TimeZone& zone, const std::string& field);
std::string format_window(const pb::Window& window, const TimeZone& zone);

// "1-5 08:00-12:00; 6,7 09:00-17:00"; days also as mon..sun and 周一..周日; empty: always.
Result<std::vector<pb::WeeklySlot>> parse_week(std::string_view text, const std::string& field);
// Slots of the same hours together.
std::string format_week(const google::protobuf::RepeatedPtrField<pb::WeeklySlot>& slots);

// A whole number.
Result<std::int64_t> parse_integer(std::string_view text, const std::string& field);
// "30.626529" into 1e-7 degrees.
Result<std::int32_t> parse_degrees(std::string_view text, const std::string& field);
std::string format_degrees(std::int32_t e7);

// Cut at any of the separators, each piece without spaces around it, empty ones left out. The wide comma and semicolon of
// Chinese keyboards count as the narrow ones.
std::vector<std::string> split(std::string_view text, std::string_view separators = ",;");
std::string join(const google::protobuf::RepeatedPtrField<std::string>& words, std::string_view separator = ";");
std::string_view trimmed(std::string_view text);

}  // namespace qiao
