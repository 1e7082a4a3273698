// The results of a clearing, as text.
#pragma once

#include <ostream>

#include "qiao/v1/clearing.pb.h"
#include "qiao/v1/notification.pb.h"
#include "tools/qiao/session.h"

namespace qiao {

void show_clearing(Session& session, const pb::Clearing& clearing, std::ostream& out);
void show_proposals(Session& session, const pb::ListProposalsResponse& proposals,
                    std::ostream& out);
void show_gaps(Session& session, const pb::SupplyGapsResponse& gaps, std::ostream& out);
void show_equity(Session& session, const pb::EquityReport& report, std::ostream& out);
void show_notifications(Session& session, const pb::ListNotificationsResponse& notifications,
                        std::ostream& out);

// One line of progress: stage, value, bound and gap so far.
std::string progress_line(Session& session, const pb::Clearing& clearing);

}  // namespace qiao
