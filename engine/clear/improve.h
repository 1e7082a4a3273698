// From an auction's result to proposals that keep every rule, and from those to better ones.
//
// Improvement is large neighbourhood search (Shaw, "Using constraint programming and local search methods to solve vehicle
// routing problems", CP 1998; Schrimpf et al., "Record breaking optimization results using the ruin and recreate
// principle", 2000): needs that compete for the same room are emptied together and served again in other orders.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/clear/instance.h"

namespace qiao {

class Improver {
 public:
  // `prices` guide which offers are spared; they and the instance must outlive it.
  Improver(const Instance& instance, std::span<const Worth> prices, std::uint64_t seed);

  // Takes over what an auction left: drops what breaks a rule, then serves again whoever lacks something, those first who
  // gain most. `held` keeps to rooms and to what lines miss.
  void settle(const Allocation& held);

  // Up to `steps` ruins; never for the worse. Stops when go_on() says no. Returns how many made it better.
  std::uint64_t improve(std::uint64_t steps, const std::function<bool()>& go_on);

  // The same around some needs only, each so many times.
  void improve_around(std::span<const std::uint32_t> needs, int times);

  // Feasible after settle().
  const Allocation& held() const { return held_; }
  Worth worth() const { return total_; }

 private:
  struct Part {
    std::uint32_t edge;
    std::int32_t units;
  };
  struct Option {
    Worth key;
    std::uint32_t edge;
    std::int32_t units;
  };

  // An offer that a line of the group has something of, or could have.
  struct Live {
    Worth unit;
    Worth quarter_price;
    std::uint32_t edge;
  };

  void take(std::uint32_t edge, std::int32_t units);
  void lift(std::vector<Part>& held);
  void list_live();
  std::span<const Live> live(std::uint32_t line) const;
  std::int32_t room_on(const Edge& edge) const;
  // From here on only for needs of a group whose offers are listed.
  void empty(std::uint32_t need);
  Worth worth(std::uint32_t need) const;
  void count_worth(std::uint32_t need);
  // Serves an empty need with the room there is: offers by unit value less `spare`/4 of their price.
  void serve(std::uint32_t need, int spare);
  std::int64_t serve_line(std::uint32_t line, std::int64_t limit, int spare);
  void drop_dear_splits(std::uint32_t need);
  bool wants(std::uint32_t need) const;
  void find_wanting();
  void gather(std::uint32_t need);
  void keep(std::vector<Part>& into) const;
  void put_back(const std::vector<Part>& parts);
  bool ruin_and_recreate(std::uint32_t need);
  bool worth_trying_all();
  void try_all(std::size_t edge, std::size_t need, Worth so_far);
  bool keeps_rules(std::uint32_t need) const;

  const Instance& instance_;
  std::span<const Worth> prices_;
  Random random_;
  Allocation held_;
  std::vector<std::int32_t> room_;
  std::vector<Worth> worth_;      // by need
  std::vector<Worth> potential_;  // by need: the most it can be worth
  Worth total_ = 0;
  std::vector<std::uint32_t> wanting_;
  std::vector<std::uint32_t> group_;
  std::vector<std::uint32_t> order_;
  std::vector<Option> options_;
  std::vector<Live> live_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> live_of_;  // by line, where its offers are in live_
  std::vector<Part> before_;
  std::vector<Part> best_;
  // Of a group that is small enough for every choice to be tried.
  struct Try {
    std::uint32_t edge;
    std::size_t need;  // place in the group
  };
  std::vector<Try> tries_;
  std::vector<Worth> rest_;  // by place in the group: potential of it and of all behind it
  Worth best_of_tries_ = 0;
  std::uint64_t tried_ = 0;
};

}  // namespace qiao
