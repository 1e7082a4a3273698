#include "engine/clear/bound.h"

#include <algorithm>
#include <atomic>

#include "engine/clear/choice.h"

namespace qiao {
namespace {

// The number of rounds without a better bound after which the steps are halved, and the minimum
// step, as a part of Polyak's.
constexpr int kPatience = 8;
constexpr double kShortest = Polisher::kFirstLength / 64;
// The share of the previous step that is added: prices that oscillate settle, and prices that are
// pushed one way keep moving. Measured on 100,000 lines at load 1: the bound after 60 rounds is as
// low as without it after 100, and lower in the end.
constexpr double kKept = 0.7;

Worth cost_of_room(const Instance& instance, std::span<const Worth> prices) {
  __int128 sum = 0;
  for (std::size_t s = 0; s < prices.size(); ++s)
    sum += static_cast<__int128>(prices[s]) * instance.slots[s].room;
  // Needs gain less than half of that together.
  return static_cast<Worth>(std::min<__int128>(sum, kMostWorth));
}

// The greatest worth of a unit of each slot to any need: the scale of its price.
std::vector<double> scales(const Instance& instance) {
  std::vector<double> scale(instance.slots.size(), 0);
  for (const Edge& e : instance.edges) {
    for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s)
      scale[s] = std::max(scale[s], static_cast<double>(e.unit));
  }
  return scale;
}

}  // namespace

Worth upper_bound(const Instance& instance, std::span<const Worth> prices, const Workers& workers) {
  std::vector<Worth> sums(need_parts(instance), 0);
  choose_each(instance, workers, [&](Chooser& chooser, std::size_t part, std::uint32_t n) {
    sums[part] += chooser.choose(instance.needs[n], prices);
  });
  Worth bound = cost_of_room(instance, prices);
  for (const Worth s : sums) bound += s;
  return bound;
}

Polisher::Polisher(const Instance& instance, std::vector<Worth> prices, const Workers& workers)
    : instance_(instance),
      workers_(workers),
      prices_(std::move(prices)),
      at_(prices_),
      scale_(scales(instance)),
      way_(instance.slots.size()),
      demand_(instance.slots.size()),
      sums_(need_parts(instance)),
      bound_(upper_bound(instance, prices_, workers)) {}

int Polisher::polish(int rounds, Worth value, const std::function<bool()>& keep_going) {
  int round = 0;
  for (; round < rounds && bound_ > value && length_ > kShortest && keep_going(); ++round) {
    std::fill(demand_.begin(), demand_.end(), 0);
    std::fill(sums_.begin(), sums_.end(), 0);
    choose_each(instance_, workers_, [&](Chooser& chooser, std::size_t part, std::uint32_t n) {
      thread_local std::vector<Pick> picks;
      picks.clear();
      sums_[part] += chooser.choose(instance_.needs[n], at_, picks);
      for (const Pick& p : picks) {
        const Edge& e = instance_.edges[p.edge];
        // Integers, so that the order in which threads add them makes no difference.
        for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s)
          std::atomic_ref(demand_[s]).fetch_add(p.units, std::memory_order_relaxed);
      }
    });
    Worth bound = cost_of_room(instance_, at_);
    for (const Worth s : sums_) bound += s;
    if (bound < bound_) {
      bound_ = bound;
      prices_ = at_;
      since_better_ = 0;
    } else if (++since_better_ == kPatience) {
      length_ /= 2;
      since_better_ = 0;
    }
    double norm = 0;
    for (std::size_t s = 0; s < at_.size(); ++s) {
      double& way = way_[s];
      way = static_cast<double>(instance_.slots[s].room - demand_[s]) + kKept * way;
      if (way > 0 && at_[s] == 0) way = 0;
      norm += scale_[s] * scale_[s] * way * way;
    }
    if (norm == 0) return round + 1;
    const double step = length_ * static_cast<double>(bound - value) / norm;
    for (std::size_t s = 0; s < at_.size(); ++s) {
      if (way_[s] == 0) continue;
      const double move = step * scale_[s] * scale_[s] * way_[s];
      at_[s] = std::max<Worth>(
          0, at_[s] - static_cast<Worth>(std::clamp(move, -4 * scale_[s], 4 * scale_[s])));
    }
  }
  return round;
}

}  // namespace qiao
