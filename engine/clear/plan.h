// The standing result of clearing: proposals and prices by the market's own slots, kept from one
// round to the next.
//
// After a small change only the needs that the change affects are cleared again, against what the
// others keep; the certificate is updated with it: for any prices, the bound is what each need
// gains alone plus what all room costs, so a need that is added, changed or removed adds or
// subtracts its own part. Pairs are valued as of when their need was last cleared: equity weights
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

// Not thread-safe. What reads the market says so.
class Plan {
 public:
  explicit Plan(const Ranking& ranking) : ranking_(ranking) {}
  Plan(Plan&&) = default;

  // Replaces the plan by a clearing of everything that is open. Does not read the market.
  void take(const Instance& instance, const Cleared& cleared);
  // The needs and offers that changed since, by slot. Clears again the needs among them, those that
  // were promised something of those offers, those that such offers could serve, and those they
  // compete with most; at most kMostAgain. Returns how many needs were cleared. O(change). Reads
  // the market.
  std::size_t refresh(const std::vector<Slot>& needs, const std::vector<Slot>& offers, Time now,
                      const ClearOptions& options);
  // The same in three steps: only the first reads the market; the second may run anywhere and does
  // not touch a plan. Between the first and the last the plan lacks the needs that are being
  // cleared again.
  struct Refresh {
    std::size_t needs = 0;
    Instance instance;  // what the others leave
    std::vector<Worth> prices;
    Instance free;  // as if they were alone
    std::vector<Worth> free_prices;
    Cleared cleared;
  };
  Refresh begin(const std::vector<Slot>& needs, const std::vector<Slot>& offers, Time now);
  static void solve(Refresh& refresh, const ClearOptions& options);
  void finish(const Refresh& refresh);

  const boost::unordered_flat_map<Slot, std::vector<PlannedPart>>& by_need() const {
    return parts_;
  }
  // What is planned for a need; empty where nothing is.
  const std::vector<PlannedPart>& of(Slot need) const;
  // Adds the needs that are promised something of the offer, in no order, some perhaps twice.
  void add_needs_of(Slot offer, std::vector<Slot>& needs) const;
  // Price of a unit of the offer over a window, in millionths of value; 0 if it is not scarce.
  std::int64_t price_micro(Slot offer, const Interval& window) const;
  // What the line's last unit gains above its price, in millionths of value: 0 while it is not
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
    Worth bound;  // gains alone at the prices
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
