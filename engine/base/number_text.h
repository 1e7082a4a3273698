// Numbers as decimal text, independent of the locale.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

namespace qiao {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether the text has digits and nothing else; not if it is empty.
inline bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// The whole text as a number, in the notation of std::from_chars: without spaces or a plus sign.
// Returns nothing if the text is anything else or the number does not fit.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// With a leading zero below ten: "07".
inline std::string two_digits(std::int64_t number) {
  return (number < 10 ? "0" : "") + std::to_string(number);
}

// Millionths as a number with so many decimals: 1'234'567 with 2 is "1.23".
inline std::string micro_text(std::int64_t micro, int decimals) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*f", decimals, static_cast<double>(micro) / 1e6);
  return text;
}

}  // namespace qiao
