// The areas of a generated market: real names and codes, and positions guessed by seed.
#pragma once

#include <string>
#include <vector>

#include "engine/base/geography.h"
#include "engine/base/refusal.h"
#include "qiao/v1/area.pb.h"

namespace qiao {

namespace pb = qiao::v1;

struct Place {
  std::uint64_t code = 0;
  std::uint64_t parent = 0;
  pb::AreaLevel level{};
  std::string name;
  Point point;
  std::uint32_t population = 0;
  bool urban = false;  // a residents' community (last digits 001..199)
};

// Errors name the file in the refusal's field.
//
// One city: `areas` is a CSV of code,name,level,parent (as data/ningguo/areas.csv); `outline` a
// GeoJSON of its outline, or empty for a square around China's middle. The data sets have no
// coordinates of towns and villages: they are placed inside the outline, villages near their town,
// by the seed.
Result<std::vector<Place>> read_city(const std::string& areas, const std::string& outline,
                                     std::uint64_t seed);

// A province or the nation: `folder` holds counties.csv, streets.csv.gz and villages.csv.gz; only
// codes that begin with `prefix` (empty: all 620,573 villages). Counties become cities; their towns
// and villages are placed inside their box.
Result<std::vector<Place>> read_divisions(const std::string& folder, const std::string& prefix,
                                          std::uint64_t seed);

pb::Area to_area(const Place& place);

}  // namespace qiao
