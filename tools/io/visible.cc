#include "tools/io/visible.h"

#include <vector>

#include "engine/base/characters.h"
#include "engine/base/hex.h"

namespace qiao {
namespace {

using google::protobuf::FieldDescriptor;

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_character(text.substr(at));
    if (size == 0) {
      out += "\\x" + hex_digits(static_cast<unsigned char>(text[at++]), 2);
      continue;
    }
    const std::string_view character = text.substr(at, size);
    at += size;
    const char32_t code = code_point(character);
    if (!is_hidden(code)) {
      out += character;
    } else if (code <= 0xFFFF) {
      out += "\\u" + hex_digits(code, 4);
    } else {
      out += "\\U" + hex_digits(code, 8);
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
