#include "engine/rows/sound.h"

#include <algorithm>
#include <chrono>
#include <concepts>
#include <utility>

#include "engine/base/fixed.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

constexpr std::uint16_t kMinutesADay = 1440;
// Before and after 1970: twice the range that is ever accepted. Sums and differences of such times
// do not overflow.
constexpr Seconds kFarthest{std::int64_t{1} << 41};
// Windows are computed by the calendar, which ends with the year 32767: this is the year 10680.
constexpr Seconds kFarthestWindow{std::int64_t{1} << 38};

template <std::integral Integer>
bool within(Integer value, std::int64_t least, std::int64_t most) {
  return std::cmp_greater_equal(value, least) && std::cmp_less_equal(value, most);
}

bool is_sound(Time t) { return within(to_int(t), -kFarthest.count(), kFarthest.count()); }

bool is_sound(const Point& p) {
  return within(p.latitude_e7, -kMaxLatitudeE7, kMaxLatitudeE7) &&
         within(p.longitude_e7, -kMaxLongitudeE7, kMaxLongitudeE7);
}

template <class... Times>
bool are_sound(Times... times) {
  return (is_sound(times) && ...);
}

bool is_quantity(std::int64_t units) { return within(units, 1, kMaxQuantity); }

bool is_date(std::uint32_t date) {
  return std::chrono::year_month_day{std::chrono::year{static_cast<int>(date / 10'000)},
                                     std::chrono::month{date / 100 % 100},
                                     std::chrono::day{date % 100}}
      .ok();
}

bool is_sound(const WeekSlot& s) {
  return within(s.weekday, 1, 7) && s.open.start < s.open.end && s.open.end <= kMinutesADay;
}

bool is_sound(const DayException& e) {
  return is_date(e.date) && e.open.start <= e.open.end && e.open.end <= kMinutesADay;
}

bool is_sound(const LineFacts& line) {
  return is_quantity(line.quantity) && is_sound(line.window) &&
         pb::TimeKind_IsValid(line.time_kind) && within(line.level, 0, kMaxCertificateLevels);
}

template <class List>
bool all_sound(const List& list) {
  return std::all_of(list.begin(), list.end(), [](const auto& one) { return is_sound(one); });
}

}  // namespace

bool is_sound(const Interval& window) {
  return within(to_int(window.start), 0, kFarthestWindow.count()) &&
         within(to_int(window.end), 0, kFarthestWindow.count()) && window.start < window.end &&
         window.end - window.start <= kMaxWindow;
}

bool is_sound(const AreaFacts& area) {
  return pb::AreaLevel_IsValid(area.level) && is_sound(area.point);
}

bool is_sound(const PartyFacts& party) {
  return pb::PartyKind_IsValid(party.kind) && pb::Standing_IsValid(party.standing) &&
         is_sound(party.point) && within(party.radius_m, 0, kMaxRadiusMetres);
}

bool is_sound(const OfferFacts& offer) {
  return is_quantity(offer.quantity) && within(offer.smallest_lot, 0, kMaxQuantity) &&
         pb::TimeKind_IsValid(offer.time_kind) && is_sound(offer.point) &&
         within(offer.radius_m, 0, kMaxRadiusMetres) &&
         are_sound(offer.valid_from, offer.valid_to, offer.expires) && all_sound(offer.weekly) &&
         all_sound(offer.exceptions) &&
         std::all_of(offer.certificates.begin(), offer.certificates.end(), [](const auto& c) {
           return within(c.level, 0, kMaxCertificateLevels) && is_sound(c.expires);
         });
}

bool is_sound(const NeedFacts& need) {
  return !need.lines.empty() && need.lines.size() <= kMaxLinesPerNeed && all_sound(need.lines) &&
         pb::NeedState_IsValid(need.state) && pb::Urgency_IsValid(need.urgency) &&
         is_sound(need.point) && within(need.travel_m, 0, kMaxRadiusMetres) &&
         within(need.ratio, 0, kMaxVolunteersPerProfessional) &&
         within(need.raised, 0, kMaxRaised) &&
         are_sound(need.deadline, need.created_at, need.submitted_at, need.opened_at,
                   need.raised_at, need.done_at, need.ended_at);
}

bool is_sound(const MatchFacts& match) {
  return is_quantity(match.quantity) && is_sound(match.window) &&
         pb::MatchState_IsValid(match.state) && are_sound(match.answer_by, match.checked_out_at);
}

bool is_sound(const NotificationFacts& notification) {
  return within(notification.line, 0, kMaxLinesPerNeed) && is_sound(notification.sent);
}

bool is_sound(const pb::Person& person) { return is_sound(to_time(person.removed_at())); }

bool is_sound(const pb::Account& account) {
  return pb::Role_IsValid(account.role()) && is_sound(to_time(account.locked_until()));
}

bool is_sound(const pb::Grant& grant) {
  return pb::GrantKind_IsValid(grant.kind()) && is_sound(to_time(grant.expires_at()));
}

bool is_sound(const pb::Taxonomy& taxonomy) {
  return taxonomy.categories_size() <= kMaxCategories &&
         taxonomy.beneficiaries_size() <= kMaxBeneficiaries &&
         taxonomy.skills_size() <= kMaxSkills &&
         taxonomy.certificates_size() <= kMaxCertificateKinds &&
         taxonomy.resources_size() <= kMaxResources && taxonomy.programmes_size() <= kMaxProgrammes;
}

// Values that are used as divisors, added to times, or multiplied by quantities.
bool is_sound(const pb::Policy& policy) {
  const pb::ValuePolicy& v = policy.value();
  constexpr std::int64_t kMost = 100 * kMicro;
  const pb::TimeLimits& l = policy.limits();
  const pb::RetentionPolicy& r = policy.retention();
  const std::int64_t limits[] = {
      l.draft(),           l.check(),   l.proposal(), l.answer_normal(), l.answer_urgent(),
      l.answer_critical(), l.confirm(), l.grace(),    l.ask_review(),    l.close()};
  const std::int64_t weights[] = {v.urgency_normal_micro(),   v.urgency_urgent_micro(),
                                  v.urgency_critical_micro(), v.category_fit_micro(),
                                  v.surplus_skill_micro(),    v.same_resident_micro(),
                                  v.same_area_micro(),        v.equity_least_micro(),
                                  v.equity_most_micro(),      v.lack_least_micro()};
  const auto good = [](std::int64_t limit) { return within(limit, 0, kMaxLimit.count()); };
  const auto weighs = [](std::int64_t weight) { return within(weight, 0, kMost); };
  return std::all_of(std::begin(limits), std::end(limits), good) &&
         std::all_of(std::begin(weights), std::end(weights), weighs) &&
         within(v.half_distance_m(), 1, kMaxRadiusMetres) &&
         within(v.reliability_prior(), 1, 1000) && within(v.equity_alpha_milli(), 0, 4000) &&
         v.equity_least_micro() <= v.equity_most_micro() &&
         within(policy.raise_after_dispatches(), 1, 100) &&
         within(policy.default_radius_m(), 0, kMaxRadiusMetres) &&
         within(r.need_days(), 0, kMaxRetentionDays) &&
         within(r.person_days(), 0, kMaxRetentionDays) &&
         pb::ClearingApply_IsValid(policy.clearing().apply());
}

}  // namespace qiao
