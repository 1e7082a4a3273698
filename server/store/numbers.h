// Numbers as keys, in bytes that sort like the numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace qiao {

inline std::string big_endian(std::uint64_t v) {
  std::string key(8, '\0');
  for (int i = 7; i >= 0; --i, v >>= 8)
    key[static_cast<std::size_t>(i)] = static_cast<char>(v & 0xff);
  return key;
}

inline std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t v = 0;
  for (const char c : bytes.substr(0, 8)) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace qiao
