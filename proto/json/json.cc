#include "proto/json/json.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <charconv>
#include <cstring>
#include <limits>

#include "engine/base/check.h"

namespace qiao {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Deeper than any message of the vocabulary, and no deeper than the stack bears.
constexpr std::size_t kMaxDepth = 32;

// Protobuf's wire types.
constexpr std::uint64_t kVarint = 0;
constexpr std::uint64_t kFixed64 = 1;
constexpr std::uint64_t kLengthDelimited = 2;
constexpr std::uint64_t kStartGroup = 3;
constexpr std::uint64_t kEndGroup = 4;
constexpr std::uint64_t kFixed32 = 5;

std::uint64_t wire_type_of(FieldDescriptor::Type type) {
  switch (type) {
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return kLengthDelimited;
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return kFixed64;
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return kFixed32;
    default:
      return kVarint;
  }
}

// A message type's fields with their names ready to be written, made once a thread.
struct Layout {
  struct Field {
    const FieldDescriptor* field = nullptr;
    FieldDescriptor::Type type{};
    std::uint64_t wire_type = kVarint;
    bool repeated = false;
    std::string key;                 // "name":
    std::vector<std::string> names;  // of an enum, quoted, by number; empty where a number has none
    Layout* message = nullptr;       // of a message, once it has been met
  };
  std::vector<Field> by_number;  // numbers that are not used have no descriptor
  boost::unordered_flat_map<std::string, const FieldDescriptor*> by_name;
};

std::vector<std::string> quoted_names(const google::protobuf::EnumDescriptor* type) {
  std::vector<std::string> names;
  for (int i = 0; type != nullptr && i < type->value_count(); ++i) {
    QIAO_CHECK(type->value(i)->number() >= 0, "enums of the vocabulary count from 0");
    const auto number = static_cast<std::size_t>(type->value(i)->number());
    if (names.size() <= number) names.resize(number + 1);
    names[number] = '"' + type->value(i)->name() + '"';
  }
  return names;
}

Layout& layout_of(const Descriptor* type) {
  thread_local boost::unordered_flat_map<const Descriptor*, std::unique_ptr<Layout>> layouts;
  auto& slot = layouts[type];
  if (!slot) {
    slot = std::make_unique<Layout>();
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* f = type->field(i);
      const auto number = static_cast<std::size_t>(f->number());
      if (slot->by_number.size() <= number) slot->by_number.resize(number + 1);
      slot->by_number[number] = {
          f,
          f->type(),
          wire_type_of(f->type()),
          f->is_repeated(),
          "\"" + f->json_name() + "\":",
          quoted_names(f->type() == FieldDescriptor::TYPE_ENUM ? f->enum_type() : nullptr),
          nullptr};
      slot->by_name.emplace(f->json_name(), f);
      slot->by_name.emplace(f->name(), f);
    }
  }
  return *slot;
}

// What is written, behind one another. Room is made for what comes next as a whole, so that each
// byte does not ask for it.
class Sink {
 public:
  Sink() = default;
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  // At least that many bytes may be put.
  void need(std::size_t bytes) {
    if (static_cast<std::size_t>(end_ - at_) < bytes) grow(bytes);
  }
  void put(char c) { *at_++ = c; }
  void put(std::string_view text) {
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  // Takes at most kMostDigits.
  template <class Integer>
  void put_integer(Integer value) {
    at_ = std::to_chars(at_, end_, value).ptr;
  }
  template <class Integer>
  void put_quoted(Integer value) {
    put('"');
    put_integer(value);
    put('"');
  }
  void put_string(std::string_view text);

  void clear() {
    if (buffer_.size() > kKept) buffer_ = {};
    at_ = buffer_.data();
    end_ = at_ + buffer_.size();
  }
  std::string_view view() const {
    return {buffer_.data(), static_cast<std::size_t>(at_ - buffer_.data())};
  }

  // Of an integer, with its quotes.
  static constexpr std::size_t kMostDigits = 22;
  // Of a string: each byte may become \u00xx.
  static constexpr std::size_t room_for(std::string_view text) { return 6 * text.size() + 2; }

 private:
  static constexpr std::size_t kKept = 4 << 20;
  [[gnu::noinline]] void grow(std::size_t bytes) {
    const std::size_t used = view().size();
    buffer_.resize(std::max(2 * buffer_.size(), used + bytes));
    at_ = buffer_.data() + used;
    end_ = buffer_.data() + buffer_.size();
  }

  std::string buffer_;
  char* at_ = buffer_.data();
  char* end_ = at_;
};

// Eight bytes of which none has to be escaped: below 0x20, a quote or a backslash (Mycroft's test
// for a zero byte, thrice).
bool plain(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto zero_in = [](std::uint64_t w) { return (w - kOnes) & ~w; };
  const std::uint64_t found = ((eight - 0x20 * kOnes) & ~eight) | zero_in(eight ^ '"' * kOnes) |
                              zero_in(eight ^ '\\' * kOnes);
  return (found & 0x80 * kOnes) == 0;
}

void Sink::put_string(std::string_view text) {
  const char* from = text.data();
  const char* const end = from + text.size();
  char* to = at_;
  *to++ = '"';
  while (from != end) {
    std::uint64_t eight;
    if (end - from >= 8 && (std::memcpy(&eight, from, 8), plain(eight))) {
      std::memcpy(to, &eight, 8);
      from += 8;
      to += 8;
      continue;
    }
    const auto c = static_cast<unsigned char>(*from++);
    if (c >= 0x20 && c != '"' && c != '\\') {
      *to++ = static_cast<char>(c);
      continue;
    }
    *to++ = '\\';
    switch (c) {
      case '"':
        *to++ = '"';
        break;
      case '\\':
        *to++ = '\\';
        break;
      case '\n':
        *to++ = 'n';
        break;
      case '\r':
        *to++ = 'r';
        break;
      case '\t':
        *to++ = 't';
        break;
      default: {
        constexpr char kHex[] = "0123456789abcdef";
        to = std::copy_n("u00", 3, to);
        *to++ = kHex[c >> 4];
        *to++ = kHex[c & 15];
      }
    }
  }
  *to++ = '"';
  at_ = to;
}

// Writing goes over the bytes that protobuf's generated code makes of a message, which takes a
// third of the time of asking reflection for one field after the other. They have just been made:
// nothing in them is cut or malformed.
std::uint64_t read_varint(const char*& at) {
  std::uint64_t value = 0;
  for (int shift = 0;; shift += 7) {
    const auto byte = static_cast<unsigned char>(*at++);
    value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

template <class Integer>
Integer read_fixed(const char*& at) {
  Integer value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i)
    value |= static_cast<Integer>(static_cast<unsigned char>(at[i])) << (8 * i);
  at += sizeof value;
  return value;
}

std::string_view read_text(const char*& at) {
  const std::uint64_t size = read_varint(at);
  at += size;
  return {at - size, size};
}

// Of zigzag: 0, -1, 1, -2, …
std::int64_t signed_of(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

void put_message(Layout& layout, std::string_view bytes, Sink& out);

// Numbers, booleans: there is room for them.
void put_number(Layout::Field& f, const char*& at, Sink& out) {
  switch (f.type) {
    case FieldDescriptor::TYPE_INT32:
      return out.put_integer(static_cast<std::int32_t>(read_varint(at)));
    case FieldDescriptor::TYPE_SINT32:
      return out.put_integer(signed_of(read_varint(at)));
    case FieldDescriptor::TYPE_UINT32:
      return out.put_integer(read_varint(at));
    case FieldDescriptor::TYPE_FIXED32:
      return out.put_integer(read_fixed<std::uint32_t>(at));
    case FieldDescriptor::TYPE_SFIXED32:
      return out.put_integer(static_cast<std::int32_t>(read_fixed<std::uint32_t>(at)));
    case FieldDescriptor::TYPE_INT64:
      return out.put_quoted(static_cast<std::int64_t>(read_varint(at)));
    case FieldDescriptor::TYPE_SINT64:
      return out.put_quoted(signed_of(read_varint(at)));
    case FieldDescriptor::TYPE_UINT64:
      return out.put_quoted(read_varint(at));
    case FieldDescriptor::TYPE_FIXED64:
      return out.put_quoted(read_fixed<std::uint64_t>(at));
    case FieldDescriptor::TYPE_SFIXED64:
      return out.put_quoted(static_cast<std::int64_t>(read_fixed<std::uint64_t>(at)));
    case FieldDescriptor::TYPE_BOOL:
      return out.put(read_varint(at) != 0 ? std::string_view("true") : std::string_view("false"));
    default:
      QIAO_CHECK(false, "the vocabulary has neither floating point nor groups");
  }
}

void put_value(Layout::Field& f, const char*& at, Sink& out) {
  switch (f.type) {
    case FieldDescriptor::TYPE_ENUM: {
      const auto number = static_cast<std::int32_t>(read_varint(at));
      const auto index = static_cast<std::size_t>(number);
      // Of a number without a name protobuf's own JSON writes the number.
      if (number < 0 || index >= f.names.size() || f.names[index].empty()) {
        out.need(Sink::kMostDigits);
        return out.put_integer(number);
      }
      out.need(f.names[index].size());
      return out.put(f.names[index]);
    }
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES: {
      const std::string_view text = read_text(at);
      out.need(Sink::room_for(text));
      return out.put_string(text);
    }
    case FieldDescriptor::TYPE_MESSAGE:
      if (f.message == nullptr) f.message = &layout_of(f.field->message_type());
      return put_message(*f.message, read_text(at), out);
    default:
      out.need(Sink::kMostDigits);
      return put_number(f, at, out);
  }
}

// Of a field that this program does not know, which a message that was read keeps.
void skip_value(std::uint64_t wire_type, const char*& at) {
  switch (wire_type) {
    case kVarint:
      read_varint(at);
      return;
    case kFixed64:
      at += 8;
      return;
    case kLengthDelimited:
      read_text(at);
      return;
    case kFixed32:
      at += 4;
      return;
    case kStartGroup:
      for (std::uint64_t tag = read_varint(at); (tag & 7) != kEndGroup; tag = read_varint(at))
        skip_value(tag & 7, at);
      return;
    default:
      QIAO_CHECK(false, "protobuf has six wire types, and no group ends that has not begun");
  }
}

// What a message kept of a field that it knows, but of another type, it writes as it does what it
// does not know.
bool knows(const Layout& layout, std::uint64_t tag) {
  if (tag >> 3 >= layout.by_number.size()) return false;
  const Layout::Field& f = layout.by_number[tag >> 3];
  return f.field != nullptr &&
         ((tag & 7) == f.wire_type || (f.repeated && (tag & 7) == kLengthDelimited));
}

void put_message(Layout& layout, std::string_view bytes, Sink& out) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const Layout::Field* array = nullptr;  // that is being written: its elements follow one another
  constexpr std::size_t kPunctuation = 3;
  out.need(kPunctuation);
  out.put('{');
  bool first = true;
  while (at != end) {
    const std::uint64_t tag = read_varint(at);
    if (!knows(layout, tag)) {
      skip_value(tag & 7, at);
      continue;
    }
    Layout::Field& f = layout.by_number[tag >> 3];
    out.need(f.key.size() + kPunctuation);
    if (&f == array) {
      out.put(',');
    } else {
      if (array != nullptr) out.put(']');
      if (!first) out.put(',');
      first = false;
      out.put(f.key);
      array = f.repeated ? &f : nullptr;
      if (array != nullptr) out.put('[');
    }
    if ((tag & 7) == f.wire_type) {
      put_value(f, at, out);
      continue;
    }
    // Numbers packed one behind the other.
    const std::string_view packed = read_text(at);
    const char* element = packed.data();
    while (true) {
      put_value(f, element, out);
      if (element == packed.data() + packed.size()) break;
      out.need(kPunctuation);
      out.put(',');
    }
  }
  out.need(kPunctuation);
  if (array != nullptr) out.put(']');
  out.put('}');
}

// Reading keeps the path of where it is, for the refusal.
class Reader {
 public:
  Status message(const json::value& value, Message& m) {
    const json::object* object = value.if_object();
    if (object == nullptr) return wrong("object");
    const Layout& layout = layout_of(m.GetDescriptor());
    for (const auto& [key, child] : *object) {
      const std::size_t mark = path_.size();
      if (!path_.empty()) path_ += '.';
      path_ += key;
      const auto it = layout.by_name.find(std::string(key));
      if (it == layout.by_name.end()) return refuse(Code::kUnknownField, path_);
      QIAO_TRY(field(child, m, it->second));
      path_.resize(mark);
    }
    return outcome::success();
  }

 private:
  Status wrong(const char* type) const { return refuse_type(path_, type); }

  Status field(const json::value& value, Message& m, const FieldDescriptor* f) {
    if (value.is_null()) return outcome::success();
    const Reflection& r = *m.GetReflection();
    if (f->is_repeated()) {
      const json::array* array = value.if_array();
      if (array == nullptr) return wrong("array");
      std::size_t i = 0;
      for (const json::value& element : *array) {
        const std::size_t mark = path_.size();
        path_ += '[' + std::to_string(i++) + ']';
        if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
          QIAO_TRY(message(element, *r.AddMessage(&m, f)));
        } else {
          QIAO_TRY(scalar(element, m, r, f, true));
        }
        path_.resize(mark);
      }
      return outcome::success();
    }
    if (const auto* oneof = f->real_containing_oneof(); oneof != nullptr && r.HasOneof(m, oneof)) {
      std::string sides;
      for (int i = 0; i < oneof->field_count(); ++i)
        sides += (i > 0 ? ", " : "") + oneof->field(i)->json_name();
      return refuse(Code::kNoSide, path_, sides);
    }
    if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)
      return message(value, *r.MutableMessage(&m, f));
    return scalar(value, m, r, f, false);
  }

  Status scalar(const json::value& value, Message& m, const Reflection& r, const FieldDescriptor* f,
                bool add) {
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!value.is_bool()) return wrong("boolean");
        add ? r.AddBool(&m, f, value.get_bool()) : r.SetBool(&m, f, value.get_bool());
        return outcome::success();
      case FieldDescriptor::CPPTYPE_STRING: {
        const json::string* s = value.if_string();
        if (s == nullptr) return wrong("string");
        add ? r.AddString(&m, f, std::string(*s)) : r.SetString(&m, f, std::string(*s));
        return outcome::success();
      }
      case FieldDescriptor::CPPTYPE_ENUM: {
        const json::string* s = value.if_string();
        if (s == nullptr) return wrong("string");
        const EnumValueDescriptor* e = f->enum_type()->FindValueByName(std::string(*s));
        if (e == nullptr) return refuse(Code::kOutOfRange, path_, names(f));
        add ? r.AddEnum(&m, f, e) : r.SetEnum(&m, f, e);
        return outcome::success();
      }
      case FieldDescriptor::CPPTYPE_INT32: {
        QIAO_TRY(auto v, integer<std::int32_t>(value));
        add ? r.AddInt32(&m, f, v) : r.SetInt32(&m, f, v);
        return outcome::success();
      }
      case FieldDescriptor::CPPTYPE_UINT32: {
        QIAO_TRY(auto v, integer<std::uint32_t>(value));
        add ? r.AddUInt32(&m, f, v) : r.SetUInt32(&m, f, v);
        return outcome::success();
      }
      case FieldDescriptor::CPPTYPE_INT64: {
        QIAO_TRY(auto v, integer<std::int64_t>(value));
        add ? r.AddInt64(&m, f, v) : r.SetInt64(&m, f, v);
        return outcome::success();
      }
      case FieldDescriptor::CPPTYPE_UINT64: {
        QIAO_TRY(auto v, integer<std::uint64_t>(value));
        add ? r.AddUInt64(&m, f, v) : r.SetUInt64(&m, f, v);
        return outcome::success();
      }
      default:
        return wrong("integer");
    }
  }

  template <class Integer>
  Result<Integer> integer(const json::value& value) const {
    using Limits = std::numeric_limits<Integer>;
    auto out_of_range = [&] {
      return refuse(Code::kOutOfRange, path_,
                    std::to_string(Limits::min()) + ".." + std::to_string(Limits::max()));
    };
    if (const auto* i = value.if_int64()) {
      if (std::in_range<Integer>(*i)) return static_cast<Integer>(*i);
      return out_of_range();
    }
    if (const auto* u = value.if_uint64()) {
      if (std::in_range<Integer>(*u)) return static_cast<Integer>(*u);
      return out_of_range();
    }
    if (const auto* d = value.if_double()) {
      // 1.0 and 1e3 are integers; beyond 2^53 a double does not say which one it is.
      constexpr double kExact = 9007199254740992.0;
      if (!(*d >= -kExact && *d <= kExact)) return out_of_range();
      if (*d != static_cast<double>(static_cast<std::int64_t>(*d)))
        return refuse_type(path_, "integer");
      const auto i = static_cast<std::int64_t>(*d);
      if (std::in_range<Integer>(i)) return static_cast<Integer>(i);
      return out_of_range();
    }
    if (const json::string* s = value.if_string()) {
      Integer result{};
      const auto [end, error] = std::from_chars(s->data(), s->data() + s->size(), result);
      if (error == std::errc::result_out_of_range) return out_of_range();
      if (error == std::errc{} && end == s->data() + s->size()) return result;
    }
    return refuse_type(path_, "integer");
  }

  static std::string names(const FieldDescriptor* f) {
    std::string all;
    for (int i = 1; i < f->enum_type()->value_count(); ++i)
      all += (i > 1 ? ", " : "") + f->enum_type()->value(i)->name();
    return all;
  }

  std::string path_;
};

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  Sink sink;
  sink.need(Sink::room_for(text));
  sink.put_string(text);
  out += sink.view();
}

void append_json(const Message& m, std::string& out) {
  thread_local std::string bytes;
  thread_local Sink sink;
  QIAO_CHECK(m.SerializeToString(&bytes), "a message fits in memory");
  sink.clear();
  put_message(layout_of(m.GetDescriptor()), bytes, sink);
  out += sink.view();
}

std::string to_json(const Message& message) {
  std::string out;
  append_json(message, out);
  return out;
}

Status from_json(std::string_view text, Message& message) {
  std::array<unsigned char, 16384> buffer;
  json::monotonic_resource memory(buffer.data(), buffer.size());
  json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::system::error_code error;
  const json::value value = json::parse(text, error, &memory, options);
  if (error) return refuse(Code::kMalformed, {}, error.message());
  return Reader().message(value, message);
}

}  // namespace qiao
