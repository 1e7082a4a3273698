// Prices by auction: lines bid for room in offers' slots until no line gains by bidding more.
//
// Bertsekas, "Auction algorithms for network flow problems: a tutorial introduction" (1992), for a
// transport problem with inequalities: forward rounds, in which unfilled lines bid the price up to
// where their next best choice is as good, and reverse rounds, in which a slot with room and a
// price lowers it until a line moves there. With one slot an edge and neither bonus, split nor
// all-or-nothing, the result is within `step` a unit of the optimum. With them it is a good start
// for rounding and improvement.
#pragma once

#include <boost/container/small_vector.hpp>
#include <deque>
#include <functional>
#include <vector>

#include "engine/clear/instance.h"

namespace qiao {

class Auction {
 public:
  // Prices begin at `prices` (one for each slot, >= 0).
  Auction(const Instance& instance, std::vector<Worth> prices);

  // One round. `step` is the smallest rise of a price for a whole line: for a unit it is
  // step/missing. Prices stay from the last round, and a line keeps what it holds unless another
  // choice is better by more than a step. Returns false if `keep_going` returned false; the
  // allocation is feasible even then. `finest` is the step of the last round: differences that are
  // small compared with it are ignored.
  bool run(Worth step, Worth finest, const std::function<bool()>& keep_going);

  // The allocation. Needs that accept lines only as a whole may hold parts of them.
  Allocation held() const;
  const std::vector<Worth>& prices() const { return prices_; }

 private:
  struct Holder {
    Worth bid;
    std::uint32_t edge;
    std::uint32_t stamp;
  };
  struct Option {
    Worth gain;
    std::uint32_t edge;
  };

  Worth price_of(const Edge& e) const { return qiao::price_of(e, prices_); }
  Worth unit_step(const ClearLine& line) const { return std::max<Worth>(1, step_ / line.missing); }
  // Returns false if the line has nothing to bid for.
  bool begin_line(std::uint32_t line);
  bool forward(const std::function<bool()>& keep_going);
  bool backward(const std::function<bool()>& keep_going);
  void wake(std::uint32_t line);
  void bid(std::uint32_t line);
  // Bids for room, which other lines lose if there is too little.
  void bid_again(std::uint32_t line);
  void place(std::uint32_t edge, std::int32_t units, Worth above);
  // Takes free room without a bid.
  void hold(std::uint32_t edge, std::int32_t units, Worth above);
  void give_back(std::uint32_t edge, std::int32_t units);
  void squeeze(std::uint32_t slot);
  void lower(std::uint32_t slot);
  // One step of lower(); returns false if no line moved.
  bool admit(std::uint32_t slot);
  void clean(std::uint32_t slot);
  // The smallest gain per unit of the line on an edge other than `but`, and that edge; 0 and none
  // if the line is not full.
  Worth least_gain(std::uint32_t line, std::uint32_t but, std::uint32_t* edge) const;

  // Edges and slots are read in random order, and each access waits for memory: fields that are
  // read together are stored together.
  struct EdgeState {
    Worth unit = 0;  // value of a unit to its line, with its share of bonus and split
    std::int32_t held = 0;
    std::uint32_t stamp = 0;  // of its latest bid
  };
  struct alignas(64) SlotState {
    // A heap, the lowest bid on top; entries with another stamp than their edge's are stale.
    boost::container::small_vector<Holder, 2> holders;
    std::int32_t room = 0;
    bool queued = false;
  };

  const Instance& instance_;
  std::vector<EdgeState> edges_;
  std::vector<SlotState> slots_;
  std::vector<Worth> prices_;
  std::vector<std::int32_t> missing_;  // by line
  std::deque<std::uint32_t> bidders_;
  std::vector<std::uint8_t> waiting_;
  std::deque<std::uint32_t> lowering_;
  std::vector<Worth> gain_;  // by line: a lower bound on the gain per unit
  std::vector<Option> options_;
  bool transport_;  // each need one line, each edge one slot; no bonus, split or all-or-nothing
  Worth step_ = 1;
  Worth finest_ = 1;
  std::uint64_t examined_ = 0;
};

}  // namespace qiao
