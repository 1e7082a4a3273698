// How long does a ranked answer take in a market of a nation's size, and how much memory does the
// market take?
//   tools/bench ranking --scale full
#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "engine/base/random.h"

namespace qiao::bench {
namespace {

// The same answer by looking at every offer: what the index saves.
double scan_us(const RankedMarket& market, Slot line, int offers_looked_at) {
  const Stopwatch watch;
  std::int64_t best = 0;
  for (Slot o = 0; o < static_cast<Slot>(offers_looked_at); ++o)
    best = std::max(best, market.ranking().judge(line, o, kNow).value_micro);
  return watch.seconds() * 1e6 * market.state().offers().size() / offers_looked_at +
         (best < 0 ? 1 : 0);
}

void run() {
  const Size size{scaled(30'000, 1'000'000), scaled(40'000, 1'350'000)};
  const std::size_t before = resident_bytes();
  RankedMarket market;
  const Stopwatch building;
  fill(market, size);
  const State& s = market.state();
  const double entities = static_cast<double>(s.areas().size()) + s.parties().size() +
                          s.offers().size() + s.needs().size();
  figure("ranking.market.commands", entities / building.seconds(), "per s",
         std::to_string(s.needs().size()) + " open needs, " + std::to_string(s.line_count()) +
             " lines, " + std::to_string(s.offers().size()) + " offers, " +
             std::to_string(s.parties().size()) + " parties, " + std::to_string(s.areas().size()) +
             " areas");
  limited("ranking.memory", static_cast<double>(resident_bytes() - before) / entities, "B/entity",
          600);
  const auto& ranking = market.ranking();

  Random random(3);
  std::vector<double> times;
  std::size_t found = 0;
  const int questions = static_cast<int>(scaled(5'000, 50'000));
  for (int i = 0; i < questions; ++i) {
    const Slot line = static_cast<Slot>(random.below(s.line_count()));
    const Stopwatch watch;
    found += ranking.candidates(line, 20, kNow).size();
    times.push_back(watch.seconds() * 1e6);
  }
  limited("ranking.candidates.median", percentile(times, 0.5), "us", 50);
  limited("ranking.candidates.p99", percentile(times, 0.99), "us", 500);
  compared("ranking.candidates.vs_scan", percentile(times, 0.5), "us", "scan of every offer, us",
           scan_us(market, 0, static_cast<int>(std::min<Slot>(s.offers().size(), 100'000))),
           Goal::kAtMost, 0.1);
  figure("ranking.candidates.found", static_cast<double>(found) / questions, "offers");
  times.clear();
  found = 0;
  for (int i = 0; i < questions; ++i) {
    const Slot party = static_cast<Slot>(random.below(s.parties().size()));
    const Stopwatch watch;
    found += ranking.open_lines(party, 20, kNow).size();
    times.push_back(watch.seconds() * 1e6);
  }
  limited("ranking.open_lines.median", percentile(times, 0.5), "us", 50);
  limited("ranking.open_lines.p99", percentile(times, 0.99), "us", 500);
  figure("ranking.open_lines.found", static_cast<double>(found) / questions, "lines");
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
