// From an auction's result to proposals that satisfy every rule, and from those to better ones.
//
// The gap is known: for any prices, it is what needs lose against what they would choose alone, and
// the price of free room (complementary slackness). Nine tenths of it lie with one need in fifteen,
// so those are improved, in one of two ways:
//   chain.cc   the need takes what it would choose, the displaced need chooses next, and so on: an
//              ejection chain (Glover, "Ejection chains, reference structures and alternating path
//              methods", Discrete Applied Mathematics 65, 1996), guided by prices;
//   ruin.cc    needs that compete for the same room are removed together and inserted again in
//              other orders: large neighbourhood search (Shaw, CP 1998; Schrimpf et al., "Record
//              breaking optimization results using the ruin and recreate principle", 2000).
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/workers.h"
#include "engine/clear/choice.h"
#include "engine/clear/instance.h"

namespace qiao {

class Improver {
 public:
  // `prices` guide the search; they may change between calls. They, the instance and the workers
  // must outlive it.
  Improver(const Instance& instance, std::span<const Worth> prices, std::uint64_t seed,
           const Workers& workers);

  // Starts from the result of an auction: removes what violates a rule, then inserts unfilled
  // needs, the greatest gain first. `held` must not exceed rooms or what lines miss.
  void start_from(const Allocation& held);

  // Tries to improve up to `steps` needs; the value never falls. Stops when keep_going() returns
  // false. Returns the number of improvements. The result does not depend on the workers.
  std::uint64_t improve(std::uint64_t steps, const std::function<bool()>& keep_going);

  // The same for some needs and those around them only, `times` times each.
  void improve_around(std::span<const std::uint32_t> needs, int times);

  // Feasible after start_from().
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

  // An offer that a line of the group uses or could use.
  struct Live {
    Worth unit;
    Worth quarter_price;
    std::uint32_t edge;
  };

  void add_units(std::uint32_t edge, std::int32_t units);
  // Calls each(edge) for each edge that the need holds; it may remove that edge's units.
  template <class Each>
  void each_held(std::uint32_t n, Each each) const {
    const ClearNeed& need = instance_.needs[n];
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = instance_.lines[l];
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        if (held_[e] != 0) each(e);
      }
    }
  }
  void remove(std::vector<Part>& held);
  void list_live();
  std::span<const Live> live(std::uint32_t line) const;
  std::int32_t room_on(const Edge& edge) const;
  // The functions below require the need's group to be listed (list_live()).
  void empty(std::uint32_t need);
  Worth worth(std::uint32_t need) const;
  void count_worth(std::uint32_t need);
  // Fills an empty need from the free room: offers by unit value less `spare`/4 of their price.
  void serve(std::uint32_t need, int spare);
  std::int64_t serve_line(std::uint32_t line, std::int64_t limit, int spare);
  void drop_costly_splits(std::uint32_t need);
  bool keeps_rules(std::uint32_t need) const;
  bool is_unfilled(std::uint32_t need) const;
  Worth loss(Chooser& chooser, std::uint32_t need) const;
  // Needs for which value(chooser, need) is not negative, the greatest first.
  template <class Value>
  std::vector<std::pair<Worth, std::uint32_t>> ranked(Value value) const;
  // The needs that account for most of the loss, at most this many.
  void find_by_loss(std::uint64_t most);
  void find_unfilled();
  // Returns true if the value rose; otherwise nothing has changed.
  bool try_insert(std::uint32_t need);

  // ruin.cc
  void gather(std::uint32_t need);
  void keep(std::vector<Part>& into) const;
  void put_back(const std::vector<Part>& parts);
  bool ruin_and_recreate(std::uint32_t need);
  bool worth_trying_all();
  void try_all(std::size_t edge, std::size_t need, Worth so_far);

  // chain.cc
  void evict(std::uint32_t need);
  void add_in_chain(std::uint32_t edge, std::int32_t units);
  bool evict_from(std::uint32_t slot, std::int32_t units);
  void choose_in_chain(std::uint32_t need);
  bool chain(std::uint32_t need);

  // For serve(): orders offers by their worth less their whole price.
  static constexpr int kWholePrice = 4;

  const Instance& instance_;
  std::span<const Worth> prices_;
  const Workers& workers_;
  Random random_;
  Allocation held_;
  std::vector<std::int32_t> room_;
  std::vector<Worth> worth_;      // by need
  std::vector<Worth> potential_;  // by need: the most it can be worth
  Worth total_ = 0;
  std::vector<std::uint32_t> group_;
  std::vector<std::uint32_t> order_;
  std::vector<Option> options_;
  std::vector<Live> live_;
  std::vector<std::pair<std::uint32_t, std::uint32_t>>
      live_of_;  // by line, where its offers are in live_
  std::vector<Part> before_;
  std::vector<Part> best_;
  // For a group that is small enough to try every choice.
  struct Try {
    std::uint32_t edge;
    std::size_t need;  // index in the group
  };
  std::vector<Try> tries_;
  std::vector<Worth> rest_;  // by index in the group: the potential of it and of all after it
  Worth best_of_tries_ = 0;
  std::uint64_t tried_ = 0;

  std::vector<std::pair<Worth, std::uint32_t>>
      by_loss_;                                  // needs to improve, in this order, with their loss
  std::vector<std::uint8_t> failures_in_a_row_;  // by need

  // The number of the current chain; needs with this number belong to it.
  std::uint32_t chain_ = 0;
  Chooser chooser_;
  std::vector<std::uint32_t> changed_in_;  // by need
  std::vector<std::uint32_t> fixed_in_;    // by need: it has chosen
  std::vector<std::uint32_t> taken_;       // slots in which a need of the chain has chosen
  std::vector<std::uint8_t>
      closed_;  // by slot: full of what was chosen; 0 except while a need chooses
  std::vector<std::pair<std::uint32_t, Worth>> changed_;  // needs, and what they were worth
  std::vector<Part> moves_;
  std::vector<std::uint32_t> queue_;
  std::vector<Pick> picks_;
};

}  // namespace qiao
