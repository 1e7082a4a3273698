#include "benchmarks/nation.h"

#include <filesystem>

#include "data/defaults.h"
#include "engine/base/hex.h"
#include "engine/base/random.h"
#include "server/access/secrets.h"
#include "server/store/store.h"
#include "tools/sim/population.h"

namespace qiao::bench {
namespace {

// What is left of an offer; false where that is nothing.
bool thin(pb::Offer& offer, double supply, Random& random) {
  const auto left = [&](std::int64_t units) {
    return static_cast<std::int64_t>(static_cast<double>(units) * supply +
                                     static_cast<double>(random.below(1 << 20)) / (1 << 20));
  };
  const std::int64_t units =
      left(offer.has_stock() ? offer.stock().quantity() : offer.time().capacity());
  if (units < std::max<std::int64_t>(1, offer.has_stock() ? offer.stock().smallest_lot() : 0))
    return false;
  if (offer.has_stock()) {
    offer.mutable_stock()->set_quantity(units);
  } else {
    offer.mutable_time()->set_capacity(units);
  }
  return true;
}

Outcome post_need(Market& market, Population& population, Time now) {
  pb::Command post = as_lead();
  *post.mutable_post_need()->mutable_need() = population.need(now);
  post.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
  return must(market, post, now);
}

}  // namespace

pb::Command as_lead() {
  pb::Command c;
  c.mutable_actor()->set_role(pb::ROLE_LEAD);
  return c;
}

// All of the nation's villages where the data set is there; a province's worth of Ningguos where it
// is not.
std::vector<Place> places(Size size) {
  if (size.one_city)
    return read_city(QIAO_SOURCE "/data/ningguo/areas.csv",
                     QIAO_SOURCE "/data/ningguo/outline.geojson", 1)
        .value();
  const std::string divisions = QIAO_SOURCE "/../shared/data/divisions";
  if (std::filesystem::exists(divisions + "/villages.csv.gz")) {
    auto read = read_divisions(divisions, size.needs >= 500'000 ? "" : "34", 1);
    QIAO_CHECK(read.has_value(), "the divisions can be read");
    return std::move(read).value();
  }
  std::vector<Place> all;
  const std::uint64_t copies = size.needs >= 500'000 ? 2000 : 60;
  for (std::uint64_t i = 0; i < copies; ++i) {
    auto city = read_city(QIAO_SOURCE "/data/ningguo/areas.csv",
                          QIAO_SOURCE "/data/ningguo/outline.geojson", i + 1);
    QIAO_CHECK(city.has_value(), "the demo city can be read");
    for (Place& p : city.value()) {
      p.code = p.code % 1'000'000 + (i + 1) * 1'000'000;
      if (p.parent != 0) p.parent = p.parent % 1'000'000 + (i + 1) * 1'000'000;
      p.point.latitude_e7 += static_cast<std::int32_t>(i / 50) * 4'000'000 - 80'000'000;
      p.point.longitude_e7 += static_cast<std::int32_t>(i % 50) * 6'000'000 - 150'000'000;
      all.push_back(p);
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const Place& a, const Place& b) { return a.level < b.level; });
  return all;
}

Outcome must(Market& market, const pb::Command& command, Time now) {
  auto result = market.apply(command, now);
  if (!result) {
    std::fprintf(stderr, "%s: %s\n%s\n", result.error().field.c_str(), result.error().en().c_str(),
                 command.ShortDebugString().c_str());
    std::exit(1);
  }
  return result.value();
}

void fill(Market& market, Size size, const std::function<void(const Outcome&)>& seen) {
  const auto all = places(size);
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  pb::Command words = as_lead();
  *words.mutable_put_taxonomy() = default_taxonomy();
  seen(must(market, words, size.now));
  pb::Command rules = as_lead();
  *rules.mutable_set_policy() = default_policy();
  seen(must(market, rules, size.now));
  for (const Place& p : all) {
    pb::Command c = as_lead();
    *c.mutable_put_area() = to_area(p);
    seen(must(market, c, size.now));
  }
  Population population(all, zone, 7);
  Random chance(9);
  while (market.state().offers().size() < size.offers) {
    const std::uint64_t roll = population.random().below(100);
    const Giver giver = population.giver(roll < 75   ? pb::PARTY_KIND_VOLUNTEER_TEAM
                                         : roll < 90 ? pb::PARTY_KIND_ENTERPRISE
                                                     : pb::PARTY_KIND_SOCIAL_ORGANISATION,
                                         size.now);
    pb::Command reg = as_lead();
    *reg.mutable_register_party() = giver.party;
    const Outcome made = must(market, reg, size.now);
    const std::uint64_t party = made.subjects.front().key;
    seen(made);
    for (const pb::Offer& o : giver.offers) {
      pb::Command post = as_lead();
      pb::Offer& offer = *post.mutable_post_offer();
      offer = o;
      offer.set_party_id(party);
      const bool there = size.supply >= 1 || thin(offer, size.supply, chance);
      const Outcome posted = must(market, post, size.now);
      seen(posted);
      if (there) continue;
      pb::Command taken = as_lead();
      taken.mutable_withdraw_offer()->set_offer_id(posted.subjects.front().key);
      seen(must(market, taken, size.now));
    }
  }
  for (std::int64_t i = 0; i < size.needs; ++i) seen(post_need(market, population, size.now));
}

void add_needs(Market& market, Size size, std::int64_t count,
               const std::function<void(const Outcome&)>& seen) {
  const auto all = places(size);
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  Population population(all, zone, 8);
  for (std::int64_t i = 0; i < count; ++i) seen(post_need(market, population, size.now));
}

LeadAccount add_lead_account(Market& market, const std::function<void(const Outcome&)>& seen,
                             Time now) {
  pb::Command account;
  account.mutable_actor()->set_role(pb::ROLE_MARKET);
  account.mutable_put_account()->mutable_account()->set_login("lead");
  account.mutable_put_account()->mutable_account()->set_role(pb::ROLE_LEAD);
  const Outcome made = must(market, account, now);
  const std::uint64_t id = made.subjects.front().key;
  seen(made);
  const auto secret = [&](pb::GrantKind kind) {
    std::string text = generate_secret();
    pb::Command c;
    c.mutable_actor()->set_role(pb::ROLE_MARKET);
    pb::Grant& grant = *c.mutable_add_grant()->mutable_grant();
    grant.set_account_id(id);
    grant.set_kind(kind);
    grant.set_name("benchmark");
    grant.set_secret_hash(to_hex(hash_secret(text)));
    grant.set_expires_at(to_int(now + std::chrono::days{700}));
    seen(must(market, c, now));
    return text;
  };
  return {"Authorization: Bearer " + secret(pb::GRANT_KIND_TOKEN) + "\r\n",
          "Cookie: qiao_session=" + secret(pb::GRANT_KIND_SESSION) + "\r\n"};
}

}  // namespace qiao::bench
