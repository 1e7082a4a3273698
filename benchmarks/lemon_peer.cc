#include "benchmarks/lemon_peer.h"

#include <lemon/cost_scaling.h>
#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

namespace qiao::bench {

std::int64_t lemon_transport(int lines, int offers, const std::vector<LemonArc>& arcs,
                             bool network_simplex) {
  using Graph = lemon::SmartDigraph;
  Graph graph;
  graph.reserveNode(lines + offers + 2);
  for (int i = 0; i < lines + offers + 2; ++i) graph.addNode();
  const int source = lines + offers;
  const int sink = source + 1;
  Graph::ArcMap<std::int64_t> capacity(graph);
  Graph::ArcMap<std::int64_t> cost(graph);
  auto add = [&](int from, int to, std::int64_t room, std::int64_t price) {
    const Graph::Arc arc = graph.addArc(graph.nodeFromId(from), graph.nodeFromId(to));
    capacity[arc] = room;
    cost[arc] = price;
  };
  for (int l = 0; l < lines; ++l) add(source, l, 1, 0);
  for (int o = 0; o < offers; ++o) add(lines + o, sink, 1, 0);
  for (const LemonArc& a : arcs) add(a.line, lines + a.offer, 1, -a.value);
  // What is not worth sending goes round.
  add(source, sink, lines, 0);
  const auto solve = [&](auto& solver) {
    solver.upperMap(capacity).costMap(cost).stSupply(graph.nodeFromId(source),
                                                     graph.nodeFromId(sink), lines);
    solver.run();
    return -solver.template totalCost<std::int64_t>();
  };
  if (network_simplex) {
    lemon::NetworkSimplex<Graph, std::int64_t> solver(graph);
    return solve(solver);
  }
  lemon::CostScaling<Graph, std::int64_t> solver(graph);
  return solve(solver);
}

}  // namespace qiao::bench
