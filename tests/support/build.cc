#include "tests/support/build.h"

#include <gtest/gtest.h>

#include "data/defaults.h"

namespace qiao {

bool reload(const State& from, Market& into) {
  State& state = into.state_to_load();
  bool good = true;
  for (const auto kind : kSettings)
    good = good && state.load_row(kind, Blob(from.setting(kind).SerializeAsString()));
  const auto load = [&](auto kind) {
    const auto& rows = from.rows(kind);
    for (Slot i = 0; good && i < rows.size(); ++i)
      good = state.load_row(kind.kCase, Blob(rows[i].bytes.view()));
  };
  for_each_keyed([&](auto kind) {
    if (kind.kLinked) load(kind);
  });
  good = good && state.link_areas() && state.link_parties() && state.link_offers() &&
         state.link_needs();
  for_each_keyed([&](auto kind) {
    if (!kind.kLinked) load(kind);
  });
  into.loaded(from.last_seq(), from.last_time());
  return good;
}

std::string code_of(const Result<Outcome>& result) {
  return result ? std::string() : std::string(info(result.error().code).code);
}

City::City(const pb::Taxonomy& taxonomy) {
  pb::Command words = by(pb::ROLE_LEAD);
  *words.mutable_put_taxonomy() = taxonomy;
  must(words);
  set(default_policy());
  struct Place {
    std::uint64_t code, parent;
    pb::AreaLevel level;
    const char* name;
    double km;
  };
  for (const Place& p :
       {Place{kCity, 0, pb::AREA_LEVEL_CITY, "宁国市", 0},
        Place{kTown, kCity, pb::AREA_LEVEL_TOWN, "西津街道", 0},
        Place{kOtherTown, kCity, pb::AREA_LEVEL_TOWN, "南山街道", 4},
        Place{kCommunity, kTown, pb::AREA_LEVEL_COMMUNITY, "城东社区", 0},
        Place{kOtherCommunity, kOtherTown, pb::AREA_LEVEL_COMMUNITY, "南河社区", 4}}) {
    pb::Command c = by(pb::ROLE_LEAD);
    pb::Area& a = *c.mutable_put_area();
    a.set_code(p.code);
    a.set_parent_code(p.parent);
    a.set_level(p.level);
    a.set_name(p.name);
    a.mutable_point()->set_latitude_e7(kLatitude + static_cast<std::int32_t>(p.km * kKilometre));
    a.mutable_point()->set_longitude_e7(kLongitude);
    must(c);
  }
}

std::uint64_t City::must(const pb::Command& c) {
  const auto result = apply(c);
  if (!result) {
    ADD_FAILURE() << result.error().field << ": " << result.error().en();
    return 0;
  }
  return result.value().subjects.empty() ? 0 : result.value().subjects.front().key;
}

void City::wait_until(Time t) {
  while (const auto due = market.next_tick()) {
    if (*due > t) break;
    now = std::max(now, *due);
    pb::Command tick = by(pb::ROLE_MARKET);
    tick.mutable_tick();
    must(tick);
  }
  now = std::max(now, t);
}

std::uint64_t City::party(pb::PartyKind kind, const std::string& name, std::uint64_t area) {
  pb::Command c = by(pb::ROLE_LEAD);
  c.mutable_register_party()->set_kind(kind);
  c.mutable_register_party()->set_name(name);
  c.mutable_register_party()->set_area_code(area);
  return must(c);
}

std::uint64_t City::post(const pb::Offer& o) {
  pb::Command c = by(pb::ROLE_LEAD);
  *c.mutable_post_offer() = o;
  return must(c);
}

std::uint64_t City::post(const pb::Need& n, pb::NeedState until) {
  pb::Command c = by(pb::ROLE_LEAD);
  *c.mutable_post_need()->mutable_need() = n;
  c.mutable_post_need()->set_until(until);
  return must(c);
}

Result<Outcome> City::make(pb::MatchState how, std::uint64_t need, std::uint64_t offer,
                           std::int64_t quantity, std::uint32_t line, pb::Role role,
                           std::uint64_t actor) {
  pb::Command c = by(role, actor);
  pb::MakeMatch& m = *c.mutable_make_match();
  m.set_need_id(need);
  m.set_line(line);
  m.set_offer_id(offer);
  m.set_quantity(quantity);
  m.set_how(how);
  return apply(c);
}

std::uint64_t City::claim(std::uint64_t need, std::uint64_t offer, std::int64_t quantity,
                          std::uint32_t line) {
  const auto made = make(pb::MATCH_STATE_CLAIMED, need, offer, quantity, line);
  EXPECT_EQ(code_of(made), "");
  return made ? made.value().subjects.front().key : 0;
}

std::uint64_t City::dispatch(std::uint64_t need, std::uint64_t offer, std::int64_t quantity,
                             std::uint32_t line) {
  const auto made = make(pb::MATCH_STATE_DISPATCHED, need, offer, quantity, line);
  EXPECT_EQ(code_of(made), "");
  return made ? made.value().subjects.front().key : 0;
}

Result<Outcome> City::move(std::uint64_t match, pb::MatchVerb verb, const std::string& reason) {
  pb::Command c = by(pb::ROLE_LEAD);
  c.mutable_move_match()->set_match_id(match);
  c.mutable_move_match()->set_verb(verb);
  c.mutable_move_match()->set_reason(reason);
  return apply(c);
}

Result<Outcome> City::move_need(std::uint64_t need, pb::NeedVerb verb, const std::string& reason) {
  pb::Command c = by(pb::ROLE_LEAD);
  c.mutable_move_need()->set_need_id(need);
  c.mutable_move_need()->set_verb(verb);
  c.mutable_move_need()->set_reason(reason);
  return apply(c);
}

void City::set(const pb::Policy& policy) {
  pb::Command c = by(pb::ROLE_LEAD);
  *c.mutable_set_policy() = policy;
  must(c);
}

}  // namespace qiao
