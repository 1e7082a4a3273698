#include "server/api/api.h"

#include <algorithm>

#include "engine/report/equity.h"
#include "engine/report/report.h"
#include "engine/report/workforce.h"
#include "server/api/counted.h"
#include "server/api/imports.h"
#include "server/api/problem.h"
#include "server/api/request_steps.h"
#include "server/api/resources.h"

namespace qiao {

Api::Api(Runtime& runtime, Clearinghouse& house, Analyst& analyst, Gate& gate, Metrics& metrics,
         ApiOptions options)
    : services_{.runtime = runtime,
                .house = house,
                .analyst = analyst,
                .gate = gate,
                .metrics = metrics,
                .options = std::move(options),
                .equity = std::make_shared<KeptCounts<EquityCount>>(),
                .reports = std::make_shared<KeptCounts<ReportCount>>(),
                .workforce = std::make_shared<KeptCounts<WorkforceCount>>(),
                .imports = std::make_shared<Imports>(analyst.context(), runtime, gate)},
      router_(all_routes(!services_.options.backup_folder.empty())) {
  services_.openapi = make_openapi(router_.routes());
}

Response Api::handle(const Request& request) {
  Gate& gate = services_.gate;
  services_.metrics.requests.add();
  Exchange x{.services = services_, .router = router_};
  x.call.began = gate.options().clock();
  x.call.request = &request;
  x.call.gate = &gate;
  x.call.epoch = services_.runtime.store().epoch();
  x.call.chinese = prefers_chinese(request.accept_language);
  Response r = run(x);
  const auto now = gate.options().clock();
  std::chrono::nanoseconds used = now - x.call.began;
  // Work that continues after the handler is charged by later().
  if (r.deferred) used = std::max<std::chrono::nanoseconds>(used, cost_of(x.call.route->operation));
  gate.charge_time(x.call.identity, request.credentials.address, used, now);
  services_.metrics.responses[std::min<std::size_t>(r.status / 100, 5)].add();
  return r;
}

// The order is a security property: no row is read before the client is authenticated.
Response Api::run(Exchange& x) {
  static constexpr Step kSteps[] = {
      find_route,    choose_format, limit_address,       authenticate, authorise,  check_capacity,
      limit_account, parse_query,   check_addressed_row, parse_body,   limit_batch};
  static constexpr Step kCommandSteps[] = {check_precondition, answer_repeated, build_command,
                                           limit_contacts};
  for (const Step step : kSteps) {
    if (auto response = step(x)) return std::move(*response);
  }
  if (x.call.route->command == nullptr) return answer_directly(x);
  for (const Step step : kCommandSteps) {
    if (auto response = step(x)) return std::move(*response);
  }
  return apply_command(x);
}

void Api::charge(std::string_view address, std::chrono::nanoseconds used) {
  services_.gate.charge_time({}, address, used, services_.gate.options().clock());
}

Gate::AuthResult<Identity> Api::watcher(const Credentials& credentials) const {
  auto who = services_.gate.identify(credentials);
  if (!who.good()) return who;
  const bool open = scope_of(Operation::kWatch, who.value.actor.role()) != Scope::kNone;
  if (!open)
    return {.error = who.value.known() ? AuthError::kRefused : AuthError::kUnauthenticated,
            .refusal = who.value.known() ? std::optional(refuse(Code::kRoleForbidden, "actor.role"))
                                         : std::nullopt};
  if (!services_.gate.covers(who.value, Operation::kWatch))
    return {.error = AuthError::kRefused, .refusal = refuse(Code::kRoleForbidden, "Authorization")};
  return who;
}

}  // namespace qiao
