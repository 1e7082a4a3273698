// A PostgreSQL + PostGIS table with the best indexes we know, answering the same question on
// 100,000 needs: the top 20 for a team. The same answers, and how many a second.
// benchmarks/postgres.sh installs and runs the peer.
//   tools/bench postgis
#include <filesystem>
#include <fstream>
#include <thread>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "data/defaults.h"
#include "engine/base/random.h"

namespace qiao::bench {
namespace {

constexpr int kNeeds = 100'000;
constexpr int kTeams = 20'000;
constexpr int kCompared = 200;
const char* const kSkills[] = {"general",  "first_aid", "haircut",
                               "teaching", "cooking",   "it_support"};

struct Team {
  std::uint32_t from, to;  // minutes of the day
  std::vector<std::uint32_t> days;
};

double degrees(std::int32_t e7) { return e7 / 1e7; }

std::string joined(const std::vector<std::uint32_t>& v) {
  std::string out;
  for (const auto x : v) out += (out.empty() ? "" : ",") + std::to_string(x);
  return out;
}

// The policy with which a value is urgency times nearness, so that the question can be asked in
// SQL.
pb::Policy plain_policy() {
  pb::Policy p = default_policy();
  p.mutable_value()->set_category_fit_micro(1'000'000);
  p.mutable_value()->set_surplus_skill_micro(1'000'000);
  p.mutable_value()->set_equity_alpha_milli(0);
  return p;
}

// The communities of the market's country, and the market the questions are asked in.
struct Country {
  RankedMarket market;
  std::vector<Slot> communities;
  Random random{11};

  const AreaRow& community() {
    return market.state().areas()[communities[random.below(communities.size())]];
  }
};

void fill_country(Country& country) {
  fill(country.market, {0, 10});
  pb::Command rules = as_lead();
  *rules.mutable_set_policy() = plain_policy();
  must(country.market, rules);
  const State& s = country.market.state();
  for (Slot a = 0; a < s.areas().size(); ++a) {
    if (s.areas()[a].level == pb::AREA_LEVEL_COMMUNITY) country.communities.push_back(a);
  }
}

// Adds each skill with the given probability; returns them as a bit mask for the peer.
template <class Time>
std::uint64_t add_skills(Time* time, unsigned percent, Random& random) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < std::size(kSkills); ++i) {
    if (!random.chance(percent)) continue;
    time->add_skills(kSkills[i]);
    mask |= std::uint64_t{1} << i;
  }
  return mask;
}

std::int64_t weight_of(pb::Urgency urgency) {
  if (urgency == pb::URGENCY_CRITICAL) return 3'000'000;
  return urgency == pb::URGENCY_URGENT ? 1'500'000 : 1'000'000;
}

// Posts a need, and writes its row for the peer.
void add_need(Country& country, std::ostream& rows) {
  Random& random = country.random;
  const State& s = country.market.state();
  const TimeZone& zone = s.zone();
  const AreaRow& area = country.community();
  pb::Command c = as_lead();
  pb::Need& n = *c.mutable_post_need()->mutable_need();
  n.set_area_code(area.id.value());
  n.set_title("需求");
  n.set_category("elder_care");
  n.set_urgency(static_cast<pb::Urgency>(random.between(1, 3)));
  n.mutable_point()->set_latitude_e7(area.point.latitude_e7 +
                                     static_cast<std::int32_t>(random.between(-100'000, 100'000)));
  n.mutable_point()->set_longitude_e7(area.point.longitude_e7 +
                                      static_cast<std::int32_t>(random.between(-100'000, 100'000)));
  pb::RequirementLine& l = *n.add_lines();
  l.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  const auto mask = add_skills(l.mutable_time(), 20, random);
  l.set_quantity(random.between(1, 10));
  const LocalTime day = std::chrono::floor<std::chrono::days>(zone.to_local(kNow)) +
                        std::chrono::days{random.between(1, 14)};
  const std::int64_t start_minute = random.between(14, 34) * 30;
  const std::int64_t minutes = random.between(2, 6) * 30;
  l.mutable_window()->set_start(to_int(zone.to_utc(day + std::chrono::minutes{start_minute})));
  l.mutable_window()->set_end(l.window().start() + minutes * 60);
  const auto id = must(country.market, c).subjects.front().key;
  const Point at = s.needs()[s.needs().find(NeedId{id})].point;
  rows << id << "|" << degrees(at.longitude_e7) << "|" << degrees(at.latitude_e7) << "|"
       << weight_of(n.urgency()) << "|" << mask << "|" << take_apart(day).weekday << "|"
       << start_minute << "|" << start_minute + minutes << "|" << l.window().start() << "\n";
}

// Registers a team with an offer, and writes its row for the peer.
Slot add_team(Country& country, int number, std::ostream& rows) {
  Random& random = country.random;
  const AreaRow& area = country.community();
  pb::Command reg = as_lead();
  reg.mutable_register_party()->set_kind(pb::PARTY_KIND_VOLUNTEER_TEAM);
  reg.mutable_register_party()->set_name("队");
  reg.mutable_register_party()->set_area_code(area.id.value());
  const auto party = must(country.market, reg).subjects.front().key;
  pb::Command c = as_lead();
  pb::Offer& o = *c.mutable_post_offer();
  o.set_party_id(party);
  o.set_title("志愿者");
  o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  o.mutable_time()->set_capacity(10);
  const auto mask = add_skills(o.mutable_time(), 60, random);
  Team t{static_cast<std::uint32_t>(random.between(12, 20)) * 30,
         static_cast<std::uint32_t>(random.between(34, 46)) * 30,
         {}};
  for (std::uint32_t d = 1; d <= 7; ++d) {
    if (!random.chance(60)) continue;
    t.days.push_back(d);
    pb::WeeklySlot& w = *o.mutable_time()->add_weekly();
    w.set_weekday(d);
    w.set_start_minute(t.from);
    w.set_end_minute(t.to);
  }
  if (t.days.empty()) t = {0, 1440, {1, 2, 3, 4, 5, 6, 7}};
  o.set_radius_m(static_cast<std::uint32_t>(random.between(5, 15)) * 1000);
  must(country.market, c);
  rows << number << "|" << degrees(area.point.longitude_e7) << "|"
       << degrees(area.point.latitude_e7) << "|" << o.radius_m() << "|" << mask << "|{"
       << joined(t.days) << "}|" << t.from << "|" << t.to << "\n";
  return country.market.state().parties().find(PartyId{party});
}

struct Asked {
  double rate = 0;   // a second, of all threads together
  double lines = 0;  // of an answer, on average
};

// Threads may ask together while nothing changes the market, as a clearing's do.
Asked ask(const RankedMarket& market, const std::vector<Slot>& parties, unsigned threads) {
  const auto& ranking = market.ranking();
  const int questions = static_cast<int>(scaled(50'000, 200'000));
  std::vector<std::size_t> found(threads);
  const Stopwatch watch;
  {
    std::vector<std::jthread> askers;
    for (unsigned t = 0; t < threads; ++t) {
      askers.emplace_back([&, t] {
        Random which(100 + t);
        std::size_t sum = 0;
        for (int i = 0; i < questions; ++i)
          sum += ranking.open_lines(parties[which.below(parties.size())], 20, kNow).size();
        found[t] = sum;
      });
    }
  }
  return {questions * static_cast<double>(threads) / watch.seconds(),
          static_cast<double>(found[0]) / questions};
}

// Questions a second of the peer, which writes its answers into the folder. It has both cores as
// well.
double ask_peer(const std::string& folder) {
  const std::string command = std::string("bash '") + QIAO_SCRIPTS + "/postgres.sh' top20 '" +
                              folder + "' " + std::to_string(to_int(kNow)) + " " +
                              std::to_string(kCompared) + " " + std::to_string(scaled(5, 20));
  if (std::system(command.c_str()) != 0) {
    std::fprintf(stderr, "PostgreSQL could not be run; tools/install bench installs it\n");
    std::exit(1);
  }
  double rate = 0;
  std::ifstream(folder + "/qps") >> rate;
  return rate;
}

// The peer's answers: the needs of each of the first teams, in order.
std::vector<std::vector<std::uint64_t>> answers_of_peer(const std::string& folder) {
  std::ifstream answers(folder + "/answers.csv");
  std::string line;
  std::vector<std::vector<std::uint64_t>> lists(kCompared);
  while (std::getline(answers, line)) {
    std::uint64_t team = 0;
    std::uint64_t need = 0;
    if (std::sscanf(line.c_str(), "%lu|%lu", &team, &need) == 2) lists[team - 1].push_back(need);
  }
  return lists;
}

// The same answers: the same needs in the same order, except neighbours whose values differ by
// less than a metre's worth (SQL computes in floating point where we compute in integers).
void compare_answers(const RankedMarket& market, const std::vector<Slot>& parties,
                     const std::vector<std::vector<std::uint64_t>>& theirs) {
  constexpr std::int64_t kMetreMicro = 800;
  const State& s = market.state();
  std::size_t same = 0;
  std::size_t rows = 0;
  for (std::size_t t = 0; t < theirs.size(); ++t) {
    const auto mine = market.ranking().open_lines(parties[t], 20, kNow);
    const auto& other = theirs[t];
    QIAO_CHECK(mine.size() == other.size(), "both find as many");
    for (std::size_t r = 0; r < mine.size(); ++r, ++rows) {
      const NeedRow& need = s.needs()[s.line(mine[r].line).need];
      if (need.id.value() == other[r]) {
        ++same;
        continue;
      }
      const Slot there = s.needs().find(NeedId{other[r]});
      const Judgement j = market.ranking().judge(s.needs()[there].first_line, mine[r].offer, kNow);
      QIAO_CHECK(
          j.eligible() && std::abs(j.value_micro - mine[r].judgement.value_micro) <= kMetreMicro,
          "the answers are the same");
    }
  }
  figure("postgis.same_answers", 100.0 * static_cast<double>(same) / static_cast<double>(rows), "%",
         "same need at the same rank, of " + std::to_string(rows) + "; the rest within a metre");
}

void run() {
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-postgis";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Country country;
  fill_country(country);
  std::ofstream needs_file(folder + "/needs.csv");
  needs_file.precision(10);
  for (int i = 0; i < kNeeds; ++i) add_need(country, needs_file);
  needs_file.close();
  std::ofstream teams_file(folder + "/teams.csv");
  teams_file.precision(10);
  std::vector<Slot> parties;
  for (int i = 1; i <= kTeams; ++i) parties.push_back(add_team(country, i, teams_file));
  teams_file.close();

  // The first run fills the caches, as the peer's clients do before they are counted.
  ask(country.market, parties, 1);
  const Asked one = ask(country.market, parties, 1);
  const Asked both = ask(country.market, parties, std::thread::hardware_concurrency());
  figure("postgis.answers", both.lines, "lines",
         "of a team's top 20 among " + std::to_string(kNeeds) + " needs");
  const double theirs = ask_peer(folder);
  compare_answers(country.market, parties, answers_of_peer(folder));
  figure("postgis.top20.one_thread", one.rate, "per s", "as the server asks");
  compared("postgis.top20", both.rate, "per s", "PostGIS, 8 clients on the same cores, per s",
           theirs, Goal::kAtLeast, 30);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
