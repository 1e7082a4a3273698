// A route as data: the same row is used for matching, for documentation (openapi.json) and for
// calling the handler.
#pragma once

#include <google/protobuf/message.h>

#include <charconv>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/refusal.h"
#include "engine/market/market.h"
#include "qiao/v1/request.pb.h"
#include "server/access/gate.h"
#include "server/access/view.h"

namespace qiao {

struct Services;  // services.h

// A request with the headers that the API uses. Views into the connection's buffers.
struct Request {
  std::string_view method;
  std::string_view target;  // path and query, as sent
  std::string_view body;
  std::string_view content_type;
  std::string_view accept;
  std::string_view accept_language;
  std::string_view if_match;
  std::string_view if_none_match;
  std::string_view idempotency_key;
  // `changes` is set from the method.
  Credentials credentials;
};

struct Response;

// The receiver of a deferred response: called at most once.
class Waiter {
 public:
  // `waits`: whether the client is still connected; empty: always.
  explicit Waiter(std::function<void(Response)> then, std::function<bool()> waits = {})
      : then_(std::move(then)), waits_(std::move(waits)) {}
  void operator()(Response response) const;
  bool waits() const { return !waits_ || waits_(); }

 private:
  std::function<void(Response)> then_;
  std::function<bool()> waits_;
};

// An HTTP response without its framing: the status, the body, and the headers that the API sets.
// Owned by the request that it answers, and moved to the connection.
struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;      // with quotes, or empty
  std::string location;  // for 201
  std::string allow;     // for 405
  std::string set_cookie;
  std::int64_t retry_after = 0;  // seconds; 0: no header
  bool secret = false;           // must not be cached
  Seq wait_for = 0;              // send it when this is on disk
  // If set, the response takes long: call this, and it calls the Waiter with the response.
  std::function<void(Waiter)> deferred = {};
};

inline void Waiter::operator()(Response response) const { then_(std::move(response)); }

// A query parameter of a route, for parsing and for openapi.json.
struct QueryParam {
  const char* name;
  const char* description;
  const char* type = "string";  // string or integer
};

// A request and its route.
struct Call {
  const Request* request = nullptr;
  const struct Route* route = nullptr;
  std::vector<std::pair<std::string_view, std::uint64_t>> path;  // numbers in the path, by name
  std::vector<std::pair<std::string, std::string>> query;        // decoded
  pb::Actor actor;
  Identity identity;
  Scope scope{};  // of the actor's role for the route's operation
  std::uint64_t expected_version = 0;
  std::uint64_t epoch = 0;  // of the database
  bool binary_answer = false;
  bool chinese = false;
  Gate::Moment began{};  // by the clock of the rate limits
  Gate* gate = nullptr;  // charges for work after the handler

  View view(const State& state) const { return View(state, actor, scope); }
  std::uint64_t number(std::string_view name) const {
    for (const auto& [n, v] : path) {
      if (n == name) return v;
    }
    return 0;
  }
  const std::string* param(std::string_view name) const {
    for (const auto& [n, v] : query) {
      if (n == name) return &v;
    }
    return nullptr;
  }
};

// The result of a handler: a message, to be written in the requested format.
struct HandlerResult {
  std::unique_ptr<google::protobuf::Message> message;
  std::uint64_t version = 0;  // makes the ETag; 0 for none
  Seq wait_for = 0;
  std::string location = {};
};

// A message type of proto/: pb::Need::descriptor.
using MessageType = const google::protobuf::Descriptor* (*)();

// A route and its handlers. Rows are made once, at start, and constant afterwards; the strings are
// literals. Handlers run on the market thread.
struct Route {
  const char* method;
  const char* pattern;  // "/v1/needs/{id}:approve"; every {name} is a whole number
  const char* id;       // operationId
  const char* summary;
  const char* tag;
  MessageType request = nullptr;   // body, or none
  MessageType response = nullptr;  // nullptr: decided by the raw handler
  std::span<const QueryParam> query = {};
  unsigned success = 200;
  bool body_optional = false;

  // Exactly one of these is set. A read handler returns an answer. A build handler returns a
  // request, which becomes a command (command_of.h), is applied, and is answered with the row that
  // it is about. A raw handler writes its response itself.
  Result<HandlerResult> (*read)(const Services&, const Call&) = nullptr;
  Result<pb::Request> (*command)(const Call&, const google::protobuf::Message* body) = nullptr;
  Result<HandlerResult> (*compute)(const Services&, const Call&,
                                   const google::protobuf::Message* body) = nullptr;
  Response (*raw)(const Services&, const Call&, const google::protobuf::Message* body) = nullptr;
  const char* raw_type = "application/json";
  // For a raw route whose body is a file: its media types.
  std::span<const char* const> file_types = {};
  // For a command: builds the answer, if it is not the row that the command is about.
  HandlerResult (*present)(const Services&, const Call&, const Applied&) = nullptr;
  // The answer contains a secret, shown once or to nobody else: it is neither stored for a repeated
  // request nor cached.
  bool secret = false;
  // Set by Api.
  Operation operation{};
  // The kind of row that the path addresses by id: handlers run only if it exists and the requester
  // may see it. Unspecified if the path addresses none.
  pb::RowKind addressed{};
};

// A whole number in a query; a refusal names the parameter.
inline Result<std::uint64_t> query_number(const Call& call, const char* name, std::uint64_t least,
                                          std::uint64_t most, std::uint64_t otherwise) {
  const std::string* text = call.param(name);
  if (text == nullptr) return otherwise;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error == std::errc::invalid_argument || end != text->data() + text->size())
    return refuse_type(name, "integer");
  if (error != std::errc{} || value < least || value > most) {
    return refuse(Code::kOutOfRange, name, std::to_string(least) + ".." + std::to_string(most));
  }
  return value;
}

// An enumerator in a query: NEED_STATE_OPEN, or the short form open.
template <class Enum>
Result<std::optional<Enum>> query_enum(const Call& call, const char* name, const char* prefix) {
  const std::string* text = call.param(name);
  if (text == nullptr) return std::optional<Enum>();
  const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
  const std::string upper = ascii_upper(*text);
  const auto* value = type->FindValueByName(upper);
  if (value == nullptr) value = type->FindValueByName(std::string(prefix) + upper);
  if (value == nullptr || value->number() == 0) {
    std::string all;
    for (int i = 1; i < type->value_count(); ++i)
      all += (i > 1 ? ", " : "") + type->value(i)->name();
    return refuse(Code::kOutOfRange, name, all);
  }
  return std::optional<Enum>(static_cast<Enum>(value->number()));
}

// OpenAPI 3.1 of these routes; descriptions are the comments in proto/.
std::string make_openapi(const std::vector<Route>& routes);

}  // namespace qiao
