#include "tests/engine/reference.h"

#include <algorithm>

#include "engine/rows/limits.h"

namespace qiao::reference {
namespace {

constexpr std::int64_t kOne = 1'000'000;

bool holding(pb::MatchState s) {
  return s >= pb::MATCH_STATE_PROPOSED && s <= pb::MATCH_STATE_VERIFIED;
}
bool is_secured(pb::MatchState s) {
  return s >= pb::MATCH_STATE_ACCEPTED && s <= pb::MATCH_STATE_VERIFIED;
}
bool is_served(pb::MatchState s) {
  return s == pb::MATCH_STATE_SERVED || s == pb::MATCH_STATE_VERIFIED;
}
bool is_broken(pb::MatchState s) {
  return s == pb::MATCH_STATE_WITHDRAWN || s == pb::MATCH_STATE_NO_SHOW;
}
bool open_for_matches(pb::NeedState s) {
  return s == pb::NEED_STATE_OPEN || s == pb::NEED_STATE_IN_SERVICE;
}

std::int64_t times(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<__int128>(a) * b / kOne);
}

std::int64_t first_start(const pb::Need& n) {
  std::int64_t t = n.lines(0).window().start();
  for (const auto& l : n.lines()) t = std::min(t, l.window().start());
  return t;
}
std::int64_t last_start(const pb::Need& n) {
  std::int64_t t = 0;
  for (const auto& l : n.lines()) t = std::max(t, l.window().start());
  return t;
}
std::int64_t last_end(const pb::Need& n) {
  std::int64_t t = 0;
  for (const auto& l : n.lines()) t = std::max(t, l.window().end());
  return t;
}
std::int64_t closing(const pb::Need& n) {
  const std::int64_t start = n.all_or_nothing() ? first_start(n) : last_start(n);
  return n.deadline() == 0 ? start : std::min(start, n.deadline());
}

// Half hour by half hour.
bool is_there(const pb::TimeSupply& t, std::int64_t start, std::int64_t end) {
  if (t.weekly().empty()) return true;
  for (std::int64_t at = start; at < end; at += 1800) {
    const std::int64_t local = at + 8 * 3600;
    const auto weekday =
        static_cast<std::uint32_t>((local / 86400 + 3) % 7 + 1);  // 1970-01-01 was a Thursday
    const auto minute = static_cast<std::uint32_t>(local % 86400 / 60);
    const bool any = std::any_of(t.weekly().begin(), t.weekly().end(), [&](const auto& s) {
      return s.weekday() == weekday && s.start_minute() <= minute && minute + 30 <= s.end_minute();
    });
    if (!any) return false;
  }
  return true;
}

template <class List>
bool has(const List& list, const std::string& word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

using Roles = std::set<pb::Role>;

Roles roles_for(pb::MatchVerb verb) {
  switch (verb) {
    case pb::MATCH_VERB_ACCEPT:
    case pb::MATCH_VERB_DECLINE:
    case pb::MATCH_VERB_WITHDRAW:
      return {pb::ROLE_LEAD, pb::ROLE_SUPPLIER};
    case pb::MATCH_VERB_CHECK_IN:
    case pb::MATCH_VERB_CHECK_OUT:
      return {pb::ROLE_LEAD, pb::ROLE_ORGANISER, pb::ROLE_SUPPLIER};
    default:
      return {pb::ROLE_LEAD, pb::ROLE_ORGANISER};
  }
}

// Who may send a command; empty for everybody.
std::optional<Roles> roles_for(const pb::Command& c) {
  switch (c.body_case()) {
    case pb::Command::kSetPolicy:
      return Roles{pb::ROLE_LEAD};
    case pb::Command::kSetStanding:
      return Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER};
    case pb::Command::kPostOffer:
    case pb::Command::kUpdateOffer:
    case pb::Command::kWithdrawOffer:
      return Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER, pb::ROLE_SUPPLIER};
    case pb::Command::kPostNeed:
      return c.post_need().until() == pb::NEED_STATE_OPEN
                 ? Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER}
                 : Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER, pb::ROLE_RESIDENT};
    case pb::Command::kUpdateNeed:
    case pb::Command::kReviewNeed:
      return Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER, pb::ROLE_RESIDENT};
    case pb::Command::kMoveNeed:
      return c.move_need().verb() == pb::NEED_VERB_APPROVE ||
                     c.move_need().verb() == pb::NEED_VERB_REJECT
                 ? Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER}
                 : Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER, pb::ROLE_RESIDENT};
    case pb::Command::kMakeMatch:
      return c.make_match().how() == pb::MATCH_STATE_CLAIMED
                 ? Roles{pb::ROLE_LEAD, pb::ROLE_SUPPLIER}
                 : Roles{pb::ROLE_LEAD, pb::ROLE_ORGANISER};
    case pb::Command::kMoveMatch:
      return roles_for(c.move_match().verb());
    case pb::Command::kTick:
      return Roles{pb::ROLE_MARKET};
    default:
      return std::nullopt;
  }
}

// Why people with these skills and certificates cannot serve a line.
std::optional<pb::Rule> why_not_able(const pb::TimeRequirement& asked, const pb::TimeSupply& people,
                                     std::int64_t line_end) {
  for (const auto& s : asked.skills()) {
    if (!has(people.skills(), s)) return pb::RULE_SKILL_MISSING;
  }
  if (asked.certificate().empty()) return std::nullopt;
  const pb::Certificate* held = nullptr;
  for (const auto& c : people.certificates()) {
    if (c.code() == asked.certificate() && c.level() >= std::max(1U, asked.certificate_level()))
      held = &c;
  }
  if (held == nullptr) return pb::RULE_CERTIFICATE_MISSING;
  if (held->expires_at() != 0 && held->expires_at() < line_end) return pb::RULE_CERTIFICATE_EXPIRED;
  return std::nullopt;
}

// How much people can do that a line does not ask for.
int surplus_of(const pb::TimeRequirement& asked, const pb::TimeSupply& people) {
  int surplus = people.certificates_size() - (asked.certificate().empty() ? 0 : 1);
  for (const auto& s : people.skills())
    surplus += !has(asked.skills(), s) && s != "general" ? 1 : 0;
  return surplus;
}

std::int64_t distance_between(const pb::Need& n, const pb::Offer& o) {
  return distance_metres(matching_point({n.point().latitude_e7(), n.point().longitude_e7()}),
                         {o.point().latitude_e7(), o.point().longitude_e7()});
}

std::int64_t urgency_value(const pb::Need& n, const pb::ValuePolicy& v) {
  return n.urgency() == pb::URGENCY_CRITICAL ? v.urgency_critical_micro()
         : n.urgency() == pb::URGENCY_URGENT ? v.urgency_urgent_micro()
                                             : v.urgency_normal_micro();
}

}  // namespace

std::int64_t Market::held(std::uint64_t need, std::uint32_t line) const {
  std::int64_t sum = 0;
  for (const auto& [id, m] : matches)
    sum += m.need == need && m.line == line && holding(m.state) ? m.quantity : 0;
  return sum;
}

std::int64_t Market::secured(std::uint64_t need, std::uint32_t line) const {
  std::int64_t sum = 0;
  for (const auto& [id, m] : matches)
    sum += m.need == need && m.line == line && is_secured(m.state) ? m.quantity : 0;
  return sum;
}

std::int64_t Market::kept(std::uint64_t party) const {
  return std::count_if(matches.begin(), matches.end(), [&](const auto& m) {
    return m.second.party == party && is_served(m.second.state);
  });
}

std::int64_t Market::broken(std::uint64_t party) const {
  return std::count_if(matches.begin(), matches.end(), [&](const auto& m) {
    return m.second.party == party && is_broken(m.second.state);
  });
}

std::optional<Code> Market::apply(const pb::Command& command, std::int64_t now) {
  now_ = now;
  actor_ = command.actor();
  // Only a batch can be refused after it has changed something.
  if (!command.has_batch()) return run(command);
  const Market before = *this;
  const auto refused = run(command);
  if (refused) *this = before;
  return refused;
}

std::optional<Code> Market::actor_ok(const pb::Command& c) const {
  const pb::Role role = c.actor().role();
  if (const auto roles = roles_for(c); roles && !roles->contains(role)) return Code::kRoleForbidden;
  if (role != pb::ROLE_ORGANISER && role != pb::ROLE_SUPPLIER) return std::nullopt;
  const auto party = parties.find(c.actor().party_id());
  if (party == parties.end())
    return c.actor().party_id() == 0 ? Code::kRequired : Code::kActorUnknown;
  const bool organises = party->second.kind() == pb::PARTY_KIND_ORGANISER ||
                         party->second.kind() == pb::PARTY_KIND_LEAD;
  if (organises != (role == pb::ROLE_ORGANISER)) return Code::kRoleForbidden;
  if (party->second.standing() == pb::STANDING_ACTIVE) return std::nullopt;
  if (party->second.standing() == pb::STANDING_SUSPENDED && c.has_move_match()) return std::nullopt;
  return Code::kActorSuspended;
}

bool Market::in_area(std::uint64_t area) const {
  if (actor_.role() != pb::ROLE_ORGANISER) return true;
  if (parties.at(actor_.party_id()).standing() != pb::STANDING_ACTIVE) return false;
  const std::uint64_t mine = parties.at(actor_.party_id()).area_code();
  while (area != 0 && area != mine) area = areas.at(area).parent_code();
  return area == mine;
}

bool Market::asks(const pb::Need& need) const {
  if (actor_.role() != pb::ROLE_RESIDENT) return true;
  return actor_.resident_ref() != 0 && need.resident_ref() == actor_.resident_ref();
}

bool Market::owns(std::uint64_t party) const {
  if (actor_.role() != pb::ROLE_SUPPLIER) return true;
  while (party != 0 && party != actor_.party_id()) party = parties.at(party).parent_id();
  return party != 0;
}

std::optional<Code> Market::run(const pb::Command& c) {
  if (const auto no = actor_ok(c)) return no;
  switch (c.body_case()) {
    case pb::Command::kSetPolicy:
      policy = c.set_policy();
      emit();
      return std::nullopt;
    case pb::Command::kPutArea:
      areas[c.put_area().code()] = c.put_area();
      emit();
      return std::nullopt;
    case pb::Command::kRegisterParty:
      register_party(c.register_party());
      return std::nullopt;
    case pb::Command::kSetStanding:
      return set_standing(c.set_standing());
    case pb::Command::kPostOffer:
      return post_offer(c.post_offer());
    case pb::Command::kUpdateOffer:
      return update_offer(c.update_offer());
    case pb::Command::kWithdrawOffer:
      return withdraw_offer(c.withdraw_offer().offer_id());
    case pb::Command::kPostNeed:
      return post_need(c.post_need());
    case pb::Command::kUpdateNeed:
      return update_need(c.update_need());
    case pb::Command::kMoveNeed:
      return move_need(c.move_need());
    case pb::Command::kReviewNeed:
      return review_need(c.review_need());
    case pb::Command::kMakeMatch:
      return make_match(c.make_match());
    case pb::Command::kMoveMatch:
      return move_match(c.move_match());
    case pb::Command::kTick:
      tick();
      return std::nullopt;
    case pb::Command::kBatch:
      for (pb::Command part : c.batch().commands()) {
        *part.mutable_actor() = actor_;
        if (const auto no = run(part)) return no;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

void Market::register_party(pb::Party p) {
  p.set_id(seq + 1);
  p.set_standing(pb::STANDING_ACTIVE);
  parties[p.id()] = p;
  emit();
}

std::optional<Code> Market::set_standing(const pb::SetStanding& sent) {
  pb::Party& p = parties.at(sent.party_id());
  if (!in_area(p.area_code())) return Code::kNotYours;
  if (p.standing() == sent.standing()) return Code::kWrongState;
  p.set_standing(sent.standing());
  emit();
  return std::nullopt;
}

std::optional<Code> Market::post_offer(pb::Offer o) {
  if (!in_area(parties.at(o.party_id()).area_code()) || !owns(o.party_id())) return Code::kNotYours;
  const auto active = [&](const auto& other) {
    return other.second.party_id() == o.party_id() &&
           other.second.state() == pb::OFFER_STATE_ACTIVE;
  };
  if (std::count_if(offers.begin(), offers.end(), active) >= kMaxActiveOffersOfParty)
    return Code::kTooMany;
  o.set_id(seq + 1);
  o.set_state(pb::OFFER_STATE_ACTIVE);
  offers[o.id()] = o;
  emit();
  return std::nullopt;
}

std::optional<Code> Market::update_offer(const pb::Offer& sent) {
  pb::Offer& o = offers.at(sent.id());
  if (!in_area(parties.at(o.party_id()).area_code()) || !owns(o.party_id())) return Code::kNotYours;
  if (o.state() != pb::OFFER_STATE_ACTIVE) return Code::kWrongState;
  const std::int64_t total = sent.has_time() ? sent.time().capacity() : sent.stock().quantity();
  const std::int64_t old = o.has_time() ? o.time().capacity() : o.stock().quantity();
  // What is promised is the old total less what is free, at the worst.
  std::int64_t promised = 0;
  for (const auto& [id, m] : matches) {
    if (m.offer == o.id() && holding(m.state))
      promised = std::max(promised, old - free_units(o.id(), m.start, m.end));
  }
  if (total < promised) return Code::kOfferPromised;
  const auto state = o.state();
  o = sent;
  o.set_state(state);
  emit();
  return std::nullopt;
}

std::optional<Code> Market::withdraw_offer(std::uint64_t id) {
  pb::Offer& o = offers.at(id);
  if (!in_area(parties.at(o.party_id()).area_code()) || !owns(o.party_id())) return Code::kNotYours;
  if (o.state() != pb::OFFER_STATE_ACTIVE) return Code::kWrongState;
  o.set_state(pb::OFFER_STATE_WITHDRAWN);
  emit();
  return std::nullopt;
}

std::optional<Code> Market::review_need(const pb::ReviewNeed& review) {
  const auto it = needs.find(review.need_id());
  if (it == needs.end()) return Code::kUnknownNeed;
  if (!in_area(it->second.area_code()) || !asks(it->second)) return Code::kNotYours;
  if (review.stars() < 1 || review.stars() > 5) return Code::kOutOfRange;
  if (it->second.state() != pb::NEED_STATE_DONE) return Code::kWrongState;
  it->second.set_state(pb::NEED_STATE_REVIEWED);
  emit();
  for (auto& [id, m] : matches) {
    if (m.need == it->first && m.state == pb::MATCH_STATE_SERVED)
      change(m, pb::MATCH_STATE_VERIFIED);
  }
  return std::nullopt;
}

// How many needs a resident has, and how many of them wait for approval.
std::pair<int, int> Market::needs_of(std::uint64_t resident_ref) const {
  std::pair<int, int> found;
  for (const auto& [id, need] : needs) {
    if (resident_ref == 0 || need.resident_ref() != resident_ref) continue;
    ++found.first;
    if (need.state() == pb::NEED_STATE_SUBMITTED) ++found.second;
  }
  return found;
}

std::optional<Code> Market::post_need(const pb::PostNeed& post) {
  pb::Need n = post.need();
  pb::NeedState until = post.until();
  if (until == pb::NEED_STATE_UNSPECIFIED)
    until = actor_.role() == pb::ROLE_RESIDENT ? pb::NEED_STATE_SUBMITTED : pb::NEED_STATE_OPEN;
  if (first_start(n) <= now_) return Code::kWindowPast;
  if (!in_area(n.area_code())) return Code::kNotYours;
  if (actor_.role() == pb::ROLE_RESIDENT) {
    if (actor_.resident_ref() == 0) return Code::kRequired;
    n.set_resident_ref(actor_.resident_ref());
  } else if (n.resident_ref() != 0) {
    bool anywhere = false;
    bool here = false;
    for (const auto& [id, other] : needs) {
      if (other.resident_ref() != n.resident_ref()) continue;
      anywhere = true;
      here = here || in_area(other.area_code());
    }
    if (anywhere && !here) return Code::kNotFound;
  }
  const auto [all, waiting] = needs_of(n.resident_ref());
  if (all >= kMaxNeedsOfResident) return Code::kTooMany;
  if (actor_.role() == pb::ROLE_RESIDENT && until == pb::NEED_STATE_SUBMITTED &&
      waiting >= kMaxWaitingNeeds)
    return Code::kTooMany;
  n.set_id(seq + 1);
  n.set_state(until);
  n.set_created_at(now_);
  if (until >= pb::NEED_STATE_SUBMITTED) n.set_submitted_at(now_);
  if (until == pb::NEED_STATE_OPEN) n.set_opened_at(now_);
  needs[n.id()] = n;
  emit();
  return std::nullopt;
}

std::optional<Code> Market::update_need(const pb::Need& sent) {
  pb::Need& n = needs.at(sent.id());
  if (!in_area(n.area_code()) || !asks(n)) return Code::kNotYours;
  if (n.state() > pb::NEED_STATE_FILLED || n.closed()) return Code::kWrongState;
  if (actor_.role() == pb::ROLE_RESIDENT && n.state() > pb::NEED_STATE_SUBMITTED)
    return Code::kWrongState;
  for (int i = 0; i < n.lines_size(); ++i) {
    if (sent.lines(i).quantity() < held(n.id(), static_cast<std::uint32_t>(i + 1)))
      return Code::kNeedHeld;
  }
  for (int i = 0; i < n.lines_size(); ++i)
    n.mutable_lines(i)->set_quantity(sent.lines(i).quantity());
  n.set_title(sent.title());
  emit();
  refresh_need_state(n.id());
  return std::nullopt;
}

std::optional<Code> Market::move_need(const pb::MoveNeed& move) {
  const auto it = needs.find(move.need_id());
  if (it == needs.end()) return Code::kUnknownNeed;
  pb::Need& n = it->second;
  if (!in_area(n.area_code()) || !asks(n)) return Code::kNotYours;
  switch (move.verb()) {
    case pb::NEED_VERB_SUBMIT:
      if (n.state() != pb::NEED_STATE_DRAFT) return Code::kWrongState;
      if (first_start(n) <= now_) return Code::kWindowPast;
      if (actor_.role() == pb::ROLE_RESIDENT &&
          needs_of(actor_.resident_ref()).second >= kMaxWaitingNeeds)
        return Code::kTooMany;
      n.set_state(pb::NEED_STATE_SUBMITTED);
      n.set_submitted_at(now_);
      emit();
      return std::nullopt;
    case pb::NEED_VERB_APPROVE:
      if (n.state() != pb::NEED_STATE_DRAFT && n.state() != pb::NEED_STATE_SUBMITTED)
        return Code::kWrongState;
      if (closing(n) <= now_) return Code::kWindowPast;
      n.set_state(pb::NEED_STATE_OPEN);
      n.set_opened_at(now_);
      emit();
      return std::nullopt;
    case pb::NEED_VERB_REJECT:
      if (n.state() != pb::NEED_STATE_SUBMITTED) return Code::kWrongState;
      if (move.reason().empty()) return Code::kRequired;
      close(n.id(), pb::NEED_STATE_REJECTED);
      return std::nullopt;
    case pb::NEED_VERB_CANCEL:
      if (n.state() > pb::NEED_STATE_IN_SERVICE) return Code::kWrongState;
      if (move.reason().empty()) return Code::kRequired;
      for (const auto& [id, m] : matches) {
        if (m.need == n.id() && m.state >= pb::MATCH_STATE_CHECKED_IN &&
            m.state <= pb::MATCH_STATE_VERIFIED)
          return Code::kWrongState;
      }
      close(n.id(), pb::NEED_STATE_CANCELLED);
      return std::nullopt;
    default:
      return Code::kRequired;
  }
}

std::int64_t Market::free_units(std::uint64_t id, std::int64_t start, std::int64_t end) const {
  const pb::Offer& o = offers.at(id);
  std::int64_t most = 0;
  if (o.has_stock()) {
    for (const auto& [mid, m] : matches) most += m.offer == id && holding(m.state) ? m.quantity : 0;
    return o.stock().quantity() - most;
  }
  for (std::int64_t at = start; at < end; at += 1800) {
    std::int64_t sum = 0;
    for (const auto& [mid, m] : matches)
      sum += m.offer == id && holding(m.state) && m.start <= at && at < m.end ? m.quantity : 0;
    most = std::max(most, sum);
  }
  return o.time().capacity() - most;
}

// What a community asks for and has, in millionths of lines.
std::pair<std::int64_t, std::int64_t> Market::fill_sums(std::uint64_t community) const {
  std::int64_t asked = 0;
  std::int64_t filled = 0;
  for (const auto& [id, n] : needs) {
    const bool counts =
        (n.state() >= pb::NEED_STATE_OPEN && n.state() <= pb::NEED_STATE_REVIEWED) ||
        n.state() == pb::NEED_STATE_EXPIRED;
    if (!counts || (community != 0 && n.area_code() != community)) continue;
    for (int i = 0; i < n.lines_size(); ++i) {
      asked += kOne;
      filled += std::min(held(id, static_cast<std::uint32_t>(i + 1)), n.lines(i).quantity()) *
                kOne / n.lines(i).quantity();
    }
  }
  return {asked, filled};
}

std::int64_t Market::fill(std::uint64_t community, bool smoothed) const {
  const auto [asked, filled] = fill_sums(community);
  if (!smoothed)
    return asked == 0 ? 0 : static_cast<std::int64_t>(static_cast<__int128>(filled) * kOne / asked);
  const std::int64_t mean = fill(0, false);
  return static_cast<std::int64_t>(static_cast<__int128>(filled + 3 * mean) * kOne /
                                   (asked + 3 * kOne));
}

// The first rule that keeps the offer from the line, except for how much of each there is.
std::optional<pb::Rule> Market::why_not(const pb::Need& n, const pb::RequirementLine& l,
                                        const pb::Offer& o) const {
  const pb::Party& p = parties.at(o.party_id());
  if (!open_for_matches(n.state()) || now_ >= l.window().start() ||
      (n.deadline() != 0 && now_ >= n.deadline()))
    return pb::RULE_NEED_NOT_OPEN;
  if (o.state() != pb::OFFER_STATE_ACTIVE) return pb::RULE_OFFER_WITHDRAWN;
  if (p.standing() != pb::STANDING_ACTIVE) return pb::RULE_PARTY_NOT_ACTIVE;
  if (l.has_time() != o.has_time() || (l.has_time() && l.time().kind() != o.time().kind()) ||
      (l.has_stock() && l.stock().resource() != o.stock().resource())) {
    return pb::RULE_KIND_DIFFERS;
  }
  if (l.has_time()) {
    if (const auto rule = why_not_able(l.time(), o.time(), l.window().end())) return rule;
  }
  std::int64_t until = o.valid_to();
  if (o.has_stock() && o.stock().expires_at() != 0)
    until = until == 0 ? o.stock().expires_at() : std::min(until, o.stock().expires_at());
  if (l.window().start() < o.valid_from() || (until != 0 && l.window().end() > until))
    return pb::RULE_OUTSIDE_VALIDITY;
  if (o.has_time() && !is_there(o.time(), l.window().start(), l.window().end()))
    return pb::RULE_NOT_AVAILABLE;
  const bool collect = o.has_stock() && o.stock().handover() == pb::HANDOVER_COLLECT;
  if (distance_between(n, o) > std::max<std::int64_t>(collect ? 200 : o.radius_m(), n.travel_m()))
    return pb::RULE_TOO_FAR;
  if (std::find(n.excluded_party_ids().begin(), n.excluded_party_ids().end(), p.id()) !=
      n.excluded_party_ids().end())
    return pb::RULE_EXCLUDED_BY_NEED;
  if (has(p.excluded_categories(), n.category())) return pb::RULE_EXCLUDED_BY_PARTY;
  return std::nullopt;
}

Market::Judged Market::judge(std::uint64_t need_id, std::uint32_t number,
                             std::uint64_t offer_id) const {
  const pb::Need& n = needs.at(need_id);
  const pb::RequirementLine& l = n.lines(static_cast<int>(number) - 1);
  const pb::Offer& o = offers.at(offer_id);
  const auto no = [](pb::Rule rule) { return Judged{false, rule, 0, 0}; };
  if (const auto rule = why_not(n, l, o)) return no(*rule);
  const std::int64_t missing = l.quantity() - held(need_id, number);
  if (missing <= 0) return no(pb::RULE_LINE_FULL);
  const std::int64_t free = free_units(offer_id, l.window().start(), l.window().end());
  if (free <= 0) return no(pb::RULE_NOTHING_FREE);
  const std::int64_t lot = o.has_stock() ? std::max<std::int64_t>(1, o.stock().smallest_lot()) : 1;
  const std::int64_t available = std::min(missing, free);
  if (available < lot) return no(missing < lot ? pb::RULE_LOT_TOO_LARGE : pb::RULE_NOTHING_FREE);
  return {true, pb::RULE_UNSPECIFIED, available, value(n, l, o, missing)};
}

std::int64_t Market::value(const pb::Need& n, const pb::RequirementLine& l, const pb::Offer& o,
                           std::int64_t missing) const {
  const pb::ValuePolicy& v = policy.value();
  const int surplus = l.has_time() ? surplus_of(l.time(), o.time()) : 0;
  std::int64_t fit = has(o.categories(), n.category()) ? v.category_fit_micro() : kOne;
  for (int i = 0; i < std::min(surplus, 8); ++i) fit = times(fit, v.surplus_skill_micro());
  const std::int64_t nearness =
      v.half_distance_m() * kOne / (v.half_distance_m() + distance_between(n, o));
  const std::int64_t lack =
      v.lack_least_micro() + times(kOne - v.lack_least_micro(), missing * kOne / l.quantity());
  std::int64_t all = kOne;
  for (const std::int64_t f : {urgency_value(n, v), fit, nearness, continuity(n, o.party_id()),
                               equity(n.area_code()), reliability(o.party_id()), lack})
    all = times(all, f);
  return all;
}

// More where the party has served the resident, or the community, before.
std::int64_t Market::continuity(const pb::Need& n, std::uint64_t party) const {
  bool same_resident = false;
  bool same_area = false;
  for (const auto& [id, m] : matches) {
    if (m.party != party || !is_served(m.state)) continue;
    const pb::Need& other = needs.at(m.need);
    same_resident =
        same_resident || (n.resident_ref() != 0 && other.resident_ref() == n.resident_ref());
    same_area = same_area || other.area_code() == n.area_code();
  }
  return same_resident ? policy.value().same_resident_micro()
         : same_area   ? policy.value().same_area_micro()
                       : kOne;
}

// More where the community has less of what it asked for than others.
std::int64_t Market::equity(std::uint64_t community) const {
  const pb::ValuePolicy& v = policy.value();
  const std::int64_t mean = fill(0, false);
  if (mean == 0 || v.equity_alpha_milli() == 0) return kOne;
  const std::int64_t here = fill(community, true);
  const std::int64_t sixty_fourths =
      here == 0 ? 1024 : std::min<std::int64_t>(mean * 64 / here, 1024);
  return std::clamp(sixty_fourths * kOne / 64, v.equity_least_micro(), v.equity_most_micro());
}

std::int64_t Market::reliability(std::uint64_t party) const {
  const std::int64_t prior = policy.value().reliability_prior();
  return (kept(party) + prior) * kOne / (kept(party) + broken(party) + prior);
}

std::uint64_t Market::next_best(std::uint64_t need, std::uint32_t line,
                                std::int64_t quantity) const {
  std::set<std::uint64_t> asked;
  for (const auto& [id, m] : matches) {
    if (m.need != need || m.line != line) continue;
    const bool lapsed = m.state == pb::MATCH_STATE_LAPSED && m.was_dispatched;
    if (m.state == pb::MATCH_STATE_DECLINED || lapsed || is_broken(m.state)) asked.insert(m.party);
  }
  std::uint64_t best = 0;
  std::int64_t value = -1;
  for (const auto& [id, o] : offers) {
    const Judged j = judge(need, line, id);
    if (!j.eligible || j.available < quantity || asked.contains(o.party_id()) || j.value <= value)
      continue;
    best = id;
    value = j.value;
  }
  return best;
}

std::int64_t Market::answer_limit(pb::MatchState how, const pb::Need& n) const {
  const pb::TimeLimits& l = policy.limits();
  if (how == pb::MATCH_STATE_PROPOSED) return l.proposal();
  if (how == pb::MATCH_STATE_CLAIMED) return l.confirm();
  return n.urgency() == pb::URGENCY_CRITICAL ? l.answer_critical()
         : n.urgency() == pb::URGENCY_URGENT ? l.answer_urgent()
                                             : l.answer_normal();
}

std::uint64_t Market::new_match(std::uint64_t need, std::uint32_t line, std::uint64_t offer,
                                std::int64_t quantity, pb::MatchState how) {
  const pb::Need& n = needs.at(need);
  const pb::Window& w = n.lines(static_cast<int>(line) - 1).window();
  Match m{seq + 1,   need,    offer, offers.at(offer).party_id(), line, quantity,
          w.start(), w.end(), how};
  m.answer_by = std::min(now_ + answer_limit(how, n), w.start());
  m.was_dispatched = how == pb::MATCH_STATE_DISPATCHED;
  matches[m.id] = m;
  emit();
  return m.id;
}

void Market::change(Match& m, pb::MatchState state) {
  m.state = state;
  m.answer_by = 0;
  if (state == pb::MATCH_STATE_DISPATCHED) {
    m.was_dispatched = true;
    m.answer_by = std::min(now_ + answer_limit(state, needs.at(m.need)), m.start);
  }
  if (state == pb::MATCH_STATE_SERVED) m.checked_out_at = now_;
  emit();
}

bool Market::has_all_matches(std::uint64_t need, std::uint64_t party) const {
  const auto of_need = [&](const auto& m) { return m.second.need == need; };
  const auto of_party = [&](const auto& m) {
    return of_need(m) && offers.at(m.second.offer).party_id() == party;
  };
  return std::count_if(matches.begin(), matches.end(), of_need) >= kMaxMatchesOfNeed ||
         std::count_if(matches.begin(), matches.end(), of_party) >= kMaxMatchesOfPartyInNeed;
}

std::optional<Code> Market::make_match(const pb::MakeMatch& make) {
  const auto need = needs.find(make.need_id());
  if (need == needs.end()) return Code::kUnknownNeed;
  const auto offer = offers.find(make.offer_id());
  if (offer == offers.end()) return Code::kUnknownOffer;
  const std::uint32_t line = make.line() == 0 && need->second.lines_size() == 1 ? 1 : make.line();
  if (line < 1 || static_cast<int>(line) > need->second.lines_size()) return Code::kUnknownLine;
  if (make.quantity() < 0) return Code::kOutOfRange;
  if (!in_area(need->second.area_code()) || !owns(offer->second.party_id())) return Code::kNotYours;
  const Judged j = judge(make.need_id(), line, make.offer_id());
  if (!j.eligible) {
    return j.rule == pb::RULE_LINE_FULL          ? Code::kLineFull
           : j.rule == pb::RULE_PARTY_NOT_ACTIVE ? Code::kPartyNotActive
                                                 : Code::kNotEligible;
  }
  const std::int64_t quantity = make.quantity() == 0 ? j.available : make.quantity();
  if (quantity > j.available) return Code::kQuantityTooLarge;
  if (offer->second.has_stock() &&
      quantity < std::max<std::int64_t>(1, offer->second.stock().smallest_lot()))
    return Code::kQuantityTooSmall;
  if (has_all_matches(make.need_id(), offer->second.party_id())) return Code::kTooMany;
  const std::uint64_t id = new_match(make.need_id(), line, make.offer_id(), quantity, make.how());
  if (make.how() == pb::MATCH_STATE_CLAIMED && !policy.confirm_claims()) {
    change(matches.at(id), pb::MATCH_STATE_ACCEPTED);
    matches.at(id).confirmed = actor_.role() == pb::ROLE_LEAD;
    refresh_need_state(make.need_id());
  }
  return std::nullopt;
}

// What has changed since they accepted.
std::optional<Code> Market::why_not_now(const Match& m, const pb::Need& n) const {
  if (now_ >= m.end) return Code::kTooLate;
  const pb::RequirementLine& l = n.lines(static_cast<int>(m.line) - 1);
  const pb::Offer& o = offers.at(m.offer);
  if (!l.has_time()) return std::nullopt;
  for (const auto& s : l.time().skills()) {
    if (!has(o.time().skills(), s)) return Code::kNotEligible;
  }
  bool certified = l.time().certificate().empty();
  for (const auto& c : o.time().certificates()) {
    const bool enough = c.code() == l.time().certificate() &&
                        c.level() >= std::max(1U, l.time().certificate_level());
    certified =
        certified || (enough && (c.expires_at() == 0 || c.expires_at() >= l.window().end()));
  }
  if (!certified) return Code::kNotEligible;
  if (n.volunteers_per_professional() == 0 || l.time().kind() != pb::TIME_KIND_PEOPLE)
    return std::nullopt;
  std::int64_t professionals = 0;
  std::int64_t volunteers = m.quantity;
  for (const auto& [id, other] : matches) {
    if (other.need != n.id() || !is_secured(other.state)) continue;
    const pb::RequirementLine& line = n.lines(static_cast<int>(other.line) - 1);
    if (line.has_time() && line.time().kind() == pb::TIME_KIND_PROFESSIONAL)
      professionals += other.quantity;
    const bool there = other.state != pb::MATCH_STATE_ACCEPTED;
    if (line.has_time() && line.time().kind() == pb::TIME_KIND_PEOPLE && there)
      volunteers += other.quantity;
  }
  return professionals * n.volunteers_per_professional() >= volunteers
             ? std::nullopt
             : std::optional(Code::kProfessionalMissing);
}

std::optional<Code> Market::move_match(const pb::MoveMatch& move) {
  const auto it = matches.find(move.match_id());
  if (it == matches.end()) return Code::kNotFound;
  Match& m = it->second;
  struct Step {
    std::set<pb::MatchState> from;
    pb::MatchState to;
    bool reason;
  };
  static const std::map<pb::MatchVerb, Step> kSteps = {
      {pb::MATCH_VERB_DISPATCH, {{pb::MATCH_STATE_PROPOSED}, pb::MATCH_STATE_DISPATCHED, false}},
      {pb::MATCH_VERB_CONFIRM, {{pb::MATCH_STATE_CLAIMED}, pb::MATCH_STATE_ACCEPTED, false}},
      {pb::MATCH_VERB_ACCEPT, {{pb::MATCH_STATE_DISPATCHED}, pb::MATCH_STATE_ACCEPTED, false}},
      {pb::MATCH_VERB_DECLINE, {{pb::MATCH_STATE_DISPATCHED}, pb::MATCH_STATE_DECLINED, true}},
      {pb::MATCH_VERB_WITHDRAW,
       {{pb::MATCH_STATE_CLAIMED, pb::MATCH_STATE_ACCEPTED}, pb::MATCH_STATE_WITHDRAWN, true}},
      {pb::MATCH_VERB_CHECK_IN, {{pb::MATCH_STATE_ACCEPTED}, pb::MATCH_STATE_CHECKED_IN, false}},
      {pb::MATCH_VERB_CHECK_OUT, {{pb::MATCH_STATE_CHECKED_IN}, pb::MATCH_STATE_SERVED, false}},
      {pb::MATCH_VERB_VERIFY, {{pb::MATCH_STATE_SERVED}, pb::MATCH_STATE_VERIFIED, false}},
      {pb::MATCH_VERB_NO_SHOW, {{pb::MATCH_STATE_ACCEPTED}, pb::MATCH_STATE_NO_SHOW, false}},
      {pb::MATCH_VERB_CANCEL,
       {{pb::MATCH_STATE_PROPOSED, pb::MATCH_STATE_DISPATCHED, pb::MATCH_STATE_CLAIMED,
         pb::MATCH_STATE_ACCEPTED},
        pb::MATCH_STATE_CANCELLED,
        true}}};
  const Step& step = kSteps.at(move.verb());
  pb::Need& n = needs.at(m.need);
  if (!in_area(n.area_code()) || !owns(m.party)) return Code::kNotYours;
  const bool confirms = move.verb() == pb::MATCH_VERB_CONFIRM;
  if (confirms && m.state == pb::MATCH_STATE_ACCEPTED && !m.was_dispatched && !m.confirmed &&
      policy.contact_from() == pb::CONTACT_FROM_CONFIRMED) {
    m.confirmed = true;
    emit();
    return std::nullopt;
  }
  if (!step.from.contains(m.state)) return Code::kWrongState;
  if (step.reason && move.reason().empty()) return Code::kRequired;
  if ((move.verb() == pb::MATCH_VERB_NO_SHOW || move.verb() == pb::MATCH_VERB_CHECK_OUT) &&
      now_ < m.start)
    return Code::kTooEarly;
  if (move.verb() == pb::MATCH_VERB_CHECK_IN) {
    if (now_ < m.start - policy.limits().grace()) return Code::kTooEarly;
    if (n.all_or_nothing() && n.state() == pb::NEED_STATE_OPEN) return Code::kWrongState;
    const bool staff = actor_.role() != pb::ROLE_SUPPLIER && actor_.role() != pb::ROLE_MEMBER;
    if (const auto unfit = why_not_now(m, n); unfit && !(staff && !move.reason().empty()))
      return unfit;
  }
  change(m, step.to);
  if (confirms) m.confirmed = true;
  if (move.verb() == pb::MATCH_VERB_CHECK_IN &&
      (n.state() == pb::NEED_STATE_OPEN || n.state() == pb::NEED_STATE_FILLED)) {
    n.set_state(pb::NEED_STATE_IN_SERVICE);
    emit();
  }
  refresh_need_state(n.id());
  if (step.to == pb::MATCH_STATE_DECLINED || step.to == pb::MATCH_STATE_WITHDRAWN) keep_going(m);
  return std::nullopt;
}

void Market::refresh_need_state(std::uint64_t id) {
  pb::Need& n = needs.at(id);
  bool full = true;
  for (int i = 0; i < n.lines_size(); ++i)
    full = full && secured(id, static_cast<std::uint32_t>(i + 1)) == n.lines(i).quantity();
  if (n.state() == pb::NEED_STATE_OPEN && full) {
    n.set_state(pb::NEED_STATE_FILLED);
    emit();
  } else if (n.state() == pb::NEED_STATE_FILLED && !full) {
    n.set_state(pb::NEED_STATE_OPEN);
    emit();
  } else if (n.state() == pb::NEED_STATE_IN_SERVICE && full) {
    for (const auto& [mid, m] : matches) {
      if (m.need == id && holding(m.state) && !is_served(m.state)) return;
    }
    n.set_state(pb::NEED_STATE_DONE);
    n.set_done_at(now_);
    emit();
  }
}

void Market::raise(pb::Need& n) {
  n.set_raised(n.raised() + 1);
  n.set_raised_at(now_);
  emit();
}

void Market::keep_going(const Match& failed) {
  pb::Need& n = needs.at(failed.need);
  if (!open_for_matches(n.state()) || !failed.was_dispatched) return;
  n.set_failed_dispatches(n.failed_dispatches() + 1);
  if (n.failed_dispatches() % policy.raise_after_dispatches() == 0 && n.raised() < 2) {
    raise(n);
  } else {
    emit();
  }
  if (!policy.redispatch()) return;
  std::uint64_t next = next_best(failed.need, failed.line, failed.quantity);
  if (next == 0) next = next_best(failed.need, failed.line, 1);
  if (next == 0 || has_all_matches(failed.need, offers.at(next).party_id())) return;
  new_match(failed.need, failed.line, next,
            std::min(failed.quantity, judge(failed.need, failed.line, next).available),
            pb::MATCH_STATE_DISPATCHED);
}

void Market::close(std::uint64_t id, pb::NeedState state) {
  for (auto& [mid, m] : matches) {
    if (m.need == id && m.state >= pb::MATCH_STATE_PROPOSED && m.state <= pb::MATCH_STATE_ACCEPTED)
      change(m, pb::MATCH_STATE_CANCELLED);
  }
  needs.at(id).set_state(state);
  emit();
}

std::int64_t Market::due(const Match& m) const {
  const pb::TimeLimits& l = policy.limits();
  switch (m.state) {
    case pb::MATCH_STATE_PROPOSED:
    case pb::MATCH_STATE_DISPATCHED:
    case pb::MATCH_STATE_CLAIMED:
      return m.answer_by;
    case pb::MATCH_STATE_ACCEPTED:
    case pb::MATCH_STATE_CHECKED_IN:
      return m.end + l.grace();
    case pb::MATCH_STATE_SERVED:
      return m.checked_out_at + l.close();
    default:
      return 0;
  }
}

std::int64_t Market::due(const pb::Need& n) const {
  const pb::TimeLimits& l = policy.limits();
  switch (n.state()) {
    case pb::NEED_STATE_DRAFT:
      return n.created_at() + l.draft();
    case pb::NEED_STATE_SUBMITTED:
      return n.raised() < 2
                 ? std::min(std::max(n.submitted_at(), n.raised_at()) + l.check(), closing(n))
                 : closing(n);
    case pb::NEED_STATE_OPEN: {
      if (n.closed()) return n.all_or_nothing() ? first_start(n) : last_start(n);
      const std::int64_t since = std::max(n.opened_at(), n.raised_at());
      const std::int64_t half = since + (closing(n) - since) / 2;
      return n.raised() < 2 && half > since ? std::min(half, closing(n)) : closing(n);
    }
    case pb::NEED_STATE_FILLED:
      return first_start(n);
    case pb::NEED_STATE_IN_SERVICE:
      return last_end(n) + l.grace();
    case pb::NEED_STATE_DONE:
      return n.done_at() + (n.review_requested() ? l.close() : l.ask_review());
    default:
      return 0;
  }
}

std::optional<std::int64_t> Market::next_due() const {
  std::optional<std::int64_t> best;
  const auto look = [&](std::int64_t t) {
    if (t != 0 && (!best || t < *best)) best = t;
  };
  for (const auto& [id, m] : matches) look(due(m));
  for (const auto& [id, n] : needs) look(due(n));
  return best;
}

void Market::tick() {
  for (int i = 0; i < 256; ++i) {
    const auto next = next_due();
    if (!next || *next > now_) return;
    bool fired = false;
    for (auto& [id, m] : matches) {
      if (due(m) != *next) continue;
      fire(m);
      fired = true;
      break;
    }
    if (fired) continue;
    for (auto& [id, n] : needs) {
      if (due(n) != *next) continue;
      fire(n);
      break;
    }
  }
}

void Market::fire(Match& m) {
  const bool lapsed_dispatch = m.state == pb::MATCH_STATE_DISPATCHED;
  switch (m.state) {
    case pb::MATCH_STATE_PROPOSED:
    case pb::MATCH_STATE_DISPATCHED:
      change(m, pb::MATCH_STATE_LAPSED);
      break;
    case pb::MATCH_STATE_CLAIMED:
      change(m, pb::MATCH_STATE_ACCEPTED);
      break;
    case pb::MATCH_STATE_ACCEPTED:
      change(m, pb::MATCH_STATE_NO_SHOW);
      break;
    case pb::MATCH_STATE_CHECKED_IN:
      change(m, pb::MATCH_STATE_SERVED);
      break;
    default:
      change(m, pb::MATCH_STATE_VERIFIED);
  }
  refresh_need_state(m.need);
  if (lapsed_dispatch) keep_going(m);
}

void Market::fire(pb::Need& n) {
  std::int64_t all_held = 0;
  std::int64_t all_secured = 0;
  for (int i = 0; i < n.lines_size(); ++i) {
    all_held += held(n.id(), static_cast<std::uint32_t>(i + 1));
    all_secured += secured(n.id(), static_cast<std::uint32_t>(i + 1));
  }
  switch (n.state()) {
    case pb::NEED_STATE_DRAFT:
      return close(n.id(), pb::NEED_STATE_EXPIRED);
    case pb::NEED_STATE_SUBMITTED:
      if (now_ >= closing(n)) return close(n.id(), pb::NEED_STATE_EXPIRED);
      return raise(n);
    case pb::NEED_STATE_OPEN:
      if (!n.closed() && now_ < closing(n)) return raise(n);
      if (n.all_or_nothing() || all_held == 0) return close(n.id(), pb::NEED_STATE_EXPIRED);
      if (now_ < last_start(n)) {
        n.set_closed(true);
        return emit();
      }
      if (all_secured == 0) return close(n.id(), pb::NEED_STATE_EXPIRED);
      n.set_state(pb::NEED_STATE_IN_SERVICE);
      return emit();
    case pb::NEED_STATE_FILLED:
      n.set_state(pb::NEED_STATE_IN_SERVICE);
      return emit();
    case pb::NEED_STATE_IN_SERVICE: {
      const bool any = std::any_of(matches.begin(), matches.end(), [&](const auto& m) {
        return m.second.need == n.id() && is_served(m.second.state);
      });
      if (!any) return close(n.id(), pb::NEED_STATE_EXPIRED);
      n.set_state(pb::NEED_STATE_DONE);
      n.set_done_at(now_);
      return emit();
    }
    default:
      if (!n.review_requested()) {
        n.set_review_requested(true);
        return emit();
      }
      n.set_state(pb::NEED_STATE_REVIEWED);
      emit();
      for (auto& [id, m] : matches) {
        if (m.need == n.id() && m.state == pb::MATCH_STATE_SERVED)
          change(m, pb::MATCH_STATE_VERIFIED);
      }
  }
}

}  // namespace qiao::reference
