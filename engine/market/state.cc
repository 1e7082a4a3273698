#include "engine/market/state.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "engine/base/fixed.h"
#include "engine/market/limits.h"
#include "engine/market/personal.h"
#include "engine/market/roles.h"

namespace qiao {
namespace {

// Sets a resident apart from an area in the history.
constexpr std::uint64_t kResidentBit = std::uint64_t{1} << 63;

template <class Message>
Message parse(const Blob& bytes) {
  Message m;
  const bool ok = m.ParseFromArray(bytes.view().data(), static_cast<int>(bytes.view().size()));
  QIAO_CHECK(ok, "a row in memory is what was put there");
  return m;
}

Point to_point(const pb::Point& p) { return {p.latitude_e7(), p.longitude_e7()}; }

std::int64_t share_micro(const LineRow& l) { return std::min(l.held, l.quantity) * kMicro / l.quantity; }

}  // namespace

State::State() = default;

Slot State::line_of(Slot need, std::uint32_t number) const {
  const NeedRow& n = needs_[need];
  return number >= 1 && number <= n.line_count ? n.first_line + number - 1 : kNoSlot;
}

pb::Area State::load_area(Slot s) const { return parse<pb::Area>(areas_[s].bytes); }
pb::Party State::load_party(Slot s) const { return parse<pb::Party>(parties_[s].bytes); }
pb::Person State::load_person(Slot s) const { return parse<pb::Person>(persons_[s].bytes); }
pb::Offer State::load_offer(Slot s) const { return parse<pb::Offer>(offers_[s].bytes); }
pb::Match State::load_match(Slot s) const { return parse<pb::Match>(matches_[s].bytes); }
pb::Notification State::load_notification(Slot s) const { return parse<pb::Notification>(notifications_[s].bytes); }
pb::Account State::load_account(Slot s) const { return parse<pb::Account>(accounts_[s].bytes); }
pb::Grant State::load_grant(Slot s) const { return parse<pb::Grant>(grants_[s].bytes); }

namespace {

template <class Map, class Key>
Slot look_up(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? kNoSlot : it->second;
}

}  // namespace

Slot State::account_by_login(std::string_view login) const { return look_up(logins_, std::string(login)); }
Slot State::account_by_external_id(std::string_view external_id) const { return look_up(external_ids_, std::string(external_id)); }
Slot State::grant_by_secret(const SecretHash& secret) const { return look_up(secrets_, secret); }
std::string State::area_name(Slot area) const { return area == kNoSlot ? std::string() : load_area(area).name(); }

pb::Need State::load_need(Slot s) const {
  const NeedRow& row = needs_[s];
  auto need = parse<pb::Need>(row.bytes);
  need.set_version(row.touched);
  for (int i = 0; i < need.lines_size(); ++i) {
    need.mutable_lines(i)->set_held(lines_[row.first_line + static_cast<Slot>(i)].held);
  }
  return need;
}

bool State::within(Slot area, Slot ancestor) const {
  for (; area != kNoSlot; area = areas_[area].parent) {
    if (area == ancestor) return true;
  }
  return false;
}

const std::vector<Booking>* State::bookings(Slot offer) const {
  const auto it = bookings_.find(offer);
  return it == bookings_.end() ? nullptr : &it->second;
}

std::int64_t State::peak(Slot offer, const Interval& window) const {
  const auto it = bookings_.find(offer);
  if (it == bookings_.end()) return 0;
  const std::vector<Booking>& all = it->second;
  // No booking is longer than kMaxWindow, so none that starts earlier than that reaches in.
  auto at = std::lower_bound(all.begin(), all.end(), window.start - kMaxWindow,
                             [](const Booking& b, Time t) { return b.window.start < t; });
  boost::container::small_vector<std::pair<Time, std::int64_t>, 16> steps;
  for (; at != all.end() && at->window.start < window.end; ++at) {
    if (!overlap(at->window, window)) continue;
    steps.emplace_back(std::max(at->window.start, window.start), at->quantity);
    steps.emplace_back(at->window.end, -at->quantity);
  }
  // At the same instant what ends goes before what begins: windows are half open.
  std::sort(steps.begin(), steps.end());
  std::int64_t now = 0;
  std::int64_t most = 0;
  for (const auto& [time, change] : steps) {
    now += change;
    most = std::max(most, now);
  }
  return most;
}

std::int64_t State::available(Slot offer, const Interval& window) const {
  const OfferRow& o = offers_[offer];
  return o.quantity - (o.time_kind == 0 ? o.given : peak(offer, window));
}

std::uint32_t State::served_resident(Slot party, std::uint64_t resident_ref) const {
  const auto it = history_.find({party, resident_ref | kResidentBit});
  return resident_ref == 0 || it == history_.end() ? 0 : it->second;
}

std::uint32_t State::served_area(Slot party, Slot area) const {
  const auto it = history_.find({party, area});
  return it == history_.end() ? 0 : it->second;
}

void fill(NeedRow& row, const pb::Need& need, const State& state) {
  row.area = state.areas().find(AreaCode{need.area_code()});
  row.fairness = state.areas()[row.area].fairness;
  row.organiser = PartyId{need.organiser_id()};
  row.point = to_point(need.point());
  row.state = need.state();
  row.urgency = need.urgency();
  row.category = state.vocabulary().find(WordList::kCategory, need.category()).value_or(0);
  row.all_or_nothing = need.all_or_nothing();
  row.ratio = static_cast<std::uint16_t>(need.volunteers_per_professional());
  row.deadline = to_time(need.deadline());
  row.resident_ref = need.resident_ref();
  row.travel_m = need.travel_m();
  row.excluded.reset();
  if (need.excluded_party_ids_size() > 0) {
    row.excluded = std::make_unique<std::vector<PartyId>>();
    for (const auto id : need.excluded_party_ids()) row.excluded->push_back(PartyId{id});
  }
}

void fill(LineRow& row, const pb::RequirementLine& line, const State& state) {
  const Vocabulary& words = state.vocabulary();
  row.quantity = line.quantity();
  row.window = {to_time(line.window().start()), to_time(line.window().end())};
  row.skills = {};
  row.certificate = 0xff;
  row.level = 0;
  row.time_kind = 0;
  row.week = kWholeWeek;
  if (line.has_stock()) {
    row.week = 0;
    row.resource = words.find(WordList::kResource, line.stock().resource()).value_or(0);
    return;
  }
  row.time_kind = static_cast<std::uint8_t>(line.time().kind());
  row.week = touched(state.zone(), row.window);
  for (const auto& code : line.time().skills()) {
    if (auto s = words.find(WordList::kSkill, code)) row.skills.set(*s);
  }
  if (auto c = words.find(WordList::kCertificate, line.time().certificate())) {
    row.certificate = static_cast<std::uint8_t>(*c);
    row.level = static_cast<std::uint8_t>(std::max(1U, line.time().certificate_level()));
  }
}

// --- folding ---

template <class Message>
Blob State::serialise(const Message& message) {
  buffer_.clear();
  const bool ok = message.AppendToString(&buffer_);
  QIAO_CHECK(ok, "a row can be serialised");
  return Blob(buffer_);
}

void State::fold(const pb::Event& event) {
  QIAO_CHECK(event.seq() == last_seq_ + 1, "events come in order, without a hole");
  QIAO_CHECK(to_time(event.time()) >= last_time_, "time does not run backwards");
  last_seq_ = event.seq();
  last_time_ = to_time(event.time());
  switch (event.row_case()) {
    case pb::Event::kTaxonomy: return put(event.taxonomy());
    case pb::Event::kPolicy: return put(event.policy());
    case pb::Event::kArea: return put(event.area(), serialise(event.area()));
    case pb::Event::kParty: return put(event.party(), serialise(event.party()));
    case pb::Event::kPerson: return put(event.person(), serialise(event.person()));
    case pb::Event::kOffer: return put(event.offer(), serialise(event.offer()));
    case pb::Event::kNeed: return put(event.need(), serialise(event.need()), event.seq());
    case pb::Event::kMatch: return put(event.match(), serialise(event.match()), event.seq());
    case pb::Event::kNotification: return put(event.notification(), serialise(event.notification()));
    case pb::Event::kAccount: return put(event.account(), serialise(event.account()));
    case pb::Event::kGrant: return put(event.grant(), serialise(event.grant()));
    // Something to remember, nothing to look up.
    case pb::Event::kDisclosure: return;
    case pb::Event::ROW_NOT_SET: break;
  }
  QIAO_CHECK(false, "every event carries a row");
}

bool State::load_row(pb::Event::RowCase kind, std::string_view bytes) {
  const std::unique_ptr<google::protobuf::Message> row(row_type(kind).New());
  return row->ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) && load_row(kind, *row, Blob(bytes));
}

const google::protobuf::Message& State::row_type(pb::Event::RowCase kind) {
  switch (kind) {
    case pb::Event::kTaxonomy: return pb::Taxonomy::default_instance();
    case pb::Event::kPolicy: return pb::Policy::default_instance();
    case pb::Event::kArea: return pb::Area::default_instance();
    case pb::Event::kParty: return pb::Party::default_instance();
    case pb::Event::kPerson: return pb::Person::default_instance();
    case pb::Event::kOffer: return pb::Offer::default_instance();
    case pb::Event::kNeed: return pb::Need::default_instance();
    case pb::Event::kMatch: return pb::Match::default_instance();
    case pb::Event::kNotification: return pb::Notification::default_instance();
    case pb::Event::kAccount: return pb::Account::default_instance();
    case pb::Event::kGrant: return pb::Grant::default_instance();
    case pb::Event::kDisclosure: return pb::Disclosure::default_instance();
    case pb::Event::ROW_NOT_SET: break;
  }
  QIAO_CHECK(false, "every row is of some kind");
  return pb::Event::default_instance();
}

bool State::load_row(pb::Event::RowCase kind, const google::protobuf::Message& row, Blob bytes) {
  switch (kind) {
    case pb::Event::kTaxonomy: put(static_cast<const pb::Taxonomy&>(row)); return true;
    case pb::Event::kPolicy: {
      const auto& policy = static_cast<const pb::Policy&>(row);
      if (!TimeZone::load(policy.time_zone())) return false;
      put(policy);
      return true;
    }
    case pb::Event::kArea: put(static_cast<const pb::Area&>(row), std::move(bytes)); return true;
    case pb::Event::kParty: {
      const auto& party = static_cast<const pb::Party&>(row);
      if (!parties_.takes(PartyId{party.id()}) || areas_.find(AreaCode{party.area_code()}) == kNoSlot) return false;
      put(party, std::move(bytes));
      return true;
    }
    case pb::Event::kPerson: {
      const auto& person = static_cast<const pb::Person&>(row);
      if (!persons_.takes(PersonId{person.id()}) || parties_.find(PartyId{person.party_id()}) == kNoSlot) return false;
      put(person, std::move(bytes));
      return true;
    }
    case pb::Event::kOffer: {
      const auto& offer = static_cast<const pb::Offer&>(row);
      if (!offers_.takes(OfferId{offer.id()}) || parties_.find(PartyId{offer.party_id()}) == kNoSlot) return false;
      put(offer, std::move(bytes));
      return true;
    }
    case pb::Event::kNeed: {
      const auto& need = static_cast<const pb::Need&>(row);
      if (!needs_.takes(NeedId{need.id()}) || areas_.find(AreaCode{need.area_code()}) == kNoSlot) return false;
      put(need, std::move(bytes), need.version());
      return true;
    }
    case pb::Event::kMatch: {
      const auto& match = static_cast<const pb::Match&>(row);
      const Slot need = needs_.find(NeedId{match.need_id()});
      if (!matches_.takes(MatchId{match.id()})) return false;
      if (need == kNoSlot || line_of(need, match.line()) == kNoSlot || offers_.find(OfferId{match.offer_id()}) == kNoSlot) return false;
      put(match, std::move(bytes), match.version());
      return true;
    }
    case pb::Event::kNotification: {
      const auto& notification = static_cast<const pb::Notification&>(row);
      if (!notifications_.takes(NotificationId{notification.id()})) return false;
      if (parties_.find(PartyId{notification.party_id()}) == kNoSlot || needs_.find(NeedId{notification.need_id()}) == kNoSlot) return false;
      put(notification, std::move(bytes));
      return true;
    }
    case pb::Event::kAccount: {
      const auto& account = static_cast<const pb::Account&>(row);
      if (!accounts_.takes(AccountId{account.id()})) return false;
      put(account, std::move(bytes));
      return true;
    }
    case pb::Event::kGrant: {
      const auto& grant = static_cast<const pb::Grant&>(row);
      if (!grants_.takes(GrantId{grant.id()})) return false;
      if (accounts_.find(AccountId{grant.account_id()}) == kNoSlot || !parse_secret_hash(grant.secret_hash())) return false;
      put(grant, std::move(bytes));
      return true;
    }
    case pb::Event::kDisclosure: break;
    case pb::Event::ROW_NOT_SET: break;
  }
  return false;
}

bool State::link_areas() {
  for (Slot s = 0; s < areas_.size(); ++s) {
    const std::uint64_t parent = load_area(s).parent_code();
    AreaRow& row = areas_[s];
    row.parent = parent == 0 ? kNoSlot : areas_.find(AreaCode{parent});
    if (parent != 0 && row.parent == kNoSlot) return false;
    row.fairness = row.level == pb::AREA_LEVEL_GRID && row.parent != kNoSlot ? row.parent : s;
  }
  return true;
}

void State::loaded(Seq last_seq, Time last_time) {
  last_seq_ = last_seq;
  last_time_ = last_time;
}

void State::begin() {
  QIAO_CHECK(!in_transaction_, "transactions do not nest");
  in_transaction_ = true;
  begin_ = mark();
}

void State::commit() {
  in_transaction_ = false;
  undo_.clear();
}

void State::rollback() {
  rollback_to(begin_);
  in_transaction_ = false;
}

void State::rollback_to(const Mark& mark) {
  // Undoing puts rows too; that is not to be remembered.
  in_transaction_ = false;
  while (undo_.size() > mark.undo) {
    undo(undo_.back());
    undo_.pop_back();
  }
  last_seq_ = mark.seq;
  last_time_ = mark.time;
  in_transaction_ = true;
}

void State::remember(pb::Event::RowCase kind, Slot slot, Blob previous, Seq touched) {
  if (in_transaction_) undo_.push_back({kind, slot, std::move(previous), touched});
}

void State::undo(UndoRecord& record) {
  if (record.previous) {
    const auto bytes = record.previous.view();
    const bool ok = load_row(record.kind, bytes);
    QIAO_CHECK(ok, "a row that was there can be put back");
  }
  switch (record.kind) {
    case pb::Event::kArea:
      if (!record.previous) areas_.pop_back();
      break;
    case pb::Event::kParty:
      if (!record.previous) parties_.pop_back();
      break;
    case pb::Event::kPerson:
      if (!record.previous) {
        const Slot party = parties_.find(PartyId{load_person(record.slot).party_id()});
        parties_[party].first_person = persons_[record.slot].next_of_party;
        persons_.pop_back();
      }
      break;
    case pb::Event::kOffer:
      if (!record.previous) {
        if (observer_ != nullptr) observer_->offer_removed(record.slot);
        const OfferRow& o = offers_[record.slot];
        // The newest offer of a party is the head of its list.
        parties_[o.party].first_offer = o.next_of_party;
        if (o.next_of_party != kNoSlot) offers_[o.next_of_party].previous_of_party = kNoSlot;
        offers_.pop_back();
      }
      break;
    case pb::Event::kNeed:
      if (record.previous) {
        needs_[record.slot].touched = record.touched;
      } else {
        if (observer_ != nullptr) observer_->need_removed(record.slot);
        contribute_fill(needs_[record.slot], -1);
        // Unless another need has grown to behind it, its lines are the last.
        if (needs_[record.slot].first_line + needs_[record.slot].line_room == lines_.size()) {
          lines_.resize(needs_[record.slot].first_line);
        }
        needs_.pop_back();
      }
      break;
    case pb::Event::kMatch: {
      const Slot need = matches_[record.slot].need;
      if (!record.previous) {
        contribute(matches_[record.slot], record.slot, -1);
        needs_[need].first_match = matches_[record.slot].next_of_need;
        offers_[matches_[record.slot].offer].first_match = matches_[record.slot].next_of_offer;
        matches_.pop_back();
        if (observer_ != nullptr) observer_->need_changed(need);
      }
      needs_[need].touched = record.touched;
      break;
    }
    case pb::Event::kNotification:
      // They never change, so it is a new one.
      parties_[notifications_[record.slot].party].first_notification = notifications_[record.slot].next_of_party;
      notifications_.pop_back();
      break;
    case pb::Event::kAccount:
      if (!record.previous) {
        forget_names(record.slot);
        accounts_.pop_back();
      }
      break;
    case pb::Event::kGrant:
      if (!record.previous) {
        secrets_.erase(grants_[record.slot].secret);
        accounts_[grants_[record.slot].account].first_grant = grants_[record.slot].next_of_account;
        grants_.pop_back();
      }
      break;
    case pb::Event::kDisclosure:
    case pb::Event::kTaxonomy:
    case pb::Event::kPolicy:
    case pb::Event::ROW_NOT_SET: break;
  }
}

void State::put(const pb::Taxonomy& taxonomy) {
  remember(pb::Event::kTaxonomy, 0, Blob(vocabulary_.taxonomy().SerializeAsString()), 0);
  vocabulary_ = Vocabulary(taxonomy);
  if (observer_ != nullptr) observer_->settings_changed();
}

void State::put(const pb::Policy& policy) {
  remember(pb::Event::kPolicy, 0, Blob(policy_.SerializeAsString()), 0);
  const bool limits_changed = policy.limits().SerializeAsString() != policy_.limits().SerializeAsString() ||
                              policy.retention().SerializeAsString() != policy_.retention().SerializeAsString();
  policy_ = policy;
  zone_ = TimeZone::load(policy.time_zone()).value_or(TimeZone());
  if (limits_changed) schedule_all();
  if (observer_ != nullptr) observer_->settings_changed();
}

void State::put(const pb::Area& area, Blob bytes) {
  Slot slot = areas_.find(AreaCode{area.code()});
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = areas_.append(AreaCode{area.code()});
  AreaRow& row = areas_[slot];
  remember(pb::Event::kArea, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.level = area.level();
  row.point = to_point(area.point());
  row.parent = area.parent_code() == 0 ? kNoSlot : areas_.find(AreaCode{area.parent_code()});
  row.fairness = area.level() == pb::AREA_LEVEL_GRID && row.parent != kNoSlot ? row.parent : slot;
}

void State::put(const pb::Party& party, Blob bytes) {
  Slot slot = parties_.find(PartyId{party.id()});
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = parties_.append(PartyId{party.id()});
  PartyRow& row = parties_[slot];
  remember(pb::Event::kParty, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.kind = party.kind();
  row.standing = party.standing();
  row.parent = PartyId{party.parent_id()};
  row.area = areas_.find(AreaCode{party.area_code()});
  row.point = to_point(party.point());
  row.radius_m = party.service_radius_m();
  row.exclusions.reset();
  if (party.excluded_categories_size() + party.excluded_area_codes_size() > 0) {
    row.exclusions = std::make_unique<PartyExclusions>();
    for (const auto& code : party.excluded_categories()) {
      if (auto c = vocabulary_.find(WordList::kCategory, code)) row.exclusions->categories.set(*c);
    }
    for (const auto code : party.excluded_area_codes()) row.exclusions->areas.push_back(AreaCode{code});
  }
  if (observer_ != nullptr && !fresh) observer_->party_changed(slot);
}

void State::put(const pb::Person& person, Blob bytes) {
  Slot slot = persons_.find(PersonId{person.id()});
  if (slot == kNoSlot) {
    slot = persons_.append(PersonId{person.id()});
    // A person never moves to another party.
    PartyRow& party = parties_[parties_.find(PartyId{person.party_id()})];
    persons_[slot].next_of_party = std::exchange(party.first_person, slot);
    persons_[slot].party = parties_.find(PartyId{person.party_id()});
  }
  PersonRow& row = persons_[slot];
  remember(pb::Event::kPerson, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.due = due_of(person, policy_);
  schedule(TimerQueue::Kind::kPerson, slot, row.due);
}

void State::forget_names(Slot slot) {
  const pb::Account account = load_account(slot);
  logins_.erase(account.login());
  if (!account.external_id().empty()) external_ids_.erase(account.external_id());
}

void State::put(const pb::Account& account, Blob bytes) {
  Slot slot = accounts_.find(AccountId{account.id()});
  if (slot == kNoSlot) {
    slot = accounts_.append(AccountId{account.id()});
  } else {
    forget_names(slot);
  }
  AccountRow& row = accounts_[slot];
  remember(pb::Event::kAccount, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.party = PartyId{account.party_id()};
  row.person = PersonId{account.person_id()};
  row.resident_ref = account.resident_ref();
  row.locked_until = to_time(account.locked_until());
  row.role = account.role();
  row.disabled = account.disabled();
  logins_[account.login()] = slot;
  if (!account.external_id().empty()) external_ids_[account.external_id()] = slot;
}

void State::put(const pb::Grant& grant, Blob bytes) {
  Slot slot = grants_.find(GrantId{grant.id()});
  if (slot == kNoSlot) {
    slot = grants_.append(GrantId{grant.id()});
    grants_[slot].account = accounts_.find(AccountId{grant.account_id()});
    grants_[slot].next_of_account = std::exchange(accounts_[grants_[slot].account].first_grant, slot);
  } else {
    secrets_.erase(grants_[slot].secret);
  }
  GrantRow& row = grants_[slot];
  remember(pb::Event::kGrant, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  const auto secret = parse_secret_hash(grant.secret_hash());
  QIAO_CHECK(secret, "a grant has a secret");
  row.secret = *secret;
  row.expires = to_time(grant.expires_at());
  row.operations = operations_of(grant);
  row.kind = grant.kind();
  row.revoked = grant.revoked();
  secrets_[row.secret] = slot;
}

void State::put(const pb::Notification& notification, Blob bytes) {
  const Slot slot = notifications_.append(NotificationId{notification.id()});
  NotificationRow& row = notifications_[slot];
  row.bytes = std::move(bytes);
  row.party = parties_.find(PartyId{notification.party_id()});
  row.need = needs_.find(NeedId{notification.need_id()});
  row.line = static_cast<std::uint8_t>(notification.line());
  row.sent = to_time(notification.sent_at());
  row.next_of_party = std::exchange(parties_[row.party].first_notification, slot);
  remember(pb::Event::kNotification, slot, Blob(), 0);
}

void State::put(const pb::Offer& offer, Blob bytes) {
  Slot slot = offers_.find(OfferId{offer.id()});
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = offers_.append(OfferId{offer.id()});
  OfferRow& row = offers_[slot];
  remember(pb::Event::kOffer, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  if (fresh) {
    row.party = parties_.find(PartyId{offer.party_id()});
    PartyRow& party = parties_[row.party];
    row.next_of_party = party.first_offer;
    if (party.first_offer != kNoSlot) offers_[party.first_offer].previous_of_party = slot;
    party.first_offer = slot;
  }
  row.active = offer.state() == pb::OFFER_STATE_ACTIVE;
  row.point = to_point(offer.point());
  row.radius_m = offer.radius_m();
  row.valid_from = to_time(offer.valid_from());
  row.valid_to = to_time(offer.valid_to());
  row.skills = {};
  row.pattern = nullptr;
  row.smallest_lot = 1;
  row.extras.reset();
  // Most offers have none.
  const auto extras = [&row]() -> OfferExtras& {
    if (!row.extras) row.extras = std::make_unique<OfferExtras>();
    return *row.extras;
  };
  for (const auto& code : offer.categories()) {
    if (auto c = vocabulary_.find(WordList::kCategory, code)) extras().categories.set(*c);
    extras().has_categories = true;
  }
  if (offer.has_time()) {
    const pb::TimeSupply& time = offer.time();
    row.time_kind = static_cast<std::uint8_t>(time.kind());
    row.quantity = time.capacity();
    row.pattern = patterns_.intern(time.weekly());
    for (const auto& code : time.skills()) {
      if (auto s = vocabulary_.find(WordList::kSkill, code)) row.skills.set(*s);
    }
    for (const auto& c : time.certificates()) {
      if (auto k = vocabulary_.find(WordList::kCertificate, c.code())) {
        extras().certificates.push_back({*k, static_cast<std::uint16_t>(c.level()), to_time(c.expires_at())});
      }
    }
    for (const auto& e : time.exceptions()) {
      extras().exceptions.push_back(
          {e.date(), {static_cast<std::uint16_t>(e.start_minute()), static_cast<std::uint16_t>(e.end_minute())}});
    }
  } else {
    const pb::StockSupply& stock = offer.stock();
    row.time_kind = 0;
    row.quantity = stock.quantity();
    row.resource = vocabulary_.find(WordList::kResource, stock.resource()).value_or(0);
    row.smallest_lot = std::max<std::int64_t>(1, stock.smallest_lot());
    row.collect = stock.handover() == pb::HANDOVER_COLLECT;
    const Time expires = to_time(stock.expires_at());
    if (is_set(expires)) row.valid_to = is_set(row.valid_to) ? std::min(row.valid_to, expires) : expires;
  }
  if (observer_ != nullptr) observer_->offer_changed(slot);
}

void State::place_lines(NeedRow& row, Slot slot, const pb::Need& need) {
  const auto count = static_cast<std::uint8_t>(need.lines_size());
  if (count > row.line_room) {
    const Slot from = row.first_line;
    if (observer_ != nullptr && row.line_count > 0) observer_->need_removed(slot);
    row.first_line = static_cast<Slot>(lines_.size());
    lines_.resize(lines_.size() + count);
    // What matches hold stays with the line; the lines of a need never go below those that are held.
    for (std::uint8_t i = 0; i < row.line_count; ++i) lines_[row.first_line + i] = lines_[from + i];
    for (Slot m = row.first_match; m != kNoSlot; m = matches_[m].next_of_need) {
      matches_[m].line = matches_[m].line - from + row.first_line;
    }
    row.line_room = count;
  }
  for (std::uint8_t i = 0; i < count; ++i) {
    const pb::RequirementLine& from = need.lines(i);
    LineRow& line = lines_[row.first_line + i];
    if (i >= row.line_count) line = {};
    line.need = slot;
    line.number = static_cast<std::uint8_t>(i + 1);
    fill(line, from, *this);
  }
  row.line_count = count;
}

void State::put(const pb::Need& need, Blob bytes, Seq seq) {
  Slot slot = needs_.find(NeedId{need.id()});
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = needs_.append(NeedId{need.id()});
  NeedRow& row = needs_[slot];
  if (!fresh) contribute_fill(row, -1);
  remember(pb::Event::kNeed, slot, std::exchange(row.bytes, std::move(bytes)), row.touched);
  row.touched = std::max(row.touched, seq);
  fill(row, need, *this);
  place_lines(row, slot, need);
  contribute_fill(row, +1);
  row.due = due_of(need, policy_);
  schedule(TimerQueue::Kind::kNeed, slot, row.due);
  if (observer_ != nullptr) observer_->need_changed(slot);
}

void State::put(const pb::Match& match, Blob bytes, Seq seq) {
  Slot slot = matches_.find(MatchId{match.id()});
  const bool fresh = slot == kNoSlot;
  if (fresh) slot = matches_.append(MatchId{match.id()});
  MatchRow& row = matches_[slot];
  if (fresh) {
    row.need = needs_.find(NeedId{match.need_id()});
    row.line = line_of(row.need, match.line());
    row.offer = offers_.find(OfferId{match.offer_id()});
    row.next_of_need = std::exchange(needs_[row.need].first_match, slot);
    row.next_of_offer = std::exchange(offers_[row.offer].first_match, slot);
  } else {
    contribute(row, slot, -1);
  }
  NeedRow& need = needs_[row.need];
  remember(pb::Event::kMatch, slot, std::exchange(row.bytes, std::move(bytes)), need.touched);
  need.touched = std::max(need.touched, seq);
  row.quantity = match.quantity();
  row.window = {to_time(match.window().start()), to_time(match.window().end())};
  row.state = match.state();
  contribute(row, slot, +1);
  row.due = due_of(match, policy_);
  schedule(TimerQueue::Kind::kMatch, slot, row.due);
  if (observer_ != nullptr) observer_->need_changed(row.need);
}

// --- what rows imply ---

void State::contribute_fill(const NeedRow& need, std::int64_t sign) {
  if (!counts_for_fill(need.state)) return;
  std::int64_t filled = 0;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) filled += share_micro(lines_[l]);
  AreaRow& area = areas_[need.fairness];
  area.asked_micro += sign * need.line_count * kMicro;
  area.filled_micro += sign * filled;
  asked_micro_ += sign * need.line_count * kMicro;
  filled_micro_ += sign * filled;
}

void State::contribute(const MatchRow& m, Slot match, std::int64_t sign) {
  NeedRow& need = needs_[m.need];
  LineRow& line = lines_[m.line];
  OfferRow& offer = offers_[m.offer];
  if (holds(m.state)) {
    contribute_fill(need, -1);
    line.held += sign * m.quantity;
    if (secured(m.state)) line.secured += sign * m.quantity;
    contribute_fill(need, +1);
    if (offer.time_kind == 0) {
      offer.given += sign * m.quantity;
    } else {
      auto& calendar = bookings_[m.offer];
      if (sign > 0) {
        const auto at =
            std::upper_bound(calendar.begin(), calendar.end(), m.window.start,
                             [](Time t, const Booking& b) { return t < b.window.start; });
        calendar.insert(at, {m.window, m.quantity, match});
      } else {
        const auto at = std::find_if(calendar.begin(), calendar.end(), [&](const Booking& b) { return b.match == match; });
        QIAO_CHECK(at != calendar.end(), "a booking that goes was there");
        calendar.erase(at);
        if (calendar.empty()) bookings_.erase(m.offer);
      }
    }
  }
  PartyRow& party = parties_[offer.party];
  const auto step = static_cast<std::uint32_t>(sign);  // wraps to a subtraction
  if (broken(m.state)) party.broken += step;
  if (served(m.state)) {
    party.kept += step;
    history_[{offer.party, need.area}] += step;
    if (need.resident_ref != 0) history_[{offer.party, need.resident_ref | kResidentBit}] += step;
  }
}

std::string_view State::row_bytes(pb::Event::RowCase kind, std::uint64_t key) const {
  switch (kind) {
    case pb::Event::kArea: return areas_[areas_.find(AreaCode{key})].bytes.view();
    case pb::Event::kParty: return parties_[parties_.find(PartyId{key})].bytes.view();
    case pb::Event::kPerson: return persons_[persons_.find(PersonId{key})].bytes.view();
    case pb::Event::kOffer: return offers_[offers_.find(OfferId{key})].bytes.view();
    case pb::Event::kNeed: return needs_[needs_.find(NeedId{key})].bytes.view();
    case pb::Event::kMatch: return matches_[matches_.find(MatchId{key})].bytes.view();
    case pb::Event::kNotification: return notifications_[notifications_.find(NotificationId{key})].bytes.view();
    case pb::Event::kAccount: return accounts_[accounts_.find(AccountId{key})].bytes.view();
    case pb::Event::kGrant: return grants_[grants_.find(GrantId{key})].bytes.view();
    case pb::Event::kDisclosure:
    case pb::Event::kTaxonomy:
    case pb::Event::kPolicy:
    case pb::Event::ROW_NOT_SET: break;
  }
  QIAO_CHECK(false, "only things with a key have rows of their own");
  return {};
}

// --- timers ---

bool State::still_due(const TimerQueue::Entry& e) const {
  if (e.kind == TimerQueue::Kind::kMatch) return e.slot < matches_.size() && matches_[e.slot].due == e.due;
  if (e.kind == TimerQueue::Kind::kPerson) return e.slot < persons_.size() && persons_[e.slot].due == e.due;
  return e.slot < needs_.size() && needs_[e.slot].due == e.due;
}

void State::schedule(TimerQueue::Kind kind, Slot slot, Time due) {
  if (!is_set(due)) return;
  timers_.push({due, kind, slot});
  constexpr std::size_t kSlack = 4096;
  timers_.trim(2 * (std::size_t{needs_.size()} + matches_.size() + persons_.size()) + kSlack,
               [this](const TimerQueue::Entry& e) { return still_due(e); });
}

void State::schedule_all() {
  timers_.clear();
  for (Slot s = 0; s < needs_.size(); ++s) {
    needs_[s].due = due_of(load_need(s), policy_);
    schedule(TimerQueue::Kind::kNeed, s, needs_[s].due);
  }
  for (Slot s = 0; s < matches_.size(); ++s) {
    if (!holds(matches_[s].state)) continue;
    matches_[s].due = due_of(load_match(s), policy_);
    schedule(TimerQueue::Kind::kMatch, s, matches_[s].due);
  }
  for (Slot s = 0; s < persons_.size(); ++s) {
    persons_[s].due = due_of(load_person(s), policy_);
    schedule(TimerQueue::Kind::kPerson, s, persons_[s].due);
  }
}

std::optional<TimerQueue::Entry> State::next_timer() {
  return timers_.front([this](const TimerQueue::Entry& e) { return still_due(e); });
}

namespace {

template <class Pick>
Time over_lines(const pb::Need& need, Pick pick) {
  Time result{};
  for (const auto& line : need.lines()) result = pick(result, line.window());
  return result;
}

}  // namespace

Time first_start(const pb::Need& need) {
  return over_lines(need, [](Time t, const pb::Window& w) { return is_set(t) ? std::min(t, to_time(w.start())) : to_time(w.start()); });
}
Time last_start(const pb::Need& need) {
  return over_lines(need, [](Time t, const pb::Window& w) { return std::max(t, to_time(w.start())); });
}
Time last_end(const pb::Need& need) {
  return over_lines(need, [](Time t, const pb::Window& w) { return std::max(t, to_time(w.end())); });
}
Time closing_time(const pb::Need& need) {
  const Time start = need.all_or_nothing() ? first_start(need) : last_start(need);
  return need.deadline() == 0 ? start : std::min(start, to_time(need.deadline()));
}

Time due_of(const pb::Need& need, const pb::Policy& policy) {
  const pb::TimeLimits& limits = policy.limits();
  switch (need.state()) {
    case pb::NEED_STATE_DRAFT: return to_time(need.created_at() + limits.draft());
    case pb::NEED_STATE_SUBMITTED: {
      const Time check = to_time(std::max(need.submitted_at(), need.raised_at()) + limits.check());
      return need.raised() < kMaxRaised ? std::min(check, closing_time(need)) : closing_time(need);
    }
    case pb::NEED_STATE_OPEN: {
      const Time start = need.all_or_nothing() ? first_start(need) : last_start(need);
      if (need.closed()) return start;
      const Time closing = closing_time(need);
      const Time since = to_time(std::max(need.opened_at(), need.raised_at()));
      const Time half = since + (closing - since) / 2;
      return need.raised() < kMaxRaised && half > since ? std::min(half, closing) : closing;
    }
    case pb::NEED_STATE_FILLED: return first_start(need);
    case pb::NEED_STATE_IN_SERVICE: return last_end(need) + Seconds{limits.grace()};
    case pb::NEED_STATE_DONE:
      return to_time(need.done_at() + (need.review_requested() ? limits.close() : limits.ask_review()));
    default: {
      // It has ended: what is left is to forget whom it was for.
      const std::int64_t days = policy.retention().need_days();
      if (days == 0 || need.ended_at() == 0 || !has_marked(need)) return {};
      return to_time(need.ended_at()) + std::chrono::days{days};
    }
  }
}

Time due_of(const pb::Person& person, const pb::Policy& policy) {
  const std::int64_t days = policy.retention().person_days();
  if (days == 0 || person.removed_at() == 0 || !has_marked(person)) return {};
  return to_time(person.removed_at()) + std::chrono::days{days};
}

std::optional<SecretHash> parse_secret_hash(std::string_view hex) {
  SecretHash hash{};
  if (hex.size() != 2 * hash.size()) return std::nullopt;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    const char c = hex[i];
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return std::nullopt;
    hash[i / 2] = static_cast<unsigned char>(hash[i / 2] << 4 | digit);
  }
  return hash;
}

Time due_of(const pb::Match& match, const pb::Policy& policy) {
  const pb::TimeLimits& limits = policy.limits();
  switch (match.state()) {
    case pb::MATCH_STATE_PROPOSED:
    case pb::MATCH_STATE_DISPATCHED:
    case pb::MATCH_STATE_CLAIMED: return to_time(match.answer_by());
    case pb::MATCH_STATE_ACCEPTED:
    case pb::MATCH_STATE_CHECKED_IN: return to_time(match.window().end() + limits.grace());
    case pb::MATCH_STATE_SERVED: return to_time(match.checked_out_at() + limits.close());
    default: return {};
  }
}

}  // namespace qiao
