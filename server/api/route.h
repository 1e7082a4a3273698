// A route as data: what is matched, what is documented (openapi.json is made of it) and what runs
// are one thing.
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

// A request with the headers that mean something to the API. Views into the connection's buffers.
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
  // Who sends it. `changes` is set from the method.
  Credentials credentials;
};

struct Response;

// Whoever waits for an answer that takes long: called with it, once, or destroyed without.
class Waiter {
 public:
  // `waits`: whether it still does; empty: as long as it takes.
  explicit Waiter(std::function<void(Response)> then, std::function<bool()> waits = {})
      : then_(std::move(then)), waits_(std::move(waits)) {}
  void operator()(Response response) const;
  bool waits() const { return !waits_ || waits_(); }

 private:
  std::function<void(Response)> then_;
  std::function<bool()> waits_;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::string etag;      // with its quotes, or empty
  std::string location;  // for 201
  std::string allow;     // for 405
  std::string set_cookie;
  std::int64_t retry_after = 0;  // seconds; 0: not said
  bool secret = false;           // not for any cache
  Seq wait_for = 0;              // give it when this is on disk
  // Set where the answer takes long: call it, and it calls back with the response.
  std::function<void(Waiter)> deferred = {};
};

inline void Waiter::operator()(Response response) const { then_(std::move(response)); }

struct QueryParam {
  const char* name;
  const char* description;
  const char* type = "string";  // string or integer
};

// A request on its route.
struct Call {
  const Request* request = nullptr;
  const struct Route* route = nullptr;
  std::vector<std::pair<std::string_view, std::uint64_t>> path;  // numbers in the path, by name
  std::vector<std::pair<std::string, std::string>> query;        // decoded
  pb::Actor actor;
  Identity identity;
  Scope scope{};  // what the actor's role has of the route's operation
  std::uint64_t expected_version = 0;
  std::uint64_t epoch = 0;  // of the database
  bool binary_answer = false;
  bool chinese = false;
  Gate::Moment began{};  // by the clock of the limits
  Gate* gate = nullptr;  // which charges for what goes on after the handler

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

// What a handler gives: a message to be written in the format asked for.
struct Answer {
  std::unique_ptr<google::protobuf::Message> message;
  std::uint64_t version = 0;  // makes the ETag; 0 for none
  Seq wait_for = 0;
  std::string location = {};
};

// A type of the vocabulary: pb::Need::descriptor.
using MessageType = const google::protobuf::Descriptor* (*)();

struct Route {
  const char* method;
  const char* pattern;  // "/v1/needs/{id}:approve"; every {name} is a whole number
  const char* id;       // operationId
  const char* summary;
  const char* tag;
  MessageType request = nullptr;   // body, or none
  MessageType response = nullptr;  // nullptr: the raw handler says itself
  std::span<const QueryParam> query = {};
  unsigned success = 200;
  bool body_optional = false;

  // One of these. Reads answer; requests are built, become commands (command_of.h), are applied and
  // answered with what they are about; raw ones do as they like.
  Result<Answer> (*read)(const Services&, const Call&) = nullptr;
  Result<pb::Request> (*command)(const Call&, const google::protobuf::Message* body) = nullptr;
  Result<Answer> (*compute)(const Services&, const Call&,
                            const google::protobuf::Message* body) = nullptr;
  Response (*raw)(const Services&, const Call&, const google::protobuf::Message* body) = nullptr;
  const char* raw_type = "application/json";
  // Of a raw route whose body is a file: its media types.
  std::span<const char* const> file_types = {};
  // Of a command: makes its answer where that is not the row it is about.
  Answer (*present)(const Services&, const Call&, const Applied&) = nullptr;
  // The answer holds something that is shown once or to be seen by nobody else: it is not kept for
  // a repeated request, and no cache may have it.
  bool secret = false;
  // Set by Api.
  Operation operation{};
  // The row that the path names by its id: handlers run only where it is there for who asks.
  // Unspecified where it names none.
  pb::RowKind addressed{};
};

// A whole number in a query; the field's name is in the refusal.
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

// An enum by name in a query, e.g. NEED_STATE_OPEN, or the short form open.
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

// OpenAPI 3.1 of exactly these routes, with the comments of the vocabulary as descriptions.
std::string make_openapi(const std::vector<Route>& routes);

}  // namespace qiao
