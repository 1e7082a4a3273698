#include "server/api/api.h"

#include <google/protobuf/dynamic_message.h>

#include "engine/base/ascii.h"
#include "engine/rows/marked.h"
#include "proto/json/json.h"
#include "qiao/v1/query.pb.h"
#include "server/api/command_of.h"
#include "server/api/params.h"
#include "server/api/problem.h"
#include "server/background/analyst.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::size_t kMaxIdempotencyKey = 128;
constexpr std::string_view kProtobuf = "application/x-protobuf";

// "needs/{id}:approve" against "needs/17:approve". Fills the numbers; -1 no match, 0 a number is
// malformed, 1 match.
int match(std::string_view pattern, std::string_view path, Call& call) {
  call.path.clear();
  bool numbers_good = true;
  while (true) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path ? (numbers_good ? 1 : 0) : -1;
    if (path.substr(0, brace) != pattern.substr(0, brace)) return -1;
    path.remove_prefix(std::min(brace, path.size()));
    const auto close = pattern.find('}');
    const std::string_view name = pattern.substr(brace + 1, close - brace - 1);
    pattern.remove_prefix(close + 1);
    const auto end = std::min(path.find_first_of("/:"), path.size());
    if (end == 0) return -1;
    std::uint64_t value = 0;
    const auto [stop, error] = std::from_chars(path.data(), path.data() + end, value);
    numbers_good = numbers_good && error == std::errc{} && stop == path.data() + end;
    call.path.emplace_back(name, value);
    path.remove_prefix(end);
  }
}

std::string_view word_of(std::string_view path) {
  if (path.starts_with("/v1/"))
    path.remove_prefix(4);
  else if (path.starts_with('/'))
    path.remove_prefix(1);
  return path.substr(0, std::min(path.find_first_of("/:"), path.size()));
}

// Of the collections whose rows not everybody sees.
pb::RowKind addressed_kind(std::string_view pattern) {
  if (pattern.find("{id}") == std::string_view::npos) return pb::ROW_KIND_UNSPECIFIED;
  static constexpr std::pair<std::string_view, pb::RowKind> kCollections[] = {
      {"parties", pb::ROW_KIND_PARTY}, {"persons", pb::ROW_KIND_PERSON},
      {"offers", pb::ROW_KIND_OFFER},  {"needs", pb::ROW_KIND_NEED},
      {"matches", pb::ROW_KIND_MATCH}, {"accounts", pb::ROW_KIND_ACCOUNT},
      {"tokens", pb::ROW_KIND_GRANT}};
  for (const auto& [word, kind] : kCollections) {
    if (word_of(pattern) == word) return kind;
  }
  return pb::ROW_KIND_UNSPECIFIED;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, std::min(target.find('?'), target.size()));
}

// Media type without parameters; it has no case (RFC 9110 8.3.1).
std::string media_type(std::string_view header) {
  return ascii_lower(trim(header.substr(0, std::min(header.find(';'), header.size()))));
}

enum class Format { kNone, kJson, kProtobuf };

// The first of the two that the client names; JSON where anything will do.
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

// The version that no row has: what an entity tag says that this server never gave.
constexpr std::uint64_t kNoVersion = ~std::uint64_t{0};

// "123.5f3a9c01", also with W/, or *; 0 for any.
Result<std::uint64_t> parse_version(std::string_view header, std::uint64_t epoch) {
  header = trim(header);
  if (header.empty() || header == "*") return std::uint64_t{0};
  if (header.starts_with("W/")) header.remove_prefix(2);
  const bool quoted = header.size() > 2 && header.front() == '"' && header.back() == '"';
  if (!quoted) return refuse(Code::kWrongType, "If-Match", "\"version\"");
  const auto value = without_epoch(header.substr(1, header.size() - 2), epoch, "If-Match");
  if (!value && value.error().code == Code::kWrongType) return kNoVersion;
  if (value && value.value() == 0) return kNoVersion;
  return value;
}

std::string etag_of(std::uint64_t version, std::uint64_t epoch) {
  return "\"" + with_epoch(version, epoch) + "\"";
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

// What older versions took in a batch, and no client may send any more, is told from a slip of the
// pen.
Refusal explain_to_old_client(Refusal refusal) {
  if (refusal.code != Code::kUnknownField) return refusal;
  const std::string name = refusal.field.substr(refusal.field.rfind('.') + 1);
  if (pb::Command::descriptor()->FindFieldByCamelcaseName(name) != nullptr || name == "atSite")
    refusal.code = Code::kNotFromOutside;
  return refusal;
}

Result<std::unique_ptr<Message>> parse_body(const Call& call) {
  const Request& request = *call.request;
  auto message = std::unique_ptr<Message>(google::protobuf::MessageFactory::generated_factory()
                                              ->GetPrototype(call.route->request)
                                              ->New());
  if (request.body.empty() && call.route->body_optional) return message;
  if (media_type(request.content_type) == kProtobuf) {
    if (!message->ParseFromArray(request.body.data(), static_cast<int>(request.body.size()))) {
      return refuse(Code::kMalformed, {},
                    "not a protobuf message of type " + call.route->request->full_name());
    }
    if (has_unknown_fields(*message)) return refuse(Code::kUnknownField);
    return message;
  }
  if (auto read = from_json(request.body, *message); !read) {
    const bool batch = call.route->request == pb::BatchRequest::descriptor();
    return batch ? explain_to_old_client(std::move(read).error()) : std::move(read).error();
  }
  return message;
}

std::uint64_t fingerprint(const Request& r) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const std::string_view part : {r.method, r.target, r.credentials.acting, r.body}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    hash = (hash ^ 0xff) * 0x100000001B3ULL;
  }
  return hash;
}

template <class Load>
std::unique_ptr<Message> boxed(Load&& m) {
  return std::make_unique<std::decay_t<Load>>(std::forward<Load>(m));
}

std::uint64_t version_of(const Message& m) {
  const auto* f = m.GetDescriptor()->FindFieldByName("version");
  return f == nullptr ? 0 : m.GetReflection()->GetUInt64(m, f);
}

const char* collection(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kArea:
      return "areas";
    case pb::Event::kParty:
      return "parties";
    case pb::Event::kPerson:
      return "persons";
    case pb::Event::kOffer:
      return "offers";
    case pb::Event::kNeed:
      return "needs";
    case pb::Event::kMatch:
      return "matches";
    case pb::Event::kNotification:
      return "notifications";
    case pb::Event::kAccount:
      return "accounts";
    case pb::Event::kGrant:
      return "tokens";
    case pb::Event::kDisclosure:
      return "audit";
    case pb::Event::kPolicy:
      return "policy";
    default:
      return "taxonomy";
  }
}

Answer answer_of(const Call& call, const Applied& applied, const State& state, bool batch) {
  if (call.route->present) return call.route->present(call, applied);
  Answer answer;
  answer.wait_for = applied.seq;
  if (batch) {
    auto response = std::make_unique<pb::BatchResponse>();
    for (const Subject& s : applied.subjects) {
      auto* result = response->add_results();
      result->set_kind(singular(s.kind));
      result->set_id(s.key);
      result->set_index(s.part);
    }
    answer.message = std::move(response);
    return answer;
  }
  const Subject& subject = applied.subjects.front();
  answer.message = show(state, subject, call.view(state));
  answer.version = version_of(*answer.message);
  if (call.route->success == 201)
    answer.location =
        std::string("/v1/") + collection(subject.kind) + "/" + std::to_string(subject.key);
  return answer;
}

// What is kept of an answer, but for the request's fingerprint.
Runtime::Keepable to_keep(const Call& call, const Applied& applied, const Answer& answer,
                          const State& state) {
  Runtime::Keepable keep;
  keep.answer.set_status(call.route->success);
  if (answer.version != 0) keep.answer.set_etag(etag_of(answer.version, call.epoch));
  keep.answer.set_location(answer.location);
  // What a route makes by itself shows no row.
  if (!call.route->present && applied.subjects.size() == 1 &&
      call.route->response != pb::BatchResponse::descriptor()) {
    const Subject& subject = applied.subjects.front();
    keep.answer.set_row_kind(subject.kind);
    keep.answer.set_row_id(subject.key);
    keep.answer.set_own(call.view(state).owns(subject.kind, subject.key));
  }
  keep.message.reset(answer.message->New());
  keep.message->CopyFrom(*answer.message);
  return keep;
}

pb::RowKind row_kind_of(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kParty:
      return pb::ROW_KIND_PARTY;
    case pb::Event::kPerson:
      return pb::ROW_KIND_PERSON;
    case pb::Event::kOffer:
      return pb::ROW_KIND_OFFER;
    case pb::Event::kNeed:
      return pb::ROW_KIND_NEED;
    case pb::Event::kMatch:
      return pb::ROW_KIND_MATCH;
    case pb::Event::kAccount:
      return pb::ROW_KIND_ACCOUNT;
    case pb::Event::kGrant:
      return pb::ROW_KIND_GRANT;
    default:
      return pb::ROW_KIND_UNSPECIFIED;
  }
}

Response too_often(const Call& call, std::chrono::seconds wait) {
  Response r = problem(HttpFault::kTooOften, call.chinese);
  r.retry_after = wait.count();
  return r;
}

// What waits for the market or beside it is too much, of whoever asks or of all.
Response too_many(Taken taken, bool chinese) {
  const bool full = taken == Taken::kFull;
  Response r = problem(full ? HttpFault::kOverloaded : HttpFault::kTooOften, chinese);
  r.retry_after = 1;
  return r;
}

// Charges whoever calls. What the operation typically costs has been charged by then.
Charge charge_beyond_cost(const Call& call) {
  const auto paid = std::make_shared<std::chrono::nanoseconds>(cost_of(call.route->operation));
  return [paid, gate = call.gate, identity = call.identity,
          address = std::string(call.request->credentials.address)](std::chrono::nanoseconds used) {
    const auto covered = std::min(*paid, used);
    *paid -= covered;
    if (used == covered) return;
    gate->charge_time(identity, address, used - covered, gate->options().clock());
  };
}

}  // namespace

std::string with_epoch(std::uint64_t number, std::uint64_t epoch) {
  return std::to_string(number) + "." + epoch_text(epoch);
}

std::string epoch_text(std::uint64_t epoch) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += kDigits[epoch >> shift & 15];
  return text;
}

Result<std::uint64_t> without_epoch(std::string_view text, std::uint64_t epoch,
                                    const std::string& field) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::string_view(end, text.data() + text.size()).starts_with('.')) {
    return refuse_type(field, "token");
  }
  if (text != with_epoch(number, epoch)) return refuse(Code::kRestored, field);
  return number;
}

std::string asker_of(const Call& call) {
  if (!call.identity.known()) return std::string(call.request->credentials.address);
  return std::to_string(call.identity.actor.account_id());
}

Response later(const Call& call, Analyst& analyst, Start start) {
  Question asked{.share = {asker_of(call), std::string(call.request->credentials.address)},
                 .charge = charge_beyond_cost(call)};
  Response r;
  r.deferred = [&analyst, asked = std::move(asked), start = std::move(start),
                chinese = call.chinese, binary = call.binary_answer](const Waiter& waiter) {
    auto question = std::make_shared<Question>(asked);
    question->waits = [waiter] { return waiter.waits(); };
    question->refuse = [waiter, chinese](Taken taken) { waiter(too_many(taken, chinese)); };
    start(question, [=, &analyst](Result<std::unique_ptr<Message>> found) {
      auto done = std::make_shared<Response>();
      const Seq seen = analyst.applied_seq();
      if (!found) {
        *done = problem(found.error(), chinese);
        done->wait_for = seen;
        return waiter(std::move(*done));
      }
      done->wait_for = seen;
      if (binary) done->content_type = kProtobuf;
      const auto write = [done, binary,
                          message = std::shared_ptr<Message>(std::move(found).value())]() mutable {
        done->body = binary ? message->SerializeAsString() : to_json(*message);
        message.reset();
      };
      analyst.run_beside(question, write, [done, waiter] { waiter(std::move(*done)); });
    });
  };
  return r;
}

Response respond(const Call& call, Answer answer) {
  Response r;
  r.status = call.route->success;
  r.wait_for = answer.wait_for;
  r.secret = call.route->secret;
  r.location = std::move(answer.location);
  if (answer.version != 0) r.etag = etag_of(answer.version, call.epoch);
  if (call.binary_answer) {
    r.content_type = kProtobuf;
    answer.message->AppendToString(&r.body);
  } else {
    append_json(*answer.message, r.body);
  }
  return r;
}

const char* singular(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kArea:
      return "area";
    case pb::Event::kParty:
      return "party";
    case pb::Event::kPerson:
      return "person";
    case pb::Event::kOffer:
      return "offer";
    case pb::Event::kNeed:
      return "need";
    case pb::Event::kMatch:
      return "match";
    case pb::Event::kNotification:
      return "notification";
    case pb::Event::kAccount:
      return "account";
    case pb::Event::kGrant:
      return "grant";
    case pb::Event::kDisclosure:
      return "disclosure";
    case pb::Event::kPolicy:
      return "policy";
    default:
      return "taxonomy";
  }
}

std::unique_ptr<Message> show(const State& s, const Subject& subject, const View& view) {
  switch (subject.kind) {
    case pb::Event::kArea:
      return boxed(s.load_area(s.areas().find(AreaCode{subject.key})));
    case pb::Event::kParty:
      return boxed(view.show_party(s.parties().find(PartyId{subject.key})));
    case pb::Event::kPerson:
      return boxed(view.show_person(s.persons().find(PersonId{subject.key})));
    case pb::Event::kOffer:
      return boxed(view.show_offer(s.offers().find(OfferId{subject.key})));
    case pb::Event::kNeed:
      return boxed(view.show_need(s.needs().find(NeedId{subject.key})));
    case pb::Event::kMatch:
      return boxed(view.show_match(s.matches().find(MatchId{subject.key})));
    case pb::Event::kNotification:
      return boxed(s.load_notification(s.notifications().find(NotificationId{subject.key})));
    case pb::Event::kAccount:
      return boxed(view.show_account(s.accounts().find(AccountId{subject.key})));
    case pb::Event::kGrant: {
      pb::Grant grant = s.load_grant(s.grants().find(GrantId{subject.key}));
      mask(grant, {});
      return boxed(std::move(grant));
    }
    case pb::Event::kPolicy:
      return boxed(pb::Policy(s.policy()));
    default:
      return boxed(pb::Taxonomy(s.taxonomy()));
  }
}

Api::Api(Runtime& runtime, Clearinghouse& house, Analyst& analyst, Gate& gate, Metrics& metrics,
         ApiOptions options)
    : runtime_(runtime), gate_(gate), metrics_(metrics), options_(std::move(options)) {
  for (auto& r : access_routes(runtime_, gate_, options_)) routes_.push_back(std::move(r));
  for (auto& r : privacy_routes(runtime_)) routes_.push_back(std::move(r));
  for (auto& r : read_routes(runtime_, house, analyst, gate_)) routes_.push_back(std::move(r));
  for (auto& r : clearing_routes(runtime_, house, analyst)) routes_.push_back(std::move(r));
  for (auto& r : report_routes(runtime_, analyst, gate_, options_.public_url))
    routes_.push_back(std::move(r));
  for (auto& r : command_routes()) routes_.push_back(std::move(r));
  for (auto& r : import_routes(runtime_, analyst, gate)) routes_.push_back(std::move(r));

  auto health = [this](bool ready) {
    return [this, ready](const Call&, const Message*) {
      pb::Health h;
      h.set_status(draining_ ? "draining" : "ok");
      h.set_applied_seq(runtime_.applied_seq());
      h.set_durable_seq(runtime_.durable_seq());
      Response r;
      r.status = draining_ && ready ? 503 : 200;
      r.body = to_json(h);
      return r;
    };
  };
  routes_.push_back({.method = "GET",
                     .pattern = "/healthz",
                     .id = "getHealth",
                     .summary = "Is the process alive?",
                     .tag = "server",
                     .response = pb::Health::descriptor(),
                     .raw = health(false)});
  routes_.push_back({.method = "GET",
                     .pattern = "/readyz",
                     .id = "getReadiness",
                     .summary = "Does it take requests? 503 while it stops.",
                     .tag = "server",
                     .response = pb::Health::descriptor(),
                     .raw = health(true)});
  routes_.push_back({.method = "GET",
                     .pattern = "/metrics",
                     .id = "getMetrics",
                     .summary = "Prometheus metrics.",
                     .tag = "server",
                     .raw =
                         [this](const Call&, const Message*) {
                           Response r;
                           r.content_type = "text/plain; version=0.0.4; charset=utf-8";
                           r.body = metrics_.text();
                           return r;
                         },
                     .raw_type = "text/plain"});
  routes_.push_back({.method = "GET",
                     .pattern = "/v1/openapi.json",
                     .id = "getOpenApi",
                     .summary = "This document.",
                     .tag = "server",
                     .raw = [this](const Call&, const Message*) {
                       Response r;
                       r.body = openapi_;
                       return r;
                     }});
  if (!options_.backup_folder.empty()) {
    routes_.push_back(
        {.method = "POST",
         .pattern = "/v1/backups",
         .id = "createBackup",
         .summary =
             "Makes a complete copy of the database while it is in use (lead only). It shares "
             "its table files with the database until it is copied to another disk: copy it, "
             "then verify the copy.",
         .tag = "server",
         .request = pb::BackupRequest::descriptor(),
         .response = pb::BackupResponse::descriptor(),
         .success = 201,
         .raw = [this](const Call& call, const Message* body) {
           const std::string name = static_cast<const pb::BackupRequest&>(*body).name();
           const bool good = !name.empty() && name.size() <= 64 &&
                             name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") ==
                                 std::string::npos;
           if (!good)
             return problem(refuse(Code::kOutOfRange, "name", "a-z 0-9 - _"), call.chinese);
           Response r;
           r.deferred = [this, path = options_.backup_folder + "/" + name,
                         chinese = call.chinese](auto then) {
             runtime_.checkpoint(path, [=](StoreResult<Head> end) {
               if (!end)
                 return then(
                     problem(refuse(Code::kBackupFailed, "name", end.error().message), chinese));
               pb::BackupResponse made;
               made.set_path(path);
               made.set_last_seq(end.value().seq);
               made.set_last_hash(to_hex(end.value().hash));
               Response answer;
               answer.status = 201;
               answer.body = to_json(made);
               then(std::move(answer));
             });
           };
           return r;
         }});
  }
  for (Route& r : routes_) {
    const auto operation = find_operation(r.id);
    QIAO_CHECK(operation, "every route has a row in operations.inc");
    r.operation = *operation;
    r.addressed = addressed_kind(r.pattern);
  }
  openapi_ = make_openapi(routes_);
  for (const Route& r : routes_) by_word_[std::string(word_of(r.pattern))].push_back(&r);
}

const Route* Api::find(const Request& request, Call& call, Response& refusal) const {
  const std::string_view path = path_of(request.target);
  const auto it = by_word_.find(std::string(word_of(path)));
  if (it == by_word_.end()) {
    refusal = problem(HttpFault::kNotFound, call.chinese);
    return nullptr;
  }
  const std::string_view method = request.method == "HEAD" ? "GET" : request.method;
  bool bad_number = false;
  for (const Route* route : it->second) {
    if (route->method != method) continue;
    const int matched = match(route->pattern, path, call);
    if (matched == 1) return route;
    bad_number = bad_number || matched == 0;
  }
  std::string allow;
  for (const Route* route : it->second) {
    if (route->method == method) continue;
    const int matched = match(route->pattern, path, call);
    bad_number = bad_number || matched == 0;
    if (matched >= 0 && allow.find(route->method) == std::string::npos)
      allow += (allow.empty() ? "" : ", ") + std::string(route->method);
  }
  if (bad_number) {
    refusal = problem(
        refuse_type(std::string(call.path.empty() ? "id" : call.path.front().first), "integer"),
        call.chinese);
  } else if (!allow.empty()) {
    refusal = problem(HttpFault::kMethodNotAllowed, call.chinese);
    refusal.allow = allow;
  } else {
    refusal = problem(HttpFault::kNotFound, call.chinese);
  }
  return nullptr;
}

Response Api::handle(const Request& request) {
  metrics_.requests.add();
  Call call;
  call.began = gate_.options().clock();
  Response r = run(request, call);
  const auto now = gate_.options().clock();
  std::chrono::nanoseconds used = now - call.began;
  // What goes on after the handler is not seen here: see later().
  if (r.deferred) used = std::max<std::chrono::nanoseconds>(used, cost_of(call.route->operation));
  gate_.charge_time(call.identity, request.credentials.address, used, now);
  metrics_.responses[std::min<std::size_t>(r.status / 100, 5)].add();
  return r;
}

void Api::charge(std::string_view address, std::chrono::nanoseconds used) {
  gate_.charge_time({}, address, used, gate_.options().clock());
}

Gate::Answer<Identity> Api::watcher(const Credentials& credentials) const {
  auto who = gate_.identify(credentials);
  if (!who.good()) return who;
  const bool open = scope_of(Operation::kWatch, who.value.actor.role()) != Scope::kNone;
  if (!open)
    return {.denial = who.value.known() ? Denial::kRefused : Denial::kWho,
            .refusal = who.value.known() ? std::optional(refuse(Code::kRoleForbidden, "actor.role"))
                                         : std::nullopt};
  if (!gate_.covers(who.value, Operation::kWatch))
    return {.denial = Denial::kRefused, .refusal = refuse(Code::kRoleForbidden, "Authorization")};
  return who;
}

// What changes something is not begun while the server stops, or while too much waits for the disk.
std::optional<Response> Api::stopped(const Call& call) const {
  if (only_looks(call.route->operation)) return std::nullopt;
  if (draining_) return problem(HttpFault::kDraining, call.chinese);
  if (runtime_.overloaded()) return problem(HttpFault::kOverloaded, call.chinese);
  return std::nullopt;
}

// Of the address, which is known before it is known who sends it.
std::optional<Response> Api::over_time_of_address(const Call& call,
                                                  std::chrono::microseconds cost) {
  if (cost == cost.zero()) return std::nullopt;
  const auto wait = gate_.over_time(call.request->credentials.address, cost, call.began);
  if (!wait) return std::nullopt;
  return too_often(call, *wait);
}

// Of who sends it.
std::optional<Response> Api::over_limit(const Call& call, double changes,
                                        std::chrono::microseconds cost) {
  std::optional<std::chrono::seconds> wait;
  if (cost > cost.zero()) wait = gate_.over_time(call.identity, cost, call.began);
  if (!wait && changes > 0) {
    wait = gate_.over_limit(call.identity, call.request->credentials.address, changes);
  }
  if (!wait) return std::nullopt;
  return too_often(call, *wait);
}

Response Api::run(const Request& request, Call& call) {
  call.request = &request;
  call.gate = &gate_;
  call.epoch = runtime_.store().epoch();
  call.chinese = prefers_chinese(request.accept_language);
  Response refusal;
  const Route* route = find(request, call, refusal);
  if (route == nullptr) return refusal;
  call.route = route;
  const Format format = format_wanted(request.accept, route->raw_type);
  if (format == Format::kNone) return problem(HttpFault::kNotAcceptable, call.chinese, "Accept");
  call.binary_answer = format == Format::kProtobuf;

  auto no = [&](const Refusal& r) { return problem(r, call.chinese); };
  const bool looks = request.method == "GET" || request.method == "HEAD";
  Credentials credentials = request.credentials;
  // A calendar is fetched by programs that send no header; nothing else takes a token from its
  // address, which ends up in logs.
  std::string bearer;
  if (route->operation == Operation::kGetCalendar && credentials.authorization.empty()) {
    if (auto params = parse_params(request.target)) {
      for (const auto& [name, value] : params.value()) {
        if (name == "token") bearer = "Bearer " + value;
      }
    }
    credentials.authorization = bearer;
  }
  credentials.changes = !looks;
  // Finding out who it is may itself take long: a signature is checked.
  const auto cost = cost_of(route->operation);
  if (auto limited = over_time_of_address(call, cost)) return std::move(*limited);
  auto who = gate_.identify(credentials);
  if (!who.good())
    return who.refusal ? no(*who.refusal)
                       : problem(fault_of(who.denial), call.chinese,
                                 who.denial == Denial::kOrigin ? "Origin" : "Authorization");
  call.identity = std::move(who.value);
  // Addresses are written down by programs and proxies: what opens more than a calendar is refused
  // there.
  if (!bearer.empty() && !gate_.opens_only(call.identity, Operation::kGetCalendar)) {
    return problem(fault_of(Denial::kWho), call.chinese, "token");
  }
  call.actor = call.identity.actor;
  call.scope = scope_of(route->operation, call.actor.role());
  if (call.scope == Scope::kNone) {
    return call.identity.known()
               ? no(refuse(Code::kRoleForbidden, "actor.role"))
               : problem(HttpFault::kUnauthenticated, call.chinese, "Authorization");
  }
  if (!gate_.covers(call.identity, route->operation))
    return no(refuse(Code::kTokenScope, "Authorization"));
  if (auto no_more = stopped(call)) return std::move(*no_more);
  // How many a batch is, is known when it has been read.
  const bool batch_asked = route->request == pb::BatchRequest::descriptor();
  const bool changes = !only_looks(route->operation);
  if (auto limited = over_limit(call, changes && !batch_asked ? 1 : 0, cost)) {
    return std::move(*limited);
  }
  auto params = parse_params(request.target);
  if (!params) return no(params.error());
  call.query = std::move(params).value();
  for (const auto& [name, value] : call.query) {
    const bool known = std::any_of(route->query.begin(), route->query.end(),
                                   [&](const QueryParam& q) { return q.name == name; });
    if (!known) return no(refuse(Code::kUnknownField, name));
  }
  // The same answer for every verb, before anything of the row is looked at.
  if (route->addressed != pb::ROW_KIND_UNSPECIFIED &&
      !is_there(runtime_.state(), call.actor, route->addressed, call.path.front().second)) {
    Response r = no(not_there(route->addressed, call.path.front().second,
                              std::string(call.path.front().first)));
    r.wait_for = runtime_.applied_seq();
    return r;
  }
  std::unique_ptr<Message> body;
  if (route->request != nullptr) {
    const std::string type = media_type(request.content_type);
    if (!type.empty() && type != "application/json" && type != kProtobuf) {
      return problem(HttpFault::kUnsupportedType, call.chinese, "Content-Type");
    }
  }
  if (route->request != nullptr) {
    auto parsed = parse_body(call);
    if (!parsed) return no(parsed.error());
    body = std::move(parsed).value();
  }
  if (batch_asked) {
    const auto& parts = static_cast<const pb::BatchRequest&>(*body);
    const double count = changes ? std::max(1, parts.commands_size()) : 0;
    if (auto limited = over_time_of_address(call, cost_of(parts))) return std::move(*limited);
    if (auto limited = over_limit(call, count, cost_of(parts))) return std::move(*limited);
  }
  if (route->raw) return route->raw(call, body.get());
  if (route->read || route->compute) {
    auto answer = route->read ? route->read(call) : route->compute(call, body.get());
    if (!answer) {
      // A refusal tells something about the state too.
      Response r = no(answer.error());
      r.wait_for = runtime_.applied_seq();
      return r;
    }
    Response r = respond(call, std::move(answer).value());
    if (!r.etag.empty() && !request.if_none_match.empty() &&
        (request.if_none_match == "*" ||
         request.if_none_match.find(r.etag) != std::string_view::npos)) {
      r.status = 304;
      r.body.clear();
    }
    return r;
  }

  // A command.
  auto version = parse_version(request.if_match, call.epoch);
  if (!version) return no(version.error());
  call.expected_version = version.value();
  const std::uint64_t print = fingerprint(request);
  // Each account has keys of its own: nobody gets another's answer by guessing.
  std::string key(route->secret ? std::string_view() : request.idempotency_key);
  if (!key.empty()) {
    key.insert(0, big_endian(call.actor.account_id()));
    if (request.idempotency_key.size() > kMaxIdempotencyKey)
      return no(refuse(Code::kTooLong, "Idempotency-Key", std::to_string(kMaxIdempotencyKey)));
    if (const auto first = runtime_.find_answer(key)) {
      if (first->kept.fingerprint() != print)
        return problem(HttpFault::kIdempotencyMismatch, call.chinese, "Idempotency-Key");
      metrics_.idempotent_replays.add();
      return answer_again(call, first->kept, first->seq);
    }
  }
  auto asked = route->command(call, body.get());
  if (!asked) return no(asked.error());
  asked.value().set_expected_version(call.expected_version);
  auto command = command_of(asked.value(), call.identity, gate_);
  if (!command) {
    Response refused = no(command.error());
    refused.wait_for = runtime_.applied_seq();
    return refused;
  }
  const auto contacts = ContactLimit::asked_of(command.value(), runtime_.state());
  if (const auto wait = gate_.over_contacts(call.identity, contacts)) return too_often(call, *wait);
  const bool batch = command.value().has_batch();
  Response r;
  Runtime::KeyedAnswer keyed{key, [&](const Applied& applied) {
                               Answer answer = answer_of(call, applied, runtime_.state(), batch);
                               Runtime::Keepable keepable =
                                   to_keep(call, applied, answer, runtime_.state());
                               keepable.answer.set_fingerprint(print);
                               r = respond(call, std::move(answer));
                               return keepable;
                             }};
  auto applied = runtime_.apply(command.value(), key.empty() ? nullptr : &keyed);
  if (!applied) {
    Response refused = no(applied.error());
    refused.wait_for = runtime_.applied_seq();
    return refused;
  }
  gate_.count_contacts(call.identity, contacts);
  if (key.empty()) r = respond(call, answer_of(call, applied.value(), runtime_.state(), batch));
  return r;
}

// The first answer to a request that was sent again: what was answered then, as far as it may be
// seen now.
Response Api::answer_again(const Call& call, const pb::KeptAnswer& kept, Seq wait_for) const {
  if (kept.stripped()) return problem(HttpFault::kAnswerGone, call.chinese, "Idempotency-Key");
  const State& state = runtime_.state();
  const auto kind = static_cast<pb::Event::RowCase>(kept.row_kind());
  if (const pb::RowKind seen = row_kind_of(kind);
      seen != pb::ROW_KIND_UNSPECIFIED && !is_there(state, call.actor, seen, kept.row_id())) {
    return problem(not_there(seen, kept.row_id(), "id"), call.chinese);
  }
  Answer answer;
  answer.message.reset(google::protobuf::MessageFactory::generated_factory()
                           ->GetPrototype(call.route->response)
                           ->New());
  if (!runtime_.store().read_answer(kept, *answer.message))
    return problem(HttpFault::kAnswerGone, call.chinese, "Idempotency-Key");
  if (kept.own() && !call.view(state).owns(kind, kept.row_id())) {
    const Slot need =
        kind == pb::Event::kNeed ? state.needs().find(NeedId{kept.row_id()}) : kNoSlot;
    mask(*answer.message,
         need == kNoSlot ? std::string() : state.area_name(state.needs()[need].area));
  }
  answer.wait_for = wait_for;
  answer.location = kept.location();
  Response r = respond(call, std::move(answer));
  r.status = kept.status();
  r.etag = kept.etag();
  return r;
}

}  // namespace qiao
