// What one need would take at given prices, if it were alone: the part of the problem that is
// solved exactly.
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

// Keeps its working memory. Use one for each thread.
class Chooser {
 public:
  explicit Chooser(const Instance& instance) : instance_(instance) {}

  // The most that the need can be worth above the prices of what it takes: no feasible choice gives
  // more. By line the offers of the greatest unit value less price come first; full is compared
  // with part and with nothing. Some costs are underestimated, so that the answer is fast and stays
  // an upper bound: on a line of more than kExactUnits, and where a ratio binds, a further offer
  // costs its share of `split` by the units taken of it; smallest lots are ignored; an offer that
  // was left out of the instance (ClearLine::best_omitted) counts as free.
  Worth choose(const ClearNeed& need, std::span<const Worth> prices) {
    return choose(need, prices, nullptr);
  }
  // The same; appends what it would take.
  Worth choose(const ClearNeed& need, std::span<const Worth> prices, std::vector<Pick>& picks) {
    return choose(need, prices, &picks);
  }
  // The same among the listed offers, without closed slots (one flag for each): for a choice that
  // is to be carried out.
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
  // Best of a line with at most `limit` units; all of them when `whole`.
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

// Needs that a worker takes at a time.
inline constexpr std::size_t kNeedsPerPart = 4096;
inline std::size_t need_parts(const Instance& instance) {
  return parts_of(instance.needs.size(), kNeedsPerPart);
}

// Calls each(chooser, part, need) for every need; the needs of a part one after another, on one
// thread.
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
