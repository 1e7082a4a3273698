#include "engine/clear/bound.h"

#include <algorithm>
#include <atomic>

#include "engine/clear/choice.h"

namespace qiao {
namespace {

constexpr std::size_t kNeedsPerPart = 4096;
// Rounds without a better bound after which steps are halved.
constexpr int kPatience = 10;
constexpr double kShortest = 1.0 / 64;  // of Polyak's length

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

Polisher::Polisher(const Instance& instance, std::vector<Worth> prices, const Workers& workers)
    : instance_(instance), workers_(workers), prices_(std::move(prices)), at_(prices_), scale_(scales(instance)), demand_(instance.slots.size()), sums_(parts_of(instance)),
      bound_(upper_bound(instance, prices_, workers)) {}

int Polisher::polish(int rounds, Worth value, const std::function<bool()>& go_on) {
  int round = 0;
  for (; round < rounds && bound_ > value && length_ > kShortest && go_on(); ++round) {
    std::fill(demand_.begin(), demand_.end(), 0);
    workers_(sums_.size(), [&](std::size_t part) {
      Chooser chooser(instance_);
      std::vector<Pick> picks;
      Worth sum = 0;
      each_need(instance_, part, [&](const ClearNeed& need) { sum += chooser.choose(need, at_, picks); });
      for (const Pick& p : picks) {
        const Edge& e = instance_.edges[p.edge];
        // Whole numbers: the order in which threads add them makes no difference.
        for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) std::atomic_ref(demand_[s]).fetch_add(p.units, std::memory_order_relaxed);
      }
      sums_[part] = sum;
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
      const std::int64_t excess = instance_.slots[s].room - demand_[s];
      if (excess < 0 || (excess > 0 && at_[s] > 0)) norm += scale_[s] * scale_[s] * static_cast<double>(excess) * static_cast<double>(excess);
    }
    if (norm == 0) return round + 1;
    const double step = length_ * static_cast<double>(bound - value) / norm;
    for (std::size_t s = 0; s < at_.size(); ++s) {
      const std::int64_t excess = instance_.slots[s].room - demand_[s];
      if (excess == 0) continue;
      const double move = step * scale_[s] * scale_[s] * static_cast<double>(excess);
      at_[s] = std::max<Worth>(0, at_[s] - static_cast<Worth>(std::clamp(move, -4 * scale_[s], 4 * scale_[s])));
    }
  }
  return round;
}

}  // namespace qiao
