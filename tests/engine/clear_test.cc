// Clearing: feasible, certified, exact where everything can be tried, the same on any number of
// threads.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <numeric>
#include <thread>
#include <tuple>

#include "engine/base/random.h"
#include "engine/clear/bound.h"
#include "engine/clear/choice.h"
#include "engine/clear/collect.h"
#include "engine/clear/gaps.h"
#include "engine/clear/plan.h"
#include "engine/clear/solver.h"
#include "engine/clear/steer.h"
#include "engine/report/equity.h"
#include "engine/rows/invariants.h"
#include "tests/support/build.h"
#include "tools/sim/places.h"
#include "tools/sim/population.h"

namespace qiao {
namespace {

std::uint64_t seed_of_run() {
  const char* text = std::getenv("QIAO_SEED");
  return text == nullptr ? 1 : std::strtoull(text, nullptr, 10);
}

bool yes() { return true; }

struct Shape {
  std::uint32_t needs;
  std::uint32_t offers;
  std::int32_t most_units;
  bool rules;  // bonus, splits, lots, ratios, all-or-nothing, windows that overlap
};

Instance random_instance(Random& random, const Shape& shape) {
  Instance in;
  in.per_micro = 1;
  for (std::uint32_t o = 0; o < shape.offers; ++o) {
    const auto slots = static_cast<std::uint32_t>(shape.rules ? random.between(1, 3) : 1);
    in.offers.push_back({o, static_cast<std::uint32_t>(in.slots.size()), slots,
                         shape.rules && random.chance(20) ? 2 : 1});
    for (std::uint32_t s = 0; s < slots; ++s)
      in.slots.push_back(
          {Time{}, o, static_cast<std::int32_t>(random.between(1, shape.most_units))});
  }
  for (std::uint32_t n = 0; n < shape.needs; ++n) {
    ClearNeed need;
    need.first_line = static_cast<std::uint32_t>(in.lines.size());
    need.lines = static_cast<std::uint32_t>(shape.rules ? random.between(1, 2) : 1);
    need.ref = n;
    if (shape.rules) {
      need.bonus = random.between(0, 400);
      need.all_or_nothing = random.chance(25);
      need.ratio = need.lines == 2 && random.chance(40) ? 2 : 0;
    }
    for (std::uint32_t l = 0; l < need.lines; ++l) {
      ClearLine line;
      line.need = n;
      line.first_edge = static_cast<std::uint32_t>(in.edges.size());
      line.missing = static_cast<std::int32_t>(random.between(1, shape.most_units));
      line.people = l == 0;
      line.professional = l == 1;
      if (shape.rules) line.split = random.between(0, 60);
      for (std::uint32_t o = 0; o < shape.offers; ++o) {
        if (!random.chance(70)) continue;
        const ClearOffer& offer = in.offers[o];
        const auto first = static_cast<std::uint32_t>(random.below(offer.slots));
        const auto count = static_cast<std::uint32_t>(1 + random.below(offer.slots - first));
        Edge e{random.between(1, 1000) * (shape.rules ? 1 : 1000), o, offer.first_slot + first,
               count, line.missing};
        for (std::uint32_t s = e.slot; s < e.slot + e.slots; ++s)
          e.most = std::min(e.most, in.slots[s].room);
        if (e.most < offer.smallest_lot) continue;
        in.edges.push_back(e);
        ++line.edges;
      }
      std::sort(in.edges.end() - line.edges, in.edges.end(),
                [](const Edge& a, const Edge& b) { return a.unit > b.unit; });
      in.lines.push_back(line);
    }
    // As the market asks: enough professionals for all volunteers that are asked for.
    if (need.ratio > 0 &&
        in.lines[need.first_line].missing > in.lines[need.first_line + 1].missing * need.ratio)
      need.ratio = 0;
    in.needs.push_back(need);
  }
  in.link();
  return in;
}

// Every allocation there is.
Worth brute_force(const Instance& in) {
  Allocation held(in.edges.size(), 0);
  Worth best = 0;
  const auto go = [&](auto self, std::size_t edge) -> void {
    if (edge == in.edges.size()) {
      if (infeasible(in, held) == nullptr) best = std::max(best, worth_of(in, held));
      return;
    }
    for (std::int32_t units = 0; units <= in.edges[edge].most; ++units) {
      held[edge] = units;
      self(self, edge + 1);
    }
    held[edge] = 0;
  };
  go(go, 0);
  return best;
}

Workers two_threads() {
  return [](std::size_t parts, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&] {
      for (std::size_t p = next++; p < parts; p = next++) work(p);
    };
    std::thread other(run);
    run();
    other.join();
  };
}

// The certificate once more, by the definition in DESIGN.md §5 and nothing of the solver's: at
// these prices each need takes the best of every choice it has.
Worth certificate(const Instance& in, const std::vector<Worth>& prices) {
  Worth bound = 0;
  for (std::size_t s = 0; s < prices.size(); ++s) {
    EXPECT_GE(prices[s], 0);
    bound += prices[s] * in.slots[s].room;
  }
  for (const ClearNeed& need : in.needs) {
    const std::uint32_t first = in.lines[need.first_line].first_edge;
    std::uint32_t last = first;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l)
      last += in.lines[l].edges;
    Allocation held(in.edges.size(), 0);
    Worth best = 0;
    const auto go = [&](auto self, std::uint32_t edge) -> void {
      if (edge == last) {
        for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
          std::int64_t units = 0;
          for (std::uint32_t e = in.lines[l].first_edge;
               e < in.lines[l].first_edge + in.lines[l].edges; ++e)
            units += held[e];
          if (units > in.lines[l].missing) return;
        }
        Instance alone = in;
        for (ClearSlot& s : alone.slots) s.room = 1'000'000;
        if (infeasible(alone, held) != nullptr) return;
        Worth gain = worth_of(in, need, held);
        for (std::uint32_t e = first; e < last; ++e) {
          for (std::uint32_t s = in.edges[e].slot; s < in.edges[e].slot + in.edges[e].slots; ++s)
            gain -= prices[s] * held[e];
        }
        best = std::max(best, gain);
        return;
      }
      for (std::int32_t units = 0; units <= in.edges[edge].most; ++units) {
        held[edge] = units;
        self(self, edge + 1);
      }
      held[edge] = 0;
    };
    go(go, first);
    bound += best;
  }
  return bound;
}

TEST(Clear, IsExactWhereEverythingCanBeTried) {
  Random random(seed_of_run());
  for (int round = 0; round < 400; ++round) {
    const Instance in =
        random_instance(random, {static_cast<std::uint32_t>(random.between(1, 3)),
                                 static_cast<std::uint32_t>(random.between(1, 3)), 2, true});
    if (in.edges.size() > 11) continue;
    const Worth best = brute_force(in);
    ClearOptions options;
    options.target_gap_micro = 0;
    options.improvements_per_line = 200;
    const Cleared cleared = clear_market(in, options);
    ASSERT_EQ(infeasible(in, cleared.held), nullptr)
        << infeasible(in, cleared.held) << " in round " << round;
    EXPECT_EQ(cleared.value, best) << "round " << round << " of seed " << seed_of_run();
    EXPECT_GE(cleared.bound, best) << "round " << round << " of seed " << seed_of_run();
  }
}

TEST(Clear, TheCertificateIsWhatThePricesProve) {
  Random random(seed_of_run() + 1);
  for (int round = 0; round < 200; ++round) {
    const Instance in = random_instance(random, {4, 3, 2, true});
    const Cleared cleared = clear_market(in, {});
    // The solver's choices are relaxed where that is quick, so its bound may be higher, never
    // lower.
    EXPECT_GE(cleared.bound, certificate(in, cleared.prices)) << "round " << round;
    EXPECT_EQ(cleared.bound, upper_bound(in, cleared.prices, alone)) << "round " << round;
    EXPECT_LE(cleared.value, cleared.bound);
    EXPECT_EQ(cleared.value, worth_of(in, cleared.held));
  }
}

TEST(Clear, WithoutRulesTheCertificateIsThePricesToTheUnit) {
  Random random(seed_of_run() + 2);
  for (int round = 0; round < 100; ++round) {
    const Instance in = random_instance(random, {4, 3, 2, false});
    const Cleared cleared = clear_market(in, {});
    EXPECT_EQ(cleared.bound, certificate(in, cleared.prices)) << "round " << round;
  }
}

TEST(Clear, IsFeasibleOnRandomInstances) {
  Random random(seed_of_run() + 3);
  for (int round = 0; round < 150; ++round) {
    const Instance in =
        random_instance(random, {static_cast<std::uint32_t>(random.between(0, 60)),
                                 static_cast<std::uint32_t>(random.between(0, 20)), 9, true});
    const Cleared cleared = clear_market(in, {});
    const char* breach = infeasible(in, cleared.held);
    EXPECT_EQ(breach, nullptr) << breach << " in round " << round << " of seed " << seed_of_run();
    EXPECT_LE(cleared.value, cleared.bound);
  }
}

TEST(Clear, SameBitsOnOneAndTwoThreads) {
  Random random(5);
  // More needs than one part of the parallel loops has.
  const Instance in = random_instance(random, {9000, 40, 9, true});
  ClearOptions options;
  options.improvements_per_line = 1;
  const Cleared one = clear_market(in, options);
  options.workers = two_threads();
  const Cleared two = clear_market(in, options);
  EXPECT_EQ(one.held, two.held);
  EXPECT_EQ(one.prices, two.prices);
  EXPECT_EQ(one.bound, two.bound);
}

TEST(Clear, WhatThereIsSoFarIsTheAnswerWhenStopped) {
  Random random(6);
  const Instance in = random_instance(random, {500, 60, 9, true});
  for (int after : {0, 1, 3, 20}) {
    int asked = 0;
    ClearOptions options;
    options.target_gap_micro = 0;
    options.keep_going = [&](const ClearProgress&) { return asked++ < after; };
    const Cleared cleared = clear_market(in, options);
    EXPECT_TRUE(cleared.cut_short) << after;
    EXPECT_EQ(infeasible(in, cleared.held), nullptr) << after;
    EXPECT_LE(cleared.value, cleared.bound) << after;
  }
}

TEST(Clear, NothingComesOfNothing) {
  Random random(7);
  for (const Shape& shape : {Shape{0, 0, 3, true}, Shape{0, 5, 3, true}, Shape{5, 0, 3, true}}) {
    const Instance in = random_instance(random, shape);
    const Cleared cleared = clear_market(in, {});
    EXPECT_EQ(cleared.value, 0);
    EXPECT_EQ(cleared.bound, 0);
    EXPECT_EQ(cleared.gap_micro(), 0);
  }
}

// A transport problem has no gap between prices and allocation: the auction must close it.
TEST(Clear, TransportProblemsAreSolvedToTheEnd) {
  Random random(seed_of_run() + 8);
  for (int round = 0; round < 20; ++round) {
    const Instance in = random_instance(random, {40, 25, 6, false});
    ClearOptions options;
    options.target_gap_micro = 0;
    const Cleared cleared = clear_market(in, options);
    EXPECT_LE(cleared.gap_micro(), 2'000) << "round " << round << " of seed " << seed_of_run();
  }
}

// A generated city, copied out of a real market.
class ClearedCity : public testing::Test {
 protected:
  ClearedCity() {
    places_ = read_city(QIAO_SOURCE "/data/ningguo/areas.csv",
                        QIAO_SOURCE "/data/ningguo/outline.geojson", 1)
                  .value();
    const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
    must([](pb::Command& c) { *c.mutable_put_taxonomy() = default_taxonomy(); });
    must([](pb::Command& c) { *c.mutable_set_policy() = default_policy(); });
    for (const Place& p : places_)
      must([&](pb::Command& c) { *c.mutable_put_area() = to_area(p); });
    Population population(places_, zone, 11);
    add_givers(population, 120);
    for (int i = 0; i < 250; ++i) {
      must([&](pb::Command& c) {
        *c.mutable_post_need()->mutable_need() = population.need(at(9));
        c.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
      });
    }
  }
  void add_givers(Population& population, int count) {
    for (int i = 0; i < count; ++i) {
      const Giver giver = population.giver(i % 5 == 0   ? pb::PARTY_KIND_SOCIAL_ORGANISATION
                                           : i % 5 == 1 ? pb::PARTY_KIND_ENTERPRISE
                                                        : pb::PARTY_KIND_VOLUNTEER_TEAM,
                                           at(9));
      const std::uint64_t party =
          must([&](pb::Command& c) { *c.mutable_register_party() = giver.party; });
      for (pb::Offer o : giver.offers) {
        o.set_party_id(party);
        must([&](pb::Command& c) { *c.mutable_post_offer() = o; });
      }
    }
  }
  std::uint64_t must(const std::function<void(pb::Command&)>& make) {
    pb::Command c = by(pb::ROLE_LEAD);
    make(c);
    const auto outcome = market_.apply(c, at(9));
    EXPECT_TRUE(outcome) << outcome.error().field << ' ' << outcome.error().en();
    return outcome ? outcome.value().subjects.front().key : 0;
  }
  const Ranking& ranking() const { return market_.ranking(); }
  Instance collect() const {
    Collector collector(ranking(), at(9));
    for (Slot n = 0; n < market_.state().needs().size(); ++n) collector.add(n);
    return collector.finish();
  }

  std::vector<Place> places_;
  RankedMarket market_;
};

TEST_F(ClearedCity, EveryProposalIsTakenByTheMarket) {
  const Instance in = collect();
  const Cleared cleared = clear_market(in, {});
  EXPECT_EQ(infeasible(in, cleared.held), nullptr);
  EXPECT_LT(cleared.gap_micro(), 30'000);
  int made = 0;
  for (std::uint32_t e = 0; e < in.edges.size(); ++e) {
    if (cleared.held[e] == 0) continue;
    const LineRow& line = market_.state().line(in.lines[in.line_of_edge[e]].ref);
    must([&](pb::Command& c) {
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(market_.state().needs()[line.need].id.value());
      m.set_line(line.number);
      m.set_offer_id(market_.state().offers()[in.offers[in.edges[e].offer].ref].id.value());
      m.set_quantity(cleared.held[e]);
      m.set_how(pb::MATCH_STATE_PROPOSED);
    });
    ++made;
  }
  EXPECT_GT(made, 100);
  EXPECT_TRUE(check_invariants(market_.state()).empty());
}

TEST_F(ClearedCity, IsCopiedOutTheSameInAnyOrderByAnyNumber) {
  Population more(places_, market_.state().zone(), 12);
  add_givers(more, 500);
  const Instance one = collect();
  EXPECT_GT(one.offers.size(), 256U) << "more offers than one part of the parallel loops has";
  Random random(seed_of_run() + 8);
  std::vector<Slot> needs(market_.state().needs().size());
  for (Slot n = 0; n < needs.size(); ++n) needs[n] = n;
  for (std::size_t k = needs.size(); k > 1; --k) std::swap(needs[k - 1], needs[random.below(k)]);
  std::vector<Collector> several(3, Collector(ranking(), at(9)));
  for (const Slot n : needs) several[random.below(3)].add(n);
  several[0].join(std::move(several[1]));
  several[0].join(std::move(several[2]));
  const std::size_t read = several[0].needs();
  const Instance two = several[0].finish(two_threads());
  EXPECT_EQ(read, two.needs.size());
  const auto of_need = [](const ClearNeed& n) {
    return std::tuple(n.ref, n.first_line, n.lines, n.bonus, n.community, n.volunteers,
                      n.professionals, n.ratio, n.all_or_nothing);
  };
  const auto of_line = [](const ClearLine& l) {
    return std::tuple(l.ref, l.need, l.first_edge, l.edges, l.split, l.best_omitted, l.missing,
                      l.asked, l.window.start, l.window.end, l.people, l.professional);
  };
  const auto of_edge = [](const Edge& e) {
    return std::tuple(e.unit, e.offer, e.slot, e.slots, e.most);
  };
  const auto of_offer = [](const ClearOffer& o) {
    return std::tuple(o.ref, o.first_slot, o.slots, o.smallest_lot);
  };
  const auto of_slot = [](const ClearSlot& s) { return std::tuple(s.at, s.offer, s.room); };
  const auto same = [](const auto& a, const auto& b, auto of) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](const auto& x, const auto& y) { return of(x) == of(y); });
  };
  EXPECT_TRUE(same(one.needs, two.needs, of_need));
  EXPECT_TRUE(same(one.lines, two.lines, of_line));
  EXPECT_TRUE(same(one.edges, two.edges, of_edge));
  EXPECT_TRUE(same(one.offers, two.offers, of_offer));
  EXPECT_TRUE(same(one.slots, two.slots, of_slot));
}

TEST_F(ClearedCity, NothingIsProposedToAPartyThatDeclined) {
  must([](pb::Command& c) {
    *c.mutable_set_policy() = default_policy();
    c.mutable_set_policy()->set_redispatch(false);
  });
  const Instance before = collect();
  const Cleared first = clear_market(before, {});
  // Every pair that was chosen is dispatched, and declined.
  boost::unordered_flat_map<std::uint64_t, bool> declined;
  const auto pair_of = [&](const Instance& in, std::uint32_t e) {
    const Slot party = market_.state().offers()[in.offers[in.edges[e].offer].ref].party;
    return std::uint64_t{in.lines[in.line_of_edge[e]].ref} << 32 | party;
  };
  for (std::uint32_t e = 0; e < before.edges.size(); ++e) {
    if (first.held[e] == 0) continue;
    const LineRow& line = market_.state().line(before.lines[before.line_of_edge[e]].ref);
    const std::uint64_t match = must([&](pb::Command& c) {
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(market_.state().needs()[line.need].id.value());
      m.set_line(line.number);
      const Slot offer = before.offers[before.edges[e].offer].ref;
      m.set_offer_id(market_.state().offers()[offer].id.value());
      m.set_quantity(first.held[e]);
      m.set_how(pb::MATCH_STATE_DISPATCHED);
    });
    must([&](pb::Command& c) {
      c.mutable_move_match()->set_match_id(match);
      c.mutable_move_match()->set_verb(pb::MATCH_VERB_DECLINE);
      c.mutable_move_match()->set_reason("当天有事");
    });
    declined[pair_of(before, e)] = true;
  }
  EXPECT_GT(declined.size(), 100U);
  const Instance after = collect();
  EXPECT_FALSE(after.edges.empty());
  for (std::uint32_t e = 0; e < after.edges.size(); ++e) {
    EXPECT_FALSE(declined.contains(pair_of(after, e)));
  }
}

TEST_F(ClearedCity, WhatIsBookedAlreadyIsNotGivenTwice) {
  const Cleared first = clear_market(collect(), {});
  const Instance before = collect();
  // Half of it becomes real, the rest is cleared again.
  for (std::uint32_t e = 0; e < before.edges.size(); e += 2) {
    if (first.held[e] == 0 ||
        before.needs[before.lines[before.line_of_edge[e]].need].all_or_nothing)
      continue;
    const LineRow& line = market_.state().line(before.lines[before.line_of_edge[e]].ref);
    must([&](pb::Command& c) {
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(market_.state().needs()[line.need].id.value());
      m.set_line(line.number);
      m.set_offer_id(market_.state().offers()[before.offers[before.edges[e].offer].ref].id.value());
      m.set_quantity(first.held[e]);
      m.set_how(pb::MATCH_STATE_CLAIMED);
    });
  }
  const Instance after = collect();
  const Cleared second = clear_market(after, {});
  for (std::uint32_t e = 0; e < after.edges.size(); ++e) {
    if (second.held[e] == 0) continue;
    const LineRow& line = market_.state().line(after.lines[after.line_of_edge[e]].ref);
    must([&](pb::Command& c) {
      pb::MakeMatch& m = *c.mutable_make_match();
      m.set_need_id(market_.state().needs()[line.need].id.value());
      m.set_line(line.number);
      m.set_offer_id(market_.state().offers()[after.offers[after.edges[e].offer].ref].id.value());
      m.set_quantity(second.held[e]);
      m.set_how(pb::MATCH_STATE_PROPOSED);
    });
  }
  EXPECT_TRUE(check_invariants(market_.state()).empty());
}

// What is planned, as matches in a market: it has to take all of it.
void expect_plan_holds(const Plan& plan, Market& market) {
  pb::Command batch = by(pb::ROLE_LEAD);
  for (Slot need = 0; need < market.state().needs().size(); ++need) {
    for (const PlannedPart& p : plan.of(need)) {
      pb::MakeMatch& m = *batch.mutable_batch()->add_commands()->mutable_make_match();
      m.set_need_id(market.state().needs()[need].id.value());
      m.set_line(market.state().line(p.line).number);
      m.set_offer_id(market.state().offers()[p.offer].id.value());
      m.set_quantity(p.units);
      m.set_how(pb::MATCH_STATE_PROPOSED);
    }
  }
  const auto refused = market.check(batch.batch(), batch.actor(), at(9));
  ASSERT_TRUE(refused);
  EXPECT_TRUE(refused.value().empty())
      << refused.value().size() << " of " << batch.batch().commands_size() << ": "
      << refused.value().front().refusal.en();
}

TEST_F(ClearedCity, APlanIsWhatWasCleared) {
  const Instance in = collect();
  const Cleared cleared = clear_market(in, {});
  Plan plan(ranking());
  plan.replace(in, cleared);
  EXPECT_EQ(plan.value_micro(), cleared.value / in.per_micro);
  EXPECT_EQ(plan.gap_micro(), cleared.gap_micro());
  expect_plan_holds(plan, market_);
}

TEST_F(ClearedCity, AfterASmallChangeThePlanHoldsAndSoDoesItsCertificate) {
  const Instance in = collect();
  Plan plan(ranking());
  plan.replace(in, clear_market(in, {}));
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  Population population(places_, zone, 12);
  Random random(3);
  for (int round = 0; round < 12; ++round) {
    std::vector<Slot> needs;
    std::vector<Slot> offers;
    for (int i = 0; i < 3; ++i) {
      must([&](pb::Command& c) {
        *c.mutable_post_need()->mutable_need() = population.need(at(9));
        c.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
      });
      needs.push_back(market_.state().needs().size() - 1);
    }
    // One goes, and an offer is taken back.
    Slot gone;
    do {
      gone = static_cast<Slot>(random.below(market_.state().needs().size()));
    } while (!takes_matches(market_.state().needs()[gone].state));
    must([&](pb::Command& c) {
      c.mutable_move_need()->set_need_id(market_.state().needs()[gone].id.value());
      c.mutable_move_need()->set_verb(pb::NEED_VERB_CANCEL);
      c.mutable_move_need()->set_reason("不需要了");
    });
    needs.push_back(gone);
    Slot withdrawn;
    do {
      withdrawn = static_cast<Slot>(random.below(market_.state().offers().size()));
    } while (!market_.state().offers()[withdrawn].active);
    must([&](pb::Command& c) {
      c.mutable_withdraw_offer()->set_offer_id(market_.state().offers()[withdrawn].id.value());
    });
    offers.push_back(withdrawn);
    const std::size_t again = plan.refresh(needs, offers, at(9), {});
    EXPECT_LT(again, market_.state().needs().size());
    expect_plan_holds(plan, market_);
    // Against a clearing of everything: the kept bound is one, and the plan is not much worse.
    const Cleared whole = clear_market(collect(), {});
    const Instance now = collect();
    // Equity weights have moved a little since most needs were looked at.
    EXPECT_GE(plan.bound_micro() * 1000, whole.value / now.per_micro * 998) << "round " << round;
    EXPECT_GE(plan.value_micro() * 100, whole.value / now.per_micro * 93) << "round " << round;
  }
}

// Teams come in any order and each takes the top of its list, until nobody finds anything.
TEST_F(ClearedCity, TeamsThatTakeTheTopOfTheirListDoWhatClearingWants) {
  // Few offers for many needs, or nothing is contested.
  for (Slot o = 0; o < market_.state().offers().size(); ++o) {
    if (o % 3 != 0)
      must([&](pb::Command& c) {
        c.mutable_withdraw_offer()->set_offer_id(market_.state().offers()[o].id.value());
      });
  }
  const Instance in = collect();
  const Cleared cleared = clear_market(in, {});
  Plan plan(ranking());
  plan.replace(in, cleared);
  boost::unordered_flat_map<std::uint64_t, Worth> unit;
  for (std::uint32_t e = 0; e < in.edges.size(); ++e) {
    unit[std::uint64_t{in.lines[in.line_of_edge[e]].ref} << 32 | in.offers[in.edges[e].offer].ref] =
        in.edges[e].unit;
  }
  Random random(4);
  Worth taken = 0;
  std::vector<Slot> waiting;
  for (Slot p = 0; p < market_.state().parties().size(); ++p) waiting.push_back(p);
  while (!waiting.empty()) {
    const std::size_t i = random.below(waiting.size());
    const auto top = steered_lines(ranking(), plan, waiting[i], 1, at(9));
    if (top.empty()) {
      waiting[i] = waiting.back();
      waiting.pop_back();
      continue;
    }
    const Candidate& c = top.front().candidate;
    const LineRow& line = market_.state().line(c.line);
    taken += unit[std::uint64_t{c.line} << 32 | c.offer] * c.judgement.available;
    must([&](pb::Command& command) {
      pb::MakeMatch& m = *command.mutable_make_match();
      m.set_need_id(market_.state().needs()[line.need].id.value());
      m.set_line(line.number);
      m.set_offer_id(market_.state().offers()[c.offer].id.value());
      m.set_how(pb::MATCH_STATE_CLAIMED);
    });
  }
  EXPECT_GE(taken * 100, cleared.value * 90)
      << static_cast<double>(taken) / static_cast<double>(cleared.value);
}

// A finder that has chosen its five gaps.
std::unique_ptr<GapFinder> chosen(const Ranking& ranking, const Instance& in,
                                  const Cleared& cleared) {
  auto finder = std::make_unique<GapFinder>(ranking, in, cleared, GapOptions{kNoSlot, 5});
  for (std::size_t i = 0; i < finder->steps(); ++i) finder->add(i);
  finder->choose();
  return finder;
}

// Whether a gap of this skill is about such a line: of the certificate it asks for, or of one of
// its skills or none.
bool asks_for(const pb::TimeRequirement& time, const std::string& skill) {
  if (!time.certificate().empty()) return skill == time.certificate();
  return skill.empty() || std::count(time.skills().begin(), time.skills().end(), skill) > 0;
}

// A line that is short where and when the gap says; nullptr where there is none.
const LineRow* short_line(const State& s, const pb::SupplyGap& gap, const Instance& in,
                          const Cleared& cleared) {
  const LineRow* found = nullptr;
  for (const ClearLine& line : in.lines) {
    const LineRow& row = s.line(line.ref);
    const NeedRow& need = s.needs()[row.need];
    const LocalMoment moment = take_apart(s.zone().to_local(row.window.start));
    const auto first = cleared.held.begin() + line.first_edge;
    const std::int64_t held = std::accumulate(first, first + line.edges, std::int64_t{0});
    const pb::Need of = s.load_need(row.need);
    if (asks_for(of.lines(row.number - 1).time(), gap.skill()) && held < line.missing &&
        row.time_kind != 0 && s.areas()[need.fairness].id.value() == gap.area_code() &&
        moment.weekday == gap.weekday() && moment.minute / 60 == gap.hour())
      found = &row;
  }
  return found;
}

pb::Party new_team(std::uint64_t area) {
  pb::Party p;
  p.set_kind(pb::PARTY_KIND_VOLUNTEER_TEAM);
  p.set_name("新来的志愿服务队");
  p.set_area_code(area);
  p.set_service_radius_m(60'000);
  return p;
}

// One person who can do what is asked, from the gap's hour to the end of the day.
pb::Offer one_person(std::uint64_t party, const pb::TimeRequirement& asked,
                     const pb::SupplyGap& gap) {
  pb::Offer o;
  o.set_party_id(party);
  o.set_title("一名新人");
  o.mutable_time()->set_kind(asked.kind());
  o.mutable_time()->set_capacity(1);
  for (const auto& skill : asked.skills()) o.mutable_time()->add_skills(skill);
  if (!asked.certificate().empty()) {
    pb::Certificate& certificate = *o.mutable_time()->add_certificates();
    certificate.set_code(asked.certificate());
    certificate.set_level(std::max(1U, asked.certificate_level()));
  }
  pb::WeeklySlot& slot = *o.mutable_time()->add_weekly();
  slot.set_weekday(gap.weekday());
  slot.set_start_minute(gap.hour() * 60);
  slot.set_end_minute(1440);
  return o;
}

// One more unit in the market itself, and everything cleared again: it brings what the gap said.
TEST_F(ClearedCity, AGapIsWorthWhatItSays) {
  const Instance in = collect();
  ClearOptions options;
  options.target_gap_micro = 1000;
  const Cleared before = clear_market(in, options);
  const auto gaps = chosen(ranking(), in, before)->find(yes);
  ASSERT_FALSE(gaps.empty());
  int tried = 0;
  for (const pb::SupplyGap& gap : gaps) {
    if (gap.weekday() == 0 || gap.gain_micro() == 0) continue;
    EXPECT_FALSE(gap.zh().empty());
    EXPECT_FALSE(gap.en().empty());
    EXPECT_GE(gap.unmet_units(), 1);
    const LineRow* line = short_line(market_.state(), gap, in, before);
    ASSERT_NE(line, nullptr);
    const pb::Need need = market_.state().load_need(line->need);
    const pb::TimeRequirement& asked = need.lines(line->number - 1).time();
    const std::uint64_t party =
        must([&](pb::Command& c) { *c.mutable_register_party() = new_team(gap.area_code()); });
    const std::uint64_t made =
        must([&](pb::Command& c) { *c.mutable_post_offer() = one_person(party, asked, gap); });
    const Instance more = collect();
    const Cleared after = clear_market(more, options);
    // Against the bound before and the value before: what clearing itself leaves open is not the
    // gap's.
    const std::int64_t gained = (after.value - before.value) / in.per_micro;
    const std::int64_t slack = (before.bound - before.value) / in.per_micro;
    EXPECT_GE(gained + slack, gap.gain_micro() * 9 / 10) << gap.en();
    EXPECT_LE(gained, gap.gain_micro() * 11 / 10 + slack) << gap.en();
    must([&](pb::Command& c) { c.mutable_withdraw_offer()->set_offer_id(made); });
    ++tried;
  }
  EXPECT_GT(tried, 0);
}

TEST_F(ClearedCity, GapsAreFoundUntilSomebodySaysStop) {
  const Instance in = collect();
  const Cleared cleared = clear_market(in, {});
  const auto chosen_five = chosen(ranking(), in, cleared);
  const GapFinder& finder = *chosen_five;
  const std::size_t all = finder.find(yes).size();
  EXPECT_EQ(all, 5U);
  int asked = 0;
  EXPECT_EQ(finder.find([&] { return ++asked <= 2; }).size(), 2U);
  EXPECT_TRUE(finder.find([] { return false; }).empty());
}

// The usual taxonomy behind 64 other skills.
pb::Taxonomy long_taxonomy() {
  pb::Taxonomy t = default_taxonomy();
  const auto usual = t.skills();
  t.clear_skills();
  for (int i = 0; i < 64; ++i) {
    pb::Term& term = *t.add_skills();
    term.set_code("skill" + std::to_string(i));
    term.set_zh("技能" + std::to_string(i));
    term.set_en("skill " + std::to_string(i));
  }
  t.mutable_skills()->MergeFrom(usual);
  return t;
}

// What the city lacks, after one step of collecting: few needs.
std::vector<pb::SupplyGap> gaps_of(City& c) {
  const auto& ranking = c.market.ranking();
  Collector collector(ranking, c.now);
  collector.add(0);
  const Instance in = collector.finish();
  return chosen(ranking, in, clear_market(in, {}))->find(yes);
}

TEST(Gaps, NameTheScarceSkillWhereverItStandsInTheTaxonomy) {
  City c(long_taxonomy());
  c.post(need().people(2).skill("general").skill("haircut"));
  const auto gaps = gaps_of(c);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_EQ(gaps[0].skill(), "haircut");
}

// One more fen is nobody's question.
TEST(Gaps, SayOfMoneyHowManyYuanAreMissing) {
  City c;
  c.post(need().stock("funds", 8850));
  const auto gaps = gaps_of(c);
  ASSERT_EQ(gaps.size(), 1U);
  EXPECT_TRUE(gaps[0].zh().ends_with("还缺善款88.50元")) << gaps[0].zh();
  EXPECT_TRUE(gaps[0].en().starts_with("88.50 yuan of funds are missing in ")) << gaps[0].en();
}

// One line, one offer with very much of something that has a very high price.
TEST(Plan, CountsWhatIsBeyondSixtyFourBits) {
  Instance in;
  in.per_micro = 1;
  in.offers.push_back({0, 0, 1, 1});
  in.slots.push_back({Time{}, 0, 1 << 30});
  in.edges.push_back({1000, 0, 0, 1, 5});
  ClearLine line;
  line.edges = 1;
  line.missing = 5;
  line.asked = 5;
  in.lines.push_back(line);
  ClearNeed need;
  need.lines = 1;
  in.needs.push_back(need);
  in.link();
  Cleared cleared;
  cleared.held = {0};
  cleared.prices = {Worth{1} << 34};
  City c;
  Plan plan(c.market.ranking());
  plan.replace(in, cleared);
  EXPECT_EQ(plan.bound_micro(), kMostWorth);
  EXPECT_EQ(plan.gap_micro(), 1'000'000);
}

TEST(Equity, JainIsOneWhenAllAreServedAlike) {
  const std::vector<Fill> even = {{0, 2'000'000, 0, 1'000'000},
                                  {1, 4'000'000, 4'000'000, 2'000'000}};
  EXPECT_EQ(equity(even, When::kAfter).jain_micro(), 1'000'000);
  EXPECT_EQ(equity(even, When::kAfter).mean_fill_micro(), 500'000);
  // One of two has everything: 1/2.
  EXPECT_EQ(equity(even, When::kBefore).jain_micro(), 500'000);
  EXPECT_EQ(equity(even, When::kBefore).worst_decile_micro(), 0);
  EXPECT_EQ(equity({}, When::kBefore).communities(), 0U);
}

}  // namespace
}  // namespace qiao
