#include "engine/clear/steer.h"

#include <algorithm>

namespace qiao {

std::vector<Steered> steered_lines(const Ranking& ranking, const Plan& plan, Slot party,
                                   std::size_t k, Time now) {
  std::vector<Steered> result;
  for (const Candidate& c : ranking.open_lines(party, kMaxRanked, now)) {
    const LineRow& line = ranking.state().line(c.line);
    const std::int64_t unit = c.judgement.value_micro / line.quantity;
    const std::int64_t elsewhere = plan.price_micro(c.offer, line.window) + plan.gain_micro(c.line);
    std::int32_t planned = 0;
    for (const PlannedPart& p : plan.of(line.need))
      planned += p.line == c.line && p.offer == c.offer ? p.units : 0;
    result.push_back({c, (unit - elsewhere) * c.judgement.available, planned});
  }
  std::stable_sort(result.begin(), result.end(), [](const Steered& a, const Steered& b) {
    return (a.planned > 0) != (b.planned > 0) ? a.planned > 0 : a.adds_micro > b.adds_micro;
  });
  if (result.size() > k) result.resize(k);
  return result;
}

}  // namespace qiao
