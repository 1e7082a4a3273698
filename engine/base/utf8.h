#pragma once

#include <cstddef>
#include <string_view>

namespace qiao {

// The length in bytes of the character at the beginning of `bytes`, by RFC 3629: no overlong forms,
// no surrogates, nothing beyond U+10FFFF. 0 if it does not begin with one.
inline std::size_t utf8_character(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const auto c = static_cast<unsigned char>(bytes.front());
  const std::size_t n = c < 0x80                ? 1
                        : c >= 0xC2 && c < 0xE0 ? 2
                        : (c & 0xF0) == 0xE0    ? 3
                        : c >= 0xF0 && c < 0xF5 ? 4
                                                : 0;
  if (n == 0 || n > bytes.size()) return 0;
  for (std::size_t k = 1; k < n; ++k) {
    if ((static_cast<unsigned char>(bytes[k]) & 0xC0) != 0x80) return 0;
  }
  const auto second = n > 1 ? static_cast<unsigned char>(bytes[1]) : 0;
  const bool overlong = (c == 0xE0 && second < 0xA0) || (c == 0xF0 && second < 0x90);
  const bool surrogate = c == 0xED && second > 0x9F;
  const bool beyond = c == 0xF4 && second > 0x8F;
  return overlong || surrogate || beyond ? 0 : n;
}

// The longest valid UTF-8 prefix of `bytes` that is at most `most` bytes long.
inline std::string_view utf8_prefix(std::string_view bytes,
                                    std::size_t most = std::string_view::npos) {
  std::size_t end = 0;
  while (end < bytes.size()) {
    const std::size_t n = utf8_character(bytes.substr(end));
    if (n == 0 || n > most - end) break;
    end += n;
  }
  return bytes.substr(0, end);
}

inline bool is_utf8(std::string_view bytes) { return utf8_prefix(bytes).size() == bytes.size(); }

}  // namespace qiao
