// Limits how many needs a team may see the contact or the exact place of in a day, so that nobody
// can collect them all by revealing, claiming and withdrawing.
//
// A need counts once a day: when its contact is revealed, when it is claimed, or when a match that
// showed its exact place is withdrawn. Withdrawing is never refused. A team that has reached the
// limit cannot claim, and can reveal only the contacts of needs that it has revealed or claimed on
// that day. A batch that exceeds the limit by itself is always refused. A team and its branches are
// counted together.
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

  // The needs that a team's command, or the parts of a batch, would count.
  struct Asked {
    std::vector<NeedId> sees;  // revealed or claimed
    std::vector<NeedId> withdrawals;
  };
  static Asked asked_of(const pb::Command& command, const State& state);

  // Returns in how many seconds the team may do this, or nothing if it may now. Counts nothing.
  std::optional<std::chrono::seconds> wait_for(PartyId team, const Asked& asked, Moment now);
  // Counts a command that was done.
  void count(PartyId team, const Asked& asked, Moment now);

 private:
  // What a team has seen in the day that began at `since`.
  struct Seen {
    Moment since;
    boost::unordered_flat_set<NeedId> opened;   // revealed or claimed
    boost::unordered_flat_set<NeedId> charged;  // these, and the withdrawn ones
  };
  Seen& seen_by(PartyId team, Moment now);

  double needs_per_day_;
  Buckets<std::uint64_t> needs_;  // by team
  boost::unordered_flat_map<PartyId, Seen> seen_;
};

}  // namespace qiao
