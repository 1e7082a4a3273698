// Bytes as a program of sensible commands: what is refused changes nothing, and every invariant
// holds.
#include "engine/rows/invariants.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

namespace {

// At most so many steps of a program, and a look at the whole market after each so many: it takes
// ten times a step.
constexpr int kSteps = 60;
constexpr int kCheckEvery = 10;

void check(const State& state) {
  const auto breaches = check_invariants(state);
  expect(breaches.empty(), "broken invariant", breaches.empty() ? "" : breaches.front());
}

struct Play {
  City city;
  std::vector<std::uint64_t> parties, offers, needs, matches;

  explicit Play(Bytes& bytes) {
    parties = {city.team("一队"), city.team("二队"), city.party(pb::PARTY_KIND_ENTERPRISE, "企业")};
    for (const auto p : parties)
      offers.push_back(city.post(offer(p).people(static_cast<std::int64_t>(1 + bytes.below(8)))));
    offers.push_back(
        city.post(offer(parties[2]).stock("rice", 30, static_cast<std::int64_t>(bytes.below(5)))));
  }

  template <class Ids>
  std::uint64_t any(Ids& ids, Bytes& bytes) {
    return ids.empty() ? bytes.next() : ids[bytes.below(ids.size())];
  }

  pb::Need next_need(Bytes& bytes) {
    NeedBuilder n;
    const auto lines = 1 + bytes.below(3);
    for (std::uint64_t i = 0; i < lines; ++i) {
      bytes.below(4) == 0 ? n.stock("rice", static_cast<std::int64_t>(1 + bytes.below(20)))
                          : n.people(static_cast<std::int64_t>(1 + bytes.below(9)));
      const double from =
          std::chrono::duration<double, std::ratio<3600>>(city.now - at(0)).count() +
          static_cast<double>(bytes.below(60)) / 2;
      n.on(hours(from, from + 0.5 * static_cast<double>(1 + bytes.below(8))));
    }
    if (bytes.below(4) == 0) n.all_or_nothing();
    return n;
  }

  pb::Offer next_offer(Bytes& bytes) {
    if (bytes.below(3) == 0) {
      return offer(any(parties, bytes))
          .stock("rice", static_cast<std::int64_t>(1 + bytes.below(50)));
    }
    return offer(any(parties, bytes)).people(static_cast<std::int64_t>(1 + bytes.below(9)));
  }

  pb::MakeMatch next_match(Bytes& bytes) {
    pb::MakeMatch m;
    m.set_need_id(any(needs, bytes));
    m.set_offer_id(any(offers, bytes));
    m.set_line(static_cast<std::uint32_t>(1 + bytes.below(3)));
    m.set_quantity(static_cast<std::int64_t>(bytes.below(6)));
    m.set_how(static_cast<pb::MatchState>(1 + bytes.below(3)));
    return m;
  }

  pb::MoveMatch next_move_of_match(Bytes& bytes) {
    pb::MoveMatch m;
    m.set_match_id(any(matches, bytes));
    m.set_verb(static_cast<pb::MatchVerb>(1 + bytes.below(10)));
    m.set_reason("原因");
    return m;
  }

  pb::MoveNeed next_move_of_need(Bytes& bytes) {
    pb::MoveNeed m;
    m.set_need_id(any(needs, bytes));
    m.set_verb(static_cast<pb::NeedVerb>(1 + bytes.below(4)));
    m.set_reason("原因");
    return m;
  }

  pb::Command next(Bytes& bytes) {
    pb::Command c =
        by(bytes.below(32) == 0 ? static_cast<pb::Role>(1 + bytes.below(7)) : pb::ROLE_LEAD,
           bytes.below(8) == 0 ? any(parties, bytes) : 0);
    switch (bytes.below(12)) {
      case 0:
      case 1:
        *c.mutable_post_need()->mutable_need() = next_need(bytes);
        break;
      case 2:
        *c.mutable_post_offer() = next_offer(bytes);
        break;
      case 3:
      case 4:
      case 5:
        *c.mutable_make_match() = next_match(bytes);
        break;
      case 6:
      case 7:
      case 8:
        *c.mutable_move_match() = next_move_of_match(bytes);
        break;
      case 9:
        *c.mutable_move_need() = next_move_of_need(bytes);
        break;
      case 10:
        c.mutable_review_need()->set_need_id(any(needs, bytes));
        c.mutable_review_need()->set_stars(static_cast<std::uint32_t>(1 + bytes.below(5)));
        break;
      default:
        if (bytes.below(2) == 0) {
          c.mutable_withdraw_offer()->set_offer_id(any(offers, bytes));
        } else {
          c.mutable_set_standing()->set_party_id(any(parties, bytes));
          c.mutable_set_standing()->set_standing(static_cast<pb::Standing>(2 + bytes.below(2)));
        }
    }
    return c;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes bytes(data, size);
  Play play(bytes);
  City& city = play.city;
  for (int step = 0; step < kSteps && !bytes.empty(); ++step) {
    if (bytes.below(5) == 0) {
      city.now += Seconds{static_cast<std::int64_t>(bytes.below(200)) * 900};
      pb::Command tick = by(pb::ROLE_MARKET);
      tick.mutable_tick();
      expect(city.apply(tick).has_value(), "a tick is refused");
    }
    const pb::Command command = play.next(bytes);
    const std::uint64_t before = digest(city.state());
    const auto outcome = city.apply(command);
    if (!outcome) {
      expect(digest(city.state()) == before, "refused, and yet something changed");
    } else {
      for (const Subject& s : outcome.value().subjects) {
        if (s.kind == pb::Event::kNeed) play.needs.push_back(s.key);
        if (s.kind == pb::Event::kOffer) play.offers.push_back(s.key);
        if (s.kind == pb::Event::kMatch) play.matches.push_back(s.key);
      }
    }
    if (step % kCheckEvery == kCheckEvery - 1) check(city.state());
  }
  check(city.state());
  return 0;
}
