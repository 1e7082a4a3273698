// Where supply is short, and what one more unit would bring.
#pragma once

#include <vector>

#include "engine/clear/solver.h"
#include "engine/match/ranking.h"
#include "qiao/v1/clearing.pb.h"

namespace qiao {

struct GapOptions {
  Slot within = kNoSlot;   // only needs there and below; kNoSlot: anywhere
  std::size_t most = 20;   // gaps
};

// Lines that a clearing leaves short, by community, what they ask for, weekday and hour; those first whose one more unit
// brings most. For each the unit is really added (somebody new in that community who has just what is asked for and is free
// in each such window) and the needs around cleared again: `gain` is by how much the value rises.
class GapFinder {
 public:
  // Reads the market; the instance and what was cleared must outlive it. O(lines).
  GapFinder(const Ranking& ranking, const Instance& instance, const Cleared& cleared, const GapOptions& options);
  // Does not: on any thread. Some milliseconds for each gap that is tried.
  std::vector<pb::SupplyGap> find() const;

 private:
  struct Short {
    std::uint32_t line;  // of the instance
    Worth unit;          // what a unit of somebody new is worth to it
  };
  struct Group {
    bool stock = false;
    std::int64_t estimate = 0;  // the sum of what a unit is worth in each of its windows
    std::vector<Short> lines;
    pb::SupplyGap gap;          // but for the gain
  };
  std::pair<Worth, std::int64_t> try_one(const Group& group) const;

  const Instance& in_;
  const Cleared& cleared_;
  GapOptions options_;
  std::vector<Group> groups_;  // the most promising first
};

}  // namespace qiao
