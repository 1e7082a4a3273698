// Several requests at once: applied all or nothing, or only checked.
#include <algorithm>

#include "engine/rows/limits.h"
#include "qiao/v1/request.pb.h"
#include "server/api/command_of.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

Result<pb::Request> apply_batch(const Call&, const Message* body) {
  pb::Request c;
  *c.mutable_batch() = static_cast<const pb::BatchRequest&>(*body);
  return c;
}

// The refusals of command_of and of the market, in the order of the requests.
Result<std::vector<Market::Refused>> refused_of(const pb::BatchRequest& asked,
                                                const Identity& identity,
                                                const Services& services) {
  if (asked.commands_size() > kMaxRequestsPerBatch)
    return refuse(Code::kTooMany, "commands", std::to_string(kMaxRequestsPerBatch));
  std::vector<Market::Refused> refused;
  pb::Batch batch;
  std::vector<int> places;  // of the commands that the market checks
  for (int i = 0; i < asked.commands_size(); ++i) {
    auto command = part_command_of(asked.commands(i), identity, services.gate);
    if (!command) {
      refused.push_back({i, std::move(command).error()});
      continue;
    }
    *batch.add_commands() = std::move(command).value();
    places.push_back(i);
  }
  QIAO_TRY(auto by_market, services.runtime.check(batch, identity.actor));
  for (Market::Refused& one : by_market)
    refused.push_back({places[static_cast<std::size_t>(one.index)], std::move(one.refusal)});
  std::sort(refused.begin(), refused.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  return refused;
}

Result<HandlerResult> check_batch(const Services& services, const Call& call, const Message* body) {
  QIAO_TRY(const auto refused,
           refused_of(static_cast<const pb::BatchRequest&>(*body), call.identity, services));
  pb::CheckBatchResponse r;
  for (const Market::Refused& one : refused) {
    pb::RefusedCommand& out = *r.add_refused();
    out.set_index(static_cast<std::uint32_t>(one.index));
    out.set_code(std::string(info(one.refusal.code).code));
    out.set_field(one.refusal.field);
    out.set_zh(one.refusal.zh());
    out.set_en(one.refusal.en());
  }
  return result_of(std::move(r), services.runtime.applied_seq());
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/batch",
     .id = "applyBatch",
     .summary = "Applies several requests, all or none.",
     .tag = "city",
     .request = pb::BatchRequest::descriptor,
     .response = pb::BatchResponse::descriptor,
     .command = apply_batch},
    {.method = "POST",
     .pattern = "/v1/batch:check",
     .id = "checkBatch",
     .summary = "Lists the commands of a batch that would be refused, each with its reason. "
                "Changes nothing.",
     .tag = "city",
     .request = pb::BatchRequest::descriptor,
     .response = pb::CheckBatchResponse::descriptor,
     .compute = check_batch},
};

}  // namespace

std::span<const Route> batch_routes() { return kRoutes; }

}  // namespace qiao
