#include <algorithm>

#include "engine/clear/improve.h"

namespace qiao {
namespace {

// The maximum number of needs that choose one after another; those that remain unfilled then take
// free room.
constexpr std::size_t kChoosers = 12;
// Usually the need that gains least is displaced; a random one may gain up to this fraction of a
// unit's worth more.
constexpr Worth kChance = 8;
constexpr std::uint32_t kNobody = 0xffffffffU;

}  // namespace

// Removes all that the need holds, and remembers it for a rollback.
void Improver::evict(std::uint32_t n) {
  if (changed_in_[n] != chain_) {
    changed_in_[n] = chain_;
    changed_.emplace_back(n, worth_[n]);
  }
  each_held(n, [&](std::uint32_t e) { add_in_chain(e, -held_[e]); });
  total_ -= worth_[n];
  worth_[n] = 0;
}

void Improver::add_in_chain(std::uint32_t edge, std::int32_t units) {
  moves_.push_back({edge, units});
  add_units(edge, units);
}

// Makes room for this many units in a slot. Returns false if its holders have already chosen.
bool Improver::evict_from(std::uint32_t slot, std::int32_t units) {
  while (room_[slot] < units) {
    Worth least = 0;
    std::uint32_t who = kNobody;
    for (const std::uint32_t e : instance_.users_of(slot)) {
      if (held_[e] == 0) continue;
      const std::uint32_t n = instance_.lines[instance_.line_of_edge[e]].need;
      if (fixed_in_[n] == chain_) continue;
      const Edge& edge = instance_.edges[e];
      const auto chance = static_cast<Worth>(
          random_.below(static_cast<std::uint64_t>(std::max<Worth>(1, edge.unit / kChance))));
      const Worth gain = (edge.unit - price_of(edge, prices_)) * held_[e] + chance;
      if (who != kNobody && gain >= least) continue;
      least = gain;
      who = n;
    }
    if (who == kNobody) return false;
    evict(who);
    queue_.push_back(who);
  }
  return true;
}

// What the need would choose alone at the prices, except slots that are filled by other choices of
// this chain.
void Improver::choose_in_chain(std::uint32_t n) {
  for (const std::uint32_t s : taken_) closed_[s] = room_[s] == 0 ? 1 : 0;
  picks_.clear();
  chooser_.choose_open(instance_.needs[n], prices_, closed_, picks_);
  for (const std::uint32_t s : taken_) closed_[s] = 0;
}

// With nearly correct prices a displaced need finds something nearly as good, and the last one
// finds free room: then the chain has gained what the first need lost.
bool Improver::chain(std::uint32_t first) {
  ++chain_;
  changed_.clear();
  moves_.clear();
  taken_.clear();
  queue_.assign(1, first);
  const Worth before = total_;
  evict(first);
  std::size_t at = 0;
  for (; at < queue_.size() && at < kChoosers; ++at) {
    const std::uint32_t n = queue_[at];
    fixed_in_[n] = chain_;
    choose_in_chain(n);
    for (const Pick& p : picks_) {
      const Edge& e = instance_.edges[p.edge];
      std::int32_t units = p.units;
      for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) {
        if (!evict_from(s, units)) units = std::min(units, room_[s]);
      }
      if (units < instance_.offers[e.offer].smallest_lot) continue;
      add_in_chain(p.edge, units);
      for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) taken_.push_back(s);
    }
    group_.assign(1, n);
    list_live();
    const bool good = keeps_rules(n);
    if (good) count_worth(n);
    if (!good || worth_[n] < 0) evict(n);
  }
  for (; at < queue_.size(); ++at) {
    group_.assign(1, queue_[at]);
    list_live();
    serve(queue_[at], kWholePrice);
    for (const Live& o : live_) {
      if (held_[o.edge] != 0) moves_.push_back({o.edge, held_[o.edge]});
    }
  }
  if (total_ > before) return true;
  for (const Part& m : moves_) add_units(m.edge, -m.units);
  for (const auto& [n, worth] : changed_) {
    total_ += worth - worth_[n];
    worth_[n] = worth;
  }
  return false;
}

}  // namespace qiao
