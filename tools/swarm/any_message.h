// A message of any type with random contents: for tests that two readers or writers agree.
#pragma once

#include <google/protobuf/message.h>

#include <array>
#include <string>
#include <string_view>

#include "engine/base/check.h"
#include "engine/base/random.h"

namespace qiao {

// Any values at all, in about half of the fields.
inline void fill_with_anything(google::protobuf::Message& m, Random& random, int depth) {
  using google::protobuf::FieldDescriptor;
  const auto& r = *m.GetReflection();
  constexpr std::array<std::string_view, 5> kTexts = {"", "贤娘熟得", "a\"b\\c\n\x01", "0",
                                                      "银龄志愿 'x' </script>"};
  for (int i = 0; i < m.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* f = m.GetDescriptor()->field(i);
    const int times = random.chance(50)  ? 0
                      : f->is_repeated() ? static_cast<int>(random.between(1, 3))
                                         : 1;
    for (int n = 0; n < times; ++n) {
      const auto number =
          static_cast<std::int64_t>(random.chance(30) ? random.below(3) : random.next());
      const bool add = f->is_repeated();
      switch (f->cpp_type()) {
        case FieldDescriptor::CPPTYPE_BOOL:
          add ? r.AddBool(&m, f, number % 2 == 0) : r.SetBool(&m, f, number % 2 == 0);
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          add ? r.AddInt32(&m, f, static_cast<std::int32_t>(number))
              : r.SetInt32(&m, f, static_cast<std::int32_t>(number));
          break;
        case FieldDescriptor::CPPTYPE_UINT32:
          add ? r.AddUInt32(&m, f, static_cast<std::uint32_t>(number))
              : r.SetUInt32(&m, f, static_cast<std::uint32_t>(number));
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          add ? r.AddInt64(&m, f, number) : r.SetInt64(&m, f, number);
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          add ? r.AddUInt64(&m, f, static_cast<std::uint64_t>(number))
              : r.SetUInt64(&m, f, static_cast<std::uint64_t>(number));
          break;
        case FieldDescriptor::CPPTYPE_ENUM: {
          // Sometimes a number without a name.
          const int value =
              random.chance(5)
                  ? 4711
                  : f->enum_type()
                        ->value(static_cast<int>(random.below(
                            static_cast<std::uint64_t>(f->enum_type()->value_count()))))
                        ->number();
          add ? r.AddEnumValue(&m, f, value) : r.SetEnumValue(&m, f, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_STRING: {
          // Bytes are treated as text; clients read none of them.
          if (f->type() == FieldDescriptor::TYPE_BYTES) break;
          const std::string text(kTexts[random.below(kTexts.size())]);
          add ? r.AddString(&m, f, text) : r.SetString(&m, f, text);
          break;
        }
        case FieldDescriptor::CPPTYPE_MESSAGE:
          if (depth > 0)
            fill_with_anything(add ? *r.AddMessage(&m, f) : *r.MutableMessage(&m, f), random,
                               depth - 1);
          break;
        default:
          QIAO_CHECK(false, "no message of the vocabulary has a field of another type");
      }
    }
  }
}

}  // namespace qiao
