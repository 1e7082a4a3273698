// Random commands to the market and to the naive reference at once: the same answers, the same
// state, every invariant after each command. QIAO_MODEL_COMMANDS says how many in all (default
// 1,000,000 over the eight shards), QIAO_SEED replays one.
#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/random.h"
#include "engine/rows/invariants.h"
#include "tests/engine/reference.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

constexpr int kShards = 8;
constexpr int kCommandsPerMarket = 250;

class Duel {
 public:
  explicit Duel(std::uint64_t seed) : random_(seed) {}

  // False with a failure recorded at the first difference.
  bool run(int commands) {
    found();
    for (int i = 0; i < commands; ++i) {
      pb::Command c = random_command();
      if (!give(c)) {
        ADD_FAILURE() << "command " << i << ": " << c.ShortDebugString();
        return false;
      }
    }
    return same_after_undo() && same_after_reload();
  }

  // Which states were reached, as bits.
  static inline unsigned seen_matches = 0;
  static inline unsigned seen_needs = 0;

 private:
  std::uint64_t any(const std::vector<std::uint64_t>& ids) {
    return ids.empty() ? 0 : ids[random_.below(ids.size())];
  }

  void found() {
    ours_.policy = default_policy();
    for (const std::uint64_t code : {kCity, kTown, kOtherTown, kCommunity, kOtherCommunity}) {
      ours_.areas[code] = city_.state().load_area(city_.state().areas().find(AreaCode{code}));
    }
    ours_.seq = city_.state().last_seq();
    pb::Policy policy = default_policy();
    policy.mutable_value()->set_equity_alpha_milli(random_.chance(50) ? 1000 : 0);
    policy.set_confirm_claims(random_.chance(30));
    policy.set_redispatch(random_.chance(80));
    policy.set_raise_after_dispatches(static_cast<std::uint32_t>(random_.between(1, 3)));
    pb::Command set = by(pb::ROLE_LEAD);
    *set.mutable_set_policy() = policy;
    give(set);
    organisers_.push_back(register_party(pb::PARTY_KIND_ORGANISER, kTown));
    organisers_.push_back(register_party(pb::PARTY_KIND_ORGANISER, kCity));
    for (int i = 0; i < 4; ++i) {
      const pb::PartyKind kinds[] = {pb::PARTY_KIND_VOLUNTEER_TEAM, pb::PARTY_KIND_ENTERPRISE,
                                     pb::PARTY_KIND_SOCIAL_ORGANISATION};
      givers_.push_back(register_party(kinds[random_.below(3)],
                                       random_.chance(50) ? kCommunity : kOtherCommunity));
    }
  }

  std::uint64_t register_party(pb::PartyKind kind, std::uint64_t area) {
    pb::Command c = by(pb::ROLE_LEAD);
    pb::Party& p = *c.mutable_register_party();
    p.set_kind(kind);
    p.set_name("甲");
    p.set_area_code(area);
    p.set_service_radius_m(8000);
    if (!givers_.empty() && kind != pb::PARTY_KIND_ORGANISER && random_.chance(20))
      p.set_parent_id(any(givers_));
    if (random_.chance(15)) p.add_excluded_categories("traffic");
    const std::uint64_t id = ours_.seq + 1;
    give(c);
    return id;
  }

  pb::Actor actor_for(std::uint64_t giver, bool staff) {
    pb::Actor a;
    const std::uint64_t roll = random_.below(100);
    if (roll < 4) {  // anybody at all
      a.set_role(static_cast<pb::Role>(random_.between(1, 4)));
      a.set_party_id(random_.chance(50) ? any(givers_) : any(organisers_));
    } else if (staff) {
      a.set_role(roll < 50 ? pb::ROLE_LEAD : pb::ROLE_ORGANISER);
      if (a.role() == pb::ROLE_ORGANISER) a.set_party_id(any(organisers_));
    } else {
      a.set_role(roll < 20 ? pb::ROLE_LEAD : pb::ROLE_SUPPLIER);
      if (a.role() == pb::ROLE_SUPPLIER) a.set_party_id(roll < 92 ? giver : any(givers_));
    }
    return a;
  }

  pb::Actor resident() {
    pb::Actor a;
    a.set_role(pb::ROLE_RESIDENT);
    a.set_resident_ref(static_cast<std::uint64_t>(random_.between(random_.chance(5) ? 0 : 1, 3)));
    return a;
  }

  pb::Point somewhere() {
    pb::Point p;
    p.set_latitude_e7(kLatitude + static_cast<std::int32_t>(random_.between(0, 12) * kKilometre));
    p.set_longitude_e7(kLongitude + static_cast<std::int32_t>(random_.between(0, 3) * kKilometre));
    return p;
  }

  pb::Offer random_offer() {
    OfferBuilder b(any(givers_));
    if (random_.chance(75)) {
      b.time(random_.chance(70) ? pb::TIME_KIND_PEOPLE : pb::TIME_KIND_PROFESSIONAL,
             random_.between(1, 8));
      if (random_.chance(60)) b.skill("general");
      if (random_.chance(70)) b.skill("first_aid");
      if (random_.chance(20)) b.skill("haircut");
      if (random_.chance(40)) {
        b.certificate("social_worker", static_cast<std::uint32_t>(random_.between(1, 3)),
                      random_.chance(30) ? to_int(city_.now) + random_.between(1, 20) * 86400 : 0);
      }
      if (random_.chance(50)) {
        for (std::uint32_t day = 1; day <= 7; ++day) {
          if (random_.chance(85))
            b.weekly(day, static_cast<std::uint32_t>(random_.between(0, 9)),
                     static_cast<std::uint32_t>(random_.between(16, 24)));
        }
      }
    } else {
      b.stock(random_.chance(70) ? "rice" : "oil", random_.between(6, 60), random_.between(0, 6));
      if (random_.chance(20))
        b->mutable_stock()->set_expires_at(to_int(city_.now) + random_.between(1, 15) * 86400);
      b->mutable_stock()->set_handover(random_.chance(25) ? pb::HANDOVER_COLLECT
                                                          : pb::HANDOVER_DELIVER);
    }
    *b->mutable_point() = somewhere();
    b.radius(static_cast<std::uint32_t>(random_.between(3, 25)) * 1000);
    if (random_.chance(30)) b->add_categories("elder_care");
    if (random_.chance(10)) b->set_valid_to(to_int(city_.now) + random_.between(1, 20) * 86400);
    return b;
  }

  pb::Need random_need() {
    NeedBuilder b;
    b.in(random_.chance(50) ? kCommunity : kOtherCommunity);
    b->set_category(random_.chance(60) ? "elder_care" : "traffic");
    b->set_urgency(static_cast<pb::Urgency>(random_.between(1, 3)));
    *b->mutable_point() = somewhere();
    if (random_.chance(25))
      b->set_travel_m(static_cast<std::uint32_t>(random_.between(1, 6)) * 1000);
    if (random_.chance(25)) b->set_resident_ref(static_cast<std::uint64_t>(random_.between(1, 3)));
    if (random_.chance(10)) b->add_excluded_party_ids(any(givers_));
    const int lines = static_cast<int>(random_.between(1, 3));
    const std::int64_t now_half_hours = to_int(city_.now) / 1800;
    for (int i = 0; i < lines; ++i) {
      if (random_.chance(75)) {
        b.line(random_.chance(70) ? pb::TIME_KIND_PEOPLE : pb::TIME_KIND_PROFESSIONAL,
               random_.between(1, 9));
        if (random_.chance(30)) b.skill("first_aid");
        if (random_.chance(20))
          b.certificate("social_worker", static_cast<std::uint32_t>(random_.between(0, 2)));
      } else {
        b.stock(random_.chance(70) ? "rice" : "oil", random_.between(1, 30));
      }
      pb::Window w;
      // A few begin in the past.
      w.set_start((now_half_hours + random_.between(random_.chance(3) ? -2 : 1, 200)) * 1800);
      w.set_end(w.start() + random_.between(1, 8) * 1800);
      b.on(w);
    }
    if (random_.chance(25)) b.all_or_nothing();
    return b;
  }

  std::vector<std::uint64_t> recent(const auto& rows) {
    std::vector<std::uint64_t> ids;
    for (auto it = rows.rbegin(); it != rows.rend() && ids.size() < 12; ++it)
      ids.push_back(it->first);
    return ids;
  }

  pb::Command random_command() {
    const auto due = ours_.next_due();
    if (due && random_.chance(*due <= to_int(city_.now) ? 60 : 9)) {
      city_.now =
          std::max(city_.now, to_time(*due + (random_.chance(30) ? random_.between(0, 7200) : 0)));
      pb::Command c = by(pb::ROLE_MARKET);
      c.mutable_tick();
      return c;
    }
    if (random_.chance(10)) city_.now += Seconds{random_.between(0, 2 * 3600)};
    if (random_.chance(4)) {
      pb::Command c = by(pb::ROLE_LEAD);
      // All its parts happen at one moment.
      const Time now = city_.now;
      for (int i = 0; i < 3; ++i) {
        pb::Command part = simple_command();
        part.clear_actor();
        *c.mutable_batch()->add_commands() = part;
        city_.now = now;
      }
      return c;
    }
    return simple_command();
  }

  pb::Command simple_command() {
    const std::uint64_t roll = random_.below(100);
    if (roll < 9 || ours_.offers.empty()) return post_offer();
    if (roll < 20 || ours_.needs.empty()) return post_need();
    if (roll < 48) return make_match();
    if (roll < 78 && !ours_.matches.empty()) return move_match();
    if (roll < 84) return move_need();
    if (roll < 89) return review_need();
    if (roll < 92) return update_need();
    if (roll < 95) return update_offer();
    if (roll < 96) return withdraw_offer();
    if (roll < 98) return set_standing();
    return set_policy();
  }

  pb::Command post_offer() {
    pb::Command c;
    *c.mutable_post_offer() = random_offer();
    *c.mutable_actor() = actor_for(c.post_offer().party_id(), false);
    return c;
  }

  pb::Command post_need() {
    pb::Command c;
    *c.mutable_post_need()->mutable_need() = random_need();
    c.mutable_post_need()->set_until(random_.chance(60)
                                         ? pb::NEED_STATE_UNSPECIFIED
                                         : static_cast<pb::NeedState>(random_.between(0, 3)));
    *c.mutable_actor() = random_.chance(15) ? resident() : actor_for(0, true);
    return c;
  }

  std::vector<std::uint64_t> open_needs() const {
    std::vector<std::uint64_t> open;
    for (const auto& [id, n] : ours_.needs) {
      if (n.state() == pb::NEED_STATE_OPEN || n.state() == pb::NEED_STATE_IN_SERVICE)
        open.push_back(id);
    }
    return open;
  }

  // Most of the time a pair that goes together.
  void set_likely_pair(pb::MakeMatch& m) {
    const auto& ranking = city_.market.ranking();
    const Slot need = city_.state().needs().find(NeedId{m.need_id()});
    if (need == kNoSlot || !random_.chance(85)) return;
    const NeedRow& row = city_.state().needs()[need];
    const Slot line = row.first_line + static_cast<Slot>(random_.below(row.line_count));
    const auto candidates = ranking.candidates(line, 3, city_.now);
    if (candidates.empty()) return;
    m.set_line(city_.state().line(line).number);
    m.set_offer_id(
        city_.state().offers()[candidates[random_.below(candidates.size())].offer].id.value());
  }

  std::uint64_t giver_of_offer(std::uint64_t id) {
    return ours_.offers.contains(id) ? ours_.offers.at(id).party_id() : any(givers_);
  }

  pb::Command make_match() {
    pb::Command c;
    pb::MakeMatch& m = *c.mutable_make_match();
    const auto open = open_needs();
    m.set_need_id(!open.empty() && random_.chance(85) ? any(open)
                  : random_.chance(98)                ? any(recent(ours_.needs))
                                                      : 77);
    m.set_offer_id(random_.chance(98) ? any(recent(ours_.offers)) : 78);
    m.set_line(random_.chance(80) ? 1 : static_cast<std::uint32_t>(random_.between(0, 3)));
    m.set_quantity(random_.chance(70) ? 0 : random_.between(1, 9));
    set_likely_pair(m);
    m.set_how(static_cast<pb::MatchState>(random_.between(1, 3)));
    *c.mutable_actor() =
        actor_for(giver_of_offer(m.offer_id()), m.how() != pb::MATCH_STATE_CLAIMED);
    return c;
  }

  // What a match in this state calls for.
  void set_likely_verb(pb::MoveMatch& m, pb::MatchState state) {
    switch (state) {
      case pb::MATCH_STATE_DISPATCHED:
        m.set_verb(random_.chance(60) ? pb::MATCH_VERB_ACCEPT : pb::MATCH_VERB_DECLINE);
        break;
      case pb::MATCH_STATE_ACCEPTED:
        m.set_verb(random_.chance(70) ? pb::MATCH_VERB_CHECK_IN : pb::MATCH_VERB_WITHDRAW);
        break;
      case pb::MATCH_STATE_CHECKED_IN:
        m.set_verb(pb::MATCH_VERB_CHECK_OUT);
        break;
      case pb::MATCH_STATE_SERVED:
        m.set_verb(pb::MATCH_VERB_VERIFY);
        break;
      default:
        break;
    }
  }

  pb::Command move_match() {
    pb::Command c;
    pb::MoveMatch& m = *c.mutable_move_match();
    m.set_match_id(random_.chance(98) ? any(recent(ours_.matches)) : 79);
    m.set_verb(static_cast<pb::MatchVerb>(random_.between(1, 10)));
    // Half the time what its state calls for.
    if (const auto it = ours_.matches.find(m.match_id());
        it != ours_.matches.end() && random_.chance(60)) {
      set_likely_verb(m, it->second.state);
      if (m.verb() == pb::MATCH_VERB_CHECK_IN && random_.chance(70))
        city_.now = std::max(city_.now, to_time(it->second.start - 600));
    }
    if (random_.chance(90)) m.set_reason("有事");
    const bool staff = m.verb() == pb::MATCH_VERB_DISPATCH || m.verb() == pb::MATCH_VERB_CONFIRM ||
                       m.verb() >= pb::MATCH_VERB_VERIFY;
    *c.mutable_actor() = actor_for(
        ours_.matches.contains(m.match_id()) ? ours_.matches.at(m.match_id()).party : 0, staff);
    return c;
  }

  pb::Command move_need() {
    pb::Command c;
    pb::MoveNeed& m = *c.mutable_move_need();
    m.set_need_id(any(recent(ours_.needs)));
    m.set_verb(static_cast<pb::NeedVerb>(random_.chance(85) ? random_.between(1, 2)
                                                            : random_.between(3, 4)));
    if (random_.chance(90)) m.set_reason("重复");
    *c.mutable_actor() = actor_for(0, true);
    return c;
  }

  pb::Command review_need() {
    pb::Command c;
    c.mutable_review_need()->set_need_id(any(recent(ours_.needs)));
    c.mutable_review_need()->set_stars(static_cast<std::uint32_t>(random_.between(0, 6)));
    *c.mutable_actor() = random_.chance(50) ? resident() : actor_for(0, true);
    return c;
  }

  pb::Command update_need() {
    pb::Command c;
    pb::Need n = ours_.needs.at(any(recent(ours_.needs)));
    for (auto& l : *n.mutable_lines()) {
      if (random_.chance(50)) l.set_quantity(random_.between(1, 9));
    }
    n.set_title("改" + std::to_string(random_.below(100)));
    *c.mutable_update_need() = n;
    *c.mutable_actor() = actor_for(0, true);
    return c;
  }

  pb::Command update_offer() {
    pb::Command c;
    pb::Offer o = ours_.offers.at(any(recent(ours_.offers)));
    // The market refuses offers that have run out; that is for the tests of validation.
    o.clear_valid_to();
    if (o.has_time()) {
      o.mutable_time()->set_capacity(random_.between(1, 9));
      o.mutable_time()->clear_certificates();
    } else {
      o.mutable_stock()->set_quantity(random_.between(10, 60));
      o.mutable_stock()->clear_expires_at();
    }
    *c.mutable_update_offer() = o;
    *c.mutable_actor() = actor_for(o.party_id(), false);
    return c;
  }

  pb::Command withdraw_offer() {
    pb::Command c;
    c.mutable_withdraw_offer()->set_offer_id(any(recent(ours_.offers)));
    *c.mutable_actor() = actor_for(giver_of_offer(c.withdraw_offer().offer_id()), false);
    return c;
  }

  pb::Command set_standing() {
    pb::Command c;
    c.mutable_set_standing()->set_party_id(any(givers_));
    c.mutable_set_standing()->set_standing(random_.chance(85) ? pb::STANDING_ACTIVE
                                                              : pb::STANDING_SUSPENDED);
    *c.mutable_actor() = actor_for(0, true);
    return c;
  }

  pb::Command set_policy() {
    pb::Command c;
    pb::Policy p = ours_.policy;
    p.set_confirm_claims(random_.chance(30));
    p.set_redispatch(random_.chance(80));
    p.set_contact_from(static_cast<pb::ContactFrom>(random_.between(0, 2)));
    p.set_raise_after_dispatches(static_cast<std::uint32_t>(random_.between(1, 3)));
    p.mutable_value()->set_equity_alpha_milli(random_.chance(50) ? 1000 : 0);
    *c.mutable_set_policy() = p;
    *c.mutable_actor() = random_.chance(90) ? by(pb::ROLE_LEAD).actor() : actor_for(0, true);
    return c;
  }

  bool give(const pb::Command& c) {
    const Time now = std::max(city_.now, city_.state().last_time());
    const std::uint64_t before = random_.chance(5) ? digest(city_.state()) : 0;
    const auto theirs = city_.market.apply(c, city_.now);
    const auto ours = ours_.apply(c, to_int(now));
    const std::string expected = ours ? std::string(info(*ours).code) : "";
    if (code_of(theirs) != expected) {
      ADD_FAILURE() << "market: \"" << code_of(theirs) << "\" ("
                    << (theirs ? "" : theirs.error().field) << "), reference: \"" << expected
                    << "\"";
      return false;
    }
    if (!theirs && before != 0 && digest(city_.state()) != before) {
      ADD_FAILURE() << "a refused command has changed something";
      return false;
    }
    return same();
  }

  bool same() {
    const State& s = city_.state();
    const auto differs = [&](const char* what, std::uint64_t id, auto a, auto b) {
      if (a == b) return false;
      ADD_FAILURE() << what << " " << id << ": market " << a << ", reference " << b;
      return true;
    };
    if (differs("events", 0, s.last_seq(), ours_.seq) ||
        differs("needs", 0, std::size_t{s.needs().size()}, ours_.needs.size()) ||
        differs("matches", 0, std::size_t{s.matches().size()}, ours_.matches.size())) {
      return false;
    }
    Slot slot = 0;
    for (const auto& [id, n] : ours_.needs) {
      const NeedRow& row = s.needs()[slot++];
      seen_needs |= 1U << row.state;
      if (differs("need", id, row.id.value(), id) ||
          differs("state of need", id, static_cast<int>(row.state), static_cast<int>(n.state())) ||
          differs("time limit of need", id, to_int(row.due), ours_.due(n))) {
        return false;
      }
      for (std::uint32_t l = 1; l <= row.line_count; ++l) {
        const LineRow& line = s.line(row.first_line + l - 1);
        if (differs("held by need", id, line.held, ours_.held(id, l)) ||
            differs("secured by need", id, line.secured, ours_.secured(id, l)))
          return false;
      }
    }
    slot = 0;
    for (const auto& [id, m] : ours_.matches) {
      const MatchRow& row = s.matches()[slot++];
      seen_matches |= 1U << row.state;
      if (differs("match", id, row.id.value(), id) ||
          differs("state of match", id, static_cast<int>(row.state), static_cast<int>(m.state)) ||
          differs("quantity of match", id, row.quantity, m.quantity) ||
          differs("time limit of match", id, to_int(row.due), ours_.due(m)) ||
          differs("offer of match", id, s.offers()[row.offer].id.value(), m.offer)) {
        return false;
      }
    }
    for (const std::uint64_t id : givers_) {
      const PartyRow& row = s.parties()[s.parties().find(PartyId{id})];
      if (differs("kept by", id, std::int64_t{row.kept}, ours_.kept(id)) ||
          differs("broken by", id, std::int64_t{row.broken}, ours_.broken(id)))
        return false;
    }
    const auto breaches = check_invariants(s);
    for (const auto& b : breaches) ADD_FAILURE() << b;
    return breaches.empty();
  }

  // A batch whose last command is refused takes everything back.
  bool same_after_undo() {
    const std::uint64_t before = digest(city_.state());
    pb::Command c = by(pb::ROLE_LEAD);
    for (int i = 0; i < 8; ++i) {
      pb::Command part = simple_command();
      part.clear_actor();
      *c.mutable_batch()->add_commands() = part;
    }
    c.mutable_batch()->add_commands()->mutable_move_need()->set_need_id(1);
    EXPECT_FALSE(city_.market.apply(c, city_.now));
    EXPECT_TRUE(city_.market.check(c.batch(), c.actor(), city_.now));
    const bool same = digest(city_.state()) == before && check_invariants(city_.state()).empty();
    EXPECT_TRUE(same) << "undoing left something behind";
    return same;
  }

  // Rows alone make the same market.
  bool same_after_reload() {
    RankedMarket again;
    const State& s = city_.state();
    const bool good = reload(s, again);
    EXPECT_TRUE(good);
    const bool same = good && digest(again.state()) == digest(s);
    EXPECT_TRUE(same) << "a restart from rows makes another market";
    return same;
  }

  Random random_;
  City city_;
  reference::Market ours_;
  std::vector<std::uint64_t> organisers_;
  std::vector<std::uint64_t> givers_;
};

class Model : public testing::TestWithParam<int> {};

TEST_P(Model, AgreesWithTheReference) {
  if (const char* seed = std::getenv("QIAO_SEED"); seed != nullptr) {
    if (GetParam() == 0) Duel(std::strtoull(seed, nullptr, 10)).run(kCommandsPerMarket);
    return;
  }
  const char* wanted = std::getenv("QIAO_MODEL_COMMANDS");
  const std::int64_t commands = wanted != nullptr ? std::strtoll(wanted, nullptr, 10) : 1'000'000;
  const std::int64_t markets = commands / kShards / kCommandsPerMarket;
  for (std::int64_t i = 0; i < markets; ++i) {
    const auto seed = static_cast<std::uint64_t>(i * kShards + GetParam() + 1);
    if (!Duel(seed).run(kCommandsPerMarket)) {
      FAIL() << "replay with QIAO_SEED=" << seed;
    }
  }
  // A generator that never gets anywhere would find nothing.
  for (int s = pb::MATCH_STATE_PROPOSED; s <= pb::MATCH_STATE_CANCELLED; ++s)
    EXPECT_TRUE(Duel::seen_matches & 1U << s) << pb::MatchState_Name(s);
  for (int s = pb::NEED_STATE_DRAFT; s <= pb::NEED_STATE_EXPIRED; ++s)
    EXPECT_TRUE(Duel::seen_needs & 1U << s) << pb::NeedState_Name(s);
}

INSTANTIATE_TEST_SUITE_P(Shard, Model, testing::Range(0, kShards));

}  // namespace
}  // namespace qiao
