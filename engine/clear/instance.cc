#include "engine/clear/instance.h"

namespace qiao {

void Instance::link() {
  line_of_edge.resize(edges.size());
  for (std::uint32_t l = 0; l < lines.size(); ++l) {
    for (std::uint32_t e = lines[l].first_edge; e < lines[l].first_edge + lines[l].edges; ++e)
      line_of_edge[e] = l;
  }
  first_user.assign(slots.size() + 1, 0);
  for (const Edge& e : edges) {
    for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s) ++first_user[s + 1];
  }
  for (std::size_t s = 0; s < slots.size(); ++s) first_user[s + 1] += first_user[s];
  users.resize(first_user.back());
  std::vector<std::uint32_t> next(first_user.begin(), first_user.end() - 1);
  for (std::uint32_t e = 0; e < edges.size(); ++e) {
    for (std::uint32_t s = edges[e].slot; s < edges[e].slot + edges[e].slots; ++s)
      users[next[s]++] = e;
  }
}

std::size_t Instance::bytes() const {
  return needs.capacity() * sizeof(ClearNeed) + lines.capacity() * sizeof(ClearLine) +
         edges.capacity() * sizeof(Edge) + offers.capacity() * sizeof(ClearOffer) +
         slots.capacity() * sizeof(ClearSlot) +
         (first_user.capacity() + users.capacity() + line_of_edge.capacity()) *
             sizeof(std::uint32_t);
}

Worth worth_of(const Instance& instance, const ClearNeed& need, const Allocation& allocation) {
  return worth_of(instance, need, [&](std::uint32_t l, auto add) {
    const ClearLine& line = instance.lines[l];
    for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
      if (allocation[e] != 0) add(e, allocation[e]);
    }
  });
}

Worth worth_of(const Instance& instance, const Allocation& allocation) {
  Worth sum = 0;
  for (const ClearNeed& need : instance.needs) sum += worth_of(instance, need, allocation);
  return sum;
}

const char* infeasible(const Instance& instance, const Allocation& allocation) {
  std::vector<std::int64_t> used(instance.slots.size(), 0);
  for (const ClearNeed& need : instance.needs) {
    std::int64_t volunteers = need.volunteers;
    std::int64_t professionals = need.professionals;
    bool any = false;
    bool complete = true;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance.lines[l];
      std::int64_t units = 0;
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        const Edge& edge = instance.edges[e];
        if (allocation[e] == 0) continue;
        if (allocation[e] < 0 || allocation[e] > edge.most) return "an edge gives more than it can";
        if (allocation[e] < instance.offers[edge.offer].smallest_lot)
          return "less than an offer's smallest lot is taken";
        units += allocation[e];
        for (std::uint32_t s = edge.slot; s < edge.slot + edge.slots; ++s) used[s] += allocation[e];
      }
      if (units > line.missing) return "a line gets more than it misses";
      any = any || units > 0;
      complete = complete && units == line.missing;
      if (line.people) volunteers += units;
      if (line.professional) professionals += units;
    }
    if (need.all_or_nothing && any && !complete) return "an all-or-nothing need is served in part";
    if (need.ratio > 0 && any && volunteers > need.volunteers &&
        volunteers > professionals * need.ratio) {
      return "there are too few professionals for the volunteers";
    }
  }
  for (std::size_t s = 0; s < used.size(); ++s) {
    if (used[s] > instance.slots[s].room) return "an offer is booked beyond its capacity";
  }
  return nullptr;
}

}  // namespace qiao
