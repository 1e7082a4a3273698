#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <set>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "qiao/v1/base.pb.h"
#include "server/api/descriptors.h"
#include "server/api/route.h"

namespace qiao {
namespace {

namespace json = boost::json;
using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;

// Ordered by path and method, so that the document does not depend on the order of the source
// files.
std::vector<const Route*> in_order(const std::vector<Route>& routes) {
  std::vector<const Route*> sorted;
  for (const Route& r : routes) sorted.push_back(&r);
  const auto key = [](const Route* r) {
    return std::pair<std::string_view, std::string_view>(r->pattern, r->method);
  };
  std::sort(sorted.begin(), sorted.end(),
            [&](const Route* a, const Route* b) { return key(a) < key(b); });
  return sorted;
}

// Joins the lines of a comment.
std::string tidy(const std::string& comment) {
  std::string out;
  bool space = false;
  for (const char c : comment) {
    if (c == ' ' || c == '\n') {
      space = !out.empty();
      continue;
    }
    if (space) out += ' ';
    space = false;
    out += c;
  }
  return out;
}

template <class D>
std::string comment_of(const D* d) {
  google::protobuf::SourceLocation location;
  return d != nullptr && d->GetSourceLocation(&location) ? tidy(location.leading_comments)
                                                         : std::string();
}

class Document {
 public:
  Document() {
    google::protobuf::FileDescriptorSet set;
    const auto bytes = descriptor_set();
    const bool ok = set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    QIAO_CHECK(ok, "the descriptors are what protoc wrote");
    for (const auto& file : set.file()) pool_.BuildFile(file);
  }

  std::string make(const std::vector<Route>& routes) {
    json::object paths;
    for (const Route* r : in_order(routes)) {
      json::value& path = paths[r->pattern];
      if (!path.is_object()) path = json::object();
      path.as_object()[ascii_lower(r->method)] = operation(*r);
    }
    json::object watch = watch_operation();
    paths["/v1/watch"] = json::object{{"get", std::move(watch)}};
    schema(pool_.FindMessageTypeByName("qiao.v1.Problem"));
    schema(pool_.FindMessageTypeByName("qiao.v1.Event"));

    json::object document;
    document["openapi"] = "3.1.0";
    document["info"] = {
        {"title", "Qiao (桥)"},
        {"version", "1"},
        {"summary",
         "Volunteer-service supply and demand: post, rank, explain, dispatch, claim, serve, "
         "review."},
        {"description",
         "Messages follow the protobuf JSON mapping: lowerCamelCase names, 64-bit integers as "
         "strings (numbers are accepted too), enums by name, fields "
         "with their default value omitted. Times are UTC seconds, points 1e-7 degrees, money "
         "fen. The same messages travel as binary protobuf with "
         "Content-Type and Accept application/x-protobuf. Every error is RFC 9457 problem+json "
         "with a stable code, the field at fault, and a message in Chinese "
         "and English. A change is answered when it is on disk, a query "
         "when everything it read is on disk."},
        {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}};
    document["servers"] = json::array{json::object{{"url", "/"}}};
    // Anonymous requests are allowed; they see the public board.
    document["security"] = json::array{json::object{{"token", json::array{}}},
                                       json::object{{"session", json::array{}}}, json::object{}};
    json::array tags;
    for (const auto& [name, text] :
         {std::pair{"city", "Areas, words, policy, and batches."},
          {"access", "Logging in and out; accounts, invitations, tokens."},
          {"privacy", "Personal data: reveal, export, erase; and who saw them."},
          {"reports", "Reports, and to-do lists."},
          {"clearing", "Clearings: the whole market matched at once, and their results."},
          {"parties", "Who takes part."},
          {"offers", "What is given."},
          {"needs", "What is asked for."},
          {"matching", "Who could serve what, and why."},
          {"matches", "From proposed to verified."},
          {"events", "Past events, and the feed."},
          {"server", "The process itself."}}) {
      tags.push_back({{"name", name}, {"description", text}});
    }
    document["tags"] = std::move(tags);
    document["paths"] = std::move(paths);
    document["components"] = {{"schemas", std::move(schemas_)},
                              {"securitySchemes",
                               {{"token",
                                 {{"type", "http"},
                                  {"scheme", "bearer"},
                                  {"description",
                                   "A token of POST /v1/tokens, or an ID token (JWT) of the "
                                   "identity provider that the server trusts."}}},
                                {"session",
                                 {{"type", "apiKey"},
                                  {"in", "cookie"},
                                  {"name", "qiao_session"},
                                  {"description",
                                   "Set by POST /v1/sessions; named __Host-qiao_session over TLS. "
                                   "A change needs the page's own Origin."}}}}}};
    return json::serialize(document);
  }

 private:
  json::object reference(const Descriptor* type) {
    const Descriptor* mine = pool_.FindMessageTypeByName(type->full_name());
    schema(mine);
    return {{"$ref", "#/components/schemas/" + mine->name()}};
  }

  json::object reference(const EnumDescriptor* type) {
    if (seen_.insert(type->name()).second) {
      json::array names;
      std::string text = comment_of(type);
      for (int i = 1; i < type->value_count(); ++i) {
        names.push_back(json::string(type->value(i)->name()));
        if (const std::string c = comment_of(type->value(i)); !c.empty())
          text += (text.empty() ? "" : " ") + type->value(i)->name() + ": " + c;
      }
      json::object s{{"type", "string"}, {"enum", std::move(names)}};
      if (!text.empty()) s["description"] = text;
      schemas_[type->name()] = std::move(s);
    }
    return {{"$ref", "#/components/schemas/" + type->name()}};
  }

  void schema(const Descriptor* type) {
    if (!seen_.insert(type->name()).second) return;
    json::object properties;
    for (int i = 0; i < type->field_count(); ++i) {
      const FieldDescriptor* f = type->field(i);
      json::object s = single(f);
      if (f->is_repeated()) s = json::object{{"type", "array"}, {"items", std::move(s)}};
      std::string text = comment_of(f);
      if (f->real_containing_oneof() != nullptr)
        text += std::string(text.empty() ? "" : " ") + "At most one of the fields of " +
                f->real_containing_oneof()->name() + " is given.";
      if (is_personal(f)) s["x-personal"] = true;
      if (!text.empty()) s["description"] = text;
      properties[f->json_name()] = std::move(s);
    }
    json::object s{{"type", "object"}};
    if (const std::string text = comment_of(type); !text.empty()) s["description"] = text;
    s["properties"] = std::move(properties);
    s["additionalProperties"] = false;
    schemas_[type->name()] = std::move(s);
  }

  // The option is known only to the generated descriptors, not to a pool built from bytes.
  static bool is_personal(const FieldDescriptor* f) {
    const auto* generated = DescriptorPool::generated_pool()->FindFieldByName(f->full_name());
    return generated != nullptr && generated->options().GetExtension(pb::personal);
  }

  json::object single(const FieldDescriptor* f) {
    switch (f->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return {{"type", "integer"}, {"format", "int32"}};
      case FieldDescriptor::CPPTYPE_UINT32:
        return {{"type", "integer"}, {"format", "int64"}, {"minimum", 0}, {"maximum", 4294967295}};
      case FieldDescriptor::CPPTYPE_INT64:
        return {{"type", "string"}, {"format", "int64"}, {"pattern", "^-?[0-9]{1,19}$"}};
      case FieldDescriptor::CPPTYPE_UINT64:
        return {{"type", "string"}, {"format", "uint64"}, {"pattern", "^[0-9]{1,20}$"}};
      case FieldDescriptor::CPPTYPE_BOOL:
        return {{"type", "boolean"}};
      case FieldDescriptor::CPPTYPE_ENUM:
        return reference(f->enum_type());
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return reference(f->message_type());
      default:
        return {{"type", "string"}};
    }
  }

  static json::object header(const char* name, const char* text) {
    return {
        {"name", name}, {"in", "header"}, {"description", text}, {"schema", {{"type", "string"}}}};
  }

  json::object content(const Descriptor* type) {
    return {{"application/json", {{"schema", reference(type)}}},
            {"application/x-protobuf", {{"schema", {{"type", "string"}, {"format", "binary"}}}}}};
  }

  json::object problem_response(const char* text) {
    return {
        {"description", text},
        {"content",
         {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}};
  }

  // The scope of each role: the row of operations.inc.
  static json::object access_of(Operation operation) {
    json::object roles;
    for (const auto& [role, name] : {std::pair{pb::ROLE_LEAD, "lead"},
                                     {pb::ROLE_ORGANISER, "organiser"},
                                     {pb::ROLE_SUPPLIER, "supplier"},
                                     {pb::ROLE_MEMBER, "member"},
                                     {pb::ROLE_RESIDENT, "resident"},
                                     {pb::ROLE_AUDITOR, "auditor"},
                                     {pb::ROLE_ANONYMOUS, "anonymous"}}) {
      static constexpr const char* kScopes[] = {"none",    "all", "area", "party",
                                                "serving", "own", "look"};
      const Scope scope = scope_of(operation, role);
      if (scope != Scope::kNone) roles[name] = kScopes[static_cast<std::size_t>(scope)];
    }
    return roles;
  }

  json::object operation(const Route& r) {
    json::object op{{"operationId", r.id}, {"summary", r.summary}, {"tags", json::array{r.tag}}};
    json::array parameters;
    const std::string_view pattern = r.pattern;
    for (auto open = pattern.find('{'); open != std::string_view::npos;
         open = pattern.find('{', open + 1)) {
      const auto close = pattern.find('}', open);
      parameters.push_back({{"name", json::string(pattern.substr(open + 1, close - open - 1))},
                            {"in", "path"},
                            {"required", true},
                            {"schema", {{"type", "string"}, {"pattern", "^[0-9]{1,20}$"}}}});
    }
    for (const QueryParam& q : r.query) {
      parameters.push_back({{"name", q.name},
                            {"in", "query"},
                            {"description", q.description},
                            {"schema", {{"type", q.type}}}});
    }
    const bool changes = r.command != nullptr;
    parameters.push_back(
        header("Qiao-Actor",
               "The party or person on whose behalf the account acts: organiser/ID, supplier/ID, "
               "member/ID or resident/REF. The journal records the account."));
    op["x-access"] = access_of(r.operation);
    if (grows(r.operation)) op["x-grows-with-market"] = true;
    if (changes) {
      parameters.push_back(
          header("Idempotency-Key",
                 "1 to 128 bytes. A repeated request with the same key gets the first answer."));
      parameters.push_back(header("If-Match", "The ETag that the row must still have."));
    } else if (r.read) {
      parameters.push_back(header("If-None-Match", "An ETag: 304 if it is unchanged."));
    }
    if (!r.file_types.empty()) {
      parameters.push_back(
          header("Idempotency-Key",
                 "Rows that were imported before under the same key make nothing again."));
    }
    if (!parameters.empty()) op["parameters"] = std::move(parameters);
    if (r.request != nullptr)
      op["requestBody"] = {{"required", !r.body_optional}, {"content", content(r.request())}};
    if (!r.file_types.empty()) op["requestBody"] = file_body(r.file_types);
    json::object responses;
    json::object good{{"description", r.success == 201 ? "Made." : "Done."}};
    if (r.response != nullptr) {
      good["content"] = content(r.response());
    } else {
      good["content"] = {
          {r.raw_type,
           {{"schema",
             {{"type",
               std::string_view(r.raw_type) == "application/json" ? "object" : "string"}}}}}};
    }
    responses[std::to_string(r.success)] = std::move(good);
    responses["4XX"] = problem_response("Refused; nothing has changed.");
    responses["503"] = problem_response("Too busy, or stopping.");
    op["responses"] = std::move(responses);
    return op;
  }

  static json::object file_body(std::span<const char* const> types) {
    json::object content;
    for (const char* type : types)
      content[type] = {{"schema", {{"type", "string"}, {"format", "binary"}}}};
    return {{"required", true}, {"content", std::move(content)}};
  }

  json::object watch_operation() {
    json::object op{
        {"operationId", "watch"},
        {"summary", "A WebSocket: every event after a sequence number, then each as it happens."},
        {"description",
         "Each text frame is one Event as JSON (binary frames with Event as protobuf where Accept "
         "asks for it). Reconnect with after = the last "
         "seq you saw: nothing is lost and nothing comes twice. A reader that does not keep up is "
         "sent a close frame with code 1013 and dropped. "
         "Frames from the client are not expected and close the connection with 1003."},
        {"tags", json::array{"events"}}};
    json::array parameters;
    for (const auto& [name, text] :
         {std::pair{"after", "Events with a greater sequence number; by default from now on."},
          {"epoch",
           "The Qiao-Epoch of `after`; required unless `after` is 0, and refused if a backup was "
           "restored since."},
          {"area", "Only in this area and below."},
          {"party", "Only of this party."},
          {"need", "Only of this need."},
          {"kind", "Only of these kinds, separated by commas, e.g. NEED_OPENED,MATCH_CLAIMED."}}) {
      parameters.push_back({{"name", name},
                            {"in", "query"},
                            {"description", text},
                            {"schema", {{"type", "string"}}}});
    }
    op["parameters"] = std::move(parameters);
    op["responses"] = {{"101", {{"description", "Switching to WebSocket."}}},
                       {"4XX", problem_response("Refused.")},
                       {"503", problem_response("Too busy, or stopping.")}};
    return op;
  }

  DescriptorPool pool_;
  json::object schemas_;
  std::set<std::string> seen_;
};

}  // namespace

std::string make_openapi(const std::vector<Route>& routes) { return Document().make(routes); }

}  // namespace qiao
