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
#include <memory>
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
  // The same in parts. read_some() reads the market and the plan: one offer, line or need at a
  // time, and returns false if nothing is left. solve() may run on any thread and does not use the
  // plan. finish() puts one of the needs into the plan: call it for each of instance.needs. Until
  // then the plan lacks the needs that are being cleared again.
  struct Refresh;
  std::unique_ptr<Refresh> begin(std::vector<Slot> needs, std::vector<Slot> offers, Time now) const;
  bool read_some(Refresh& refresh);
  static void solve(Refresh& refresh, const ClearOptions& options);
  void finish(const Refresh& refresh, std::uint32_t need);

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
  void read_offer(Refresh& refresh, Slot offer);
  void read_rivals(Refresh& refresh, Slot line) const;
  bool read_next_line(Refresh& refresh) const;
  using Prices = boost::unordered_flat_map<Slot, std::vector<Priced>>;
  using Uses = boost::unordered_flat_map<Slot, std::vector<Use>>;
  static std::vector<Worth> standing_prices(const Instance& in, const Prices& prices);

  const Ranking& ranking_;
  std::int64_t per_micro_ = 1;
  boost::unordered_flat_map<Slot, std::vector<PlannedPart>> parts_;
  boost::unordered_flat_map<Slot, NeedSum> gains_;
  boost::unordered_flat_map<Slot, std::int64_t> line_gain_;  // by line, where not 0
  Prices prices_;                                            // by offer, where not 0
  Uses uses_;                                                // by offer
  // Wider than their terms: a price times the free room can exceed 64 bits.
  using Sum = __int128;
  static Worth kept_within(Sum sum) { return static_cast<Worth>(std::min<Sum>(sum, kMostWorth)); }
  Sum value_ = 0;
  Sum bound_ = 0;
};

struct Plan::Refresh {
  explicit Refresh(Collector empty) : collector(std::move(empty)) {}

  Time now;
  // What has changed.
  std::vector<Slot> offers;
  // The needs to clear again: the changed ones, then those that compete with them.
  std::vector<Slot> needs;
  std::size_t changed = 0;
  // How far it has been read: of the offers, of the lines of the changed needs, of the needs, and
  // of the offers that the needs were found to have.
  enum class Part : std::uint8_t { kOffers, kRivals, kNeeds, kRoom, kRead };
  Part part = Part::kOffers;
  std::size_t next = 0;
  Slot next_line = 0;      // within the changed need
  std::size_t rivals = 0;  // of the changed need
  // As read.
  Collector collector;
  std::vector<Slot> offers_found;
  Prices standing;  // of the offers that were found
  Uses held;        // by other needs
  std::int64_t per_micro = 1;
  // As solved.
  Instance instance;  // with the room that the others leave
  std::vector<Worth> prices;
  Cleared cleared;
  boost::unordered_flat_map<Slot, Worth> gains;  // by need, alone with all room
};

// Needs cleared again in one refresh.
inline constexpr std::size_t kMostAgain = 20'000;

}  // namespace qiao
