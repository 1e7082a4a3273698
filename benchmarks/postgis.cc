// A PostgreSQL + PostGIS table with the best indexes we know, answering the same question on
// 100,000 needs: the top 20 for a team. The same answers, and how many a second.
// benchmarks/postgres.sh installs and runs the peer.
//   tools/bench postgis
#include <filesystem>
#include <fstream>
#include <sstream>
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

pb::Command lead_command() {
  pb::Command c;
  c.mutable_actor()->set_role(pb::ROLE_LEAD);
  return c;
}

std::vector<Slot> communities_of(const State& s) {
  std::vector<Slot> communities;
  for (Slot a = 0; a < s.areas().size(); ++a) {
    if (s.areas()[a].level == pb::AREA_LEVEL_COMMUNITY) communities.push_back(a);
  }
  return communities;
}

// Some of the skills, each with this chance; returns them as bits.
template <class Time>
std::uint64_t add_skills(Time& time, Random& random, unsigned percent) {
  std::uint64_t mask = 0;
  for (std::size_t i = 0; i < std::size(kSkills); ++i) {
    if (!random.chance(percent)) continue;
    time.add_skills(kSkills[i]);
    mask |= std::uint64_t{1} << i;
  }
  return mask;
}

std::int64_t urgency_micro(pb::Urgency urgency) {
  return urgency == pb::URGENCY_CRITICAL ? 3'000'000
         : urgency == pb::URGENCY_URGENT ? 1'500'000
                                         : 1'000'000;
}

// One need, in the market and as a line of the peer's file.
void post_need(Market& market, const AreaRow& area, Random& random, std::ofstream& file) {
  const State& s = market.state();
  pb::Command c = lead_command();
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
  const auto mask = add_skills(*l.mutable_time(), random, 20);
  l.set_quantity(random.between(1, 10));
  const LocalTime day = std::chrono::floor<std::chrono::days>(s.zone().to_local(kNow)) +
                        std::chrono::days{random.between(1, 14)};
  const std::int64_t start_minute = random.between(14, 34) * 30;
  const std::int64_t minutes = random.between(2, 6) * 30;
  l.mutable_window()->set_start(to_int(s.zone().to_utc(day + std::chrono::minutes{start_minute})));
  l.mutable_window()->set_end(l.window().start() + minutes * 60);
  const auto id = must(market, c).subjects.front().key;
  const Point at = s.needs()[s.needs().find(NeedId{id})].point;
  file << id << "|" << degrees(at.longitude_e7) << "|" << degrees(at.latitude_e7) << "|"
       << urgency_micro(n.urgency()) << "|" << mask << "|" << take_apart(day).weekday << "|"
       << start_minute << "|" << start_minute + minutes << "|" << l.window().start() << "\n";
}

// When a team is there, added to what it offers.
Team add_week(pb::TimeSupply& time, Random& random) {
  Team t{static_cast<std::uint32_t>(random.between(12, 20)) * 30,
         static_cast<std::uint32_t>(random.between(34, 46)) * 30,
         {}};
  for (std::uint32_t d = 1; d <= 7; ++d) {
    if (!random.chance(60)) continue;
    t.days.push_back(d);
    pb::WeeklySlot& w = *time.add_weekly();
    w.set_weekday(d);
    w.set_start_minute(t.from);
    w.set_end_minute(t.to);
  }
  if (t.days.empty()) t = {0, 1440, {1, 2, 3, 4, 5, 6, 7}};
  return t;
}

// One team with one offer, in the market and as a line of the peer's file under this number.
Slot add_team(Market& market, const AreaRow& area, int number, Random& random,
              std::ofstream& file) {
  pb::Command reg = lead_command();
  reg.mutable_register_party()->set_kind(pb::PARTY_KIND_VOLUNTEER_TEAM);
  reg.mutable_register_party()->set_name("队");
  reg.mutable_register_party()->set_area_code(area.id.value());
  const auto party = must(market, reg).subjects.front().key;
  pb::Command c = lead_command();
  pb::Offer& o = *c.mutable_post_offer();
  o.set_party_id(party);
  o.set_title("志愿者");
  o.mutable_time()->set_kind(pb::TIME_KIND_PEOPLE);
  o.mutable_time()->set_capacity(10);
  const auto mask = add_skills(*o.mutable_time(), random, 60);
  const Team t = add_week(*o.mutable_time(), random);
  o.set_radius_m(static_cast<std::uint32_t>(random.between(5, 15)) * 1000);
  must(market, c);
  file << number << "|" << degrees(area.point.longitude_e7) << "|"
       << degrees(area.point.latitude_e7) << "|" << o.radius_m() << "|" << mask << "|{"
       << joined(t.days) << "}|" << t.from << "|" << t.to << "\n";
  return market.state().parties().find(PartyId{party});
}

// Fills the market, and writes the same needs and teams to the folder for the peer. Returns the
// teams.
std::vector<Slot> fill_both(Market& market, const std::string& folder) {
  fill(market, {0, 10});
  pb::Command rules = lead_command();
  *rules.mutable_set_policy() = plain_policy();
  must(market, rules);
  const State& s = market.state();
  const std::vector<Slot> communities = communities_of(s);
  Random random(11);
  const auto any_community = [&]() -> const AreaRow& {
    return s.areas()[communities[random.below(communities.size())]];
  };
  std::ofstream needs_file(folder + "/needs.csv");
  needs_file.precision(10);
  for (int i = 0; i < kNeeds; ++i) post_need(market, any_community(), random, needs_file);
  std::ofstream teams_file(folder + "/teams.csv");
  teams_file.precision(10);
  std::vector<Slot> teams;
  for (int i = 0; i < kTeams; ++i)
    teams.push_back(add_team(market, any_community(), i + 1, random, teams_file));
  return teams;
}

struct Asked {
  double rate = 0;   // answers a second
  double lines = 0;  // in an answer
};

// Threads may ask together while nothing changes the market, as a clearing's do. The peer has both
// cores as well.
Asked ask(const Ranking& ranking, const std::vector<Slot>& teams, unsigned threads) {
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
          sum += ranking.open_lines(teams[which.below(teams.size())], 20, kNow).size();
        found[t] = sum;
      });
    }
  }
  return {questions * static_cast<double>(threads) / watch.seconds(),
          static_cast<double>(found[0]) / questions};
}

// Answers a second of the peer, which leaves some of its answers in the folder.
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

// The peer's answers for the first teams: ids of needs, the best first.
std::vector<std::vector<std::uint64_t>> read_answers(const std::string& folder) {
  std::vector<std::vector<std::uint64_t>> lists(kCompared);
  std::ifstream answers(folder + "/answers.csv");
  std::string line;
  while (std::getline(answers, line)) {
    std::uint64_t team = 0;
    std::uint64_t need = 0;
    if (std::sscanf(line.c_str(), "%lu|%lu", &team, &need) == 2) lists[team - 1].push_back(need);
  }
  return lists;
}

// The same answers: the same needs in the same order, but for neighbours whose values differ by
// less than a metre's worth (SQL computes in floating point where we compute in integers).
void compare_answers(const Ranking& ranking, const std::vector<Slot>& teams,
                     const std::vector<std::vector<std::uint64_t>>& lists) {
  constexpr std::int64_t kMetreMicro = 800;
  const State& s = ranking.state();
  std::size_t same = 0;
  std::size_t rows = 0;
  for (std::size_t t = 0; t < lists.size(); ++t) {
    const auto mine = ranking.open_lines(teams[t], 20, kNow);
    const auto& other = lists[t];
    QIAO_CHECK(mine.size() == other.size(), "both find as many");
    for (std::size_t r = 0; r < mine.size(); ++r, ++rows) {
      const NeedRow& need = s.needs()[s.line(mine[r].line).need];
      if (need.id.value() == other[r]) {
        ++same;
        continue;
      }
      const Slot there = s.needs().find(NeedId{other[r]});
      const Judgement j = ranking.judge(s.needs()[there].first_line, mine[r].offer, kNow);
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
  Market market(make_ranking);
  const std::vector<Slot> teams = fill_both(market, folder);
  const auto& ranking = static_cast<const Ranking&>(market.matcher());
  ask(ranking, teams, 1);  // fills the caches, as the peer's clients do before they are counted
  const Asked one = ask(ranking, teams, 1);
  const Asked both = ask(ranking, teams, std::thread::hardware_concurrency());
  figure("postgis.answers", both.lines, "lines",
         "of a team's top 20 among " + std::to_string(kNeeds) + " needs");
  const double theirs = ask_peer(folder);
  compare_answers(ranking, teams, read_answers(folder));
  figure("postgis.top20.one_thread", one.rate, "per s", "as the server asks");
  compared("postgis.top20", both.rate, "per s", "PostGIS, 8 clients on the same cores, per s",
           theirs, Goal::kAtLeast, 30);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
