// Supply gaps, from the latest clearing.
#include "qiao/v1/clearing.pb.h"
#include "server/api/later.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/background/clearinghouse.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListSupplyGaps[] = {{"area", "Code of an area: there and below."},
                                          {"limit", "How many, 1..100; 10 by default.", "integer"}};

Response list_supply_gaps(const Services& services, const Call& call, const Message*) {
  const auto within = area_param(call, services.state());
  if (!within) return problem(within.error(), call.chinese);
  const auto most = query_number(call, "limit", 1, 100, 10);
  if (!most) return problem(most.error(), call.chinese);
  const auto start = [&analyst = services.analyst, &house = services.house, area = within.value(),
                      limit = most.value()](const auto& question, auto then) {
    const auto find = [&house, question, area, limit, then] {
      house.gaps(question, area, limit, [then](pb::SupplyGapsResponse found) {
        then(std::make_unique<pb::SupplyGapsResponse>(std::move(found)));
      });
    };
    analyst.in_turn(Lane::kGaps, question, find);
  };
  return later(call, services.analyst, start);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/supply-gaps",
     .id = "listSupplyGaps",
     .summary = "Supply gaps of the latest clearing: by place, skill, weekday and hour what one "
                "more unit would add, found by adding it and clearing again.",
     .tag = "clearing",
     .response = pb::SupplyGapsResponse::descriptor,
     .query = kListSupplyGaps,
     .raw = list_supply_gaps},
};

}  // namespace

std::span<const Route> supply_gap_routes() { return kRoutes; }

}  // namespace qiao
