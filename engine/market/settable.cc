#include "engine/market/settable.h"

#include <google/protobuf/descriptor.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <vector>

namespace qiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct SettableField {
  const FieldDescriptor* field;
  pb::Settable by;
};

// Computed once for each type and thread.
template <class What>
const What& kept(const Descriptor& type, What (*make)(const Descriptor&)) {
  static thread_local boost::unordered_flat_map<const Descriptor*, std::unique_ptr<What>> known;
  auto& found = known[&type];
  if (!found) found = std::make_unique<What>(make(type));
  return *found;
}

const std::vector<SettableField>& settable_fields(const Descriptor& type) {
  return kept<std::vector<SettableField>>(type, [](const Descriptor& t) {
    std::vector<SettableField> fields;
    for (int i = 0; i < t.field_count(); ++i) {
      const auto by = t.field(i)->options().GetExtension(pb::settable);
      if (by != pb::SETTABLE_UNSPECIFIED) fields.push_back({t.field(i), by});
    }
    return fields;
  });
}

void copy_field(const Message& from, Message& to, const FieldDescriptor* f) {
  const auto& in = *from.GetReflection();
  const auto& out = *to.GetReflection();
  if (f->is_repeated()) {
    for (int i = 0; i < in.FieldSize(from, f); ++i) {
      switch (f->cpp_type()) {
        case FieldDescriptor::CPPTYPE_STRING:
          out.AddString(&to, f, in.GetRepeatedString(from, f, i));
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          out.AddUInt64(&to, f, in.GetRepeatedUInt64(from, f, i));
          break;
        default:
          out.AddMessage(&to, f)->CopyFrom(in.GetRepeatedMessage(from, f, i));
      }
    }
    return;
  }
  if (f->has_presence() && !in.HasField(from, f)) return;
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      out.SetString(&to, f, in.GetString(from, f));
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      out.SetBool(&to, f, in.GetBool(from, f));
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      out.SetEnumValue(&to, f, in.GetEnumValue(from, f));
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      out.SetInt32(&to, f, in.GetInt32(from, f));
      break;
    case FieldDescriptor::CPPTYPE_UINT32:
      out.SetUInt32(&to, f, in.GetUInt32(from, f));
      break;
    case FieldDescriptor::CPPTYPE_INT64:
      out.SetInt64(&to, f, in.GetInt64(from, f));
      break;
    case FieldDescriptor::CPPTYPE_UINT64:
      out.SetUInt64(&to, f, in.GetUInt64(from, f));
      break;
    default:
      out.MutableMessage(&to, f)->CopyFrom(in.GetMessage(from, f));
  }
}

bool same_field(const Message& a, const Message& b, const FieldDescriptor* f) {
  const auto alone = [f](const Message& whole) {
    const std::unique_ptr<Message> one(whole.New());
    copy_field(whole, *one, f);
    return one->SerializeAsString();
  };
  return alone(a) == alone(b);
}

// A field that references a row, or a message that may contain such fields.
struct ReferringField {
  const FieldDescriptor* field;
  pb::RowKind kind;  // unspecified: a message
};

bool refers_anywhere(const Descriptor& type, int depth = 0) {
  // No message of proto/ is nested deeper; the caller visits the parts of a batch one by one.
  constexpr int kDeepest = 3;
  for (int i = 0; i < type.field_count() && depth <= kDeepest; ++i) {
    const auto* f = type.field(i);
    if (f->options().GetExtension(pb::refers_to) != pb::ROW_KIND_UNSPECIFIED) return true;
    if (f->message_type() != nullptr && refers_anywhere(*f->message_type(), depth + 1)) return true;
  }
  return false;
}

const std::vector<ReferringField>& referring_fields(const Descriptor& type) {
  return kept<std::vector<ReferringField>>(type, [](const Descriptor& t) {
    std::vector<ReferringField> fields;
    for (int i = 0; i < t.field_count(); ++i) {
      const auto* f = t.field(i);
      const auto kind = f->options().GetExtension(pb::refers_to);
      if (kind != pb::ROW_KIND_UNSPECIFIED ||
          (f->message_type() != nullptr && refers_anywhere(*f->message_type())))
        fields.push_back({f, kind});
    }
    return fields;
  });
}

using Visit = std::function<Status(pb::RowKind, std::uint64_t, const std::string&)>;

Status visit_in(const Message& message, const std::string& at, const Visit& visit) {
  const auto& r = *message.GetReflection();
  for (const ReferringField& referring : referring_fields(*message.GetDescriptor())) {
    const FieldDescriptor* f = referring.field;
    const pb::RowKind kind = referring.kind;
    const std::string path = at + f->json_name();
    if (kind != pb::ROW_KIND_UNSPECIFIED) {
      const int count = f->is_repeated() ? r.FieldSize(message, f) : 1;
      for (int i = 0; i < count; ++i) {
        const std::uint64_t id =
            f->is_repeated() ? r.GetRepeatedUInt64(message, f, i) : r.GetUInt64(message, f);
        if (id == 0) continue;
        const std::string at_index = "[" + std::to_string(i) + "]";
        QIAO_TRY(visit(kind, id, f->is_repeated() ? path + at_index : path));
      }
    } else if (!f->is_repeated()) {
      if (!r.HasField(message, f)) continue;
      QIAO_TRY(visit_in(r.GetMessage(message, f), path + ".", visit));
    } else {
      for (int i = 0; i < r.FieldSize(message, f); ++i) {
        QIAO_TRY(visit_in(r.GetRepeatedMessage(message, f, i),
                          path + "[" + std::to_string(i) + "].", visit));
      }
    }
  }
  return outcome::success();
}

}  // namespace

void copy_settable(const Message& sent, Message& row) {
  const auto& r = *row.GetReflection();
  for (const SettableField& s : settable_fields(*row.GetDescriptor())) {
    r.ClearField(&row, s.field);
    copy_field(sent, row, s.field);
  }
}

Status check_own_fields(const Message& row, const Message& before) {
  for (const SettableField& s : settable_fields(*row.GetDescriptor())) {
    if (s.by == pb::SETTABLE_BY_OTHERS && !same_field(row, before, s.field))
      return refuse(Code::kRoleForbidden, s.field->json_name());
  }
  return outcome::success();
}

Status visit_references(const Message& message, const Visit& visit) {
  return visit_in(message, "", visit);
}

}  // namespace qiao
