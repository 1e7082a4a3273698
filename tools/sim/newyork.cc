#include "tools/sim/newyork.h"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <sstream>

#include "engine/base/random.h"
#include "engine/rows/limits.h"
#include "proto/text/csv.h"
#include "proto/text/encoding.h"
#include "proto/text/notation.h"
#include "tools/io/file.h"

namespace qiao {
namespace {

constexpr std::uint64_t kCity = 360'510'000'000;

struct Borough {
  std::uint64_t code;
  const char* name;
  const char* column;  // as the data set spells it
  Point centre;
  std::uint32_t population;
};
constexpr std::array<Borough, 5> kBoroughs = {
    {{360'610'000'000, "Manhattan", "MANHATTAN", {407831000, -739712000}, 1'694'000},
     {360'050'000'000, "The Bronx", "BRONX", {408448000, -738648000}, 1'472'000},
     {360'470'000'000, "Brooklyn", "BROOKLYN", {406782000, -739442000}, 2'736'000},
     {360'810'000'000, "Queens", "QUEENS", {407282000, -737949000}, 2'405'000},
     {360'850'000'000, "Staten Island", "STATEN IS", {405795000, -741502000}, 495'000}}};

struct Theme {
  const char* theirs;
  const char* ours;
};
constexpr std::array<Theme, 6> kCategories = {{{"Strengthening Communities", "events"},
                                               {"Helping Neighbors in Need", "hardship_relief"},
                                               {"Education", "student_aid"},
                                               {"Health", "health"},
                                               {"Environment", "environment"},
                                               {"Emergency Preparedness", "emergency"}}};

const Borough* by_postcode(std::string_view code) {
  if (code.size() < 3) return nullptr;
  const std::string_view head = code.substr(0, 3);
  if (head == "100" || head == "101" || head == "102") return &kBoroughs[0];
  if (head == "104") return &kBoroughs[1];
  if (head == "112") return &kBoroughs[2];
  if (head == "103") return &kBoroughs[4];
  return &kBoroughs[3];
}

// "January 22 2011"
std::optional<std::chrono::local_days> date_of(const std::string& text) {
  static constexpr std::array<const char*, 12> kMonths = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  std::istringstream in(text);
  std::string month;
  unsigned day = 0;
  int year = 0;
  if (!(in >> month >> day >> year)) return std::nullopt;
  const auto it = std::find(kMonths.begin(), kMonths.end(), month);
  if (it == kMonths.end()) return std::nullopt;
  const std::chrono::year_month_day ymd{
      std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(it - kMonths.begin() + 1)},
      std::chrono::day{day}};
  if (!ymd.ok()) return std::nullopt;
  return std::chrono::local_days{ymd};
}

// "'latitude': '40.72…'" out of a Python literal.
std::optional<std::int32_t> coordinate(const std::string& text, const std::string& name) {
  const std::string key = "'" + name + "': '";
  const auto at = text.find(key);
  if (at == std::string::npos) return std::nullopt;
  const auto from = at + key.size();
  const auto degrees =
      parse_degrees(std::string_view(text).substr(from, text.find('\'', from) - from), name);
  return degrees ? std::optional(degrees.value()) : std::nullopt;
}

// Removes tags, decodes entities, folds spaces, truncates between characters.
std::string plain(std::string_view html, std::size_t most) {
  std::string out;
  bool tag = false;
  bool space = false;
  for (std::size_t i = 0; i < html.size(); ++i) {
    char c = html[i];
    if (c == '<') tag = true;
    if (tag) {
      if (c == '>') {
        tag = false;
        space = true;
      }
      continue;
    }
    for (const auto& [entity, letter] : {std::pair{"&nbsp;", ' '},
                                         {"&amp;", '&'},
                                         {"&quot;", '"'},
                                         {"&#39;", '\''},
                                         {"&lt;", '<'},
                                         {"&gt;", '>'}}) {
      if (html.substr(i).starts_with(entity)) {
        c = letter;
        i += std::string_view(entity).size() - 1;
        break;
      }
    }
    if (static_cast<unsigned char>(c) <= ' ') {
      space = true;
      continue;
    }
    if (space && !out.empty()) out += ' ';
    space = false;
    out += c;
  }
  if (out.size() > most) {
    out.resize(most);
    while (!out.empty() && !is_utf8(out)) out.pop_back();
  }
  return out;
}

// The city and its boroughs.
std::vector<Place> city_and_boroughs() {
  std::vector<Place> places;
  places.push_back({kCity, 0, pb::AREA_LEVEL_CITY, "New York City", {407128000, -740060000}});
  for (const Borough& b : kBoroughs) {
    places.push_back(
        {b.code, kCity, pb::AREA_LEVEL_COMMUNITY, b.name, b.centre, b.population, true});
    places.front().population += b.population;
  }
  return places;
}

using Columns = boost::unordered_flat_map<std::string, std::size_t>;

Result<Columns> columns_of(const CsvRecord& header, const std::string& path) {
  Columns columns;
  for (std::size_t i = 0; i < header.fields.size(); ++i) columns.emplace(header.fields[i], i);
  for (const char* wanted :
       {"opportunity_id", "title", "summary", "category_desc", "vol_requests", "locality",
        "Postcode", "Borough", "Latitude", "Longitude", "hours", "start_date_date"}) {
    if (!columns.contains(wanted)) return refuse(Code::kRequired, path + ": " + wanted);
  }
  return columns;
}

// One row of the file; what has to be guessed in it is noted.
struct Row {
  const CsvRecord& record;
  const Columns& columns;
  std::vector<std::string>& notes;

  const std::string& cell(const char* name) const { return record.fields[columns.at(name)]; }
  void note(const char* what) const {
    notes.push_back("line " + std::to_string(record.line) + ": " + what);
  }
};

void set_texts(pb::Need& need, const Row& row) {
  need.set_title(plain(row.cell("title"), kMaxNameBytes));
  if (need.title().empty()) need.set_title("Opportunity " + row.cell("opportunity_id"));
  need.set_description(plain(row.cell("summary"), kMaxDescriptionBytes));
}

void set_category(pb::Need& need, const Row& row) {
  need.set_category("other");
  for (const Theme& c : kCategories) {
    if (row.cell("category_desc") == c.theirs) need.set_category(c.ours);
  }
  if (need.category() == "other") row.note("no category; \"other\"");
}

const Borough& borough_of(const Row& row) {
  const auto cell = trimmed(row.cell("Borough"));
  const auto named = std::find_if(kBoroughs.begin(), kBoroughs.end(),
                                  [&](const Borough& b) { return cell == b.column; });
  const Borough* borough = named != kBoroughs.end() ? &*named : by_postcode(row.cell("Postcode"));
  if (borough != nullptr) return *borough;
  row.note("neither borough nor postcode; Manhattan");
  return kBoroughs[0];
}

void set_point(pb::Need& need, const Row& row, const Borough& borough) {
  auto latitude = coordinate(row.cell("locality"), "latitude");
  auto longitude = coordinate(row.cell("locality"), "longitude");
  if (!latitude || !longitude) {
    const auto y = parse_degrees(row.cell("Latitude"), "Latitude");
    const auto x = parse_degrees(row.cell("Longitude"), "Longitude");
    latitude = y ? std::optional(y.value()) : std::nullopt;
    longitude = x ? std::optional(x.value()) : std::nullopt;
  }
  if (!latitude || !longitude) {
    row.note("no coordinates; the borough's centre");
    latitude = borough.centre.latitude_e7;
    longitude = borough.centre.longitude_e7;
  }
  need.mutable_point()->set_latitude_e7(*latitude);
  need.mutable_point()->set_longitude_e7(*longitude);
}

// When the row begins: at ten, moved by whole 52 weeks to the first such day after `now`.
Time start_of(const Row& row, const TimeZone& zone, Time now) {
  auto day = date_of(row.cell("start_date_date"));
  if (!day) {
    row.note("no date; tomorrow");
    day = std::chrono::floor<std::chrono::days>(zone.to_local(now)) + std::chrono::days{1};
  }
  Time start = zone.to_utc(LocalTime{*day} + std::chrono::hours{10});
  while (start <= now) {
    *day += std::chrono::days{364};
    start = zone.to_utc(LocalTime{*day} + std::chrono::hours{10});
  }
  return start;
}

void add_line(pb::Need& need, const Row& row, Time start) {
  const auto hours = parse_integer(row.cell("hours"), "hours");
  const int length =
      hours && hours.value() > 0 && hours.value() <= 24 ? static_cast<int>(hours.value()) : 3;
  const auto people = parse_integer(row.cell("vol_requests"), "vol_requests");
  pb::RequirementLine& helpers = *need.add_lines();
  helpers.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  helpers.set_quantity(people ? std::clamp<std::int64_t>(people.value(), 1, kMaxTimeQuantity) : 1);
  helpers.mutable_window()->set_start(to_int(start));
  helpers.mutable_window()->set_end(to_int(start) + length * 3600);
}

pb::Need need_of(const Row& row, const TimeZone& zone, Time now) {
  pb::Need need;
  set_texts(need, row);
  set_category(need, row);
  const Borough& borough = borough_of(row);
  need.set_area_code(borough.code);
  set_point(need, row, borough);
  add_line(need, row, start_of(row, zone, now));
  return need;
}

}  // namespace

Result<Opportunities> read_opportunities(const std::string& path, const TimeZone& zone, Time now) {
  QIAO_TRY(const std::string bytes, read_file(path, path));
  const auto text = to_utf8(bytes);
  if (!text) return refuse(Code::kNotUtf8, path);
  Opportunities result;
  result.places = city_and_boroughs();
  CsvReader reader(*text);
  auto header = reader.next();
  if (!header) return refuse(Code::kMalformed, path, "empty", "文件为空");
  QIAO_TRY(const CsvRecord names, std::move(*header));
  QIAO_TRY(const Columns columns, columns_of(names, path));
  while (auto next = reader.next()) {
    QIAO_TRY(const CsvRecord record, std::move(*next));
    if (record.fields.size() != names.fields.size()) {
      return refuse(Code::kMalformed, path + ":" + std::to_string(record.line),
                    "wrong number of fields", "列数不对");
    }
    result.needs.push_back(need_of({record, columns, result.notes}, zone, now));
  }
  return result;
}

std::vector<Giver> newyork_teams(const std::vector<Place>& places, std::int64_t count,
                                 std::uint64_t seed) {
  static constexpr std::array<const char*, 8> kNames = {
      "Good Neighbors",  "Open Hands",     "Helping Hearts",   "Sunrise Crew",
      "Corner Kindness", "Harbor Friends", "Borough Builders", "Green Stoop"};
  static constexpr std::array<const char*, 5> kWeeks = {"", "6,7 08:00-20:00", "1-5 09:00-18:00",
                                                        "1-7 09:00-21:00",
                                                        "1-5 08:00-14:00; 6 09:00-17:00"};
  Random random(seed);
  std::vector<Giver> teams;
  for (std::int64_t i = 0; i < count; ++i) {
    const Place& at = places[1 + random.below(places.size() - 1)];
    Giver g;
    g.party.set_kind(pb::PARTY_KIND_VOLUNTEER_TEAM);
    g.party.set_name(at.name + " " + random.pick(kNames) + " " + std::to_string(i + 1));
    g.party.set_area_code(at.code);
    g.party.mutable_point()->set_latitude_e7(
        at.point.latitude_e7 + static_cast<std::int32_t>(random.between(-500'000, 500'000)));
    g.party.mutable_point()->set_longitude_e7(
        at.point.longitude_e7 + static_cast<std::int32_t>(random.between(-500'000, 500'000)));
    g.party.set_service_radius_m(static_cast<std::uint32_t>(random.between(4, 25)) * 1000);
    pb::Offer o;
    o.set_title("Volunteers");
    o.add_categories(random.pick(kCategories).ours);
    o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
    o.mutable_time()->set_capacity(random.between(4, 60));
    o.mutable_time()->add_skills("general");
    const auto week = parse_week(random.pick(kWeeks), "week");
    for (const auto& s : week.value()) *o.mutable_time()->add_weekly() = s;
    g.offers.push_back(std::move(o));
    teams.push_back(std::move(g));
  }
  return teams;
}

}  // namespace qiao
