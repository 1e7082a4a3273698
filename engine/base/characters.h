// Properties of characters: invisible ones, and those that change how others are displayed.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/utf8.h"

namespace qiao {

// Control characters (C0, DEL, C1, line breaks), line and paragraph separators, directional
// formatting, zero-width characters, tags.
inline bool is_hidden(char32_t c) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  // In ascending order.
  static constexpr std::array<Range, 18> kHidden = {{{0x00, 0x1F},
                                                     {0x7F, 0x9F},
                                                     {0xAD, 0xAD},
                                                     {0x34F, 0x34F},
                                                     {0x61C, 0x61C},
                                                     {0x115F, 0x1160},
                                                     {0x17B4, 0x17B5},
                                                     {0x180B, 0x180E},
                                                     {0x200B, 0x200F},
                                                     {0x2028, 0x202E},
                                                     {0x2060, 0x206F},
                                                     {0x2800, 0x2800},
                                                     {0x3164, 0x3164},
                                                     {0xFE00, 0xFE0F},
                                                     {0xFEFF, 0xFEFF},
                                                     {0xFFA0, 0xFFA0},
                                                     {0xFFF9, 0xFFFB},
                                                     {0xE0000, 0xE0FFF}}};
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// Hidden, but needed to display other characters: joiners, as in emoji and in Indic and Arabic
// scripts, and variation selectors.
inline bool joins(char32_t c) { return c == 0x200C || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F); }

inline bool is_space(char32_t c) {
  return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

// Control characters except line breaks and tabs, and characters that change the order in which
// text is displayed.
inline bool misleads(char32_t c) {
  const bool control =
      (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || (c >= 0x7F && c <= 0x9F);
  return control || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

// The code point of one UTF-8 character.
constexpr char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  char32_t code = character.size() == 1 ? first : first & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

}  // namespace qiao
