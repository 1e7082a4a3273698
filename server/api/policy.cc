// The policy in force, replacing it, and the trial of another one on recent weeks.
#include "engine/market/validate.h"
#include "server/api/later.h"
#include "server/api/problem.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::int64_t kDefaultTrialDays = 30;

Result<HandlerResult> get_policy(const Services& services, const Call&) {
  return row_result(pb::Policy(services.state().policy()));
}

Result<pb::Request> set_policy(const Call&, const Message* body) {
  pb::Request c;
  *c.mutable_set_policy() = static_cast<const pb::Policy&>(*body);
  return c;
}

Status check_trial(const pb::PolicyTrialRequest& request, const State& state) {
  if (auto good = validate(request.policy()); !good) {
    Refusal refusal = good.error();
    refusal.field.insert(0, "policy.");
    return refusal;
  }
  if (request.policy().time_zone() != state.policy().time_zone())
    return refuse(Code::kTimeZoneInUse, "policy.timeZone");
  if (request.days() > kMostTrialDays)
    return refuse(Code::kOutOfRange, "days", "1.." + std::to_string(kMostTrialDays));
  return outcome::success();
}

Response try_policy(const Services& services, const Call& call, const Message* body) {
  const auto& request = static_cast<const pb::PolicyTrialRequest&>(*body);
  if (auto good = check_trial(request, services.state()); !good)
    return problem(good.error(), call.chinese);
  const std::int64_t days = request.days() == 0 ? kDefaultTrialDays : request.days();
  const auto start = [&analyst = services.analyst, policy = request.policy(), days](
                         const auto& question, auto then) {
    analyst.try_policy(question, policy, days, [then](Result<pb::PolicyTrial> r) {
      if (!r) return then(std::move(r).error());
      then(std::make_unique<pb::PolicyTrial>(std::move(r).value()));
    });
  };
  return later(call, services.analyst, start);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/policy",
     .id = "getPolicy",
     .summary = "The policy in force.",
     .tag = "city",
     .response = pb::Policy::descriptor,
     .read = get_policy},
    {.method = "PUT",
     .pattern = "/v1/policy",
     .id = "setPolicy",
     .summary = "Sets the policy (lead).",
     .tag = "city",
     .request = pb::Policy::descriptor,
     .response = pb::Policy::descriptor,
     .command = set_policy},
    {.method = "POST",
     .pattern = "/v1/policy:try",
     .id = "tryPolicy",
     .summary = "A trial: the result of a policy for the needs of the last weeks, compared with "
                "the policy in force, on a copy. Changes nothing; takes up to a minute.",
     .tag = "city",
     .request = pb::PolicyTrialRequest::descriptor,
     .response = pb::PolicyTrial::descriptor,
     .raw = try_policy},
};

}  // namespace

std::span<const Route> policy_routes() { return kRoutes; }

}  // namespace qiao
