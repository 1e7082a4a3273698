// How many needs a team may see the contact or the exact place of in a day, so that nobody collects
// them all by claiming, looking and withdrawing.
//
// A need counts once a day: when its contact is looked at, when it is claimed, or when a match that
// showed its exact place is withdrawn. Nobody is kept from withdrawing; whoever has used up the
// day's number claims nothing, and looks at no contact but of a need that it has looked at or
// claimed that day. No batch asks for more than a day's number. A team and all that belong to it
// count as one.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "engine/rows/state.h"
#include "qiao/v1/command.pb.h"
#include "server/access/buckets.h"

namespace qiao {

// Single-threaded.
class ContactLimit {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // 0: no limit.
  explicit ContactLimit(double needs_per_day);

  // What a team's command, or the parts of a batch, asks for.
  struct Asked {
    std::vector<NeedId> sees;  // by looking, or by claiming
    std::vector<NeedId> withdrawals;
  };
  static Asked asked_of(const pb::Command& command, const State& state);

  // In how many seconds it may; nothing where it may now. Counts nothing.
  std::optional<std::chrono::seconds> wait_for(PartyId team, const Asked& asked, Moment now);
  // Counts what was done.
  void count(PartyId team, const Asked& asked, Moment now);

 private:
  // What a team has seen since; of a day.
  struct Seen {
    Moment since;
    boost::unordered_flat_set<NeedId> opened;   // looked at, or claimed
    boost::unordered_flat_set<NeedId> charged;  // these, and what was withdrawn
  };
  Seen& seen_by(PartyId team, Moment now);

  double needs_per_day_;
  Buckets<std::uint64_t> needs_;  // by team
  boost::unordered_flat_map<PartyId, Seen> seen_;
};

}  // namespace qiao
