#include "tools/text/visible.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/utf8.h"

namespace qiao {
namespace {

using google::protobuf::FieldDescriptor;

struct Range {
  char32_t first;
  char32_t last;
};
// Ascending.
constexpr std::array<Range, 11> kHidden = {{{0x00, 0x1F},
                                            {0x7F, 0x9F},
                                            {0xAD, 0xAD},
                                            {0x61C, 0x61C},
                                            {0x180E, 0x180E},
                                            {0x200B, 0x200F},
                                            {0x2028, 0x202E},
                                            {0x2060, 0x206F},
                                            {0xFEFF, 0xFEFF},
                                            {0xFFF9, 0xFFFB},
                                            {0xE0000, 0xE0FFF}}};

bool is_hidden(char32_t c) {
  return std::any_of(kHidden.begin(), kHidden.end(),
                     [c](const Range& r) { return c >= r.first && c <= r.last; });
}

void append_hex(char32_t value, int digits, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kDigits[value >> shift & 15];
}

// Length of the character that starts there; 0 where the bytes are not UTF-8.
std::size_t character_at(std::string_view text, std::size_t at) {
  for (std::size_t n = 1; n <= 4 && at + n <= text.size(); ++n) {
    if (is_utf8(text.substr(at, n))) return n;
  }
  return 0;
}

char32_t code_point(std::string_view character) {
  const auto first = static_cast<unsigned char>(character.front());
  char32_t code = character.size() == 1 ? first : first & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1))
    code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  return code;
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = character_at(text, at);
    if (size == 0) {
      out += "\\x";
      append_hex(static_cast<unsigned char>(text[at++]), 2, out);
      continue;
    }
    const std::string_view character = text.substr(at, size);
    at += size;
    const char32_t code = code_point(character);
    if (!is_hidden(code)) {
      out += character;
    } else if (code <= 0xFFFF) {
      out += "\\u";
      append_hex(code, 4, out);
    } else {
      out += "\\U";
      append_hex(code, 8, out);
    }
  }
  return out;
}

void make_visible(google::protobuf::Message& message) {
  const auto* r = message.GetReflection();
  std::vector<const FieldDescriptor*> set;
  r->ListFields(message, &set);
  for (const FieldDescriptor* f : set) {
    const int size = f->is_repeated() ? r->FieldSize(message, f) : 1;
    for (int i = 0; i < size; ++i) {
      if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        make_visible(f->is_repeated() ? *r->MutableRepeatedMessage(&message, f, i)
                                      : *r->MutableMessage(&message, f));
      } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING && f->is_repeated()) {
        r->SetRepeatedString(&message, f, i, visible(r->GetRepeatedString(message, f, i)));
      } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        r->SetString(&message, f, visible(r->GetString(message, f)));
      }
    }
  }
}

}  // namespace qiao
