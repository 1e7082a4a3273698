// Hexadecimal text, in lower case.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qiao {

// The lowest `digits` digits of a number, the highest of them first.
inline std::string hex_digits(std::uint64_t number, int digits) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) text += kDigits[number >> shift & 15];
  return text;
}

// Two digits for each byte, in order.
template <std::size_t kSize>
std::string to_hex(const std::array<unsigned char, kSize>& bytes) {
  std::string text;
  for (const unsigned char byte : bytes) text += hex_digits(byte, 2);
  return text;
}

}  // namespace qiao
