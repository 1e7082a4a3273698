// How evenly communities are served.
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/background/clearinghouse.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kGetEquity[] = {
    {"clearing", "Id of the clearing; by default the latest.", "integer"}, kRowsOnPage, kPageToken};

Response get_equity(const Services& services, const Call& call, const Message*) {
  const auto id = query_number(call, "clearing", 0, kAny, 0);
  if (!id) return problem(id.error(), call.chinese);
  return counted_page_of(
      call, services.analyst, services.equity, kNoSlot,
      [&] { return services.house.equity_report(id.value()); },
      [](pb::EquityReport& report, const EquityCount& count, std::size_t place) {
        *report.add_communities() = count.row(place);
      });
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/equity",
     .id = "getEquity",
     .summary =
         "Equity: how evenly communities are served now and with every proposal of a clearing.",
     .tag = "clearing",
     .response = pb::EquityReport::descriptor,
     .query = kGetEquity,
     .raw = get_equity},
};

}  // namespace

std::span<const Route> equity_routes() { return kRoutes; }

}  // namespace qiao
