// Explanations of a pair, in numbers and sentences.
#pragma once

#include "engine/match/ranking.h"
#include "qiao/v1/query.pb.h"

namespace qiao {

// For any pair, matched or not: the first rule that excludes it, or every factor.
pb::Explanation explain(const Ranking& ranking, Slot line, Slot offer, Time now);

// Explains a given judgement. need_id and line are 0 if the need is not posted.
pb::Explanation explain(const Ranking& ranking, const NeedRow& need, const LineRow& line,
                        Slot offer, const Judgement& judgement);

// A candidate with the names of need, offer and party.
pb::RankedPair to_ranked_pair(const Ranking& ranking, const NeedRow& need, const LineRow& line,
                              const Candidate& candidate, std::uint32_t rank);

}  // namespace qiao
