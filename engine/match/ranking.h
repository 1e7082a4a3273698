// The best offers for a line and the best lines for a party: the market's matcher.
//
// Cells are visited from the nearest outwards. A cell, or an entry before its row is read, is
// skipped if it could not reach the k-th best value so far even with the greatest possible other
// factors; so the result equals that of a full scan.
#pragma once

#include <functional>
#include <vector>

#include "engine/market/matcher.h"
#include "engine/match/index.h"
#include "engine/match/judge.h"

namespace qiao {

// A pair of a line and an offer with its judgement, as a search returns it.
struct Candidate {
  Slot line;  // kNoSlot for a line that is not posted
  Slot offer;
  Judgement judgement;
};

inline constexpr std::size_t kMaxRanked = 200;
// Counting stops here: "1,000 or more".
inline constexpr std::size_t kMaxCounted = 1000;

// Searches offers for a line and lines for a party by value, with an index that follows the changes
// of the state. The state must outlive it. For the thread that owns the state.
class Ranking final : public Matcher {
 public:
  explicit Ranking(const State& state);

  // The k <= kMaxRanked eligible offers of the greatest value, ties by the older offer.
  std::vector<Candidate> candidates(Slot line, std::size_t k, Time now) const;
  // The same for a need that is not posted.
  std::vector<Candidate> candidates(const NeedRow& need, const LineRow& line, std::size_t k,
                                    Time now) const;
  // The same among those that `accept` accepts.
  using Accept = std::function<bool(Slot offer, const Judgement&)>;
  std::vector<Candidate> candidates(const NeedRow& need, const LineRow& line, std::size_t k,
                                    Time now, const Accept& accept) const;

  // The same for a posted line, except offers of parties that refused it and those that cannot
  // provide `quantity`. Automatic dispatches, proposals and notifications choose from these.
  std::vector<Candidate> proposable(Slot line, std::size_t k, Time now,
                                    std::int64_t quantity = 1) const;

  // How many offers are eligible, and how many different parties; each at most kMaxCounted.
  struct Count {
    std::size_t offers = 0;
    std::size_t parties = 0;
    std::int64_t units = 0;  // what they could provide together
  };
  Count count(const NeedRow& need, const LineRow& line, Time now) const;

  // The k <= kMaxRanked open lines of the greatest value to a party, each with the offer that
  // serves it best; ties by the older line, then the older offer. Considers the party's
  // kMaxOffersRanked newest active offers.
  std::vector<Candidate> open_lines(Slot party, std::size_t k, Time now) const;
  // The same for one offer; none if it is not active.
  std::vector<Candidate> open_lines_of(Slot offer, std::size_t k, Time now) const;

  Judgement judge(Slot line, Slot offer, Time now) const override;
  std::optional<Slot> next_best(Slot line, std::int64_t quantity, Time now) const override;

  const Judge& judge() const { return judge_; }
  const State& state() const { return state_; }

  void loaded(const Workers& workers) override {
    judge_.settings_changed();
    index_.build(workers);
  }
  void offer_changed(Slot offer) override { index_.put_offer(offer); }
  void need_changed(Slot need) override { index_.put_need(need); }
  void offer_removed(Slot offer) override { index_.take_offer(offer); }
  void need_removed(Slot need) override { index_.take_need(need); }
  void party_changed(Slot party) override;
  void settings_changed() override { judge_.settings_changed(); }

 private:
  bool is_better_line(const Candidate& a, const Candidate& b) const;

  const State& state_;
  Judge judge_;
  Index index_;
};

// Parties that declined the line, let a dispatch for it lapse, withdrew from it or did not come,
// with whichever offer; one may appear twice. Only a dispatch that names the offer may ask them
// again for this line. O(matches of the need).
std::vector<Slot> parties_that_refused(const State& state, Slot line);

// For Market's constructor.
std::unique_ptr<Matcher> make_ranking(const State& state);

}  // namespace qiao
