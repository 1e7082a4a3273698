#include "benchmarks/instances.h"

#include <algorithm>

#include "engine/base/random.h"
#include "server/runtime/threads.h"

namespace qiao::bench {

Instance collect_all(const RankedMarket& market) {
  const auto& ranking = market.ranking();
  constexpr std::size_t kParts = 2;
  const std::size_t needs = market.state().needs().size();
  std::vector<Collector> collectors(kParts, Collector(ranking, kNow, clear_candidates(needs)));
  std::vector<PlacedNeed> order;
  order.reserve(needs);
  for (Slot n = 0; n < needs; ++n) order.push_back(placed(market.state(), n));
  std::sort(order.begin(), order.end());
  on_threads(kParts)(kParts, [&](std::size_t part) {
    for (std::size_t i = needs * part / kParts; i < needs * (part + 1) / kParts; ++i)
      collectors[part].add(order[i].need);
  });
  collectors[0].join(std::move(collectors[1]));
  return collectors[0].finish(on_threads(kParts));
}

double load_of(const Instance& instance) {
  double supply = 0;
  double lines = 0;
  for (const ClearLine& line : instance.lines) lines += line.edges > 0 ? 1 : 0;
  for (std::uint32_t s = 0; s < instance.slots.size(); ++s) {
    double missing = 0;
    const auto users = instance.users_of(s);
    for (const std::uint32_t e : users) missing += instance.lines[instance.line_of_edge[e]].missing;
    if (!users.empty())
      supply += instance.slots[s].room * static_cast<double>(users.size()) / missing;
  }
  return supply == 0 ? 0 : lines / supply;
}

Instance at_load(const Instance& instance, double load, std::uint64_t seed) {
  Random random(seed);
  Instance out = instance;
  const double factor = std::min(1.0, load_of(instance) / load);
  for (ClearSlot& slot : out.slots) {
    const double room = slot.room * factor;
    slot.room =
        static_cast<std::int32_t>(room + static_cast<double>(random.below(1 << 20)) / (1 << 20));
  }
  out.edges.clear();
  for (ClearLine& line : out.lines) {
    const std::uint32_t begin = line.first_edge;
    const std::uint32_t end = begin + line.edges;
    line.first_edge = static_cast<std::uint32_t>(out.edges.size());
    for (std::uint32_t e = begin; e < end; ++e) {
      Edge edge = instance.edges[e];
      for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s)
        edge.most = std::min(edge.most, out.slots[s].room);
      if (edge.most >= out.offers[edge.offer].smallest_lot) out.edges.push_back(edge);
    }
    line.edges = static_cast<std::uint32_t>(out.edges.size()) - line.first_edge;
  }
  out.link();
  return out;
}

Instance transport(std::uint32_t lines, std::uint32_t offers, std::uint32_t degree,
                   std::int32_t quantity, std::uint64_t seed) {
  Random random(seed);
  Instance out;
  for (std::uint32_t o = 0; o < offers; ++o) {
    out.offers.push_back({o, o, 1, 1});
    out.slots.push_back({Time{}, o, quantity});
  }
  std::vector<std::uint32_t> chosen;
  for (std::uint32_t l = 0; l < lines; ++l) {
    ClearNeed need;
    need.first_line = l;
    need.lines = 1;
    need.ref = l;
    out.needs.push_back(need);
    chosen.clear();
    while (chosen.size() < degree) {
      const auto o = static_cast<std::uint32_t>(random.below(offers));
      if (std::find(chosen.begin(), chosen.end(), o) == chosen.end()) chosen.push_back(o);
    }
    ClearLine line;
    line.need = l;
    line.ref = l;
    line.missing = quantity;
    line.first_edge = static_cast<std::uint32_t>(out.edges.size());
    line.edges = degree;
    for (const std::uint32_t o : chosen)
      out.edges.push_back({random.between(1, 1000) * out.per_micro, o, o, 1, quantity});
    std::sort(out.edges.end() - degree, out.edges.end(),
              [](const Edge& a, const Edge& b) { return a.unit > b.unit; });
    out.lines.push_back(line);
  }
  out.link();
  return out;
}

}  // namespace qiao::bench
