#include "server/api/resources.h"

namespace qiao {

std::vector<Route> all_routes(bool with_backups) {
  std::vector<Route> routes;
  const auto add = [&](std::span<const Route> of_resource) {
    routes.insert(routes.end(), of_resource.begin(), of_resource.end());
  };
  for (const auto of_resource :
       {session_routes,  account_routes,  token_routes,      taxonomy_routes,     policy_routes,
        area_routes,     party_routes,    person_routes,     resident_routes,     offer_routes,
        need_routes,     matching_routes, match_routes,      notification_routes, clearing_routes,
        proposal_routes, equity_routes,   supply_gap_routes, report_routes,       inbox_routes,
        audit_routes,    event_routes,    batch_routes,      import_routes,       process_routes}) {
    add(of_resource());
  }
  if (with_backups) add(backup_routes());
  return routes;
}

}  // namespace qiao
