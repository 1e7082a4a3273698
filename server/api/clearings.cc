// Clearings: matching the whole market at once, and the outcome.
#include "qiao/v1/clearing.pb.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/background/clearinghouse.h"

namespace qiao {
namespace {

using google::protobuf::Message;

Result<HandlerResult> start_clearing(const Services& services, const Call& call,
                                     const Message* body) {
  const pb::ClearingRequest none;
  const auto& request = body == nullptr ? none : static_cast<const pb::ClearingRequest&>(*body);
  const auto covered = [&](Operation operation) {
    return scope_of(services.state(), operation, call.actor) != Scope::kNone &&
           services.gate.covers(call.identity, operation);
  };
  // Applying the result when the clearing ends is an operation of its own.
  const bool may =
      request.apply() == pb::CLEARING_APPLY_PROPOSE    ? covered(Operation::kProposeClearing)
      : request.apply() == pb::CLEARING_APPLY_DISPATCH ? covered(Operation::kDispatchClearing)
                                                       : true;
  if (!may) return refuse(Code::kTokenScope, "Authorization");
  QIAO_TRY(auto c, services.house.start(request, call.actor));
  HandlerResult a = result_of(pb::Clearing(c), 0);
  a.location = "/v1/clearings/" + std::to_string(c.id());
  return a;
}

Result<HandlerResult> list_clearings(const Services& services, const Call&) {
  pb::ListClearingsResponse r;
  for (pb::Clearing& c : services.house.list()) *r.add_clearings() = std::move(c);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_clearing(const Services& services, const Call& call) {
  QIAO_TRY(auto c, services.house.get(call.number("id")));
  return result_of(std::move(c), services.runtime.applied_seq());
}

Result<HandlerResult> cancel_clearing(const Services& services, const Call& call, const Message*) {
  QIAO_TRY(auto c, services.house.cancel(call.number("id"), call.actor));
  return result_of(std::move(c), 0);
}

template <pb::ClearingApply how>
Result<HandlerResult> apply_clearing(const Services& services, const Call& call, const Message*) {
  QIAO_TRY(auto c, services.house.apply(call.number("id"), how, call.actor));
  return result_of(std::move(c), services.runtime.applied_seq());
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/clearings",
     .id = "startClearing",
     .summary =
         "Starts a clearing: matches all open needs and offers at once; poll it until it is done "
         "(lead; organisers for their area). One runs at a time; others wait, the lead's first.",
     .tag = "clearing",
     .request = pb::ClearingRequest::descriptor,
     .response = pb::Clearing::descriptor,
     .success = 201,
     .body_optional = true,
     .compute = start_clearing},
    {.method = "GET",
     .pattern = "/v1/clearings",
     .id = "listClearings",
     .summary = "The latest clearings, the newest first.",
     .tag = "clearing",
     .response = pb::ListClearingsResponse::descriptor,
     .read = list_clearings},
    {.method = "GET",
     .pattern = "/v1/clearings/{id}",
     .id = "getClearing",
     .summary = "A clearing: progress, value, bound and gap, unserved lines and why, equity before "
                "and after.",
     .tag = "clearing",
     .response = pb::Clearing::descriptor,
     .read = get_clearing},
    {.method = "POST",
     .pattern = "/v1/clearings/{id}:cancel",
     .id = "cancelClearing",
     .summary = "Stops a clearing with the result so far; or removes it from the queue.",
     .tag = "clearing",
     .response = pb::Clearing::descriptor,
     .body_optional = true,
     .compute = cancel_clearing},
    {.method = "POST",
     .pattern = "/v1/clearings/{id}:propose",
     .id = "proposeClearing",
     .summary = "Creates a proposed match for each proposal that is still possible.",
     .tag = "clearing",
     .response = pb::Clearing::descriptor,
     .body_optional = true,
     .compute = apply_clearing<pb::CLEARING_APPLY_PROPOSE>},
    {.method = "POST",
     .pattern = "/v1/clearings/{id}:dispatch",
     .id = "dispatchClearing",
     .summary = "Dispatches each proposal that is still possible.",
     .tag = "clearing",
     .response = pb::Clearing::descriptor,
     .body_optional = true,
     .compute = apply_clearing<pb::CLEARING_APPLY_DISPATCH>},
};

}  // namespace

std::span<const Route> clearing_routes() { return kRoutes; }

}  // namespace qiao
