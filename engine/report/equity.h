// How evenly communities are served.
#pragma once

#include <memory>
#include <vector>

#include "engine/clear/instance.h"
#include "engine/rows/state.h"
#include "qiao/v1/clearing.pb.h"

namespace qiao {

// Lines of a community in millionths: asked for, and held.
struct Fill {
  Slot community = kNoSlot;
  std::int64_t asked_micro = 0;
  std::int64_t before_micro = 0;
  std::int64_t after_micro = 0;
};

// Adds the current fill of a community that asked for something; after equals before.
void add_fill(std::vector<Fill>& fills, const State& state, Slot community);
// The fills of all communities.
std::vector<Fill> fills(const State& state);

// Adds to `after` what an allocation would fill of one need of the instance.
void add_fill(std::vector<Fill>& fills, const State& state, const Instance& instance,
              const Allocation& held, const ClearNeed& need);

enum class When : std::uint8_t { kBefore, kAfter };
pb::Equity equity(const std::vector<Fill>& fills, When when);

// Counts community by community; the result is ordered by fill rate, lowest first. See ReportCount
// for its use.
class EquityCount {
 public:
  // The current state.
  explicit EquityCount(const State& state) : state_(state), areas_(state.areas().size()) {}
  // With every proposal of that clearing.
  EquityCount(const State& state, std::uint64_t clearing,
              std::shared_ptr<const std::vector<Fill>> fills)
      : state_(state), clearing_(clearing), cleared_(std::move(fills)) {}

  std::size_t steps() const { return areas_; }
  void add(std::size_t area) { add_fill(fills_, state_, static_cast<Slot>(area)); }
  void sort();
  pb::EquityReport head() const;
  std::size_t rows() const { return fills_.size(); }
  pb::CommunityFill row(std::size_t place) const;

 private:
  const State& state_;
  Slot areas_ = 0;
  std::uint64_t clearing_ = 0;                        // 0: none
  std::shared_ptr<const std::vector<Fill>> cleared_;  // copied when it is sorted
  std::vector<Fill> fills_;
  pb::Equity before_;
  pb::Equity after_;
};

}  // namespace qiao
