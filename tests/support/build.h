// Small builders, so that a test reads as what it is about.
#pragma once

#include <string>

#include "data/defaults.h"
#include "engine/base/time_zone.h"
#include "engine/market/market.h"
#include "engine/match/ranked_market.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

// 2026-11-24 00:00 on Ningguo's clock, a Tuesday.
inline constexpr std::int64_t kTuesday = 1'795'449'600;
// So many hours after it.
constexpr Time at(double hours) {
  return to_time(kTuesday + static_cast<std::int64_t>(hours * 3600));
}
inline constexpr std::uint64_t kCity = 341'881'000'000;
inline constexpr std::uint64_t kTown = 341'881'001'000;
inline constexpr std::uint64_t kOtherTown = 341'881'002'000;
inline constexpr std::uint64_t kCommunity = 341'881'001'001;
inline constexpr std::uint64_t kOtherCommunity = 341'881'002'001;
// The middle of a cell (see matching_point()): a need there is as far away as its own point.
inline constexpr std::int32_t kLatitude = 306'262'500;
inline constexpr std::int32_t kLongitude = 1'189'837'500;
// About a kilometre north.
inline constexpr std::int32_t kKilometre = 89'932;

inline pb::Window hours(double from, double to) {
  pb::Window w;
  w.set_start(to_int(at(from)));
  w.set_end(to_int(at(to)));
  return w;
}

inline pb::Command by(pb::Role role, std::uint64_t party = 0) {
  pb::Command c;
  c.mutable_actor()->set_role(role);
  c.mutable_actor()->set_party_id(party);
  return c;
}

class NeedBuilder {
 public:
  NeedBuilder() {
    need_.set_title("周末陪老人");
    need_.set_area_code(kCommunity);
    need_.set_category("elder_care");
  }
  NeedBuilder& line(pb::TimeKind kind, std::int64_t quantity) {
    pb::RequirementLine& l = *need_.add_lines();
    l.mutable_time()->set_kind(kind);
    l.set_quantity(quantity);
    *l.mutable_window() = hours(57, 60);  // Thursday 9 to 12
    return *this;
  }
  NeedBuilder& people(std::int64_t n) { return line(pb::TIME_KIND_PEOPLE, n); }
  NeedBuilder& professionals(std::int64_t n) { return line(pb::TIME_KIND_PROFESSIONAL, n); }
  NeedBuilder& stock(const std::string& resource, std::int64_t n) {
    pb::RequirementLine& l = *need_.add_lines();
    l.mutable_stock()->set_resource(resource);
    l.set_quantity(n);
    *l.mutable_window() = hours(57, 60);
    return *this;
  }
  NeedBuilder& skill(const std::string& code) {
    last().mutable_time()->add_skills(code);
    return *this;
  }
  NeedBuilder& certificate(const std::string& code, std::uint32_t level) {
    last().mutable_time()->set_certificate(code);
    last().mutable_time()->set_certificate_level(level);
    return *this;
  }
  NeedBuilder& on(const pb::Window& w) {
    *last().mutable_window() = w;
    return *this;
  }
  NeedBuilder& in(std::uint64_t area) {
    need_.set_area_code(area);
    return *this;
  }
  NeedBuilder& urgent(pb::Urgency u) {
    need_.set_urgency(u);
    return *this;
  }
  NeedBuilder& all_or_nothing() {
    need_.set_all_or_nothing(true);
    return *this;
  }
  NeedBuilder& km_north(double km) {
    need_.mutable_point()->set_latitude_e7(kLatitude + static_cast<std::int32_t>(km * kKilometre));
    need_.mutable_point()->set_longitude_e7(kLongitude);
    return *this;
  }
  pb::Need* operator->() { return &need_; }
  operator pb::Need() const { return need_; }

 private:
  pb::RequirementLine& last() { return *need_.mutable_lines(need_.lines_size() - 1); }
  pb::Need need_;
};
inline NeedBuilder need() { return {}; }

class OfferBuilder {
 public:
  explicit OfferBuilder(std::uint64_t party) {
    offer_.set_party_id(party);
    offer_.set_title("志愿者");
  }
  OfferBuilder& time(pb::TimeKind kind, std::int64_t capacity) {
    offer_.mutable_time()->set_kind(kind);
    offer_.mutable_time()->set_capacity(capacity);
    return *this;
  }
  OfferBuilder& people(std::int64_t n) { return time(pb::TIME_KIND_PEOPLE, n); }
  OfferBuilder& stock(const std::string& resource, std::int64_t n, std::int64_t lot = 0) {
    offer_.mutable_stock()->set_resource(resource);
    offer_.mutable_stock()->set_quantity(n);
    offer_.mutable_stock()->set_smallest_lot(lot);
    return *this;
  }
  OfferBuilder& skill(const std::string& code) {
    offer_.mutable_time()->add_skills(code);
    return *this;
  }
  OfferBuilder& certificate(const std::string& code, std::uint32_t level,
                            std::int64_t expires_at = 0) {
    pb::Certificate& c = *offer_.mutable_time()->add_certificates();
    c.set_code(code);
    c.set_level(level);
    c.set_expires_at(expires_at);
    return *this;
  }
  OfferBuilder& weekly(std::uint32_t weekday, std::uint32_t from_hour, std::uint32_t to_hour) {
    pb::WeeklySlot& s = *offer_.mutable_time()->add_weekly();
    s.set_weekday(weekday);
    s.set_start_minute(from_hour * 60);
    s.set_end_minute(to_hour * 60);
    return *this;
  }
  OfferBuilder& km_north(double km) {
    offer_.mutable_point()->set_latitude_e7(kLatitude + static_cast<std::int32_t>(km * kKilometre));
    offer_.mutable_point()->set_longitude_e7(kLongitude);
    return *this;
  }
  OfferBuilder& radius(std::uint32_t metres) {
    offer_.set_radius_m(metres);
    return *this;
  }
  pb::Offer* operator->() { return &offer_; }
  operator pb::Offer() const { return offer_; }

 private:
  pb::Offer offer_;
};
inline OfferBuilder offer(std::uint64_t party) { return OfferBuilder(party); }

// A market with Ningguo's words, the default policy and a few areas; everything else is for the
// test to say.
class City {
 public:
  explicit City(const pb::Taxonomy& taxonomy = default_taxonomy());

  RankedMarket market;
  Time now = at(0);

  Result<Outcome> apply(const pb::Command& c) { return market.apply(c, now); }
  // Applies and expects it to be taken; the id of what it is about.
  std::uint64_t must(const pb::Command& c);
  // Lets the market act on all time limits up to then.
  void wait_until(Time t);
  const State& state() const { return market.state(); }

  std::uint64_t party(pb::PartyKind kind, const std::string& name = "志愿服务队",
                      std::uint64_t area = kCommunity);
  std::uint64_t team(const std::string& name = "志愿服务队") {
    return party(pb::PARTY_KIND_VOLUNTEER_TEAM, name);
  }
  std::uint64_t organiser(std::uint64_t area = kTown) {
    return party(pb::PARTY_KIND_ORGANISER, "实践所", area);
  }
  std::uint64_t post(const pb::Offer& o);
  // As the lead: open at once unless another state is asked for.
  std::uint64_t post(const pb::Need& n, pb::NeedState until = pb::NEED_STATE_OPEN);
  Result<Outcome> make(pb::MatchState how, std::uint64_t need, std::uint64_t offer,
                       std::int64_t quantity = 0, std::uint32_t line = 1,
                       pb::Role role = pb::ROLE_LEAD, std::uint64_t actor = 0);
  std::uint64_t claim(std::uint64_t need, std::uint64_t offer, std::int64_t quantity = 0,
                      std::uint32_t line = 1);
  std::uint64_t dispatch(std::uint64_t need, std::uint64_t offer, std::int64_t quantity = 0,
                         std::uint32_t line = 1);
  Result<Outcome> move(std::uint64_t match, pb::MatchVerb verb, const std::string& reason = "原因");
  Result<Outcome> move_need(std::uint64_t need, pb::NeedVerb verb,
                            const std::string& reason = "原因");

  pb::Need need_row(std::uint64_t id) const {
    return state().load_need(state().needs().find(NeedId{id}));
  }
  pb::Match match_row(std::uint64_t id) const {
    return state().load_match(state().matches().find(MatchId{id}));
  }
  pb::Policy policy() const { return state().policy(); }
  void set(const pb::Policy& policy);
};

// Loads the rows of one market into another, as a restart does. False: they were not taken.
bool reload(const State& from, Market& into);

// Code of a refusal, or empty where it was taken.
std::string code_of(const Result<Outcome>& result);

}  // namespace qiao
