// Teams come in random order and each takes the top of its list until it finds nothing: how much of
// clearing's value do they reach together, by what the list is sorted by?
//   tools/bench steering
#include <boost/unordered/unordered_flat_map.hpp>

#include "benchmarks/instances.h"
#include "benchmarks/report.h"
#include "engine/base/random.h"
#include "engine/clear/solver.h"
#include "engine/clear/steer.h"

namespace qiao::bench {
namespace {

enum class Order { kClearing, kValue, kNearest, kNewest, kPopular };
constexpr std::size_t kListed = 200;

std::uint64_t pair_of(Slot line, Slot offer) { return std::uint64_t{line} << 32 | offer; }

// Share of the clearing's value that is reached.
double reached(Order order, Size size, std::uint64_t seed) {
  RankedMarket market;
  fill(market, size);
  const auto& ranking = market.ranking();
  const State& state = market.state();
  const Instance instance = collect_all(market);
  const Cleared cleared = clear_market(instance, {});
  Plan plan(ranking);
  plan.replace(instance, cleared);
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> edges;
  for (std::uint32_t e = 0; e < instance.edges.size(); ++e) {
    edges[pair_of(instance.lines[instance.line_of_edge[e]].ref,
                  instance.offers[instance.edges[e].offer].ref)] = e;
  }
  Allocation held(instance.edges.size(), 0);
  Random random(seed);
  std::vector<Slot> waiting;
  for (Slot p = 0; p < state.parties().size(); ++p) waiting.push_back(p);
  while (!waiting.empty()) {
    const std::size_t at = random.below(waiting.size());
    Candidate top{kNoSlot, kNoSlot, {}};
    if (order == Order::kClearing) {
      const auto lines = steered_lines(ranking, plan, waiting[at], 1, kNow);
      if (!lines.empty()) top = lines.front().candidate;
    } else {
      std::int64_t best = 0;
      for (const Candidate& c : ranking.open_lines(waiting[at], kListed, kNow)) {
        const std::int64_t key = order == Order::kValue     ? c.judgement.value_micro
                                 : order == Order::kNearest ? -c.judgement.distance_m
                                 : order == Order::kNewest  ? std::int64_t{c.line}
                                                            : std::int64_t{state.line(c.line).held};
        if (top.line != kNoSlot && key <= best) continue;
        top = c;
        best = key;
      }
    }
    if (top.line == kNoSlot) {
      waiting[at] = waiting.back();
      waiting.pop_back();
      continue;
    }
    const LineRow& line = state.line(top.line);
    pb::Command c;
    c.mutable_actor()->set_role(pb::ROLE_LEAD);
    pb::MakeMatch& m = *c.mutable_make_match();
    m.set_need_id(state.needs()[line.need].id.value());
    m.set_line(line.number);
    m.set_offer_id(state.offers()[top.offer].id.value());
    m.set_how(pb::MATCH_STATE_CLAIMED);
    if (const auto e = edges.find(pair_of(top.line, top.offer)); e != edges.end())
      held[e->second] += static_cast<std::int32_t>(top.judgement.available);
    must(market, c);
  }
  return static_cast<double>(worth_of(instance, held)) / static_cast<double>(cleared.value);
}

void run() {
  const Size size{1'350, 150, true};
  const int seeds = full_scale() ? 20 : 3;
  for (const auto& [order, name, wanted] : {std::tuple{Order::kClearing, "clearing_prices", 0.95},
                                            {Order::kValue, "value", 0.0},
                                            {Order::kNearest, "nearest", 0.0},
                                            {Order::kNewest, "newest", 0.0},
                                            {Order::kPopular, "most_popular", 0.0}}) {
    double sum = 0;
    for (int s = 0; s < seeds; ++s) sum += reached(order, size, static_cast<std::uint64_t>(s) + 1);
    if (wanted > 0) {
      compared(std::string("steering.") + name, sum / seeds, "", "clearing's value", 1.0,
               Goal::kAtLeast, wanted);
    } else {
      figure(std::string("steering.") + name, sum / seeds, "", "of clearing's value");
    }
  }
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
