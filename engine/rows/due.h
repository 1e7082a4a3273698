// When the market acts on a row that does not change. Pure functions of the row and the policy.
#pragma once

#include "engine/rows/facts.h"
#include "qiao/v1/party.pb.h"
#include "qiao/v1/policy.pb.h"

namespace qiao {

// Over the lines of a need.
struct NeedTimes {
  Time first_start;
  Time last_start;
  Time last_end;
  // After this no offer can be matched any more: its deadline, or the last start of a line (the
  // first if all or nothing).
  Time closing;
};
NeedTimes times_of(const pb::Need& need);
NeedTimes times_of(const NeedFacts& need);

// 0: never.
Time due_of(const NeedFacts& need, const pb::Policy& policy);
Time due_of(const MatchFacts& match, const pb::Policy& policy);
Time due_of(const pb::Person& person, const pb::Policy& policy);

}  // namespace qiao
