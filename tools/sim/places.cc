#include "tools/sim/places.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>

#include "engine/base/number_text.h"
#include "engine/base/random.h"
#include "proto/text/csv.h"
#include "proto/text/notation.h"
#include "tools/io/file.h"

namespace qiao {
namespace {

// Rows behind the header, each with at least so many fields.
Status each_row(const std::string& path, std::size_t fields,
                const std::function<Status(const std::vector<std::string>&)>& row) {
  QIAO_TRY(const std::string text, read_file(path, path));
  CsvReader reader(text);
  bool header = true;
  while (auto record = reader.next()) {
    QIAO_TRY(const CsvRecord r, std::move(*record));
    if (std::exchange(header, false)) continue;
    const std::string at = path + ":" + std::to_string(r.line);
    if (r.fields.size() < fields) return refuse(Code::kMalformed, at, "too few fields", "列数不足");
    QIAO_TRY(row(r.fields));
  }
  return outcome::success();
}

Result<std::uint64_t> code_of(const std::string& text, const std::string& path) {
  const auto v = parse_number<std::uint64_t>(text);
  if (!v) return refuse_type(path + ": " + text, "integer");
  return *v;
}

struct Degrees {
  double latitude;
  double longitude;
};

Point to_point(Degrees d) {
  return {static_cast<std::int32_t>(d.latitude * 1e7),
          static_cast<std::int32_t>(d.longitude * 1e7)};
}

double unit(Random& random) { return static_cast<double>(random.next() >> 11) * 0x1p-53; }

using Ring = std::vector<Degrees>;

// Even-odd rule.
bool inside(const Ring& ring, Degrees p) {
  bool in = false;
  for (std::size_t i = 0, j = ring.size() - 1; i < ring.size(); j = i++) {
    const auto& a = ring[i];
    const auto& b = ring[j];
    if ((a.latitude > p.latitude) != (b.latitude > p.latitude) &&
        p.longitude <
            (b.longitude - a.longitude) * (p.latitude - a.latitude) / (b.latitude - a.latitude) +
                a.longitude) {
      in = !in;
    }
  }
  return in;
}

// A point about that far from another, within the outline if a hundred tries find one.
Degrees near(Random& random, Degrees centre, double least_km, double most_km, const Ring& outline) {
  constexpr double kKilometresPerDegree = 111.2;
  Degrees p = centre;
  for (int i = 0; i < 100; ++i) {
    const double angle = unit(random) * 6.283185307179586;
    const double km = least_km + (most_km - least_km) * std::sqrt(unit(random));
    p = {centre.latitude + km / kKilometresPerDegree * std::sin(angle),
         centre.longitude + km / kKilometresPerDegree /
                                std::max(0.2, std::cos(centre.latitude * 0.017453292519943295)) *
                                std::cos(angle)};
    if (outline.empty() || inside(outline, p)) return p;
  }
  return centre;
}

Degrees within_box(Random& random, const Ring& outline) {
  auto [south, north] = std::minmax_element(
      outline.begin(), outline.end(), [](auto& a, auto& b) { return a.latitude < b.latitude; });
  auto [west, east] = std::minmax_element(
      outline.begin(), outline.end(), [](auto& a, auto& b) { return a.longitude < b.longitude; });
  Degrees p{};
  do {
    p = {south->latitude + (north->latitude - south->latitude) * unit(random),
         west->longitude + (east->longitude - west->longitude) * unit(random)};
  } while (!inside(outline, p));
  return p;
}

struct Outline {
  Degrees centre{30.0, 112.0};
  Ring ring;
};

Result<Outline> read_outline(const std::string& path) {
  Outline o;
  if (path.empty()) {
    o.ring = {{29.7, 111.7}, {29.7, 112.3}, {30.3, 112.3}, {30.3, 111.7}};
    return o;
  }
  QIAO_TRY(const std::string text, read_file(path, path));
  boost::system::error_code error;
  const auto value = boost::json::parse(text, error);
  const auto bad = [&] {
    return refuse(Code::kMalformed, path, "not a GeoJSON outline", "不是GeoJSON轮廓");
  };
  if (error) return bad();
  const auto* feature = value.find_pointer("/features/0", error);
  if (feature == nullptr) return bad();
  const auto* type = feature->find_pointer("/geometry/type", error);
  const auto* ring =
      type != nullptr ? feature->find_pointer(*type == "MultiPolygon" ? "/geometry/coordinates/0/0"
                                                                      : "/geometry/coordinates/0",
                                              error)
                      : nullptr;
  if (ring == nullptr || !ring->is_array()) return bad();
  const auto degrees = [](const boost::json::value& v) {
    return Degrees{v.at(1).to_number<double>(), v.at(0).to_number<double>()};
  };
  for (const auto& p : ring->get_array()) o.ring.push_back(degrees(p));
  const auto* centre = feature->find_pointer("/properties/center", error);
  o.centre = centre != nullptr ? degrees(*centre) : o.ring.front();
  return o;
}

bool is_urban(std::uint64_t code) { return code % 1000 >= 1 && code % 1000 < 200; }

std::uint32_t some_population(Random& random, bool urban) {
  return static_cast<std::uint32_t>(urban ? random.between(4'000, 14'000)
                                          : random.between(900, 4'200));
}

// Towns and cities have the population of their parts. Children come after parents.
void add_up(std::vector<Place>& places) {
  boost::unordered_flat_map<std::uint64_t, std::size_t> at;
  for (std::size_t i = 0; i < places.size(); ++i) at.emplace(places[i].code, i);
  for (std::size_t i = places.size(); i-- > 0;) {
    if (const auto parent = at.find(places[i].parent); parent != at.end())
      places[parent->second].population += places[i].population;
  }
}

// The divisions of a country, from a file of counties, one of streets and towns, and one of
// villages.
class Divisions {
 public:
  Divisions(const std::string& prefix, std::uint64_t seed) : prefix_(prefix), random_(seed) {}

  Status read_counties(const std::string& path);
  // After the counties.
  Status read_streets(const std::string& path);
  // After the streets.
  Status read_villages(const std::string& path);
  std::vector<Place> take_places() { return std::move(places_); }

 private:
  // Where the county with a code of six digits lies. It becomes a place when it is first asked for.
  Degrees county(std::uint64_t code);
  // Of a county that is not in the file: of its prefecture or its province, or of the country.
  Degrees centre_of(std::uint64_t county_code) const;

  std::string prefix_;
  Random random_;
  std::vector<Place> places_;
  boost::unordered_flat_map<std::uint64_t, Degrees> at_;
  // By code of county, prefecture and province.
  boost::unordered_flat_map<std::uint64_t, Degrees> centres_;
  boost::unordered_flat_map<std::uint64_t, std::string> names_;
};

Status Divisions::read_counties(const std::string& path) {
  return each_row(path, 5, [&](const std::vector<std::string>& f) -> Status {
    QIAO_TRY(const auto code, code_of(f[0], path));
    QIAO_TRY(const auto longitude, parse_degrees(f[3], path));
    QIAO_TRY(const auto latitude, parse_degrees(f[4], path));
    const Degrees d{latitude / 1e7, longitude / 1e7};
    centres_.emplace(code, d);
    centres_.emplace(code / 100, d);
    centres_.emplace(code / 10'000, d);
    names_.emplace(code, f[1]);
    return outcome::success();
  });
}

Degrees Divisions::centre_of(std::uint64_t county_code) const {
  for (const std::uint64_t code : {county_code, county_code / 100, county_code / 10'000}) {
    if (const auto it = centres_.find(code); it != centres_.end()) return it->second;
  }
  return {35.0, 105.0};
}

Degrees Divisions::county(std::uint64_t code) {
  const std::uint64_t key = code * 1'000'000;
  if (const auto there = at_.find(key); there != at_.end()) return there->second;
  const Degrees d = centre_of(code);
  const auto name = names_.find(code);
  places_.push_back({key, 0, pb::AREA_LEVEL_CITY,
                     name != names_.end() ? name->second : "区县" + std::to_string(code),
                     to_point(d)});
  at_.emplace(key, d);
  return d;
}

Status Divisions::read_streets(const std::string& path) {
  return each_row(path, 3, [&](const std::vector<std::string>& f) -> Status {
    if (!f[0].starts_with(prefix_)) return outcome::success();
    QIAO_TRY(const auto code, code_of(f[0], path));
    QIAO_TRY(const auto county_code, code_of(f[2], path));
    const Degrees centre = county(county_code);
    // A county without towns stands in the list as its own.
    if (code % 1000 == 0) return outcome::success();
    const bool street = code % 1000 < 100;
    const Degrees d = near(random_, centre, street ? 0.5 : 4.0, street ? 5.0 : 30.0, {});
    places_.push_back(
        {code * 1000, county_code * 1'000'000, pb::AREA_LEVEL_TOWN, f[1], to_point(d)});
    at_.emplace(code * 1000, d);
    return outcome::success();
  });
}

Status Divisions::read_villages(const std::string& path) {
  return each_row(path, 3, [&](const std::vector<std::string>& f) -> Status {
    if (!f[0].starts_with(prefix_)) return outcome::success();
    QIAO_TRY(const auto code, code_of(f[0], path));
    QIAO_TRY(const auto town, code_of(f[2], path));
    const auto parent = at_.find(town * 1000);
    // The one row that is a county over again (350527, without towns or villages) is no village.
    if (parent == at_.end() || code % 1000 == 0) return outcome::success();
    const bool urban = is_urban(code);
    const Degrees d = near(random_, parent->second, 0.2, urban ? 1.8 : 6.0, {});
    places_.push_back({code, town * 1000, pb::AREA_LEVEL_COMMUNITY, f[1], to_point(d),
                       some_population(random_, urban), urban});
    return outcome::success();
  });
}

}  // namespace

Result<std::vector<Place>> read_city(const std::string& areas, const std::string& outline_path,
                                     std::uint64_t seed) {
  QIAO_TRY(const Outline outline, read_outline(outline_path));
  Random random(seed);
  std::vector<Place> places;
  boost::unordered_flat_map<std::uint64_t, Degrees> at;
  QIAO_TRY(each_row(areas, 4, [&](const std::vector<std::string>& f) -> Status {
    Place p;
    QIAO_TRY(p.code, code_of(f[0], areas));
    p.name = f[1];
    if (!f[3].empty()) {
      QIAO_TRY(p.parent, code_of(f[3], areas));
    }
    Degrees where = outline.centre;
    if (f[2] == "city") {
      p.level = pb::AREA_LEVEL_CITY;
    } else if (f[2] == "town") {
      p.level = pb::AREA_LEVEL_TOWN;
      // Subdistricts (code digits 7-9 below 100) form the city; towns are around it.
      where = p.code / 1000 % 1000 < 100 ? near(random, outline.centre, 0.8, 5.0, outline.ring)
                                         : within_box(random, outline.ring);
    } else if (f[2] == "community") {
      p.level = pb::AREA_LEVEL_COMMUNITY;
      p.urban = is_urban(p.code);
      p.population = some_population(random, p.urban);
      if (const auto parent = at.find(p.parent); parent != at.end()) {
        where = p.urban ? near(random, parent->second, 0.2, 1.8, outline.ring)
                        : near(random, parent->second, 1.0, 7.0, outline.ring);
      }
    } else {
      return refuse(Code::kOutOfRange, areas + ": " + f[2], "city, town, community");
    }
    at.emplace(p.code, where);
    p.point = to_point(where);
    places.push_back(std::move(p));
    return outcome::success();
  }));
  add_up(places);
  return places;
}

Result<std::vector<Place>> read_divisions(const std::string& folder, const std::string& prefix,
                                          std::uint64_t seed) {
  Divisions divisions(prefix, seed);
  QIAO_TRY(divisions.read_counties(folder + "/counties.csv"));
  QIAO_TRY(divisions.read_streets(folder + "/streets.csv.gz"));
  QIAO_TRY(divisions.read_villages(folder + "/villages.csv.gz"));
  std::vector<Place> places = divisions.take_places();
  std::stable_sort(places.begin(), places.end(),
                   [](const Place& a, const Place& b) { return a.level < b.level; });
  add_up(places);
  return places;
}

pb::Area to_area(const Place& place) {
  pb::Area a;
  a.set_code(place.code);
  a.set_parent_code(place.parent);
  a.set_level(place.level);
  a.set_name(place.name);
  a.mutable_point()->set_latitude_e7(place.point.latitude_e7);
  a.mutable_point()->set_longitude_e7(place.point.longitude_e7);
  a.set_population(place.population);
  return a;
}

}  // namespace qiao
