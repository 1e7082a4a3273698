#include "engine/market/validate.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/base/characters.h"
#include "engine/base/fixed.h"
#include "engine/identity/reach.h"
#include "engine/identity/roles.h"
#include "engine/market/amount.h"
#include "engine/rows/due.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

std::string indexed(std::string_view list, int i) {
  return std::string(list) + "[" + std::to_string(i) + "]";
}

std::string between(std::int64_t least, std::int64_t most) {
  return std::to_string(least) + ".." + std::to_string(most);
}

Status check_range(std::int64_t value, std::string field, std::int64_t least, std::int64_t most) {
  if (value < least || value > most)
    return refuse(Code::kOutOfRange, std::move(field), between(least, most));
  return outcome::success();
}

// For stock: money is shown in yuan.
Status check_amount(std::int64_t value, std::string field, std::int64_t least, std::int64_t most,
                    const Vocabulary& words, std::string_view resource) {
  if (value >= least && value <= most) return outcome::success();
  const std::uint16_t place = *words.find(WordList::kResource, resource);
  const AmountWords low = amount_words(words.taxonomy(), 0, place, least);
  const AmountWords high = amount_words(words.taxonomy(), 0, place, most);
  return refuse(Code::kOutOfRange, std::move(field), low.en + ".." + high.en,
                low.zh + ".." + high.zh);
}

Status check_count(int count, std::string field, int most) {
  if (count > most) return refuse(Code::kTooMany, std::move(field), std::to_string(most));
  return outcome::success();
}

Status check_code(std::string_view code, std::string field) {
  QIAO_TRY(check_text(code, field, 1, kMaxCodeBytes));
  const bool ok = std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!ok) return refuse(Code::kOutOfRange, std::move(field), "a-z 0-9 _");
  return outcome::success();
}

Status check_term(const pb::Term& term, const std::string& field) {
  QIAO_TRY(check_code(term.code(), field + ".code"));
  QIAO_TRY(check_name(term.zh(), field + ".zh", 1, kMaxTermBytes));
  return check_name(term.en(), field + ".en", 1, kMaxTermBytes);
}

// A point, if present, must be on the earth.
Status check_point(bool present, const pb::Point& p, const std::string& field) {
  if (!present) return outcome::success();
  QIAO_TRY(check_range(p.latitude_e7(), field + ".latitudeE7", -kMaxLatitudeE7, kMaxLatitudeE7));
  return check_range(p.longitude_e7(), field + ".longitudeE7", -kMaxLongitudeE7, kMaxLongitudeE7);
}

Status check_word(const Vocabulary& words, WordList list, std::string_view code,
                  std::string field) {
  if (words.find(list, code)) return outcome::success();
  return refuse(Code::kUnknownCode, std::move(field), quoted(code));
}

Status check_words(const Vocabulary& words, WordList list,
                   const google::protobuf::RepeatedPtrField<std::string>& codes,
                   const std::string& field, int most) {
  QIAO_TRY(check_count(codes.size(), field, most));
  boost::unordered_flat_set<std::string_view> seen;
  for (int i = 0; i < codes.size(); ++i) {
    QIAO_TRY(check_word(words, list, codes[i], indexed(field, i)));
    if (!seen.insert(codes[i]).second) return refuse(Code::kDuplicate, indexed(field, i), codes[i]);
  }
  return outcome::success();
}

Status check_certificates(const Vocabulary& words,
                          const google::protobuf::RepeatedPtrField<pb::Certificate>& list,
                          const std::string& field, Time now) {
  QIAO_TRY(check_count(list.size(), field, kMaxCertificatesPerThing));
  for (int i = 0; i < list.size(); ++i) {
    const pb::Certificate& c = list[i];
    const std::string at = indexed(field, i);
    QIAO_TRY(check_word(words, WordList::kCertificate, c.code(), at + ".code"));
    QIAO_TRY(check_range(c.level(), at + ".level", 1,
                         words.certificate_levels(*words.find(WordList::kCertificate, c.code()))));
    QIAO_TRY(check_range(c.expires_at(), at + ".expiresAt", 0, std::int64_t{1} << 40));
    if (c.expires_at() != 0 && to_time(c.expires_at()) <= now)
      return refuse(Code::kCertificateExpired, at + ".expiresAt");
    for (int j = 0; j < i; ++j) {
      if (list[j].code() == c.code()) return refuse(Code::kDuplicate, at + ".code", c.code());
    }
  }
  return outcome::success();
}

Status check_minutes(std::uint32_t start, std::uint32_t end, const std::string& at) {
  QIAO_TRY(check_range(start, at + ".startMinute", 0, 1439));
  QIAO_TRY(check_range(end, at + ".endMinute", 1, 1440));
  if (end <= start) return refuse(Code::kWindowOrder, at + ".endMinute");
  return outcome::success();
}

Status check_time_supply(const pb::TimeSupply& time, const Vocabulary& words, Time now) {
  if (time.kind() == pb::TIME_KIND_UNSPECIFIED || !pb::TimeKind_IsValid(time.kind()))
    return refuse(Code::kRequired, "time.kind");
  QIAO_TRY(check_range(time.capacity(), "time.capacity", 1, kMaxTimeQuantity));
  QIAO_TRY(check_count(time.weekly_size(), "time.weekly", kMaxWeeklySlots));
  for (int i = 0; i < time.weekly_size(); ++i) {
    const std::string at = indexed("time.weekly", i);
    QIAO_TRY(check_range(time.weekly(i).weekday(), at + ".weekday", 1, 7));
    QIAO_TRY(check_minutes(time.weekly(i).start_minute(), time.weekly(i).end_minute(), at));
  }
  QIAO_TRY(check_count(time.exceptions_size(), "time.exceptions", kMaxExceptions));
  for (int i = 0; i < time.exceptions_size(); ++i) {
    const pb::DatedException& e = time.exceptions(i);
    const std::string at = indexed("time.exceptions", i);
    const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(e.date() / 10000)},
                                           std::chrono::month{e.date() / 100 % 100},
                                           std::chrono::day{e.date() % 100}};
    if (!date.ok() || e.date() < 19700101 || e.date() > 21991231)
      return refuse(Code::kOutOfRange, at + ".date", "19700101..21991231");
    if (e.start_minute() != 0 || e.end_minute() != 0) {
      QIAO_TRY(check_minutes(e.start_minute(), e.end_minute(), at));
    }
    for (int j = 0; j < i; ++j) {
      if (time.exceptions(j).date() == e.date())
        return refuse(Code::kDuplicate, at + ".date", std::to_string(e.date()));
    }
  }
  QIAO_TRY(check_words(words, WordList::kSkill, time.skills(), "time.skills", kMaxSkillsPerThing));
  return check_certificates(words, time.certificates(), "time.certificates", now);
}

Status check_stock_supply(const pb::StockSupply& stock, const Vocabulary& words, Time now) {
  QIAO_TRY(check_word(words, WordList::kResource, stock.resource(), "stock.resource"));
  QIAO_TRY(
      check_amount(stock.quantity(), "stock.quantity", 1, kMaxQuantity, words, stock.resource()));
  QIAO_TRY(check_amount(stock.smallest_lot(), "stock.smallestLot", 0, stock.quantity(), words,
                        stock.resource()));
  QIAO_TRY(check_range(stock.expires_at(), "stock.expiresAt", 0, std::int64_t{1} << 40));
  if (stock.expires_at() != 0 && to_time(stock.expires_at()) <= now) {
    return refuse(Code::kOutOfRange, "stock.expiresAt", "> " + std::to_string(to_int(now)));
  }
  if (!pb::Handover_IsValid(stock.handover()))
    return refuse(Code::kOutOfRange, "stock.handover", "Handover");
  return outcome::success();
}

Status check_window(const pb::Window& w, Time now, bool ahead, const std::string& at) {
  if (w.start() == 0) return refuse(Code::kRequired, at + ".start");
  if (w.end() == 0) return refuse(Code::kRequired, at + ".end");
  const std::int64_t most = to_int(now + kMaxAhead);
  QIAO_TRY(check_range(w.start(), at + ".start", 1, most));
  QIAO_TRY(check_range(w.end(), at + ".end", 1, most));
  if (w.end() <= w.start()) return refuse(Code::kWindowOrder, at + ".end");
  if (Seconds{w.end() - w.start()} > kMaxWindow) return refuse(Code::kWindowTooLong, at + ".end");
  if (ahead && to_time(w.start()) <= now) return refuse(Code::kWindowPast, at + ".start");
  return outcome::success();
}

Status check_line(const pb::RequirementLine& line, const Vocabulary& words, const std::string& at) {
  if (line.has_time()) {
    const pb::TimeRequirement& time = line.time();
    if (time.kind() == pb::TIME_KIND_UNSPECIFIED || !pb::TimeKind_IsValid(time.kind()))
      return refuse(Code::kRequired, at + ".time.kind");
    QIAO_TRY(check_words(words, WordList::kSkill, time.skills(), at + ".time.skills",
                         kMaxSkillsPerLine));
    if (!time.certificate().empty()) {
      QIAO_TRY(
          check_word(words, WordList::kCertificate, time.certificate(), at + ".time.certificate"));
      const auto kind = *words.find(WordList::kCertificate, time.certificate());
      QIAO_TRY(check_range(time.certificate_level(), at + ".time.certificateLevel", 0,
                           words.certificate_levels(kind)));
    } else if (time.certificate_level() != 0) {
      return refuse(Code::kRequired, at + ".time.certificate");
    }
    return check_range(line.quantity(), at + ".quantity", 1, kMaxTimeQuantity);
  }
  if (!line.has_stock()) return refuse(Code::kNoSide, at, "time, stock");
  QIAO_TRY(check_word(words, WordList::kResource, line.stock().resource(), at + ".stock.resource"));
  return check_amount(line.quantity(), at + ".quantity", 1, kMaxQuantity, words,
                      line.stock().resource());
}

// The lines must ask for enough professionals for the ratio.
Status check_ratio(const pb::Need& need, const std::string& at) {
  const std::int64_t ratio = need.volunteers_per_professional();
  if (ratio == 0) return outcome::success();
  QIAO_TRY(check_range(ratio, at + "volunteersPerProfessional", 1, kMaxVolunteersPerProfessional));
  std::int64_t people = 0;
  std::int64_t professionals = 0;
  for (const auto& line : need.lines()) {
    if (line.time().kind() == pb::TIME_KIND_PEOPLE) people += line.quantity();
    if (line.time().kind() == pb::TIME_KIND_PROFESSIONAL) professionals += line.quantity();
  }
  const std::int64_t wanted = (people + ratio - 1) / ratio;
  if (professionals < wanted)
    return refuse(Code::kRatioUnmet, at + "volunteersPerProfessional", std::to_string(wanted));
  return outcome::success();
}

Status check_area_exists(std::uint64_t code, std::string field, const State& state) {
  if (code == 0) return refuse(Code::kRequired, std::move(field));
  if (state.areas().find(AreaCode{code}) == kNoSlot)
    return refuse(Code::kUnknownArea, std::move(field), std::to_string(code));
  return outcome::success();
}

template <class Old, class New, class TermOf>
Status check_grown(const Old& before, const New& after, const std::string& field, int most,
                   TermOf term_of) {
  QIAO_TRY(check_count(after.size(), field, most));
  boost::unordered_flat_set<std::string_view> seen;
  for (int i = 0; i < after.size(); ++i) {
    const pb::Term& term = term_of(after[i]);
    QIAO_TRY(check_term(term, indexed(field, i)));
    if (!seen.insert(term.code()).second)
      return refuse(Code::kDuplicate, indexed(field, i) + ".code", term.code());
  }
  for (int i = 0; i < before.size(); ++i) {
    const std::string& code = term_of(before[i]).code();
    if (i >= after.size() || term_of(after[i]).code() != code)
      return refuse(Code::kTaxonomyShrunk, indexed(field, i), code);
  }
  return outcome::success();
}

Status check_value_policy(const pb::ValuePolicy& v) {
  constexpr std::int64_t kMost = 100 * kMicro;
  QIAO_TRY(check_range(v.urgency_normal_micro(), "value.urgencyNormalMicro", 0, kMost));
  QIAO_TRY(check_range(v.urgency_urgent_micro(), "value.urgencyUrgentMicro", 0, kMost));
  QIAO_TRY(check_range(v.urgency_critical_micro(), "value.urgencyCriticalMicro", 0, kMost));
  if (v.urgency_urgent_micro() < v.urgency_normal_micro())
    return refuse(Code::kPolicyOrder, "value.urgencyUrgentMicro", "urgencyNormalMicro");
  if (v.urgency_critical_micro() < v.urgency_urgent_micro())
    return refuse(Code::kPolicyOrder, "value.urgencyCriticalMicro", "urgencyUrgentMicro");
  QIAO_TRY(check_range(v.category_fit_micro(), "value.categoryFitMicro", kMicro, 10 * kMicro));
  QIAO_TRY(check_range(v.surplus_skill_micro(), "value.surplusSkillMicro", 1, kMicro));
  QIAO_TRY(check_range(v.half_distance_m(), "value.halfDistanceM", 1, kMaxRadiusMetres));
  QIAO_TRY(check_range(v.same_resident_micro(), "value.sameResidentMicro", kMicro, 10 * kMicro));
  QIAO_TRY(
      check_range(v.same_area_micro(), "value.sameAreaMicro", kMicro, v.same_resident_micro()));
  QIAO_TRY(check_range(v.equity_alpha_milli(), "value.equityAlphaMilli", 0, 4000));
  QIAO_TRY(check_range(v.equity_least_micro(), "value.equityLeastMicro", 1, kMicro));
  QIAO_TRY(check_range(v.equity_most_micro(), "value.equityMostMicro", kMicro, kMost));
  QIAO_TRY(check_range(v.reliability_prior(), "value.reliabilityPrior", 1, 1000));
  QIAO_TRY(check_range(v.lack_least_micro(), "value.lackLeastMicro", 0, kMicro));
  return outcome::success();
}

Status check_time_limits(const pb::TimeLimits& l) {
  const std::pair<const char*, std::int64_t> limits[] = {{"draft", l.draft()},
                                                         {"check", l.check()},
                                                         {"proposal", l.proposal()},
                                                         {"answerNormal", l.answer_normal()},
                                                         {"answerUrgent", l.answer_urgent()},
                                                         {"answerCritical", l.answer_critical()},
                                                         {"confirm", l.confirm()},
                                                         {"grace", l.grace()},
                                                         {"askReview", l.ask_review()},
                                                         {"close", l.close()}};
  for (const auto& [name, value] : limits) {
    QIAO_TRY(
        check_range(value, std::string("limits.") + name, kMinLimit.count(), kMaxLimit.count()));
  }
  if (l.close() < l.ask_review()) return refuse(Code::kPolicyOrder, "limits.close", "askReview");
  return outcome::success();
}

Status check_clearing_policy(const pb::ClearingPolicy& c) {
  QIAO_TRY(check_range(c.completeness_bonus_micro(), "clearing.completenessBonusMicro", 0, kMicro));
  QIAO_TRY(check_range(c.split_micro(), "clearing.splitMicro", 0, kMicro));
  if (c.every() != 0) {
    QIAO_TRY(check_range(c.every(), "clearing.every", 5, 86'400));
  }
  if (!pb::ClearingApply_IsValid(c.apply()))
    return refuse(Code::kOutOfRange, "clearing.apply", "ClearingApply");
  return outcome::success();
}

Status check_notification_policy(const pb::NotificationPolicy& n) {
  QIAO_TRY(check_range(n.fill_micro(), "notification.fillMicro", 0, kMicro - 1));
  QIAO_TRY(check_range(n.per_week(), "notification.perWeek", 0, 100));
  QIAO_TRY(check_range(n.quiet_from_minute(), "notification.quietFromMinute", 0, 1440));
  QIAO_TRY(check_range(n.quiet_to_minute(), "notification.quietToMinute", 0, 1440));
  QIAO_TRY(check_range(n.spacing(), "notification.spacing", 0, 2'592'000));
  QIAO_TRY(check_range(n.prior_answers(), "notification.priorAnswers", 0, 1000));
  QIAO_TRY(check_range(n.prior_silences(), "notification.priorSilences", 0, 1000));
  return outcome::success();
}

Status check_money(const google::protobuf::RepeatedField<std::int64_t>& levels,
                   const std::string& field) {
  if (levels.size() > 9) return refuse(Code::kTooMany, field, "9");
  for (int i = 0; i < levels.size(); ++i) {
    QIAO_TRY(check_range(levels.Get(i), indexed(field, i), 0, 100'000'000));
  }
  return outcome::success();
}

Status check_workforce_policy(const pb::WorkforcePolicy& w) {
  QIAO_TRY(
      check_range(w.community_workers_per_10000(), "workforce.communityWorkersPer10000", 0, 1000));
  QIAO_TRY(check_money(w.monthly_fen(), "workforce.monthlyFen"));
  return check_money(w.once_fen(), "workforce.onceFen");
}

Status check_star_hours(const google::protobuf::RepeatedField<std::uint32_t>& stars) {
  if (stars.size() > kMaxStars)
    return refuse(Code::kTooMany, "recognition.starHours", std::to_string(kMaxStars));
  for (int i = 0; i < stars.size(); ++i) {
    const std::string field = indexed("recognition.starHours", i);
    QIAO_TRY(check_range(stars.Get(i), field, 1, 1'000'000));
    if (i > 0 && stars.Get(i) <= stars.Get(i - 1))
      return refuse(Code::kPolicyOrder, field, std::to_string(stars.Get(i - 1) + 1));
  }
  return outcome::success();
}

}  // namespace

std::string quoted(std::string_view code) { return std::string(utf8_prefix(code, kMaxCodeBytes)); }

Status check_text(std::string_view value, std::string field, std::size_t least, std::size_t most) {
  if (value.size() < least) return refuse(Code::kRequired, std::move(field));
  if (value.size() > most) return refuse(Code::kTooLong, std::move(field), std::to_string(most));
  bool shows = least == 0;
  while (!value.empty()) {
    const std::size_t size = std::max<std::size_t>(1, utf8_character(value));
    const char32_t c = code_point(value.substr(0, size));
    if (misleads(c))
      return refuse(Code::kOutOfRange, std::move(field), "without control characters",
                    "不含控制字符的文本");
    shows = shows || !(is_hidden(c) || is_space(c));
    value.remove_prefix(size);
  }
  if (!shows) return refuse(Code::kRequired, std::move(field));
  return outcome::success();
}

Status check_name(std::string_view value, std::string field, std::size_t least, std::size_t most) {
  QIAO_TRY(check_text(value, field, least, most));
  while (!value.empty()) {
    const std::size_t size = std::max<std::size_t>(1, utf8_character(value));
    const char32_t c = code_point(value.substr(0, size));
    if (is_hidden(c) && !joins(c))
      return refuse(Code::kOutOfRange, std::move(field), "one line without invisible characters",
                    "不含换行和不可见字符的一行文本");
    value.remove_prefix(size);
  }
  return outcome::success();
}

Status check_phone(std::string_view value, std::string field) {
  if (value.empty()) return outcome::success();
  QIAO_TRY(check_text(value, field, 5, kMaxPhoneBytes));
  const std::string_view digits = value.substr(value.front() == '+' ? 1 : 0);
  const bool ok = !digits.empty() && std::all_of(digits.begin(), digits.end(), [](char c) {
    return (c >= '0' && c <= '9') || c == '-';
  });
  if (!ok) return refuse(Code::kPhone, std::move(field));
  return outcome::success();
}

bool is_credit_code(std::string_view code) {
  constexpr std::string_view kLetters = "0123456789ABCDEFGHJKLMNPQRTUWXY";
  if (code.size() != 18) return false;
  std::size_t sum = 0;
  std::size_t weight = 1;
  for (std::size_t i = 0; i < 17; ++i) {
    const auto value = kLetters.find(code[i]);
    if (value == std::string_view::npos) return false;
    sum += value * weight;
    weight = weight * 3 % 31;
  }
  return code[17] == kLetters[(31 - sum % 31) % 31];
}

Status validate(const pb::Taxonomy& t, const Vocabulary& vocabulary) {
  const pb::Taxonomy& before = vocabulary.taxonomy();
  auto plain = [](const pb::Term& term) -> const pb::Term& { return term; };
  auto nested = [](const auto& kind) -> const pb::Term& { return kind.term(); };
  QIAO_TRY(check_grown(before.categories(), t.categories(), "categories", kMaxCategories, plain));
  QIAO_TRY(check_grown(before.beneficiaries(), t.beneficiaries(), "beneficiaries",
                       kMaxBeneficiaries, plain));
  QIAO_TRY(check_grown(before.skills(), t.skills(), "skills", kMaxSkills, plain));
  QIAO_TRY(check_grown(before.certificates(), t.certificates(), "certificates",
                       kMaxCertificateKinds, nested));
  QIAO_TRY(check_grown(before.resources(), t.resources(), "resources", kMaxResources, nested));
  QIAO_TRY(check_grown(before.programmes(), t.programmes(), "programmes", kMaxProgrammes, plain));
  for (int i = 0; i < t.certificates_size(); ++i) {
    const std::int64_t least = i < before.certificates_size() ? before.certificates(i).levels() : 1;
    QIAO_TRY(check_range(t.certificates(i).levels(), indexed("certificates", i) + ".levels", least,
                         kMaxCertificateLevels));
  }
  for (int i = 0; i < t.resources_size(); ++i) {
    QIAO_TRY(
        check_name(t.resources(i).unit(), indexed("resources", i) + ".unit", 1, kMaxCodeBytes));
    QIAO_TRY(check_text(t.resources(i).unit_zh(), indexed("resources", i) + ".unitZh", 1,
                        kMaxCodeBytes));
    // The unit of a resource cannot change, because stored quantities use it.
    if (i < before.resources_size() && before.resources(i).unit() != t.resources(i).unit()) {
      return refuse(Code::kTaxonomyShrunk, indexed("resources", i) + ".unit",
                    before.resources(i).unit());
    }
  }
  return outcome::success();
}

Status validate(const pb::Policy& p) {
  if (!TimeZone::load(p.time_zone())) {
    return refuse(Code::kUnknownTimeZone, "timeZone", quoted(p.time_zone()));
  }
  QIAO_TRY(check_value_policy(p.value()));
  QIAO_TRY(check_time_limits(p.limits()));
  QIAO_TRY(check_range(p.raise_after_dispatches(), "raiseAfterDispatches", 1, 100));
  QIAO_TRY(check_range(p.default_radius_m(), "defaultRadiusM", 1, kMaxRadiusMetres));
  if (!pb::ContactFrom_IsValid(p.contact_from())) {
    return refuse(Code::kOutOfRange, "contactFrom", "ContactFrom");
  }
  QIAO_TRY(check_clearing_policy(p.clearing()));
  QIAO_TRY(check_notification_policy(p.notification()));
  QIAO_TRY(check_range(p.retention().need_days(), "retention.needDays", 0, kMaxRetentionDays));
  QIAO_TRY(check_range(p.retention().person_days(), "retention.personDays", 0, kMaxRetentionDays));
  QIAO_TRY(check_workforce_policy(p.workforce()));
  return check_star_hours(p.recognition().star_hours());
}

Status validate(const pb::Area& area, const State& state) {
  QIAO_TRY(check_range(
      static_cast<std::int64_t>(std::min<std::uint64_t>(area.code(), std::uint64_t{1} << 62)),
      "code", 1, 999'999'999'999));
  if (area.level() == pb::AREA_LEVEL_UNSPECIFIED || !pb::AreaLevel_IsValid(area.level()))
    return refuse(Code::kRequired, "level");
  QIAO_TRY(check_name(area.name(), "name", 1, 120));
  QIAO_TRY(check_point(area.has_point(), area.point(), "point"));
  const Slot slot = state.areas().find(AreaCode{area.code()});
  if (slot != kNoSlot) {
    // Rows depend on the tree of areas.
    const pb::Area before = state.load_area(slot);
    if (before.parent_code() != area.parent_code()) return refuse(Code::kNotSettable, "parentCode");
    if (before.level() != area.level()) return refuse(Code::kNotSettable, "level");
  }
  if (area.parent_code() == 0) {
    if (area.level() == pb::AREA_LEVEL_GRID) return refuse(Code::kRequired, "parentCode");
    if (!area.has_point()) return refuse(Code::kRequired, "point");
    return outcome::success();
  }
  QIAO_TRY(check_area_exists(area.parent_code(), "parentCode", state));
  if (state.areas()[state.areas().find(AreaCode{area.parent_code()})].level >= area.level())
    return refuse(Code::kAreaLevel, "parentCode");
  return outcome::success();
}

Status validate(const pb::Party& party, const State& state) {
  if (party.kind() == pb::PARTY_KIND_UNSPECIFIED || !pb::PartyKind_IsValid(party.kind()))
    return refuse(Code::kRequired, "kind");
  QIAO_TRY(check_name(party.name(), "name", 1, kMaxNameBytes));
  QIAO_TRY(check_area_exists(party.area_code(), "areaCode", state));
  QIAO_TRY(check_point(party.has_point(), party.point(), "point"));
  QIAO_TRY(check_range(party.service_radius_m(), "serviceRadiusM", 0, kMaxRadiusMetres));
  if (!party.credit_code().empty() && !is_credit_code(party.credit_code()))
    return refuse(Code::kCreditCode, "creditCode");
  QIAO_TRY(check_text(party.contact_name(), "contactName", 0, kMaxNameBytes));
  QIAO_TRY(check_phone(party.contact_phone(), "contactPhone"));
  if (party.parent_id() != 0 && (party.parent_id() == party.id() ||
                                 state.parties().find(PartyId{party.parent_id()}) == kNoSlot)) {
    return refuse(Code::kUnknownParty, "parentId", std::to_string(party.parent_id()));
  }
  QIAO_TRY(check_words(state.vocabulary(), WordList::kProgramme, party.programmes(), "programmes",
                       kMaxProgrammesPerParty));
  QIAO_TRY(check_words(state.vocabulary(), WordList::kCategory, party.excluded_categories(),
                       "excludedCategories", kMaxExclusions));
  QIAO_TRY(check_count(party.excluded_area_codes_size(), "excludedAreaCodes", kMaxExclusions));
  for (int i = 0; i < party.excluded_area_codes_size(); ++i) {
    QIAO_TRY(
        check_area_exists(party.excluded_area_codes(i), indexed("excludedAreaCodes", i), state));
  }
  return outcome::success();
}

Status validate(const pb::Person& person, const State& state, Time now) {
  if (state.parties().find(PartyId{person.party_id()}) == kNoSlot) {
    return refuse(Code::kUnknownParty, "partyId", std::to_string(person.party_id()));
  }
  QIAO_TRY(check_name(person.name(), "name", 1, kMaxTermBytes));
  QIAO_TRY(check_phone(person.phone(), "phone"));
  QIAO_TRY(check_words(state.vocabulary(), WordList::kSkill, person.skills(), "skills",
                       kMaxSkillsPerThing));
  QIAO_TRY(check_certificates(state.vocabulary(), person.certificates(), "certificates", now));
  QIAO_TRY(check_count(person.trainings_size(), "trainings", kMaxTrainings));
  for (int i = 0; i < person.trainings_size(); ++i) {
    QIAO_TRY(check_text(person.trainings(i), indexed("trainings", i), 1, kMaxTermBytes));
  }
  if (!pb::Workforce_IsValid(person.workforce()))
    return refuse(Code::kOutOfRange, "workforce", "Workforce");
  if (person.minor() && !person.guardian_consent())
    return refuse(Code::kConsent, "guardianConsent");
  return outcome::success();
}

Status validate(const pb::Account& account, const State& state) {
  const std::string_view login = account.login();
  const bool good = login.size() >= kMinLoginBytes && login.size() <= kMaxLoginBytes &&
                    std::all_of(login.begin(), login.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                             std::string_view("._+@-").find(c) != std::string_view::npos;
                    });
  if (!good) return refuse(login.empty() ? Code::kRequired : Code::kLogin, "login");
  QIAO_TRY(check_name(account.name(), "name", 0, kMaxTermBytes));
  QIAO_TRY(check_name(account.external_id(), "externalId", 0, kMaxExternalIdBytes));
  constexpr pb::Role kRoles[] = {pb::ROLE_LEAD,   pb::ROLE_ORGANISER, pb::ROLE_SUPPLIER,
                                 pb::ROLE_MEMBER, pb::ROLE_RESIDENT,  pb::ROLE_AUDITOR};
  const pb::Role role = account.role();
  if (std::find(std::begin(kRoles), std::end(kRoles), role) == std::end(kRoles)) {
    return refuse(
        Code::kOutOfRange, "role",
        "ROLE_LEAD, ROLE_ORGANISER, ROLE_SUPPLIER, ROLE_MEMBER, ROLE_RESIDENT, ROLE_AUDITOR");
  }
  const bool supplies = role == pb::ROLE_SUPPLIER || role == pb::ROLE_MEMBER;
  if (supplies || role == pb::ROLE_ORGANISER) {
    if (account.party_id() == 0) return refuse(Code::kRequired, "partyId");
    const Slot party = state.parties().find(PartyId{account.party_id()});
    if (party == kNoSlot)
      return refuse(Code::kUnknownParty, "partyId", std::to_string(account.party_id()));
    const bool organiser = organises(state.parties()[party].kind);
    if (organiser && supplies) return refuse(Code::kPartyCannotGive, "partyId");
    if (!organiser && !supplies) return refuse(Code::kPartyCannotOrganise, "partyId");
  } else if (account.party_id() != 0) {
    return refuse(Code::kNotSettable, "partyId");
  }
  if (role == pb::ROLE_MEMBER) {
    if (account.person_id() == 0) return refuse(Code::kRequired, "personId");
    const Slot person = state.persons().find(PersonId{account.person_id()});
    if (person == kNoSlot ||
        state.parties()[state.persons()[person].party].id.value() != account.party_id()) {
      return refuse(Code::kNotFound, "personId", "person " + std::to_string(account.person_id()),
                    "人员" + std::to_string(account.person_id()));
    }
    if (!account.disabled() && state.load_person(person).removed())
      return refuse(Code::kWrongState, "personId", "removed", "已移除");
  } else if (account.person_id() != 0) {
    return refuse(Code::kNotSettable, "personId");
  }
  if (role != pb::ROLE_RESIDENT && account.resident_ref() != 0)
    return refuse(Code::kNotSettable, "residentRef");
  if (account.area_code() != 0) {
    if (role != pb::ROLE_RESIDENT) return refuse(Code::kNotSettable, "areaCode");
    return check_area_exists(account.area_code(), "areaCode", state);
  }
  return outcome::success();
}

Status validate(const pb::Grant& grant, Time now) {
  if (!pb::GrantKind_IsValid(grant.kind()) || grant.kind() == pb::GRANT_KIND_UNSPECIFIED)
    return refuse(Code::kRequired, "kind");
  QIAO_TRY(check_name(grant.name(), "name", grant.kind() == pb::GRANT_KIND_TOKEN ? 1 : 0,
                      kMaxTermBytes));
  QIAO_TRY(check_count(grant.scopes_size(), "scopes", kMaxScopes));
  for (int i = 0; i < grant.scopes_size(); ++i) {
    const std::string& scope = grant.scopes(i);
    const auto operation = find_operation(scope);
    if (scope != "read" && scope != "write" && !operation)
      return refuse(Code::kOutOfRange, indexed("scopes", i), "read, write, operationId");
    if (operation && gives_access(*operation))
      return refuse(Code::kTokenScope, indexed("scopes", i));
  }
  const Seconds lifetime = to_time(grant.expires_at()) - now;
  if (lifetime < kMinGrantLifetime || lifetime > kMaxGrantLifetime) {
    return refuse(Code::kExpiryPast, "lifetime",
                  between(kMinGrantLifetime.count(), kMaxGrantLifetime.count()));
  }
  return outcome::success();
}

Status validate(const pb::Offer& offer, const State& state, Time now) {
  const Slot slot = state.parties().find(PartyId{offer.party_id()});
  if (slot == kNoSlot)
    return refuse(Code::kUnknownParty, "partyId", std::to_string(offer.party_id()));
  if (organises(state.parties()[slot].kind)) return refuse(Code::kPartyCannotGive, "partyId");
  QIAO_TRY(check_text(offer.title(), "title", 1, kMaxNameBytes));
  if (offer.has_time()) {
    QIAO_TRY(check_time_supply(offer.time(), state.vocabulary(), now));
  } else if (offer.has_stock()) {
    QIAO_TRY(check_stock_supply(offer.stock(), state.vocabulary(), now));
  } else {
    return refuse(Code::kNoSide, "time", "time, stock");
  }
  QIAO_TRY(check_point(offer.has_point(), offer.point(), "point"));
  QIAO_TRY(check_range(offer.radius_m(), "radiusM", 0, kMaxRadiusMetres));
  QIAO_TRY(check_range(offer.valid_from(), "validFrom", 0, to_int(now + kMaxAhead)));
  QIAO_TRY(check_range(offer.valid_to(), "validTo", 0, std::int64_t{1} << 40));
  if (offer.valid_to() != 0 && offer.valid_to() <= offer.valid_from())
    return refuse(Code::kWindowOrder, "validTo");
  if (offer.valid_to() != 0 && to_time(offer.valid_to()) <= now)
    return refuse(Code::kWindowPast, "validTo");
  return check_words(state.vocabulary(), WordList::kCategory, offer.categories(), "categories",
                     kMaxExclusions);
}

Status validate(const pb::Need& need, const State& state, Time now, Posting posting,
                const std::string& at) {
  const Vocabulary& words = state.vocabulary();
  const bool is_new = posting == Posting::kNew;
  QIAO_TRY(check_area_exists(need.area_code(), at + "areaCode", state));
  QIAO_TRY(check_point(need.has_point(), need.point(), at + "point"));
  QIAO_TRY(check_text(need.title(), at + "title", 1, kMaxNameBytes));
  QIAO_TRY(check_text(need.description(), at + "description", 0, kMaxDescriptionBytes));
  QIAO_TRY(check_word(words, WordList::kCategory, need.category(), at + "category"));
  if (!need.beneficiary().empty()) {
    QIAO_TRY(check_word(words, WordList::kBeneficiary, need.beneficiary(), at + "beneficiary"));
  }
  if (!need.programme().empty()) {
    QIAO_TRY(check_word(words, WordList::kProgramme, need.programme(), at + "programme"));
  }
  if (!pb::Urgency_IsValid(need.urgency()))
    return refuse(Code::kOutOfRange, at + "urgency", "Urgency");
  if (need.lines_size() == 0) return refuse(Code::kRequired, at + "lines");
  QIAO_TRY(check_count(need.lines_size(), at + "lines", kMaxLinesPerNeed));
  for (int i = 0; i < need.lines_size(); ++i) {
    const std::string line_at = indexed(at + "lines", i);
    QIAO_TRY(check_line(need.lines(i), words, line_at));
    QIAO_TRY(check_window(need.lines(i).window(), now, is_new, line_at + ".window"));
  }
  if (need.deadline() != 0 &&
      (to_time(need.deadline()) <= now || to_time(need.deadline()) > times_of(need).last_end) &&
      is_new) {
    return refuse(Code::kDeadlinePast, at + "deadline");
  }
  QIAO_TRY(check_range(need.deadline(), at + "deadline", 0, to_int(now + kMaxAhead)));
  QIAO_TRY(check_ratio(need, at));
  if (need.organiser_id() != 0) {
    const Slot party = state.parties().find(PartyId{need.organiser_id()});
    if (party == kNoSlot)
      return refuse(Code::kUnknownParty, at + "organiserId", std::to_string(need.organiser_id()));
    if (!organises(state.parties()[party].kind))
      return refuse(Code::kPartyCannotOrganise, at + "organiserId");
  }
  if (need.resident_ref() >= kAccountResidents &&
      state.accounts().find(AccountId{need.resident_ref() - kAccountResidents}) == kNoSlot) {
    return resident_ref_out_of_range(at + "residentRef");
  }
  QIAO_TRY(check_range(need.travel_m(), at + "travelM", 0, kMaxRadiusMetres));
  QIAO_TRY(check_count(need.excluded_party_ids_size(), at + "excludedPartyIds", kMaxExclusions));
  for (int i = 0; i < need.excluded_party_ids_size(); ++i) {
    if (state.parties().find(PartyId{need.excluded_party_ids(i)}) == kNoSlot) {
      return refuse(Code::kUnknownParty, indexed(at + "excludedPartyIds", i),
                    std::to_string(need.excluded_party_ids(i)));
    }
  }
  QIAO_TRY(check_text(need.contact_name(), at + "contactName", 0, kMaxNameBytes));
  QIAO_TRY(check_phone(need.contact_phone(), at + "contactPhone"));
  return check_text(need.address(), at + "address", 0, kMaxAddressBytes);
}

}  // namespace qiao
