// The standing result of clearing: proposals and prices by the slots of State, updated from one
// clearing to the next.
//
// After a small change only the affected needs are cleared again, with what the others hold
// subtracted. The certificate is updated with it: for any prices, the bound is the sum of what each
// need gains alone plus the price of all room, so a need that is added, changed or removed adds or
// subtracts its own part. Pairs are valued as of the last clearing of their need: equity weights
// change a little with every match.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <vector>

#include "engine/clear/collect.h"
#include "engine/clear/solver.h"

namespace qiao {

// A quantity of an offer for a line.
struct PlannedPart {
  Slot line;
  Slot offer;
  std::int32_t units;
  std::int64_t value_micro;  // of the pair, for the whole line
  std::int64_t price_micro;  // of a unit of the offer, in millionths of value
};

// Not thread-safe. Functions that read the market say so.
class Plan {
 public:
  explicit Plan(const Ranking& ranking) : ranking_(ranking) {}
  Plan(Plan&&) = default;

  // Replaces the plan by the result of a clearing of all open needs. Does not read the market.
  void replace(const Instance& instance, const Cleared& cleared);
  // Updates the plan after a change of these needs and offers (slots). Clears again these needs,
  // those that hold something of these offers, those that these offers could serve, and those that
  // compete with them most; at most kMostAgain. Returns how many needs were cleared. O(change).
  // Reads the market.
  std::size_t refresh(const std::vector<Slot>& needs, const std::vector<Slot>& offers, Time now,
                      const ClearOptions& options);
  // The same in three steps: only the first reads the market; the second may run on any thread and
  // does not use the plan. Between the first and the last the plan lacks the needs that are being
  // cleared again.
  struct Refresh {
    std::size_t needs = 0;
    Instance instance;  // with the room that the others leave
    std::vector<Worth> prices;
    Instance free;  // with all room
    std::vector<Worth> free_prices;
    Cleared cleared;
  };
  Refresh begin(const std::vector<Slot>& needs, const std::vector<Slot>& offers, Time now);
  static void solve(Refresh& refresh, const ClearOptions& options);
  void finish(const Refresh& refresh);

  const boost::unordered_flat_map<Slot, std::vector<PlannedPart>>& by_need() const {
    return parts_;
  }
  // The proposals for a need; empty if there are none.
  const std::vector<PlannedPart>& of(Slot need) const;
  // Adds the needs with a proposal of the offer, in no order, some perhaps twice.
  void add_needs_of(Slot offer, std::vector<Slot>& needs) const;
  // The price of a unit of the offer over a window, in millionths of value; 0 if it is not scarce.
  std::int64_t price_micro(Slot offer, const Interval& window) const;
  // The gain of the line's last unit above its price, in millionths of value: 0 if the line is not
  // full.
  std::int64_t gain_micro(Slot line) const;

  std::int64_t value_micro() const { return kept_within(value_) / per_micro_; }
  std::int64_t bound_micro() const {
    const Worth bound = kept_within(bound_);
    return bound / per_micro_ + (bound % per_micro_ != 0 ? 1 : 0);
  }
  std::int64_t gap_micro() const { return gap_of(kept_within(value_), kept_within(bound_)); }
  std::size_t needs() const { return gains_.size(); }

 private:
  struct Priced {
    Time at;
    Worth price;
    std::int64_t room;
  };
  struct NeedSum {
    Worth bound;  // what it gains alone at the prices
    Worth value;
    std::vector<Slot> lines;  // that have a gain
  };
  struct Use {
    Slot need;
    Interval window;
    std::int32_t units;
  };
  void drop(Slot need);
  void put(const Instance& instance, const Allocation& held, std::uint32_t need,
           std::span<const Worth> prices, Worth alone);
  void reprice(Slot offer);
  void around(Slot need, std::vector<Slot>& again) const;
  std::vector<Worth> standing_prices(const Instance& in) const;

  const Ranking& ranking_;
  std::int64_t per_micro_ = 1;
  boost::unordered_flat_map<Slot, std::vector<PlannedPart>> parts_;
  boost::unordered_flat_map<Slot, NeedSum> gains_;
  boost::unordered_flat_map<Slot, std::int64_t> line_gain_;      // by line, where not 0
  boost::unordered_flat_map<Slot, std::vector<Priced>> prices_;  // by offer, where not 0
  boost::unordered_flat_map<Slot, std::vector<Use>> uses_;       // by offer
  // Wider than their terms: a price times the free room can exceed 64 bits.
  using Sum = __int128;
  static Worth kept_within(Sum sum) { return static_cast<Worth>(std::min<Sum>(sum, kMostWorth)); }
  Sum value_ = 0;
  Sum bound_ = 0;
};

// Needs cleared again in one refresh.
inline constexpr std::size_t kMostAgain = 20'000;

}  // namespace qiao
