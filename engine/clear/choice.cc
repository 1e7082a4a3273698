#include "engine/clear/choice.h"

#include <algorithm>
#include <limits>

namespace qiao {
namespace {

constexpr std::uint32_t kLeftOut = 0xffffffffU;

}  // namespace

bool Chooser::is_open(const Edge& edge) const {
  for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) {
    if ((*closed_)[s] != 0) return false;
  }
  return true;
}

void Chooser::list(const ClearNeed& need, std::span<const Worth> prices) {
  options_.clear();
  lines_.clear();
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance_.lines[l];
    const auto begin = static_cast<std::uint32_t>(options_.size());
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
      const Edge& edge = instance_.edges[e];
      if (closed_ != nullptr && !is_open(edge)) continue;
      const Worth gain = edge.unit - price_of(edge, prices);
      const std::int32_t most = std::min(edge.most, line.missing);
      options_.push_back({gain - line.split / most, gain, most, e});
    }
    if (line.best_omitted > 0 && closed_ == nullptr)
      options_.push_back({line.best_omitted - line.split / line.missing, line.best_omitted,
                          line.missing, kLeftOut});
    std::sort(options_.begin() + begin, options_.end(), [](const Option& a, const Option& b) {
      return a.gain != b.gain ? a.gain > b.gain : a.edge < b.edge;
    });
    lines_.push_back({begin, static_cast<std::uint32_t>(options_.size()), line.missing, line.split,
                      line.people, line.professional});
  }
}

// Whether the greedy choice takes part of an offer next to another one: then it gains less than the
// split costs.
bool Chooser::splits_a_part(const LineOptions& line, std::int64_t left, bool whole) const {
  for (std::uint32_t i = line.begin; i < line.end && left > 0; ++i) {
    if (!whole && options_[i].gain <= 0) return false;
    if (options_[i].units > left) return i > line.begin;
    left -= options_[i].units;
  }
  return false;
}

// By the number of units: the most that the first options gain with exactly that many, each at the
// full cost of a split; one split is refunded. O(options x units x units of an option).
Worth Chooser::fill_exactly(const LineOptions& line, std::int32_t limit, bool whole,
                            std::vector<Pick>* picks) const {
  constexpr Worth kImpossible = std::numeric_limits<Worth>::min() / 4;
  // All but one of the offers in a best choice are taken whole, so at most (limit - 1) / u + 1
  // offers with at least u units are in it; an option with more better ones than that is in none.
  useful_.clear();
  for (std::uint32_t i = line.begin; i < line.end; ++i) {
    const Option& o = options_[i];
    // It would not pay as a further offer; as the only one it is considered elsewhere.
    if (!whole && o.gain <= 0) break;
    const std::int32_t units = std::min(o.units, limit);
    std::int32_t betters = 0;
    for (const std::uint32_t k : useful_)
      betters += options_[k].units >= units && options_[k].whole >= o.whole ? 1 : 0;
    if (betters < (limit - 1) / units + 2) useful_.push_back(i);
  }
  const auto count = static_cast<std::uint32_t>(useful_.size());
  const auto width = static_cast<std::size_t>(limit) + 1;
  sums_.assign(width, kImpossible);
  sums_[0] = 0;
  if (picks != nullptr) taken_.assign(count * width, 0);
  for (std::uint32_t i = 0; i < count; ++i) {
    const Option& o = options_[useful_[i]];
    for (std::int32_t units = limit; units > 0; --units) {
      Worth best = sums_[static_cast<std::size_t>(units)];
      std::int32_t take = 0;
      for (std::int32_t x = 1; x <= std::min(o.units, units); ++x) {
        const Worth before = sums_[static_cast<std::size_t>(units - x)];
        if (before == kImpossible) continue;
        const Worth sum = before + o.whole * x - line.first;
        if (sum > best) {
          best = sum;
          take = x;
        }
      }
      sums_[static_cast<std::size_t>(units)] = best;
      if (picks != nullptr && take > 0)
        taken_[i * width + static_cast<std::size_t>(units)] = static_cast<std::uint8_t>(take);
    }
  }
  std::int32_t at = limit;
  if (!whole) {
    for (std::int32_t units = 0; units <= limit; ++units) {
      if (sums_[static_cast<std::size_t>(units)] > sums_[static_cast<std::size_t>(at)]) at = units;
    }
  }
  const Worth best = sums_[static_cast<std::size_t>(at)] + line.first;
  if (picks != nullptr) {
    for (std::uint32_t i = count; i-- > 0 && at > 0;) {
      const std::int32_t take = taken_[i * width + static_cast<std::size_t>(at)];
      if (take == 0) continue;
      if (options_[useful_[i]].edge != kLeftOut)
        picks->push_back({options_[useful_[i]].edge, take});
      at -= take;
    }
  }
  return best;
}

Worth Chooser::fill(const LineOptions& line, std::int64_t limit, bool whole,
                    std::vector<Pick>* picks) const {
  Worth sum = 0;
  std::int64_t left = std::min(line.asked, limit);
  if (line.first > 0 && left <= kExactUnits && splits_a_part(line, left, whole)) {
    return fill_exactly(line, static_cast<std::int32_t>(left), whole, picks);
  }
  for (std::uint32_t i = line.begin; i < line.end && left > 0; ++i) {
    const Option& o = options_[i];
    if (!whole && o.gain <= 0) break;
    const std::int64_t units = std::min<std::int64_t>(o.units, left);
    sum += o.gain * units;
    left -= units;
    if (picks != nullptr && o.edge != kLeftOut)
      picks->push_back({o.edge, static_cast<std::int32_t>(units)});
  }
  if (left < std::min(line.asked, limit)) return sum + line.first;
  if (whole) return sum;
  // No offer is worth a share of the split, but a single offer pays none.
  const Option* best = nullptr;
  for (std::uint32_t i = line.begin; i < line.end; ++i) {
    const Option& o = options_[i];
    const Worth alone = o.gain * std::min<std::int64_t>(o.units, left) + line.first;
    if (alone > sum) {
      sum = alone;
      best = &o;
    }
  }
  if (best != nullptr && picks != nullptr && best->edge != kLeftOut) {
    picks->push_back(
        {best->edge, static_cast<std::int32_t>(std::min<std::int64_t>(best->units, left))});
  }
  return sum;
}

std::int64_t Chooser::wanted(bool people) const {
  std::int64_t units = 0;
  for (const LineOptions& line : lines_) {
    if (people ? !line.people : !line.professional) continue;
    std::int64_t of_line = 0;
    for (std::uint32_t i = line.begin; i < line.end && options_[i].gain > 0; ++i)
      of_line += options_[i].units;
    units += std::min(of_line, line.asked);
  }
  return units;
}

// The best `limit` units over the lines of a group; concave in limit. If `limit` is more than what
// is profitable (professionals who are needed only for volunteers), the smallest loss.
Worth Chooser::fill_group(bool people, std::int64_t limit, std::vector<Pick>* picks) const {
  merged_.clear();
  Worth sum = 0;
  for (const LineOptions& line : lines_) {
    if (people ? !line.people : !line.professional) continue;
    if (line.begin < line.end) sum += line.first;
    std::int64_t left = line.asked;
    for (std::uint32_t i = line.begin; i < line.end && left > 0; ++i) {
      Option o = options_[i];
      o.units = static_cast<std::int32_t>(std::min<std::int64_t>(o.units, left));
      left -= o.units;
      merged_.push_back(o);
    }
  }
  std::stable_sort(merged_.begin(), merged_.end(),
                   [](const Option& a, const Option& b) { return a.gain > b.gain; });
  std::int64_t left = limit;
  for (const Option& o : merged_) {
    if (left == 0 || (people && o.gain <= 0)) break;
    const std::int64_t units = std::min<std::int64_t>(o.units, left);
    sum += o.gain * units;
    left -= units;
    if (picks != nullptr && o.edge != kLeftOut)
      picks->push_back({o.edge, static_cast<std::int32_t>(units)});
  }
  return sum;
}

// Part of a need whose volunteers require professionals. For p professionals the best volunteers
// are at most ratio*(p + those held) less those held; the sum is concave in p.
Worth Chooser::with_ratio(const ClearNeed& need, std::vector<Pick>* picks) const {
  Worth sum = 0;
  std::int64_t most = 0;
  for (const LineOptions& line : lines_) {
    if (!line.people && !line.professional) sum += fill(line, line.asked, false, picks);
    if (!line.professional) continue;
    std::int64_t there = 0;
    for (std::uint32_t i = line.begin; i < line.end; ++i) there += options_[i].units;
    most += std::min(there, line.asked);
  }
  const auto room = [&](std::int64_t p) {
    return std::clamp<std::int64_t>((p + need.professionals) * need.ratio - need.volunteers, 0,
                                    std::numeric_limits<std::int32_t>::max());
  };
  const auto worth = [&](std::int64_t p) {
    return fill_group(false, p, nullptr) + fill_group(true, room(p), nullptr);
  };
  std::int64_t low = std::min(wanted(false), most);
  std::int64_t high = most;
  while (low < high) {
    const std::int64_t middle = (low + high) / 2;
    if (worth(middle + 1) > worth(middle)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const Worth best = worth(low);
  if (best > 0 && picks != nullptr) {
    fill_group(false, low, picks);
    fill_group(true, room(low), picks);
  }
  return sum + std::max<Worth>(best, 0);
}

Worth Chooser::choose(const ClearNeed& need, std::span<const Worth> prices,
                      std::vector<Pick>* picks) {
  list(need, prices);
  Worth whole = need.bonus;
  bool possible = true;
  for (const LineOptions& line : lines_) {
    std::int64_t there = 0;
    for (std::uint32_t i = line.begin; i < line.end; ++i) there += options_[i].units;
    possible = possible && there >= line.asked;
  }
  if (possible) {
    for (const LineOptions& line : lines_) whole += fill(line, line.asked, true, nullptr);
  }
  Worth part = 0;
  if (!need.all_or_nothing) {
    if (need.ratio > 0) {
      part = with_ratio(need, nullptr);
    } else {
      for (const LineOptions& line : lines_) part += fill(line, line.asked, false, nullptr);
    }
  }
  const Worth best = std::max(possible ? whole : 0, part);
  if (best <= 0) return 0;
  if (picks != nullptr) {
    if (possible && whole >= part) {
      for (const LineOptions& line : lines_) fill(line, line.asked, true, picks);
    } else if (need.ratio > 0) {
      with_ratio(need, picks);
    } else {
      for (const LineOptions& line : lines_) fill(line, line.asked, false, picks);
    }
  }
  return best;
}

}  // namespace qiao
