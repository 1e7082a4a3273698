// A city whose every command goes to a real database at once.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "server/store/store.h"
#include "tests/support/build.h"

namespace qiao {

// A city whose every command goes to disk.
struct DurableCity : City {
  explicit DurableCity(Store& s) : store(s) {
    // What the constructor has done already.
    Group group;
    RankedMarket copy;
    for (const pb::Event& e : founding()) {
      copy.fold(e);
      group.add({&e, 1}, copy.state(), store);
    }
    EXPECT_TRUE(store.commit(group));
  }
  std::uint64_t keep(const pb::Command& c) {
    const auto result = apply(c);
    EXPECT_TRUE(result) << (result ? "" : result.error().en());
    if (!result) return 0;
    Group group;
    group.add(result.value().events, state(), store);
    EXPECT_TRUE(store.commit(group));
    return result.value().subjects.empty() ? 0 : result.value().subjects.front().key;
  }
  // The events that make a new city, remade from its rows.
  std::vector<pb::Event> founding() const {
    std::vector<pb::Event> events;
    const auto next = [&]() -> pb::Event& {
      pb::Event& e = events.emplace_back();
      e.set_seq(events.size());
      e.set_time(to_int(state().last_time()));
      return e;
    };
    *next().mutable_taxonomy() = state().taxonomy();
    *next().mutable_policy() = state().policy();
    for (Slot a = 0; a < state().areas().size(); ++a) *next().mutable_area() = state().load_area(a);
    return events;
  }
  Store& store;
};

// Registers a team with an offer, posts twenty needs, and makes a match for each.
inline void live(DurableCity& c) {
  pb::Command reg = by(pb::ROLE_LEAD);
  reg.mutable_register_party()->set_kind(pb::PARTY_KIND_VOLUNTEER_TEAM);
  reg.mutable_register_party()->set_name("队");
  reg.mutable_register_party()->set_area_code(kCommunity);
  const auto team = c.keep(reg);
  pb::Command person = by(pb::ROLE_LEAD);
  person.mutable_put_person()->set_party_id(team);
  person.mutable_put_person()->set_name("张三");
  c.keep(person);
  pb::Command post = by(pb::ROLE_LEAD);
  *post.mutable_post_offer() = offer(team).people(5);
  const auto o = c.keep(post);
  for (int i = 0; i < 20; ++i) {
    pb::Command n = by(pb::ROLE_LEAD);
    *n.mutable_post_need()->mutable_need() = need().people(2).on(hours(57 + i * 4, 60 + i * 4));
    const auto id = c.keep(n);
    pb::Command m = by(pb::ROLE_LEAD);
    m.mutable_make_match()->set_need_id(id);
    m.mutable_make_match()->set_offer_id(o);
    m.mutable_make_match()->set_how(i % 3 == 0 ? pb::MATCH_STATE_DISPATCHED
                                               : pb::MATCH_STATE_CLAIMED);
    c.keep(m);
  }
}

}  // namespace qiao
