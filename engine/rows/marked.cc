#include "engine/rows/marked.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <protozero/pbf_reader.hpp>
#include <span>

#include "qiao/v1/base.pb.h"

namespace qiao {
namespace {

namespace pb = qiao::v1;
using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

void collect(const Descriptor& type, std::vector<const FieldDescriptor*> path,
             const std::string& at, std::vector<MarkedField>& out) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* f = type.field(i);
    if (f->is_repeated()) continue;
    path.push_back(f);
    const std::string name = at + std::string(f->json_name());
    if (f->type() == FieldDescriptor::TYPE_STRING) {
      const bool secret = f->options().GetExtension(pb::secret);
      if (secret || f->options().GetExtension(pb::personal)) out.push_back({path, name, secret});
    } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && path.size() < 3) {
      collect(*f->message_type(), path, name + ".", out);
    }
    path.pop_back();
  }
}

// The message that contains the field, or nullptr if it is absent.
const Message* holder(const Message& message, const MarkedField& field) {
  const Message* at = &message;
  for (std::size_t i = 0; i + 1 < field.path.size(); ++i) {
    if (!at->GetReflection()->HasField(*at, field.path[i])) return nullptr;
    at = &at->GetReflection()->GetMessage(*at, field.path[i]);
  }
  return at;
}

// Empty if the field is absent. Valid until the message changes.
const std::string& value_of(const Message& message, const MarkedField& field) {
  static const std::string kNothing;
  // For marked fields other than strings, of which the vocabulary has none.
  thread_local std::string scratch;
  const Message* at = holder(message, field);
  return at == nullptr ? kNothing
                       : at->GetReflection()->GetStringReference(*at, field.path.back(), &scratch);
}

void set_value(Message& message, const MarkedField& field, std::string value) {
  Message* at = &message;
  for (std::size_t i = 0; i + 1 < field.path.size(); ++i)
    at = at->GetReflection()->MutableMessage(at, field.path[i]);
  at->GetReflection()->SetString(at, field.path.back(), std::move(value));
}

// Whether the path leads to a non-empty field, in the bytes of a message.
bool has_value(protozero::pbf_reader message, std::span<const FieldDescriptor* const> path) {
  while (message.next(static_cast<protozero::pbf_tag_type>(path.front()->number()),
                      protozero::pbf_wire_type::length_delimited)) {
    if (path.size() == 1 ? !message.get_view().empty()
                         : has_value(message.get_message(), path.subspan(1)))
      return true;
  }
  return false;
}

std::string_view first_character(std::string_view text) {
  std::size_t n = text.empty() ? 0 : 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;
  return text.substr(0, n);
}

std::string masked_phone(std::string_view phone) {
  if (phone.size() >= 11)
    return std::string(phone.substr(0, 3)) + std::string(phone.size() - 7, '*') +
           std::string(phone.substr(phone.size() - 4));
  if (phone.size() >= 7)
    return std::string(phone.size() - 3, '*') + std::string(phone.substr(phone.size() - 3));
  return std::string(phone.size(), '*');
}

bool is_phone(std::string_view s) {
  return s.size() >= 7 && s.find_first_not_of("+0123456789-") == std::string_view::npos;
}

}  // namespace

const std::vector<MarkedField>& marked_fields(const Descriptor& type) {
  // Per thread, so that no lock is needed; there are a dozen types.
  thread_local boost::unordered_flat_map<const Descriptor*,
                                         std::unique_ptr<std::vector<MarkedField>>>
      known;
  auto& entry = known[&type];
  if (!entry) {
    entry = std::make_unique<std::vector<MarkedField>>();
    collect(type, {}, "", *entry);
  }
  return *entry;
}

void visit_marked(Message& message,
                  const std::function<std::optional<std::string>(const MarkedField&,
                                                                 const std::string&)>& visit) {
  for (const MarkedField& field : marked_fields(*message.GetDescriptor())) {
    const std::string& value = value_of(message, field);
    if (value.empty()) continue;
    if (auto other = visit(field, value)) set_value(message, field, std::move(*other));
  }
}

bool has_marked(const Message& message) {
  const auto& fields = marked_fields(*message.GetDescriptor());
  return std::any_of(fields.begin(), fields.end(),
                     [&](const MarkedField& field) { return !value_of(message, field).empty(); });
}

bool has_marked(const Descriptor& type, std::string_view bytes) {
  const auto& fields = marked_fields(type);
  try {
    return std::any_of(fields.begin(), fields.end(), [&](const MarkedField& field) {
      return has_value({bytes.data(), bytes.size()}, field.path);
    });
  } catch (const protozero::exception&) {  // how the library reports an invalid message
    return false;
  }
}

std::string masked(const MarkedField& field, std::string_view value, std::string_view area_name) {
  if (value.empty()) return {};
  const std::string_view name = field.path.back()->name();
  if (name.ends_with("phone") || (name == "login" && is_phone(value))) return masked_phone(value);
  if (name.ends_with("name") || name == "account") return std::string(first_character(value)) + "*";
  if (name == "address" && !area_name.empty()) return std::string(area_name);
  if (name == "login") {
    const auto at = value.find('@');
    if (at != std::string_view::npos)
      return std::string(value.substr(0, 1)) + "***" + std::string(value.substr(at));
    // Logins are plain ASCII. The two ends of a long one are enough to find it in a list.
    return value.size() >= 8 ? std::string(value.substr(0, 2)) + "***" +
                                   std::string(value.substr(value.size() - 2))
                             : std::string(value.substr(0, 1)) + "***";
  }
  return "***";
}

void mask(Message& message, std::string_view area_name) {
  visit_marked(
      message,
      [&](const MarkedField& field, const std::string& value) -> std::optional<std::string> {
        return field.secret ? std::string() : masked(field, value, area_name);
      });
}

int clear_marked(Message& message) {
  int cleared = 0;
  visit_marked(message, [&](const MarkedField&, const std::string&) -> std::optional<std::string> {
    ++cleared;
    return std::string();
  });
  return cleared;
}

Status unmask(Message& sent, const Message& before, std::string_view area_name,
              const std::string& at) {
  for (const MarkedField& field : marked_fields(*sent.GetDescriptor())) {
    if (field.secret) continue;
    const std::string& value = value_of(sent, field);
    if (value.empty()) continue;
    const std::string& real = value_of(before, field);
    if (!real.empty() && value == masked(field, real, area_name)) {
      set_value(sent, field, real);
    } else if (value.find('*') != std::string::npos) {
      return refuse(Code::kMasked, at + field.name);
    }
  }
  return outcome::success();
}

}  // namespace qiao
