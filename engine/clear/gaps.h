// Supply gaps, and what one more unit would gain.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/clear/solver.h"
#include "engine/match/ranking.h"
#include "qiao/v1/clearing.pb.h"

namespace qiao {

struct GapOptions {
  Slot within = kNoSlot;  // only needs there and below; kNoSlot: anywhere
  std::size_t most = 20;  // gaps
};

// Finds lines that a clearing leaves short, grouped by community, requirements, weekday and hour,
// ordered by the gain of one more unit. For each group, the unit is added to the instance (a new
// supplier in that community with exactly what is required, available in each such window) and the
// needs around are cleared again: `gain` is the rise of the value.
class GapFinder {
 public:
  // The instance and the clearing must outlive it.
  GapFinder(const Ranking& ranking, const Instance& instance, const Cleared& cleared,
            const GapOptions& options);
  // Groups the lines that are short, in steps, so that the caller can pause in between; then
  // selects the most promising groups. These functions read the market.
  ~GapFinder();
  std::size_t steps() const { return in_.lines.size(); }
  void add(std::size_t line);
  void choose();
  // Does not read the market and may run on any thread. Some milliseconds for each gap, whatever
  // the size of the instance. Calls keep_going() before each; if it returns false, the result has
  // the gaps found so far.
  std::vector<pb::SupplyGap> find(const std::function<bool()>& keep_going) const;

 private:
  struct Short {
    std::uint32_t line;  // of the instance
    Worth unit;          // worth of a unit of the new supplier to it
  };
  struct Group {
    bool stock = false;
    bool money = false;
    std::int64_t estimate = 0;  // the sum of what a unit is worth in each of its windows
    std::vector<Short> lines;
    pb::SupplyGap gap;  // except the gain, which the sentences for money do not state
  };
  // A part of the instance, and the quantities held there.
  struct Around {
    Instance instance;
    Allocation held;
    std::vector<Worth> prices;
  };
  std::vector<std::uint32_t> needs_around(const Group& group) const;
  std::uint32_t copy_offer(std::uint32_t number, const std::vector<bool>& inside, Around& to) const;
  std::uint32_t add_newcomer(const Group& group, Around& to) const;
  Around copy(const Group& group, const std::vector<std::uint32_t>& needs,
              bool with_newcomer) const;
  std::pair<Worth, std::int64_t> try_one(const Group& group) const;

  // Used while lines are grouped.
  struct Grouping;

  const Ranking& ranking_;
  const Instance& in_;
  const Cleared& cleared_;
  GapOptions options_;
  std::unique_ptr<Grouping> grouping_;
  std::vector<Group> groups_;  // the most promising first
};

}  // namespace qiao
