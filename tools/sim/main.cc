// qiao-sim: generates cities, provinces and the nation, and simulates servers with faults.
#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>

#include "data/defaults.h"
#include "proto/json/json.h"
#include "proto/text/csv.h"
#include "proto/text/notation.h"
#include "tools/io/file.h"
#include "tools/io/output.h"
#include "tools/sim/history.h"
#include "tools/sim/newyork.h"
#include "tools/sim/policies.h"
#include "tools/sim/swarm.h"

namespace {

using namespace qiao;

int fail(const Refusal& r) {
  std::cerr << "qiao-sim: " << (r.field.empty() ? "" : r.field + ": ") << r.en() << " / " << r.zh()
            << "\n";
  return 1;
}

// Teams that exist in public reports: kind,name,area,category,skills,capacity,week.
Result<std::vector<Giver>> read_named(const std::string& path) {
  QIAO_TRY(const std::string text, read_file(path, path));
  CsvReader reader(text);
  std::vector<Giver> named;
  bool header = true;
  while (auto record = reader.next()) {
    QIAO_TRY(const CsvRecord r, std::move(*record));
    if (std::exchange(header, false)) continue;
    const std::string at = path + ":" + std::to_string(r.line);
    if (r.fields.size() != 7) return refuse(Code::kMalformed, at, "wants 7 fields", "应有7列");
    Giver g;
    pb::PartyKind kind{};
    if (!pb::PartyKind_Parse("PARTY_KIND_" + r.fields[0], &kind))
      return refuse(Code::kOutOfRange, at, "VOLUNTEER_TEAM, ENTERPRISE, SOCIAL_ORGANISATION");
    g.party.set_kind(kind);
    g.party.set_name(r.fields[1]);
    QIAO_TRY(const auto area, parse_integer(r.fields[2], at));
    g.party.set_area_code(static_cast<std::uint64_t>(area));
    pb::Offer o;
    o.set_title(r.fields[1] + "志愿者");
    o.add_categories(r.fields[3]);
    o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
    for (const auto& s : split(r.fields[4])) o.mutable_time()->add_skills(s);
    QIAO_TRY(const auto capacity, parse_integer(r.fields[5], at));
    o.mutable_time()->set_capacity(capacity);
    QIAO_TRY(const auto week, parse_week(r.fields[6], at));
    for (const auto& s : week) *o.mutable_time()->add_weekly() = s;
    g.offers.push_back(std::move(o));
    named.push_back(std::move(g));
  }
  return named;
}

struct Options {
  std::string areas;
  std::string outline;
  std::string divisions;
  std::string prefix;
  std::string named;
  std::string out = "-";
  std::string until;
  std::string opportunities;
  std::uint64_t seed = 1;
  int days = 21;
  std::int64_t teams = -1;
  std::int64_t enterprises = -1;
  std::int64_t organisations = -1;
  std::int64_t needs = -1;
  int seeds = 20;
  std::string chart;
  std::optional<std::uint32_t> alpha_milli;
  bool quiet = false;
};

Result<Time> until(const Options& o, const TimeZone& zone) {
  if (o.until.empty())
    return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now());
  return parse_moment(o.until, zone, "--until");
}

Result<int> write(const std::vector<Place>& places, const HistoryPlan& plan,
                  const pb::Policy& policy, const std::string& out) {
  const auto taxonomy = default_taxonomy();
  std::ofstream file;
  // A reader never sees a partial history.
  const std::string part = out + ".part";
  if (out != "-") {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(out).parent_path(), ignored);
    file.open(part, std::ios::binary);
    if (!file) return refuse(Code::kNotFound, "--out", "cannot write " + out, "无法写入" + out);
  }
  QIAO_TRY(const HistorySummary s,
           write_history(places, plan, taxonomy, policy, out == "-" ? std::cout : file));
  if (out != "-") {
    file.close();
    if (!file) return refuse(Code::kNotFound, "--out", "cannot write " + out, "无法写入" + out);
    std::filesystem::rename(part, out);
  }
  std::cerr << s.lines << " commands: " << places.size() << " areas, " << s.parties << " parties, "
            << s.offers << " offers, " << s.needs << " needs, " << s.matches << " matches\n";
  return 0;
}

std::function<void(std::size_t, std::size_t)> progress(bool quiet) {
  if (quiet) return [](std::size_t, std::size_t) {};
  return [](std::size_t done, std::size_t of) {
    std::cerr << "\r" << done * 100 / of << " %" << (done == of ? "\n" : "") << std::flush;
  };
}

Result<int> generate(const Options& o) {
  if (o.areas.empty() == o.divisions.empty())
    return refuse(Code::kNoSide, "", "--areas, --divisions");
  QIAO_TRY(const auto places, o.areas.empty() ? read_divisions(o.divisions, o.prefix, o.seed)
                                              : read_city(o.areas, o.outline, o.seed));
  std::int64_t people = 0;
  bool any = false;
  for (const Place& p : places) {
    if (p.level != pb::AREA_LEVEL_COMMUNITY) continue;
    any = true;
    people += p.population;
  }
  if (!any) return refuse(Code::kOutOfRange, "--prefix", "a prefix of some village's code");
  const auto policy = default_policy();
  HistoryPlan plan;
  plan.seed = o.seed;
  plan.days = o.days;
  QIAO_TRY(plan.until, until(o, TimeZone::load(policy.time_zone()).value()));
  // Ningguo has 156 teams for 390,000 people.
  const auto or_share = [&](std::int64_t given, std::int64_t each) {
    return given >= 0 ? given : std::max<std::int64_t>(1, people / each);
  };
  plan.teams = or_share(o.teams, 2'500);
  plan.enterprises = or_share(o.enterprises, 8'000);
  plan.organisations = or_share(o.organisations, 13'000);
  plan.needs = or_share(o.needs, 1'000);
  plan.community_organisers = o.divisions.empty();
  if (!o.named.empty()) {
    QIAO_TRY(plan.named, read_named(o.named));
  }
  plan.progress = progress(o.quiet);
  return write(places, plan, policy, o.out);
}

Result<int> newyork(const Options& o) {
  auto policy = default_policy();
  policy.set_time_zone("America/New_York");
  const TimeZone zone = TimeZone::load(policy.time_zone()).value();
  HistoryPlan plan;
  plan.seed = o.seed;
  plan.days = 3;
  QIAO_TRY(plan.until, until(o, zone));
  QIAO_TRY(const auto read, read_opportunities(o.opportunities, zone, plan.until));
  plan.needs_as_given = read.needs;
  plan.named = newyork_teams(read.places, o.teams >= 0 ? o.teams : 400, o.seed);
  plan.progress = progress(o.quiet);
  if (!o.quiet) {
    for (const auto& note : read.notes) std::cerr << note << "\n";
  }
  if (o.out != "-") {
    std::error_code ignored;
    std::filesystem::create_directories(o.out, ignored);
    std::ofstream file(o.out + "/policy.json");
    file << to_json(policy) << "\n";
    file.close();
    if (!file) return refuse(Code::kNotFound, "--out", "cannot write " + o.out, "无法写入" + o.out);
  }
  return write(read.places, plan, policy, o.out == "-" ? o.out : o.out + "/history.jsonl");
}

// Rankings and notification policies over a season.
Result<int> policies(const Options& o) {
  if (o.areas.empty() == o.opportunities.empty())
    return refuse(Code::kNoSide, "", "--areas, --opportunities");
  SeasonPlan plan;
  plan.seed = o.seed;
  plan.days = o.days;
  plan.policy = default_policy();
  if (o.alpha_milli) plan.policy.mutable_value()->set_equity_alpha_milli(*o.alpha_milli);
  std::vector<Place> places;
  std::string title;
  if (!o.areas.empty()) {
    QIAO_TRY(plan.begin, until(o, TimeZone::load(plan.policy.time_zone()).value()));
    QIAO_TRY(places, read_city(o.areas, o.outline, o.seed));
    // Ningguo's share of needs for its people, over the season.
    plan.needs = o.needs >= 0 ? o.needs : std::int64_t{20} * o.days;
    if (o.teams >= 0) plan.teams = o.teams;
    if (o.enterprises >= 0) plan.enterprises = o.enterprises;
    if (o.organisations >= 0) plan.organisations = o.organisations;
    title = "A season in the demo city";
  } else {
    plan.policy.set_time_zone("America/New_York");
    const TimeZone zone = TimeZone::load(plan.policy.time_zone()).value();
    QIAO_TRY(plan.begin, until(o, zone));
    QIAO_TRY(auto read, read_opportunities(o.opportunities, zone, plan.begin));
    places = std::move(read.places);
    plan.needs_as_given = std::move(read.needs);
    plan.givers = newyork_teams(places, o.teams >= 0 ? o.teams : 400, o.seed);
    title = "A season in New York";
  }
  const auto compared = compare(places, plan, o.seeds, progress(o.quiet));
  title += ": mean and standard deviation of " + std::to_string(o.seeds) + " seeds, " +
           std::to_string(o.days) + " days";
  std::cout << title << "\n" << to_table(compared);
  if (!o.chart.empty()) {
    std::ofstream file(o.chart, std::ios::binary);
    file << to_svg(compared, title);
    if (!file.flush())
      return refuse(Code::kNotFound, "--chart", "cannot write " + o.chart, "无法写入" + o.chart);
  }
  return 0;
}

// Of every command but swarm.
void add_common_options(CLI::App* sub, Options& o) {
  sub->add_option("--seed", o.seed, "Same seed, same market")->capture_default_str();
  sub->add_option(
      "--until", o.until,
      "The market's present, \"2026-11-28 09:00\" on the city's clock; now where not given");
  sub->add_option("--teams", o.teams,
                  "Volunteer teams; in proportion to the people where not given");
  sub->add_flag("--quiet", o.quiet, "No progress, no notes");
}

CLI::App* add_generate(CLI::App& app, Options& o) {
  auto* sub =
      app.add_subcommand("generate", "A city, a province or the nation, with weeks of history");
  sub->add_option("--areas", o.areas, "One city: CSV of code,name,level,parent");
  sub->add_option("--outline", o.outline, "Its outline, GeoJSON");
  sub->add_option("--divisions", o.divisions,
                  "Many cities: folder of counties.csv, streets.csv.gz, villages.csv.gz");
  sub->add_option("--prefix", o.prefix,
                  "Only division codes that begin so, e.g. 34 for Anhui; all where not given");
  sub->add_option("--named", o.named,
                  "CSV of teams that exist: kind,name,area,category,skills,capacity,week");
  sub->add_option("--days", o.days, "Days of history")
      ->capture_default_str()
      ->check(CLI::Range(1, 365));
  sub->add_option("--enterprises", o.enterprises, "Enterprises");
  sub->add_option("--organisations", o.organisations, "Social organisations");
  sub->add_option("--needs", o.needs, "Needs posted");
  sub->add_option("--out", o.out, "File to write; - for standard output")->capture_default_str();
  add_common_options(sub, o);
  return sub;
}

CLI::App* add_newyork(CLI::App& app, Options& o) {
  auto* sub = app.add_subcommand(
      "newyork", "New York City's volunteer opportunities as needs, with teams made for them");
  sub->add_option("file", o.opportunities, "opportunities.csv")->required();
  sub->add_option(
         "--out", o.out,
         "Folder for history.jsonl and policy.json; - writes the history to standard output")
      ->capture_default_str();
  add_common_options(sub, o);
  return sub;
}

void add_policies(CLI::App& app, Options& o) {
  auto* sub = app.add_subcommand(
      "policies",
      "A season under different rankings and notification policies: a table and a chart");
  sub->add_option("--areas", o.areas, "One city: CSV of code,name,level,parent");
  sub->add_option("--outline", o.outline, "Its outline, GeoJSON");
  sub->add_option("--opportunities", o.opportunities, "New York's opportunities.csv instead");
  sub->add_option("--days", o.days, "Length of the season; 21 where not given")
      ->check(CLI::Range(1, 365));
  sub->add_option("--seeds", o.seeds, "Seasons for each policy")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  sub->add_option("--enterprises", o.enterprises, "Enterprises");
  sub->add_option("--organisations", o.organisations, "Social organisations");
  sub->add_option("--needs", o.needs, "Needs posted");
  sub->add_option("--alpha", o.alpha_milli,
                  "Fairness between communities in thousandths: 0 most served, 1000 proportional, "
                  "large the worst-off first; the default policy's where not given")
      ->check(CLI::Range(0, 4000));
  sub->add_option("--chart", o.chart, "SVG file to write");
  add_common_options(sub, o);
}

int run(int argc, char** argv) {
  CLI::App app{
      "qiao-sim: makes markets out of real places. What it writes fills an empty database: qiaod "
      "--load FILE."};
  app.require_subcommand(1);
  Options o;
  const CLI::App* gen = add_generate(app, o);
  const CLI::App* ny = add_newyork(app, o);
  add_policies(app, o);
  const SwarmCommand worlds(app);
  CLI11_PARSE(app, argc, argv);
  if (worlds.parsed()) return worlds.run();
  const auto done = gen->parsed() ? generate(o) : ny->parsed() ? newyork(o) : policies(o);
  return done ? done.value() : fail(done.error());
}

}  // namespace

int main(int argc, char** argv) {
  const int code = run(argc, argv);
  if (finish_output()) return code;
  std::cerr << "qiao-sim: cannot write to standard output\n";
  return code == 0 ? 1 : code;
}
