#pragma once

#include "engine/market/market.h"
#include "engine/match/ranking.h"

namespace qiao {

// A market that matches by Ranking, and that ranking, for those who ask it more than the market
// does.
class RankedMarket : public Market {
 public:
  RankedMarket() : RankedMarket(Made{}) {}

  const Ranking& ranking() const { return ranking_; }

 private:
  struct Made {
    const Ranking* ranking = nullptr;
  };
  explicit RankedMarket(Made made)
      : Market([&made](const State& state) {
          auto ranking = std::make_unique<Ranking>(state);
          made.ranking = ranking.get();
          return ranking;
        }),
        ranking_(*made.ranking) {}

  const Ranking& ranking_;
};

}  // namespace qiao
