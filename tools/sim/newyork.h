// The second real input: New York City's volunteer opportunities (open data set bquu-z2ht) as
// needs.
#pragma once

#include <string>
#include <vector>

#include "engine/base/time_zone.h"
#include "qiao/v1/need.pb.h"
#include "tools/sim/places.h"
#include "tools/sim/population.h"

namespace qiao {

struct Opportunities {
  std::vector<Place> places;       // the city and its five boroughs, by census codes
  std::vector<pb::Need> needs;     // one a row
  std::vector<std::string> notes;  // rows with guessed values, and why
};

// Reads the original CSV. Dates (most of 2011) are moved by whole 52 weeks to the first such day
// after `now`, so that weekday and season stay; a row without coordinates is placed at its
// borough's centre, by its postcode; missing hours are 10:00 to 13:00.
Result<Opportunities> read_opportunities(const std::string& path, const TimeZone& zone, Time now);

// The file has no supply: generates teams of volunteers in the boroughs, by seed.
std::vector<Giver> newyork_teams(const std::vector<Place>& places, std::int64_t count,
                                 std::uint64_t seed);

}  // namespace qiao
