#include "engine/report/equity.h"

#include <algorithm>

#include "engine/base/fixed.h"

namespace qiao {

void add_fill(std::vector<Fill>& fills, const State& state, Slot community) {
  const AreaRow& row = state.areas()[community];
  if (row.asked_micro == 0) return;
  fills.push_back({community, row.asked_micro, row.filled_micro, row.filled_micro});
}

std::vector<Fill> fills(const State& state) {
  std::vector<Fill> result;
  for (Slot a = 0; a < state.areas().size(); ++a) add_fill(result, state, a);
  return result;
}

void add_fill(std::vector<Fill>& fills, const State& state, const Instance& instance,
              const Allocation& held, const ClearNeed& need) {
  const auto at = std::lower_bound(fills.begin(), fills.end(), need.community,
                                   [](const Fill& f, Slot c) { return f.community < c; });
  if (at == fills.end() || at->community != need.community) return;
  for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
    const ClearLine& line = instance.lines[l];
    std::int64_t units = 0;
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) units += held[e];
    at->after_micro += units * kMicro / state.line(line.ref).quantity;
  }
}

pb::Equity equity(const std::vector<Fill>& fills, When when) {
  pb::Equity result;
  if (fills.empty()) return result;
  std::int64_t asked = 0;
  std::int64_t filled = 0;
  __int128 sum = 0;
  __int128 squares = 0;
  std::vector<std::int64_t> shares;
  for (const Fill& f : fills) {
    const std::int64_t got = when == When::kBefore ? f.before_micro : f.after_micro;
    const std::int64_t share = std::min(kMicro, div_micro(got, f.asked_micro));
    asked += f.asked_micro;
    filled += got;
    sum += share;
    squares += static_cast<__int128>(share) * share;
    shares.push_back(share);
  }
  std::sort(shares.begin(), shares.end());
  const std::size_t worst = (shares.size() + 9) / 10;
  std::int64_t worst_sum = 0;
  for (std::size_t i = 0; i < worst; ++i) worst_sum += shares[i];
  result.set_communities(static_cast<std::uint32_t>(fills.size()));
  result.set_mean_fill_micro(div_micro(filled, asked));
  // If no community has anything, the fill is as even as if all had everything.
  result.set_jain_micro(
      squares == 0 ? kMicro
                   : static_cast<std::int64_t>(
                         sum * sum * kMicro / (squares * static_cast<std::int64_t>(fills.size()))));
  result.set_worst_decile_micro(worst_sum / static_cast<std::int64_t>(worst));
  return result;
}

void EquityCount::sort() {
  if (cleared_) fills_ = *cleared_;
  before_ = equity(fills_, When::kBefore);
  after_ = equity(fills_, When::kAfter);
  std::stable_sort(fills_.begin(), fills_.end(), [](const Fill& a, const Fill& b) {
    return div_micro(a.after_micro, a.asked_micro) < div_micro(b.after_micro, b.asked_micro);
  });
}

pb::EquityReport EquityCount::head() const {
  pb::EquityReport report;
  report.set_clearing_id(clearing_);
  report.set_alpha_milli(state_.policy().value().equity_alpha_milli());
  *report.mutable_before() = before_;
  *report.mutable_after() = after_;
  return report;
}

pb::CommunityFill EquityCount::row(std::size_t place) const {
  const Fill& fill = fills_[place];
  pb::CommunityFill c;
  const pb::Area area = state_.load_area(fill.community);
  c.set_area_code(area.code());
  c.set_name(area.name());
  c.set_asked_micro(fill.asked_micro);
  c.set_before_micro(div_micro(fill.before_micro, fill.asked_micro));
  c.set_after_micro(div_micro(fill.after_micro, fill.asked_micro));
  return c;
}

}  // namespace qiao
