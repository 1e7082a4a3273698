// The route tables: one file for each resource, with its handlers and its table.
#pragma once

#include <span>
#include <vector>

#include "server/api/route.h"

namespace qiao {

std::span<const Route> account_routes();
std::span<const Route> area_routes();
std::span<const Route> audit_routes();
std::span<const Route> backup_routes();
std::span<const Route> batch_routes();
std::span<const Route> clearing_routes();
std::span<const Route> equity_routes();
std::span<const Route> event_routes();
std::span<const Route> import_routes();
std::span<const Route> inbox_routes();
std::span<const Route> match_routes();
std::span<const Route> matching_routes();
std::span<const Route> need_routes();
std::span<const Route> notification_routes();
std::span<const Route> offer_routes();
std::span<const Route> party_routes();
std::span<const Route> person_routes();
std::span<const Route> policy_routes();
std::span<const Route> process_routes();
std::span<const Route> proposal_routes();
std::span<const Route> report_routes();
std::span<const Route> resident_routes();
std::span<const Route> session_routes();
std::span<const Route> supply_gap_routes();
std::span<const Route> taxonomy_routes();
std::span<const Route> token_routes();

// All routes; those of backups only if backups are configured.
std::vector<Route> all_routes(bool with_backups);

}  // namespace qiao
