// The best choice of a single need at given prices: the subproblem that is solved exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/workers.h"
#include "engine/clear/instance.h"

namespace qiao {

// Lines of at most this many units are split at exact cost.
inline constexpr std::int32_t kExactUnits = 40;

struct Pick {
  std::uint32_t edge;
  std::int32_t units;
};

// Reuses its working memory. Use one for each thread.
class Chooser {
 public:
  explicit Chooser(const Instance& instance) : instance_(instance) {}

  // Returns the most that the need can be worth above the prices of what it takes: no feasible
  // choice gains more. Each line takes offers by unit value less price; a full line is compared
  // with a part and with nothing. Some costs are underestimated, so that the computation is fast
  // and the result still an upper bound: on a line of more than kExactUnits, or with a staffing
  // ratio, a further offer costs only a share of `split`, proportional to the units taken; smallest
  // lots are ignored; an offer that the instance left out (ClearLine::best_omitted) counts as free.
  Worth choose(const ClearNeed& need, std::span<const Worth> prices) {
    return choose(need, prices, nullptr);
  }
  // The same; appends what the need would take.
  Worth choose(const ClearNeed& need, std::span<const Worth> prices, std::vector<Pick>& picks) {
    return choose(need, prices, &picks);
  }
  // The same with only the listed offers, without closed slots (one flag for each slot): for a
  // choice that is carried out.
  Worth choose_open(const ClearNeed& need, std::span<const Worth> prices,
                    const std::vector<std::uint8_t>& closed, std::vector<Pick>& picks) {
    closed_ = &closed;
    const Worth gain = choose(need, prices, &picks);
    closed_ = nullptr;
    return gain;
  }

 private:
  struct Option {
    Worth gain;   // unit value less price, less its share of the cost of a split
    Worth whole;  // without that share
    std::int32_t units;
    std::uint32_t edge;
  };
  struct LineOptions {
    std::uint32_t begin;
    std::uint32_t end;
    std::int64_t asked;
    Worth first;  // refunded once: the first offer costs no split
    bool people;
    bool professional;
  };
  Worth choose(const ClearNeed& need, std::span<const Worth> prices, std::vector<Pick>* picks);
  void list(const ClearNeed& need, std::span<const Worth> prices);
  // The best choice for a line with at most `limit` units; with all of them if `whole`.
  Worth fill(const LineOptions& line, std::int64_t limit, bool whole,
             std::vector<Pick>* picks) const;
  Worth fill_group(bool people, std::int64_t limit, std::vector<Pick>* picks) const;
  bool splits_a_part(const LineOptions& line, std::int64_t left, bool whole) const;
  Worth fill_exactly(const LineOptions& line, std::int32_t limit, bool whole,
                     std::vector<Pick>* picks) const;
  std::int64_t wanted(bool people) const;
  Worth with_ratio(const ClearNeed& need, std::vector<Pick>* picks) const;

  bool is_open(const Edge& edge) const;

  const Instance& instance_;
  const std::vector<std::uint8_t>* closed_ = nullptr;  // while choose_open() runs
  std::vector<Option> options_;
  std::vector<LineOptions> lines_;
  mutable std::vector<Option> merged_;
  mutable std::vector<std::uint32_t> useful_;
  mutable std::vector<Worth> sums_;
  mutable std::vector<std::uint8_t> taken_;
};

// Needs that a worker processes at a time.
inline constexpr std::size_t kNeedsPerPart = 4096;
inline std::size_t need_parts(const Instance& instance) {
  return parts_of(instance.needs.size(), kNeedsPerPart);
}

// Calls each(chooser, part, need) for every need; the needs of a part in order, on one thread.
template <class Each>
void choose_each(const Instance& instance, const Workers& workers, Each each) {
  in_parts(workers, instance.needs.size(), kNeedsPerPart,
           [&](std::size_t part, std::size_t begin, std::size_t end) {
             Chooser chooser(instance);
             for (std::size_t n = begin; n < end; ++n)
               each(chooser, part, static_cast<std::uint32_t>(n));
           });
}

}  // namespace qiao
