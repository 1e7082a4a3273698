#include "engine/clear/bound.h"

#include <algorithm>
#include <atomic>

#include "engine/clear/choice.h"

namespace qiao {
namespace {

constexpr std::size_t kNeedsPerPart = 4096;
// Rounds without a better bound after which steps are halved.
constexpr int kPatience = 10;

std::size_t parts_of(const Instance& instance) { return instance.needs.size() / kNeedsPerPart + 1; }

template <class Each>
void each_need(const Instance& instance, std::size_t part, Each each) {
  const std::size_t end = std::min(instance.needs.size(), (part + 1) * kNeedsPerPart);
  for (std::size_t n = part * kNeedsPerPart; n < end; ++n) each(instance.needs[n]);
}

Worth cost_of_room(const Instance& instance, std::span<const Worth> prices) {
  __int128 sum = 0;
  for (std::size_t s = 0; s < prices.size(); ++s) sum += static_cast<__int128>(prices[s]) * instance.slots[s].room;
  // Needs gain less than half of that together.
  return static_cast<Worth>(std::min<__int128>(sum, kMostWorth));
}

// What a unit of each slot is worth at most to anybody: the scale of its price.
std::vector<double> scales(const Instance& instance) {
  std::vector<double> scale(instance.slots.size(), 0);
  for (const Edge& e : instance.edges) {
    for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) scale[s] = std::max(scale[s], static_cast<double>(e.unit));
  }
  return scale;
}

}  // namespace

Worth upper_bound(const Instance& instance, std::span<const Worth> prices, const Workers& workers) {
  const std::size_t parts = parts_of(instance);
  std::vector<Worth> sums(parts, 0);
  workers(parts, [&](std::size_t part) {
    Chooser chooser(instance);
    Worth sum = 0;
    each_need(instance, part, [&](const ClearNeed& need) { sum += chooser.choose(need, prices); });
    sums[part] = sum;
  });
  Worth bound = cost_of_room(instance, prices);
  for (const Worth s : sums) bound += s;
  return bound;
}

Worth polish(const Instance& instance, std::vector<Worth>& prices, Worth value, int rounds, const Workers& workers,
             const std::function<bool(Worth bound)>& go_on) {
  const std::size_t parts = parts_of(instance);
  const std::vector<double> scale = scales(instance);
  std::vector<Worth> sums(parts);
  std::vector<std::int32_t> demand(instance.slots.size());
  std::vector<Worth> at = prices;
  Worth best = upper_bound(instance, prices, workers);
  double length = 1;
  int since_better = 0;
  for (int round = 0; round < rounds && best > value && go_on(best); ++round) {
    std::fill(demand.begin(), demand.end(), 0);
    workers(parts, [&](std::size_t part) {
      Chooser chooser(instance);
      std::vector<Pick> picks;
      Worth sum = 0;
      each_need(instance, part, [&](const ClearNeed& need) { sum += chooser.choose(need, at, picks); });
      for (const Pick& p : picks) {
        const Edge& e = instance.edges[p.edge];
        // Whole numbers: the order in which threads add them makes no difference.
        for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) std::atomic_ref(demand[s]).fetch_add(p.units, std::memory_order_relaxed);
      }
      sums[part] = sum;
    });
    Worth bound = cost_of_room(instance, at);
    for (const Worth s : sums) bound += s;
    if (bound < best) {
      best = bound;
      prices = at;
      since_better = 0;
    } else if (++since_better == kPatience) {
      length /= 2;
      since_better = 0;
    }
    double norm = 0;
    for (std::size_t s = 0; s < at.size(); ++s) {
      const std::int64_t excess = instance.slots[s].room - demand[s];
      if (excess < 0 || (excess > 0 && at[s] > 0)) norm += scale[s] * scale[s] * static_cast<double>(excess) * static_cast<double>(excess);
    }
    if (norm == 0) break;
    const double step = length * static_cast<double>(bound - value) / norm;
    for (std::size_t s = 0; s < at.size(); ++s) {
      const std::int64_t excess = instance.slots[s].room - demand[s];
      if (excess == 0) continue;
      const double move = step * scale[s] * scale[s] * static_cast<double>(excess);
      at[s] = std::max<Worth>(0, at[s] - static_cast<Worth>(std::clamp(move, -4 * scale[s], 4 * scale[s])));
    }
  }
  return best;
}

}  // namespace qiao
