// How evenly communities are served.
#pragma once

#include <vector>

#include "engine/clear/instance.h"
#include "engine/market/state.h"
#include "qiao/v1/clearing.pb.h"

namespace qiao {

// Lines of a community in millionths of a line: asked for, and held.
struct Fill {
  Slot community = kNoSlot;
  std::int64_t asked_micro = 0;
  std::int64_t before_micro = 0;
  std::int64_t after_micro = 0;
};

// Communities that asked for something, as they stand; after is as before.
std::vector<Fill> fills(const State& state);

// Adds to `after` what an allocation would fill.
void add_fill(std::vector<Fill>& fills, const State& state, const Instance& instance, const Allocation& held);

enum class When : std::uint8_t { kBefore, kAfter };
pb::Equity equity(const std::vector<Fill>& fills, When when);

}  // namespace qiao
