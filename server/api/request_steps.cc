#include "server/api/request_steps.h"

#include <algorithm>

#include "engine/rows/limits.h"
#include "qiao/v1/request.pb.h"
#include "server/api/command_of.h"
#include "server/api/format.h"
#include "server/api/params.h"
#include "server/api/precondition.h"
#include "server/api/problem.h"
#include "server/api/render.h"

namespace qiao {
namespace {

Response refused(const Exchange& x, const Refusal& refusal) {
  return problem(refusal, x.call.chinese);
}

Response refused(const Exchange& x, HttpFault fault, const char* field) {
  return problem(fault, x.call.chinese, field);
}

// The limit of the address, which applies before authentication.
std::optional<Response> over_time_of_address(const Exchange& x, std::chrono::microseconds cost) {
  if (cost == cost.zero()) return std::nullopt;
  const auto wait =
      x.services.gate.over_time(x.call.request->credentials.address, cost, x.call.began);
  if (!wait) return std::nullopt;
  return too_often(x.call, *wait);
}

// The limits of the account and the address.
std::optional<Response> over_limit(const Exchange& x, double changes,
                                   std::chrono::microseconds cost) {
  Gate& gate = x.services.gate;
  std::optional<std::chrono::seconds> wait;
  if (cost > cost.zero()) wait = gate.over_time(x.call.identity, cost, x.call.began);
  if (!wait && changes > 0)
    wait = gate.over_limit(x.call.identity, x.call.request->credentials.address, changes);
  if (!wait) return std::nullopt;
  return too_often(x.call, *wait);
}

// Calendar programs cannot send headers. No other operation accepts a token in the URL, because
// URLs are logged.
std::string token_in_address(const Call& call) {
  const Request& request = *call.request;
  if (call.route->operation != Operation::kGetCalendar ||
      !request.credentials.authorization.empty())
    return {};
  const auto params = parse_params(request.target);
  if (!params) return {};
  for (const auto& [name, value] : params.value()) {
    if (name == "token") return "Bearer " + value;
  }
  return {};
}

}  // namespace

std::optional<Response> find_route(Exchange& x) {
  Response refusal;
  x.call.route = x.router.find(*x.call.request, x.call, refusal);
  if (x.call.route == nullptr) return refusal;
  return std::nullopt;
}

std::optional<Response> choose_format(Exchange& x) {
  const Format format = format_wanted(x.call.request->accept, x.call.route->raw_type);
  if (format == Format::kNone) return refused(x, HttpFault::kNotAcceptable, "Accept");
  x.call.binary_answer = format == Format::kProtobuf;
  return std::nullopt;
}

// Before authentication, which itself takes time: it may verify a signature.
std::optional<Response> limit_address(Exchange& x) {
  return over_time_of_address(x, cost_of(x.call.route->operation));
}

std::optional<Response> authenticate(Exchange& x) {
  Call& call = x.call;
  Credentials credentials = call.request->credentials;
  const std::string bearer = token_in_address(call);
  if (!bearer.empty()) credentials.authorization = bearer;
  credentials.changes = call.request->method != "GET" && call.request->method != "HEAD";
  auto who = x.services.gate.identify(credentials);
  if (!who.good()) {
    if (who.refusal) return refused(x, *who.refusal);
    return refused(x, fault_of(who.error),
                   who.error == AuthError::kOrigin ? "Origin" : "Authorization");
  }
  call.identity = std::move(who.value);
  // URLs are logged by programs and proxies: only a token that permits nothing else is accepted in
  // one.
  if (!bearer.empty() && !x.services.gate.opens_only(call.identity, Operation::kGetCalendar))
    return refused(x, fault_of(AuthError::kUnauthenticated), "token");
  call.actor = call.identity.actor;
  return std::nullopt;
}

std::optional<Response> authorise(Exchange& x) {
  Call& call = x.call;
  call.scope = scope_of(x.services.state(), call.route->operation, call.actor);
  if (call.scope == Scope::kNone) {
    if (call.identity.known()) return refused(x, refuse(Code::kRoleForbidden, "actor.role"));
    return refused(x, HttpFault::kUnauthenticated, "Authorization");
  }
  if (!x.services.gate.covers(call.identity, call.route->operation))
    return refused(x, refuse(Code::kTokenScope, "Authorization"));
  return std::nullopt;
}

// Refuses changes while the server stops, or while too many wait for the disk.
std::optional<Response> check_capacity(Exchange& x) {
  if (is_read_only(x.call.route->operation)) return std::nullopt;
  if (x.services.draining) return problem(HttpFault::kDraining, x.call.chinese);
  if (x.services.runtime.overloaded()) return problem(HttpFault::kOverloaded, x.call.chinese);
  return std::nullopt;
}

// The changes of a batch are counted after parsing: see limit_batch.
std::optional<Response> limit_account(Exchange& x) {
  const Route& route = *x.call.route;
  const bool one_change = !is_read_only(route.operation) && !takes_batch(route);
  return over_limit(x, one_change ? 1 : 0, cost_of(route.operation));
}

std::optional<Response> parse_query(Exchange& x) {
  auto params = parse_params(x.call.request->target);
  if (!params) return refused(x, params.error());
  x.call.query = std::move(params).value();
  for (const auto& [name, value] : x.call.query) {
    const auto& known = x.call.route->query;
    if (std::none_of(known.begin(), known.end(),
                     [&](const QueryParam& q) { return q.name == name; }))
      return refused(x, refuse(Code::kUnknownField, name));
  }
  return std::nullopt;
}

// The same refusal for every method, before the row is read.
std::optional<Response> check_addressed_row(Exchange& x) {
  const pb::RowKind kind = x.call.route->addressed;
  if (kind == pb::ROW_KIND_UNSPECIFIED) return std::nullopt;
  const auto& [name, id] = x.call.path.front();
  if (is_there(x.services.state(), x.call.actor, kind, id)) return std::nullopt;
  return refused_by_state(x, not_there(kind, id, std::string(name)));
}

std::optional<Response> parse_body(Exchange& x) {
  if (x.call.route->request == nullptr) return std::nullopt;
  if (!is_body_type(x.call.request->content_type))
    return refused(x, HttpFault::kUnsupportedType, "Content-Type");
  auto parsed = body_of(x.call);
  if (!parsed) return refused(x, parsed.error());
  x.body = std::move(parsed).value();
  return std::nullopt;
}

std::optional<Response> limit_batch(Exchange& x) {
  if (!takes_batch(*x.call.route)) return std::nullopt;
  const auto& batch = static_cast<const pb::BatchRequest&>(*x.body);
  const auto cost = cost_of(batch);
  if (cost > kMaxCostOfBatch) {
    return refused(
        x, refuse(Code::kBatchTooCostly, "commands", std::to_string(kMaxCostOfBatch.count())));
  }
  if (auto limited = over_time_of_address(x, cost)) return limited;
  const bool changes = !is_read_only(x.call.route->operation);
  return over_limit(x, changes ? std::max(1, batch.commands_size()) : 0, cost);
}

Response answer_directly(Exchange& x) {
  const Route& route = *x.call.route;
  if (route.raw != nullptr) return route.raw(x.services, x.call, x.body.get());
  auto answer = route.read != nullptr ? route.read(x.services, x.call)
                                      : route.compute(x.services, x.call, x.body.get());
  if (!answer) return refused_by_state(x, answer.error());
  Response r = render(x.call, std::move(answer).value());
  if (names_etag(x.call.request->if_none_match, r.etag)) {
    r.status = 304;
    r.body.clear();
  }
  return r;
}

Response refused_by_state(const Exchange& x, const Refusal& refusal) {
  Response r = problem(refusal, x.call.chinese);
  r.wait_for = x.services.runtime.applied_seq();
  return r;
}

Response too_often(const Call& call, std::chrono::seconds wait) {
  Response r = problem(HttpFault::kTooOften, call.chinese);
  r.retry_after = wait.count();
  return r;
}

}  // namespace qiao
