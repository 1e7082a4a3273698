// Numbers of a workbook as text: dates and times are numbers, and only the cell's format tells.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qiao {

enum class NumberKind : std::uint8_t {
  kPlain,
  kDate,     // a day, with or without a time
  kTime,     // a time of the day
  kElapsed,  // hours that may be more than a day has
};

// By the format's code, e.g. "yyyy\"年\"m\"月\"d\"日\"".
NumberKind kind_of_format(std::string_view code);
// Of the formats that have a number only (ECMA-376 18.8.30, with those of Chinese Excel).
NumberKind kind_of_built_in_format(unsigned number);

// The number as text. `from_1904`: the workbook counts days from 1904 on.
std::string number_text(double value, NumberKind kind, bool from_1904);

}  // namespace qiao
