#include "server/api/format.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "proto/json/json.h"
#include "qiao/v1/command.pb.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// The media type without parameters; case-insensitive (RFC 9110 8.3.1).
std::string media_type(std::string_view header) {
  return ascii_lower(trim(header.substr(0, std::min(header.find(';'), header.size()))));
}

bool has_unknown_fields(const Message& m) {
  const auto* r = m.GetReflection();
  if (!r->GetUnknownFields(m).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  r->ListFields(m, &fields);
  for (const auto* f : fields) {
    if (f->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!f->is_repeated()) {
      if (has_unknown_fields(r->GetMessage(m, f))) return true;
      continue;
    }
    for (int i = 0; i < r->FieldSize(m, f); ++i) {
      if (has_unknown_fields(r->GetRepeatedMessage(m, f, i))) return true;
    }
  }
  return false;
}

// Fields that older versions accepted in a batch get a refusal of their own, so that they are not
// taken for misspelt ones.
Refusal explain_to_old_client(Refusal refusal) {
  if (refusal.code != Code::kUnknownField) return refusal;
  const std::string name = refusal.field.substr(refusal.field.rfind('.') + 1);
  if (pb::Command::descriptor()->FindFieldByCamelcaseName(name) != nullptr || name == "atSite")
    refusal.code = Code::kNotFromOutside;
  return refusal;
}

}  // namespace

Format format_wanted(std::string_view accept, std::string_view raw_type) {
  if (accept.empty()) return Format::kJson;
  while (!accept.empty()) {
    const auto comma = std::min(accept.find(','), accept.size());
    const std::string type = media_type(accept.substr(0, comma));
    if (type == kProtobuf) return Format::kProtobuf;
    if (type == "application/json" || type == "*/*" || type == "application/*" ||
        type == "application/problem+json" || type == raw_type ||
        (type == "text/*" && raw_type.starts_with("text/"))) {
      return Format::kJson;
    }
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return Format::kNone;
}

bool is_body_type(std::string_view content_type) {
  const std::string type = media_type(content_type);
  return type.empty() || type == "application/json" || type == kProtobuf;
}

bool takes_batch(const Route& route) {
  return route.request != nullptr && route.request() == pb::BatchRequest::descriptor();
}

Result<std::unique_ptr<Message>> body_of(const Call& call) {
  const Request& request = *call.request;
  auto message = std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()
                                              ->GetPrototype(call.route->request())
                                              ->New());
  if (request.body.empty() && call.route->body_optional) return message;
  if (media_type(request.content_type) == kProtobuf) {
    if (!message->ParseFromArray(request.body.data(), static_cast<int>(request.body.size()))) {
      return refuse(Code::kMalformed, {},
                    "not a protobuf message of type " + call.route->request()->full_name());
    }
    if (has_unknown_fields(*message)) return refuse(Code::kUnknownField);
    return message;
  }
  if (auto read = from_json(request.body, *message); !read) {
    const bool batch = takes_batch(*call.route);
    return batch ? explain_to_old_client(std::move(read).error()) : std::move(read).error();
  }
  return message;
}

}  // namespace qiao
