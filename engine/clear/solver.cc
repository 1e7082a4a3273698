#include "engine/clear/solver.h"

#include <algorithm>

#include "engine/clear/auction.h"
#include "engine/clear/bound.h"
#include "engine/clear/improve.h"

namespace qiao {
namespace {

// Steps of the auction: at first a fiftieth of a line's worth, then an eighth of the previous step.
// Measured on transport problems of 100,000 lines: beginning at a quarter takes twice as long.
constexpr Worth kFirstPart = 50;
constexpr Worth kScaling = 8;
// Rounds of polishing and improvements alternate: prices first, because they determine which needs
// to improve and how. Measured on 100,000 lines: with 40 rounds per turn, reaching 1 % takes 10 to
// 25 % longer.
constexpr std::int64_t kRoundsATurn = 15;
constexpr std::uint64_t kTurnsAPass = 16;
constexpr std::uint64_t kLeastATurn = 64;

// The average worth of a line by itself.
Worth mean_line(const Instance& instance) {
  __int128 sum = 0;
  for (const ClearLine& line : instance.lines) {
    if (line.edges > 0)
      sum += static_cast<__int128>(instance.edges[line.first_edge].unit) * line.missing;
  }
  return instance.lines.empty()
             ? 0
             : static_cast<Worth>(sum / static_cast<std::int64_t>(instance.lines.size()));
}

}  // namespace

std::int64_t gap_of(Worth value, Worth bound) {
  if (bound <= 0 || value >= bound) return 0;
  return static_cast<std::int64_t>((static_cast<__int128>(bound - value) * 1'000'000 + bound - 1) /
                                   bound);
}

Cleared clear_market(const Instance& instance, const ClearOptions& options) {
  Cleared result;
  ClearProgress progress;
  bool stopped = false;
  const auto ask = [&] {
    if (!stopped && !options.keep_going(progress)) stopped = true;
    return !stopped;
  };
  const bool warm = !options.prices.empty();
  result.prices = warm ? options.prices : std::vector<Worth>(instance.slots.size(), 0);
  ask();
  // The improver uses the prices as they improve.
  Improver improver(instance, result.prices, options.seed, options.workers);
  progress.phase = ClearPhase::kPrices;
  Auction auction(instance, result.prices);
  const Worth mean = mean_line(instance);
  // Finally each line is within a step of the optimum; half of the requested gap is left to
  // rounding.
  const Worth finest = std::max<Worth>(
      1, static_cast<Worth>(static_cast<__int128>(mean) * options.target_gap_micro / 2'000'000));
  Worth step = warm ? finest * kScaling : std::max(finest, mean / kFirstPart);
  while (ask() && auction.run(step, finest, ask) && step > finest)
    step = std::max(finest, step / kScaling);

  progress.phase = ClearPhase::kRounding;
  Polisher polisher(instance, auction.prices(), options.workers);
  result.prices = auction.prices();
  improver.start_from(auction.held());
  const auto report = [&](ClearPhase phase) {
    progress = {phase, improver.worth(), polisher.bound()};
    return gap_of(improver.worth(), polisher.bound()) > options.target_gap_micro && ask();
  };
  // Improves bound and value alternately.
  std::int64_t rounds = options.polish_rounds;
  std::uint64_t improvements = options.improvements_per_line * instance.lines.size();
  const std::uint64_t helps_a_turn = std::max(kLeastATurn, instance.lines.size() / kTurnsAPass);
  bool better = true;
  while (better && report(ClearPhase::kBound)) {
    better = false;
    if (rounds > 0) {
      const int made =
          polisher.polish(static_cast<int>(std::min<std::int64_t>(rounds, kRoundsATurn)),
                          improver.worth(), [&] { return report(ClearPhase::kBound); });
      rounds -= made == 0 ? rounds : made;
      result.prices = polisher.prices();
      better = true;
    }
    if (improvements > 0 && report(ClearPhase::kImproving)) {
      const std::uint64_t steps = std::min(improvements, helps_a_turn);
      improver.improve(steps, ask);
      improvements -= steps;
      better = true;
    }
  }
  result.prices = polisher.prices();
  result.bound = polisher.bound();
  result.held = improver.held();
  result.value = improver.worth();
  result.cut_short = stopped;
  return result;
}

}  // namespace qiao
