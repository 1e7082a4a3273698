// An instance copied out of a live market, a few lines at a time.
#pragma once

#include <boost/container/deque.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <vector>

#include "engine/base/workers.h"
#include "engine/clear/instance.h"
#include "engine/match/ranking.h"

namespace qiao {

// Offers listed for a line. One that has more keeps the value of the best that was left out
// (ClearLine::best_omitted).
inline constexpr std::size_t kClearCandidates = 200;

// Reads the market while it stands still, between which it may change: what is proposed is checked
// again when it is applied. Reading is const: several collectors may read one market from several
// threads, each its own needs, to be joined. Where there are many needs fewer are listed, so that a
// nation fits. What is left out counts in the certificate as if it were free: measured on the
// nation at load 1, 40 a line put 5 % of the bound there, 100 none to speak of (40 million edges).
constexpr std::size_t clear_candidates(std::size_t needs) {
  return needs > 100'000 ? 100 : kClearCandidates;
}

// Instants at which windows of one offer can pile up highest, and the room there; see ClearSlot.
// Sorts `windows` and removes duplicates.
struct Instant {
  Time at;
  std::int64_t room;
};
std::vector<Instant> instants_of(std::vector<Interval>& windows,
                                 const std::vector<Booking>& bookings, std::int64_t capacity);

// Needs in the order in which they are best read: along a curve, neighbours after each other, so
// that the cells and rows that the last one looked at are still in the cache. Measured on the
// nation: a third of the time of any other order.
struct PlacedNeed {
  std::uint64_t place = 0;
  Slot need = kNoSlot;
  friend auto operator<=>(const PlacedNeed&, const PlacedNeed&) = default;
};
PlacedNeed placed(const State& state, Slot need);

class Collector {
 public:
  Collector(const Ranking& ranking, Time now, std::size_t candidates = kClearCandidates)
      : ranking_(ranking),
        now_(now),
        candidates_(candidates),
        policy_(ranking.state().policy().clearing()),
        read_(1) {}

  // Adds a need if somebody can still be found for it. In the order of placed() about 13 us a line.
  void add(Slot need);
  // Takes over what another one has read.
  void join(Collector&& other);

  // Adds what others are to have of each offer that was met, as if it were booked.
  void occupy(const std::function<void(Slot offer, std::vector<Booking>& into)>& others);

  // Needs read so far.
  std::size_t needs() const;

  // Puts it together, without a look at the market: on any thread. The same whatever the workers
  // and the order in which needs came. The collector is empty afterwards. `per_micro` is the scale
  // of worth, 0: as fine as sums allow.
  Instance finish(const Workers& workers = alone, std::int64_t per_micro = 0);

 private:
  struct RawEdge {
    std::int64_t value_micro;
    std::uint32_t offer;  // its place in Read::offers, later in Instance::offers
    std::int32_t available;
  };
  struct RawLine {
    Slot line;
    Interval window;
    std::int32_t missing;
    std::int32_t asked;
    std::uint32_t edges;
    std::int64_t best_omitted_micro;
    bool people;
    bool professional;
  };
  struct RawNeed {
    PlacedNeed at;
    std::uint32_t first_line;
    std::uint32_t lines;
    std::uint32_t first_edge;
    Slot community;
    std::int32_t volunteers;
    std::int32_t professionals;
    std::uint16_t ratio;
    bool all_or_nothing;
  };
  struct RawOffer {
    Slot offer;
    std::int64_t room;  // capacity, or stock that is left
    std::int64_t smallest_lot;
    std::vector<Booking> bookings;
    bool stock;
  };
  // Grows without copying what is there: a city's edges take 100 MB and more, and those who collect
  // have only a slice of time.
  template <class T>
  using Growing = boost::container::deque<
      T, void, boost::container::deque_options_t<boost::container::block_size<1024U>>>;
  // What one collector read.
  struct Read {
    Growing<RawNeed> needs;
    Growing<RawLine> lines;
    Growing<RawEdge> edges;
    Growing<RawOffer> offers;
    boost::unordered_flat_map<Slot, std::uint32_t> offer_at;
  };
  // A need, and where in read_ it is.
  struct Found {
    PlacedNeed at;
    std::uint32_t read;
    std::uint32_t index;
    friend auto operator<=>(const Found&, const Found&) = default;
  };
  std::uint32_t keep_offer(Slot offer);
  std::vector<Found> in_order() const;
  std::vector<const RawOffer*> number_offers(const std::vector<Found>& needs);
  void put_needs(const std::vector<Found>& needs, const Workers& workers, Instance& out) const;
  static void place_offers(const std::vector<const RawOffer*>& offers, const Workers& workers,
                           Instance& out);

  const Ranking& ranking_;
  Time now_;
  std::size_t candidates_;
  pb::ClearingPolicy policy_;
  std::vector<Read> read_;  // its own first
};

}  // namespace qiao
