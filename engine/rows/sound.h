// Checks for values that the market never writes and that would make it crash: a damaged row may
// contain anything. Not a second validation (validate.h), whose rules change while stored rows do
// not: only values that would cause an invalid memory access, an endless loop or an overflow.
#pragma once

#include "engine/rows/facts.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/policy.pb.h"
#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

// For windows of lines and matches.
bool is_sound(const Interval& window);
bool is_sound(const AreaFacts& area);
bool is_sound(const PartyFacts& party);
bool is_sound(const OfferFacts& offer);
bool is_sound(const NeedFacts& need);
bool is_sound(const MatchFacts& match);
bool is_sound(const NotificationFacts& notification);
bool is_sound(const pb::Person& person);
bool is_sound(const pb::Account& account);
bool is_sound(const pb::Grant& grant);
bool is_sound(const pb::Taxonomy& taxonomy);
bool is_sound(const pb::Policy& policy);

}  // namespace qiao
