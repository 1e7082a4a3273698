// LEMON's solvers of minimum cost flow, behind plain numbers: its headers do not compile as C++20.
#pragma once

#include <cstdint>
#include <vector>

namespace qiao::bench {

struct LemonArc {
  int line;
  int offer;
  int value;  // of the unit that may go
};

// The greatest value of a transport problem in which each line takes at most one unit and each
// offer gives at most one.
std::int64_t lemon_transport(int lines, int offers, const std::vector<LemonArc>& arcs,
                             bool network_simplex);

}  // namespace qiao::bench
