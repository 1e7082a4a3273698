// What posting a need would find, while its form is still being filled in, and what would change the picture.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// The need has been validated; it is looked at as if it were open. About a dozen counts for each line, each over the
// offers within reach.
pb::PreviewResponse preview(const Ranking& ranking, const pb::Need& need, std::uint32_t only_line, Time now);

}  // namespace qiao
