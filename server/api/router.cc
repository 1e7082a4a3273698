#include "server/api/router.h"

#include <algorithm>
#include <charconv>

#include "engine/base/check.h"
#include "engine/rows/operations.h"
#include "server/api/problem.h"

namespace qiao {
namespace {

// Matches "needs/17:approve" against "needs/{id}:approve" and fills the numbers. Returns 1 for a
// match, 0 for a malformed number, -1 for no match.
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

// The kind of row addressed by the pattern, if not every row of it is public.
pb::RowKind addressed_kind(std::string_view pattern) {
  if (pattern.find("{id}") == std::string_view::npos) return pb::ROW_KIND_UNSPECIFIED;
  for (const auto kind : kKeyedKinds) {
    if (word_of(pattern) == collection_of(kind)) return row_kind_of(kind);
  }
  return pb::ROW_KIND_UNSPECIFIED;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, std::min(target.find('?'), target.size()));
}

}  // namespace

Router::Router(std::vector<Route> routes) : routes_(std::move(routes)) {
  for (Route& r : routes_) {
    const auto operation = find_operation(r.id);
    QIAO_CHECK(operation, "every route has a row in operations.inc");
    r.operation = *operation;
    r.addressed = addressed_kind(r.pattern);
  }
  for (const Route& r : routes_) by_word_[std::string(word_of(r.pattern))].push_back(&r);
}

const Route* Router::find(const Request& request, Call& call, Response& refusal) const {
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

}  // namespace qiao
