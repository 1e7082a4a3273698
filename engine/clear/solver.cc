#include "engine/clear/solver.h"

#include <algorithm>

#include "engine/clear/auction.h"
#include "engine/clear/bound.h"
#include "engine/clear/improve.h"

namespace qiao {
namespace {

// Steps of the auction: a fiftieth of a line's worth at first, then an eighth of the step before. Measured on transport
// problems of 100,000 lines: beginning at a quarter takes twice as long.
constexpr Worth kFirstPart = 50;
constexpr Worth kScaling = 8;
constexpr std::uint64_t kRuinsBetweenLooks = 4096;
// Rounds of price polishing: a few for the largest instance, and no more than help the smallest.
constexpr std::uint64_t kLeastRounds = 20;
constexpr std::uint64_t kMostRounds = 400;

std::int64_t gap_of(Worth value, Worth bound) {
  if (bound <= 0 || value >= bound) return 0;
  return static_cast<std::int64_t>((static_cast<__int128>(bound - value) * 1'000'000 + bound - 1) / bound);
}

// What a line is worth on average, were it alone.
Worth mean_line(const Instance& instance) {
  __int128 sum = 0;
  for (const ClearLine& line : instance.lines) {
    if (line.edges > 0) sum += static_cast<__int128>(instance.edges[line.first_edge].unit) * line.missing;
  }
  return instance.lines.empty() ? 0 : static_cast<Worth>(sum / static_cast<std::int64_t>(instance.lines.size()));
}

}  // namespace

std::int64_t Cleared::gap_micro() const { return gap_of(value, bound); }

Cleared clear_market(const Instance& instance, const ClearOptions& options) {
  Cleared result;
  ClearProgress progress;
  bool stopped = false;
  const auto ask = [&] {
    if (!stopped && !options.go_on(progress)) stopped = true;
    return !stopped;
  };
  const bool warm = !options.prices.empty();
  Auction auction(instance, warm ? options.prices : std::vector<Worth>(instance.slots.size(), 0));
  const Worth mean = mean_line(instance);
  // Each line is within a step of the best at the end; half of the gap that is wanted is left to rounding.
  const Worth finest = std::max<Worth>(1, static_cast<Worth>(static_cast<__int128>(mean) * options.target_gap_micro / 2'000'000));
  Worth step = warm ? finest * kScaling : std::max(finest, mean / kFirstPart);
  while (auction.run(step, ask) && step > finest) step = std::max(finest, step / kScaling);

  result.prices = auction.prices();
  progress.phase = ClearPhase::kRounding;
  Improver improver(instance, result.prices, options.seed);
  improver.settle(auction.held());
  progress.value = improver.worth();
  progress.phase = ClearPhase::kBound;
  const auto keep_prices = [&](int rounds) {
    // The improver reads the prices it was given: polished ones are kept apart until they are better.
    std::vector<Worth> prices = result.prices;
    const Worth bound = polish(instance, prices, improver.worth(), rounds, options.workers, [&](Worth so_far) {
      progress.bound = progress.bound == 0 ? so_far : std::min(progress.bound, so_far);
      return gap_of(improver.worth(), so_far) > options.target_gap_micro && ask();
    });
    result.prices.swap(prices);
    progress.bound = result.bound = bound;
  };
  keep_prices(static_cast<int>(std::clamp(options.polish_looks / (instance.edges.size() + 1), kLeastRounds, kMostRounds)));

  progress.phase = ClearPhase::kImproving;
  std::uint64_t left = options.ruins_per_line * instance.lines.size();
  while (left > 0 && gap_of(improver.worth(), result.bound) > options.target_gap_micro && ask()) {
    const std::uint64_t steps = std::min(left, kRuinsBetweenLooks);
    improver.improve(steps, ask);
    progress.value = improver.worth();
    left -= steps;
  }
  result.held = improver.held();
  result.value = improver.worth();
  result.cut_short = stopped;
  return result;
}

}  // namespace qiao
