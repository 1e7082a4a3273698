// The inbox of the requester.
#include "engine/report/inbox.h"

#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

Result<HandlerResult> get_inbox(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
  return result_of(inbox(runtime.state(), call.actor, runtime.now()), runtime.applied_seq());
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/inbox",
     .id = "getInbox",
     .summary = "The to-do list of the requester: needs to check, dispatches to answer, services "
                "to begin, to end, to verify.",
     .tag = "reports",
     .response = pb::Inbox::descriptor,
     .read = get_inbox},
};

}  // namespace

std::span<const Route> inbox_routes() { return kRoutes; }

}  // namespace qiao
