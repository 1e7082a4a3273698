// Makes the database that `tools/bench routes` asks: a market with a past that was served and a
// present that is open.
//   bench_routes_market FOLDER NEEDS OFFERS city|nation
// Writes FOLDER/db, and FOLDER/sample.json with some ids of each kind.
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "engine/base/random.h"
#include "server/store/store.h"
#include "tools/sim/population.h"

namespace qiao::bench {
namespace {

namespace json = boost::json;

constexpr std::size_t kSampled = 2'000;
constexpr std::size_t kBytesAGroup = 4 << 20;
// The longest way ahead of a need's window, and then some.
constexpr auto kPast = std::chrono::days{20};
constexpr std::int64_t kStaffedCommunities = 5'000;

// What is seen of a market, written group by group.
class Writer {
 public:
  explicit Writer(const std::string& folder) {
    auto store = Store::open(folder, Store::Mode::kCreateIfMissing);
    QIAO_CHECK(store.has_value(), "the disk takes a database");
    store_ = std::move(store).value();
  }
  void add(const Outcome& outcome, const State& state) {
    group_.add(outcome.events, state, *store_);
    if (group_.bytes() >= kBytesAGroup) write();
  }
  void write() {
    QIAO_CHECK(store_->commit(group_).has_value(), "the disk takes a write");
    group_.clear();
  }

 private:
  std::unique_ptr<Store> store_;
  Group group_;
};

struct Step {
  Time at;
  pb::MatchVerb verb;
  std::uint64_t match;
};

// Where the market refuses it (no professional beside them, a certificate that ended), it is left
// out.
void move(Market& market, std::uint64_t match, pb::MatchVerb verb, Time at, Writer& writer) {
  pb::Command command = as_lead();
  command.mutable_move_match()->set_match_id(match);
  command.mutable_move_match()->set_verb(verb);
  if (const auto moved = market.apply(command, at)) writer.add(moved.value(), market.state());
}

// Dispatches the best candidate of each line of the need, who accepts.
void dispatch(RankedMarket& market, Slot need, Time now, Writer& writer, std::vector<Step>& steps) {
  const auto& ranking = market.ranking();
  const NeedRow& row = market.state().needs()[need];
  const std::uint64_t id = row.id.value();
  const std::uint32_t lines = row.line_count;
  for (std::uint32_t number = 1; number <= lines; ++number) {
    const Slot line = market.state().line_of(need, number);
    const auto best = ranking.candidates(line, 1, now);
    if (best.empty()) continue;
    const Interval window = market.state().line(line).window;
    const std::int64_t left = market.state().available(best.front().offer, window);
    pb::Command command = as_lead();
    pb::MakeMatch& make = *command.mutable_make_match();
    make.set_how(pb::MATCH_STATE_DISPATCHED);
    make.set_need_id(id);
    make.set_line(number);
    make.set_offer_id(market.state().offers()[best.front().offer].id.value());
    make.set_quantity(std::min<std::int64_t>(left, market.state().line(line).quantity));
    const auto made = market.apply(command, now);
    if (!made) continue;  // lots and whole needs have rules of their own
    const std::uint64_t match = made.value().subjects.front().key;
    writer.add(made.value(), market.state());
    move(market, match, pb::MATCH_VERB_ACCEPT, now, writer);
    steps.push_back({window.start, pb::MATCH_VERB_CHECK_IN, match});
    steps.push_back({window.end, pb::MATCH_VERB_CHECK_OUT, match});
  }
}

// What was accepted is served when it is time; the market does the rest by its time limits.
void serve(Market& market, std::vector<Step> steps, Time until, Writer& writer) {
  std::stable_sort(steps.begin(), steps.end(),
                   [](const Step& a, const Step& b) { return a.at < b.at; });
  for (const Step& step : steps) move(market, step.match, step.verb, step.at, writer);
  pb::Command tick;
  tick.mutable_actor()->set_role(pb::ROLE_MARKET);
  tick.mutable_tick();
  while (market.next_tick() && *market.next_tick() <= until)
    writer.add(must(market, tick, until), market.state());
}

// Organisers of communities, each with its staff.
void staff(Market& market, Size size, Writer& writer) {
  const std::vector<Place> all = places(size);
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  Population population(all, zone, 5);
  std::int64_t communities = 0;
  for (const Place& place : all) {
    if (place.level != pb::AREA_LEVEL_COMMUNITY || ++communities > kStaffedCommunities) continue;
    pb::Command command = as_lead();
    *command.mutable_register_party() = population.organiser(place);
    const Outcome made = must(market, command, size.now);
    const std::uint64_t organiser = made.subjects.front().key;
    writer.add(made, market.state());
    for (pb::Person& person : population.staff(place)) {
      pb::Command put = as_lead();
      *put.mutable_put_person() = std::move(person);
      put.mutable_put_person()->set_party_id(organiser);
      put.mutable_put_person()->set_name("张三");
      writer.add(must(market, put, size.now), market.state());
    }
  }
}

// Ids of rows that pass, spread over the table.
template <class Rows, class Passes>
json::array sample(const Rows& rows, Passes passes) {
  json::array ids;
  const std::size_t step = std::max<std::size_t>(1, rows.size() / kSampled);
  for (std::size_t i = 0; i < rows.size() && ids.size() < kSampled; i += step) {
    std::size_t at = i;
    while (at < std::min<std::size_t>(rows.size(), i + step) &&
           !passes(rows[static_cast<Slot>(at)]))
      ++at;
    if (at < std::min<std::size_t>(rows.size(), i + step))
      ids.push_back(json::string(std::to_string(rows[static_cast<Slot>(at)].id.value())));
  }
  return ids;
}

json::object samples(const State& s) {
  const auto any = [](const auto&) { return true; };
  return {
      {"needs", sample(s.needs(), any)},
      {"openNeeds",
       sample(s.needs(), [](const NeedRow& n) { return n.state == pb::NEED_STATE_OPEN; })},
      {"matches", sample(s.matches(), any)},
      {"offers", sample(s.offers(), [](const OfferRow& o) { return o.active; })},
      {"suppliers",
       sample(s.parties(), [](const PartyRow& p) { return p.kind != pb::PARTY_KIND_ORGANISER; })},
      {"organisers",
       sample(s.parties(), [](const PartyRow& p) { return p.kind == pb::PARTY_KIND_ORGANISER; })},
      {"persons", sample(s.persons(), any)},
      {"communities",
       sample(s.areas(), [](const AreaRow& a) { return a.level == pb::AREA_LEVEL_COMMUNITY; })},
      {"rows",
       {{"needs", s.needs().size()},
        {"offers", s.offers().size()},
        {"matches", s.matches().size()},
        {"areas", s.areas().size()},
        {"persons", s.persons().size()},
        {"events", s.last_seq()}}}};
}

int run(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "bench_routes_market FOLDER NEEDS OFFERS city|nation\n");
    return 2;
  }
  const std::string folder = argv[1];
  const std::int64_t needs = std::atoll(argv[2]);
  // Two thirds of the needs are of the past.
  const std::int64_t past = needs * 2 / 3;
  const Time now = std::chrono::floor<std::chrono::hours>(std::chrono::system_clock::now());
  const Size then{past, std::atoll(argv[3]), std::string_view(argv[4]) == "city", 1, now - kPast};
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  Writer writer(folder + "/db");
  RankedMarket market;
  const auto seen = [&](const Outcome& o) { writer.add(o, market.state()); };
  fill(market, then, seen);
  staff(market, then, writer);
  std::vector<Step> steps;
  for (Slot n = 0; n < static_cast<Slot>(past); ++n) dispatch(market, n, then.now, writer, steps);
  serve(market, std::move(steps), now, writer);
  add_needs(market, {past, then.offers, then.one_city, 1, now}, needs - past, seen);
  writer.write();
  std::ofstream(folder + "/sample.json") << json::serialize(samples(market.state()));
  return 0;
}

}  // namespace
}  // namespace qiao::bench

int main(int argc, char** argv) { return qiao::bench::run(argc, argv); }
