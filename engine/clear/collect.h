// Copies an instance out of a live market, a few lines at a time.
#pragma once

#include <boost/container/deque.hpp>
#include <functional>
#include <vector>

#include "engine/base/paged_array.h"
#include "engine/base/workers.h"
#include "engine/clear/instance.h"
#include "engine/match/ranking.h"

namespace qiao {

// The maximum number of offers listed for a line. For the rest only the highest value is stored
// (ClearLine::best_omitted).
inline constexpr std::size_t kClearCandidates = 200;

// Reads the market between its changes: proposals are checked again when they are applied. Reading
// is const: several collectors may read one market from several threads, each its own needs, to be
// joined. If there are many needs fewer offers are listed, so that a nation fits in memory. Offers
// that are left out count in the certificate as if they were free: measured on the nation at load
// 1, 40 a line account for 5 % of the bound, 100 for almost none of it (40 million edges).
constexpr std::size_t clear_candidates(std::size_t needs) {
  return needs > 100'000 ? 100 : kClearCandidates;
}

// The instants at which the promised quantity of an offer can be highest, and the room there; see
// ClearSlot. Sorts `windows` and removes duplicates.
struct Instant {
  Time at;
  std::int64_t room;
};
std::vector<Instant> instants_of(std::vector<Interval>& windows,
                                 const std::vector<Booking>& bookings, std::int64_t capacity);

// Needs in the best order for reading: along a space-filling curve, so that cells and rows of the
// previous need are still in the cache. Measured on the nation: a third of the time of any other
// order.
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

  // Adds a need if offers can still be matched to it. About 13 us a line in the order of placed().
  void add(Slot need);
  // Adds what another collector has read.
  void join(Collector&& other);

  // Treats quantities of offers that are reserved for other needs as booked.
  void occupy(const std::function<void(Slot offer, std::vector<Booking>& into)>& others);

  // The number of needs read so far.
  std::size_t needs() const;
  // Offers that were found for them; some perhaps twice if collectors were joined.
  std::vector<Slot> offers() const;

  // Builds the instance without reading the market: on any thread. The result does not depend on
  // the workers or on the order of the needs. The collector is empty afterwards. `per_micro` is the
  // scale of worth, 0: as fine as sums allow.
  Instance finish(const Workers& workers = alone, std::int64_t per_micro = 0);

 private:
  struct RawEdge {
    std::int64_t value_micro;
    std::uint32_t offer;  // index in Read::offers, later in Instance::offers
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
  // Grows without copying: the edges of a city take 100 MB and more, and a collector has only a
  // slice of time.
  template <class T>
  using Growing = boost::container::deque<
      T, void, boost::container::deque_options_t<boost::container::block_size<1024U>>>;
  // What one collector has read.
  struct Read {
    Growing<RawNeed> needs;
    Growing<RawLine> lines;
    Growing<RawEdge> edges;
    Growing<RawOffer> offers;
    PagedArray<std::uint32_t> offer_at;  // by slot: its place in `offers` plus 1; 0: not there
  };
  // A need, and its index in read_.
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
