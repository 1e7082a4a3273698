// How near to the best, proved, and how fast is the whole market matched at once?
//   tools/bench clearing --scale full
#include <cmath>

#include "benchmarks/instances.h"
#include "benchmarks/report.h"
#include "engine/clear/plan.h"
#include "engine/clear/solver.h"
#include "server/runtime/deadline.h"
#include "server/runtime/threads.h"

namespace qiao::bench {
namespace {

constexpr double kNationSeconds = 60;
constexpr double kChangeSeconds = 2;

Deadline deadline_in(double seconds) {
  return Deadline(Deadline::Clock::now() + std::chrono::duration_cast<Deadline::Clock::duration>(
                                               std::chrono::duration<double>(seconds)));
}

void measure(const std::string& name, const Instance& instance, double budget,
             double collect_seconds) {
  const Stopwatch watch;
  ClearOptions options;
  options.workers = on_threads(2);
  Deadline deadline = deadline_in(budget);
  options.keep_going = [&](const ClearProgress& p) { return deadline.allows(p); };
  const Cleared cleared = clear_market(instance, options);
  const double seconds = watch.seconds();
  if (const char* breach = infeasible(instance, cleared.held); breach != nullptr) {
    std::printf("broken invariant: %s\n", breach);
    std::exit(1);
  }
  std::size_t full = 0;
  std::size_t nobody = 0;
  for (const ClearLine& line : instance.lines) {
    std::int64_t units = 0;
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e)
      units += cleared.held[e];
    full += units == line.missing ? 1 : 0;
    nobody += line.edges == 0 ? 1 : 0;
  }
  limited("clearing." + name + ".gap", static_cast<double>(cleared.gap_micro()) / 1e4, "%", 1.0);
  figure("clearing." + name + ".time", seconds, "s",
         std::to_string(instance.lines.size()) + " lines, " +
             std::to_string(instance.edges.size()) + " edges, " +
             std::to_string(instance.slots.size()) + " slots; " + std::to_string(full) +
             " lines full, " + std::to_string(nobody) + " that nobody can serve");
  if (collect_seconds > 0)
    limited("clearing." + name + ".with_copying", seconds + collect_seconds, "s", kNationSeconds);
}

// A change of a thousandth: that many new needs, cleared again against what the others keep.
void small_change(const std::string& name, RankedMarket& market, Size size) {
  const auto& ranking = market.ranking();
  const Instance all = collect_all(market);
  ClearOptions options;
  options.workers = on_threads(2);
  Deadline solving = deadline_in(kNationSeconds);
  options.keep_going = [&](const ClearProgress& p) { return solving.allows(p); };
  Plan plan(ranking);
  plan.replace(all, clear_market(all, options));
  const std::int64_t before = plan.gap_micro();
  const Slot first = market.state().needs().size();
  add_needs(market, size, size.needs / 1000);
  std::vector<Slot> fresh;
  for (Slot n = first; n < market.state().needs().size(); ++n) fresh.push_back(n);
  const Stopwatch watch;
  Deadline changing = deadline_in(kChangeSeconds);
  options.keep_going = [&](const ClearProgress& p) { return changing.allows(p); };
  const std::size_t again = plan.refresh(fresh, {}, kNow, options);
  limited("clearing." + name + ".change.time", watch.seconds(), "s", kChangeSeconds);
  figure("clearing." + name + ".change.needs", static_cast<double>(again), "needs",
         std::to_string(fresh.size()) + " new ones; gap " + std::to_string(before) +
             " millionths before, " + std::to_string(plan.gap_micro()) + " after");
}

// The market with so much of its supply taken that lines are `load` times what is left.
void measure_at_load(const std::string& name, Size size, double load, double natural,
                     double budget) {
  char label[40];
  std::snprintf(label, sizeof label, "%s.load_%.1f", name.c_str(), load);
  size.supply = std::min(1.0, natural / load);
  double copied = 0;
  Instance instance;
  // Offers that serve nobody while there are many come in where there are few: the second time it
  // fits.
  for (int turn = 0; turn < 2; ++turn) {
    if (turn > 0) size.supply = std::min(1.0, size.supply * load_of(instance) / load);
    RankedMarket market;
    fill(market, size);
    const Stopwatch copying;
    instance = collect_all(market);
    copied = copying.seconds();
  }
  figure(std::string("clearing.") + label + ".lines_over_supply", load_of(instance), "",
         std::to_string(size.supply) + " of the units left; copied out in " +
             std::to_string(copied) + " s");
  measure(label, instance, budget - copied, copied);
}

void whole(const std::string& name, Size size, double budget) {
  double natural = 0;
  {
    RankedMarket market;
    fill(market, size);
    const Stopwatch copying;
    const Instance all = collect_all(market);
    const double copied = copying.seconds();
    natural = load_of(all);
    figure("clearing." + name + ".copying", copied, "s",
           std::to_string(all.bytes() >> 20) + " MiB");
    measure(name + ".as_it_is", all, budget - copied, copied);
    small_change(name, market, size);
    if (size.needs >= 1'000'000)
      limited("clearing." + name + ".memory", static_cast<double>(resident_bytes()) / (1 << 30),
              "GiB", 8);
  }
  for (const double load : {0.5, 1.0, 2.0}) measure_at_load(name, size, load, natural, budget);
}

// Time against edges, on transport problems of the same density; the slope of the logarithms.
void growth() {
  std::vector<std::pair<double, double>> points;
  const std::uint32_t most = full_scale() ? 500'000 : 50'000;
  for (std::uint32_t lines = 500; lines <= most; lines *= 10) {
    const Instance instance = transport(lines, lines, 20, 1, 5);
    ClearOptions options;
    options.workers = on_threads(2);
    const Stopwatch watch;
    const Cleared cleared = clear_market(instance, options);
    points.emplace_back(std::log(20.0 * lines), std::log(watch.seconds()));
    figure("clearing.growth." + std::to_string(20 * lines) + "_edges", watch.seconds(), "s",
           "gap " + std::to_string(cleared.gap_micro()) + " millionths");
  }
  const double slope =
      (points.back().second - points.front().second) / (points.back().first - points.front().first);
  limited("clearing.growth.slope", slope, "", 1.2);
}

void run() {
  whole("city", {1'350, 600, true}, 10);
  whole("province", {full_scale() ? 67'000 : 13'400, full_scale() ? 90'000 : 18'000},
        full_scale() ? 60 : 5);
  growth();
  if (full_scale()) whole("nation", {1'000'000, 1'350'000}, kNationSeconds);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
