// How a row changes the state. Rows are read from their bytes, whether those come from an event or
// from disk.
#include <algorithm>

#include "engine/rows/due.h"
#include "engine/rows/limits.h"
#include "engine/rows/operations.h"
#include "engine/rows/sound.h"
#include "engine/rows/state.h"

namespace qiao {
namespace {

template <class Message>
bool parse(std::string_view bytes, Message& message) {
  return message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

void put_in(Slot area, NeedRow& row, const State& state) {
  row.area = area;
  row.fairness = state.areas()[area].fairness;
}

void fill(NeedRow& row, const NeedFacts& need, const State& state) {
  row.organiser = need.organiser;
  row.point = matching_point(need.point);
  row.state = need.state;
  row.urgency = need.urgency;
  row.category = state.vocabulary().find(WordList::kCategory, need.category).value_or(0);
  row.all_or_nothing = need.all_or_nothing;
  row.raised = static_cast<std::uint8_t>(need.raised);
  row.ratio = static_cast<std::uint16_t>(need.ratio);
  row.deadline = need.deadline;
  row.resident_ref = need.resident_ref;
  row.travel_m = need.travel_m;
  row.excluded.reset();
  if (!need.excluded.empty())
    row.excluded =
        std::make_unique<std::vector<PartyId>>(need.excluded.begin(), need.excluded.end());
}

void fill(NeedProgress& progress, const NeedFacts& need, const State& state) {
  const auto seconds = [](Time t) { return static_cast<std::uint32_t>(to_int(t)); };
  const auto term = [&](WordList list, std::string_view code) {
    if (code.empty()) return NeedProgress::kNoTerm;
    return state.vocabulary().find(list, code).value_or(NeedProgress::kNoTerm);
  };
  progress = {.created = seconds(need.created_at),
              .submitted = seconds(need.submitted_at),
              .opened = seconds(need.opened_at),
              .filled = seconds(need.filled_at),
              .started = seconds(need.started_at),
              .done = seconds(need.done_at),
              .ended = seconds(need.ended_at),
              .programme = term(WordList::kProgramme, need.programme),
              .beneficiary = term(WordList::kBeneficiary, need.beneficiary),
              .stars = static_cast<std::uint8_t>(need.stars),
              .erased = need.erased};
}

void fill(LineRow& row, const LineFacts& line, const State& state) {
  const Vocabulary& words = state.vocabulary();
  row.quantity = static_cast<std::int32_t>(line.quantity);
  row.window = line.window;
  row.skills = {};
  row.certificate = 0xff;
  row.level = 0;
  row.time_kind = 0;
  row.week = kWholeWeek;
  if (line.stock) {
    row.week = 0;
    row.resource = words.find(WordList::kResource, line.resource).value_or(0);
    return;
  }
  row.time_kind = static_cast<std::uint8_t>(line.time_kind);
  row.week = intervals_of(state.zone(), row.window);
  for (const std::string_view code : line.skills) {
    if (const auto s = words.find(WordList::kSkill, code)) row.skills.set(*s);
  }
  if (const auto c = words.find(WordList::kCertificate, line.certificate)) {
    row.certificate = static_cast<std::uint8_t>(*c);
    row.level = static_cast<std::uint8_t>(std::max(1U, line.level));
  }
}

}  // namespace

void fill(NeedRow& row, const pb::Need& need, const State& state) {
  const std::string bytes = need.SerializeAsString();  // facts are views into it
  const auto facts = NeedFacts::read(bytes);
  put_in(state.areas().find(facts->area), row, state);
  fill(row, *facts, state);
}

void fill(LineRow& row, const pb::RequirementLine& line, const State& state) {
  const std::string bytes = line.SerializeAsString();  // as above
  fill(row, *LineFacts::read(bytes), state);
}

void State::fold(const pb::Event& event) {
  QIAO_CHECK(event.seq() == last_seq_ + 1, "events come in order, without a gap");
  QIAO_CHECK(to_time(event.time()) >= last_time_, "time does not run backwards");
  last_seq_ = event.seq();
  last_time_ = to_time(event.time());
  // A disclosure is in the journal only: it has no table.
  if (event.has_disclosure()) return;
  QIAO_CHECK(event.row_case() != pb::Event::ROW_NOT_SET, "every event carries a row");
  const auto* field = pb::Event::descriptor()->FindFieldByNumber(event.row_case());
  buffer_.clear();
  const bool ok = event.GetReflection()->GetMessage(event, field).AppendToString(&buffer_) &&
                  load_row(event.row_case(), Blob(buffer_));
  QIAO_CHECK(ok, "a row is valid, and the rows it references exist");
}

const google::protobuf::Message& State::row_type(pb::Event::RowCase kind) {
  const auto* field = pb::Event::descriptor()->FindFieldByNumber(kind);
  QIAO_CHECK(field != nullptr, "every row is of some kind");
  return *google::protobuf::MessageFactory::generated_factory()->GetPrototype(
      field->message_type());
}

bool State::load_row(pb::Event::RowCase kind, Blob bytes) {
  switch (kind) {
#define QIAO_KIND(Name, one, ...) \
  case pb::Event::k##Name:        \
    return put_##one(std::move(bytes));
#define QIAO_SETTING(Name, one, ...) \
  case pb::Event::k##Name:           \
    return put_##one(bytes.view());
#define QIAO_RECORD(Name, ...) case pb::Event::k##Name:
#include "engine/rows/kinds.inc"
    case pb::Event::ROW_NOT_SET:
      break;
  }
  return false;
}

bool State::put_taxonomy(std::string_view bytes) {
  pb::Taxonomy taxonomy;
  if (!parse(bytes, taxonomy) || !is_sound(taxonomy)) return false;
  remember(pb::Event::kTaxonomy, 0, Blob(vocabulary_.taxonomy().SerializeAsString()), 0);
  vocabulary_ = Vocabulary(std::move(taxonomy));
  if (observer_ != nullptr) observer_->settings_changed();
  return true;
}

bool State::put_policy(std::string_view bytes) {
  pb::Policy policy;
  // Before the first policy there is none to restore.
  const bool none = bytes.empty() && !loading_;
  if (!parse(bytes, policy) || !(none || is_sound(policy))) return false;
  // Before the first policy the time zone is UTC.
  auto zone = policy.time_zone().empty() ? TimeZone() : TimeZone::load(policy.time_zone());
  if (!zone) return false;
  remember(pb::Event::kPolicy, 0, Blob(policy_.SerializeAsString()), 0);
  const bool other_limits =
      policy.limits().SerializeAsString() != policy_.limits().SerializeAsString() ||
      policy.retention().SerializeAsString() != policy_.retention().SerializeAsString();
  policy_ = std::move(policy);
  zone_ = std::move(*zone);
  if (other_limits) limits_changed();
  if (observer_ != nullptr) observer_->settings_changed();
  return true;
}

bool State::put_area(Blob bytes) {
  const auto area = AreaFacts::read(bytes.view());
  if (!area || !is_sound(*area)) return false;
  Slot slot = areas_.find(area->code);
  const bool is_new = slot == kNoSlot;
  if (!is_new && loading_) return false;
  if (is_new) slot = areas_.append(area->code);
  AreaRow& row = areas_[slot];
  remember(pb::Event::kArea, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.level = area->level;
  row.point = area->point;
  if (loading_) {
    loading_->parents.push_back(area->parent ? area->parent : area->code);
    return true;
  }
  row.parent = area->parent ? areas_.find(area->parent) : kNoSlot;
  row.fairness = area->level == pb::AREA_LEVEL_GRID && row.parent != kNoSlot ? row.parent : slot;
  return true;
}

bool State::put_party(Blob bytes) {
  const auto party = PartyFacts::read(bytes.view());
  if (!party || !is_sound(*party)) return false;
  const Slot area = loading_ ? kNoSlot : areas_.find(party->area);
  Slot slot = parties_.find(party->id);
  const bool is_new = slot == kNoSlot;
  if (loading_ ? !is_new : area == kNoSlot) return false;
  if (is_new && !takes(parties_, party->id)) return false;
  if (is_new) slot = parties_.append(party->id);
  if (loading_) loading_->of_parties.push_back(party->area);
  PartyRow& row = parties_[slot];
  remember(pb::Event::kParty, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.kind = party->kind;
  row.standing = party->standing;
  set_parent(row, party->parent);
  row.area = area;
  row.point = party->point;
  row.radius_m = party->radius_m;
  row.exclusions.reset();
  if (!party->excluded_categories.empty() || !party->excluded_areas.empty()) {
    row.exclusions = std::make_unique<PartyExclusions>();
    row.exclusions->categories = category_set(party->excluded_categories);
    row.exclusions->areas.assign(party->excluded_areas.begin(), party->excluded_areas.end());
  }
  if (observer_ != nullptr && !is_new) observer_->party_changed(slot);
  return true;
}

bool State::put_person(Blob bytes) {
  pb::Person person;
  if (!parse(bytes.view(), person) || !is_sound(person)) return false;
  Slot slot = persons_.find(PersonId{person.id()});
  if (loading_ && slot != kNoSlot) return false;
  if (slot == kNoSlot) {
    const Slot party = parties_.find(PartyId{person.party_id()});
    if (party == kNoSlot || !takes(persons_, PersonId{person.id()})) return false;
    slot = persons_.append(PersonId{person.id()});
    // A person never moves to another party.
    persons_[slot].party = party;
    persons_[slot].next_of_party = std::exchange(parties_[party].first_person, slot);
  }
  PersonRow& row = persons_[slot];
  remember(pb::Event::kPerson, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.due = due_of(person, policy_);
  schedule(TimerQueue::Kind::kPerson, slot, row.due);
  return true;
}

void State::unindex_names(Slot slot) {
  const pb::Account account = load_account(slot);
  logins_.erase(account.login());
  if (!account.external_id().empty()) external_ids_.erase(account.external_id());
  const auto forget = [slot](auto& lists, auto whose) {
    const auto list = lists.find(whose);
    if (list == lists.end()) return;
    std::erase(list->second, slot);
    if (list->second.empty()) lists.erase(list);
  };
  forget(accounts_of_party_, PartyId{account.party_id()});
  forget(accounts_of_person_, account.person_id());
  forget(accounts_of_resident_, account.resident_ref());
}

bool State::put_account(Blob bytes) {
  pb::Account account;
  if (!parse(bytes.view(), account) || !is_sound(account)) return false;
  Slot slot = accounts_.find(AccountId{account.id()});
  if (loading_ && slot != kNoSlot) return false;
  if (slot == kNoSlot) {
    if (!takes(accounts_, AccountId{account.id()})) return false;
    slot = accounts_.append(AccountId{account.id()});
  } else {
    unindex_names(slot);
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
  if (account.party_id() != 0) accounts_of_party_[PartyId{account.party_id()}].push_back(slot);
  if (account.person_id() != 0) accounts_of_person_[account.person_id()].push_back(slot);
  if (account.resident_ref() != 0) accounts_of_resident_[account.resident_ref()].push_back(slot);
  return true;
}

bool State::put_grant(Blob bytes) {
  pb::Grant grant;
  if (!parse(bytes.view(), grant) || !is_sound(grant)) return false;
  const auto secret = parse_secret_hash(grant.secret_hash());
  if (!secret) return false;
  Slot slot = grants_.find(GrantId{grant.id()});
  if (loading_ && slot != kNoSlot) return false;
  if (slot == kNoSlot) {
    const Slot account = accounts_.find(AccountId{grant.account_id()});
    if (account == kNoSlot || !takes(grants_, GrantId{grant.id()})) return false;
    slot = grants_.append(GrantId{grant.id()});
    grants_[slot].account = account;
    grants_[slot].next_of_account = std::exchange(accounts_[account].first_grant, slot);
  } else {
    secrets_.erase(grants_[slot].secret);
  }
  GrantRow& row = grants_[slot];
  remember(pb::Event::kGrant, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  row.secret = *secret;
  row.expires = to_time(grant.expires_at());
  row.operations = operations_of(grant);
  row.kind = grant.kind();
  row.revoked = grant.revoked();
  secrets_[row.secret] = slot;
  return true;
}

bool State::put_notification(Blob bytes) {
  const auto notification = NotificationFacts::read(bytes.view());
  if (!notification || !is_sound(*notification)) return false;
  const Slot party = parties_.find(notification->party);
  const Slot need = needs_.find(notification->need);
  // Notifications never change, so it is a new one.
  if (party == kNoSlot || need == kNoSlot || !takes(notifications_, notification->id)) return false;
  const Slot slot = notifications_.append(notification->id);
  NotificationRow& row = notifications_[slot];
  row.bytes = std::move(bytes);
  row.party = party;
  row.need = need;
  row.line = static_cast<std::uint8_t>(notification->line);
  row.sent = notification->sent;
  row.next_of_party = std::exchange(parties_[party].first_notification, slot);
  remember(pb::Event::kNotification, slot, Blob(), 0);
  return true;
}

CategorySet State::category_set(const Codes& codes) const {
  CategorySet set;
  for (const std::string_view code : codes) {
    if (const auto c = vocabulary_.find(WordList::kCategory, code)) set.set(*c);
  }
  return set;
}

void State::link_offer(Slot offer, Slot party) {
  OfferRow& row = offers_[offer];
  row.party = party;
  row.next_of_party = std::exchange(parties_[party].first_offer, offer);
  if (row.next_of_party != kNoSlot) offers_[row.next_of_party].previous_of_party = offer;
  if (row.active) ++parties_[party].active_offers;
}

bool State::put_offer(Blob bytes) {
  const auto offer = OfferFacts::read(bytes.view());
  if (!offer || !is_sound(*offer)) return false;
  Slot slot = offers_.find(offer->id);
  if (loading_) {
    if (slot != kNoSlot || !takes(offers_, offer->id)) return false;
    slot = offers_.append(offer->id);
    loading_->of_offers.push_back(offer->party);
  } else if (slot == kNoSlot) {
    const Slot party = parties_.find(offer->party);
    if (party == kNoSlot || !takes(offers_, offer->id)) return false;
    slot = offers_.append(offer->id);
    link_offer(slot, party);
  }
  OfferRow& row = offers_[slot];
  remember(pb::Event::kOffer, slot, std::exchange(row.bytes, std::move(bytes)), 0);
  if (!loading_ && row.active != offer->active) {
    parties_[row.party].active_offers += offer->active ? 1U : ~0U;  // wraps to a subtraction
  }
  row.active = offer->active;
  row.point = offer->point;
  row.radius_m = offer->radius_m;
  row.valid_from = offer->valid_from;
  row.valid_to = offer->valid_to;
  row.categories = offer->categories.empty()
                       ? nullptr
                       : &*category_sets_.insert(category_set(offer->categories)).first;
  row.time_kind = static_cast<std::uint8_t>(offer->time_kind);
  row.quantity = offer->quantity;
  row.skills = {};
  row.pattern = nullptr;
  row.smallest_lot = 1;
  row.extras.reset();
  if (offer->time_kind != pb::TIME_KIND_UNSPECIFIED) {
    row.pattern = patterns_.intern({offer->weekly.data(), offer->weekly.size()});
    for (const std::string_view code : offer->skills) {
      if (const auto s = vocabulary_.find(WordList::kSkill, code)) row.skills.set(*s);
    }
    // Most offers have none.
    if (!offer->certificates.empty() || !offer->exceptions.empty())
      row.extras = std::make_unique<OfferExtras>();
    for (const CertificateFacts& c : offer->certificates) {
      if (const auto k = vocabulary_.find(WordList::kCertificate, c.code))
        row.extras->certificates.push_back({*k, static_cast<std::uint16_t>(c.level), c.expires});
    }
    if (row.extras)
      row.extras->exceptions.assign(offer->exceptions.begin(), offer->exceptions.end());
  } else {
    row.resource = vocabulary_.find(WordList::kResource, offer->resource).value_or(0);
    row.smallest_lot = static_cast<std::int32_t>(std::max<std::int64_t>(1, offer->smallest_lot));
    row.collect = offer->collect;
    if (is_set(offer->expires))
      row.valid_to = is_set(row.valid_to) ? std::min(row.valid_to, offer->expires) : offer->expires;
  }
  if (observer_ != nullptr) observer_->offer_changed(slot);
  return true;
}

void State::place_lines(NeedRow& row, Slot slot, const NeedFacts& need) {
  const auto count = static_cast<std::uint8_t>(need.lines.size());
  if (count > row.line_room) {
    const Slot from = row.first_line;
    if (observer_ != nullptr && row.line_count > 0) observer_->need_removed(slot);
    row.first_line = lines_.size();
    lines_.resize(lines_.size() + count);
    // Quantities held by matches stay with the line; a need never has fewer lines than are held.
    for (std::uint8_t i = 0; i < row.line_count; ++i) lines_[row.first_line + i] = lines_[from + i];
    for (Slot m = row.first_match; m != kNoSlot; m = matches_[m].next_of_need) {
      matches_[m].line = matches_[m].line - from + row.first_line;
    }
    row.line_room = count;
  }
  for (std::uint8_t i = 0; i < count; ++i) {
    LineRow& line = lines_[row.first_line + i];
    if (i >= row.line_count) line = {};
    line.need = slot;
    line.number = static_cast<std::uint8_t>(i + 1);
    fill(line, need.lines[i], *this);
  }
  row.line_count = count;
}

bool State::put_need(Blob bytes) {
  const auto need = NeedFacts::read(bytes.view());
  if (!need || !is_sound(*need)) return false;
  const Slot area = loading_ ? kNoSlot : areas_.find(need->area);
  Slot slot = needs_.find(need->id);
  const bool is_new = slot == kNoSlot;
  if (loading_ ? !is_new : area == kNoSlot) return false;
  if (is_new && !takes(needs_, need->id)) return false;
  if (is_new) slot = needs_.append(need->id);
  if (loading_) loading_->of_needs.push_back(need->area);
  NeedRow& row = needs_[slot];
  if (!is_new) {
    contribute_fill(row, -1);
    if (row.resident_ref != need->resident_ref) unlink_resident(slot);
    if (row.area != area) leave_waiting(slot);
  }
  const bool another_resident = is_new || row.resident_ref != need->resident_ref;
  remember(pb::Event::kNeed, slot, std::exchange(row.bytes, std::move(bytes)), row.last_change);
  row.last_change = std::max(row.last_change, need->version);
  if (!loading_) put_in(area, row, *this);
  fill(row, *need, *this);
  if (is_new) progress_.resize(needs_.size());
  fill(progress_[slot], *need, *this);
  if (another_resident && !loading_) link_resident(slot);
  place_lines(row, slot, *need);
  if (!loading_) {
    contribute_fill(row, +1);
    update_waiting(slot);
  }
  row.due = due_of(*need, policy_);
  schedule(TimerQueue::Kind::kNeed, slot, row.due);
  if (observer_ != nullptr) observer_->need_changed(slot);
  return true;
}

bool State::put_match(Blob bytes) {
  const auto match = MatchFacts::read(bytes.view());
  if (!match || !is_sound(*match)) return false;
  Slot slot = matches_.find(match->id);
  if (loading_ && slot != kNoSlot) return false;
  if (slot == kNoSlot) {
    const Slot need = needs_.find(match->need);
    const Slot line = need == kNoSlot ? kNoSlot : line_of(need, match->line);
    const Slot offer = offers_.find(match->offer);
    if (line == kNoSlot || offer == kNoSlot || !takes(matches_, match->id)) return false;
    // No line holds more than it asks for.
    const std::int64_t room = std::int64_t{lines_[line].quantity} - lines_[line].held;
    if (holds(match->state) && match->quantity > room) return false;
    slot = matches_.append(match->id);
    MatchRow& row = matches_[slot];
    row.need = need;
    row.line = line;
    row.offer = offer;
    row.next_of_need = std::exchange(needs_[need].first_match, slot);
    row.next_of_offer = std::exchange(offers_[offer].first_match, slot);
  } else {
    contribute(matches_[slot], slot, -1);
  }
  MatchRow& row = matches_[slot];
  NeedRow& need = needs_[row.need];
  remember(pb::Event::kMatch, slot, std::exchange(row.bytes, std::move(bytes)), need.last_change);
  need.last_change = std::max(need.last_change, match->version);
  row.quantity = match->quantity;
  row.window = match->window;
  row.state = match->state;
  contribute(row, slot, +1);
  if (!loading_) update_waiting(row.need);
  row.due = due_of(*match, policy_);
  schedule(TimerQueue::Kind::kMatch, slot, row.due);
  if (observer_ != nullptr) observer_->need_changed(row.need);
  return true;
}

// Linking rows to the rows that they reference, once all are loaded.

namespace {

// Calls link(slot, slot of the referenced row) for each id; returns false if one is missing.
template <class Id, class Rows, class Link>
bool link_each(const std::vector<Id>& ids, Rows& rows, Link link) {
  constexpr std::size_t kTogether = 32;
  for (std::size_t begin = 0; begin < ids.size(); begin += kTogether) {
    const std::size_t end = std::min(ids.size(), begin + kTogether);
    for (std::size_t i = begin; i < end; ++i) rows.prefetch(ids[i]);
    for (std::size_t i = begin; i < end; ++i) rows.prefetch_row(ids[i]);
    for (std::size_t i = begin; i < end; ++i) {
      const Slot found = rows.find(ids[i]);
      if (found == kNoSlot) return false;
      link(static_cast<Slot>(i), found);
    }
  }
  return true;
}

}  // namespace

bool State::link_areas() {
  bool rising = true;
  const bool found = link_each(loading_->parents, areas_, [this, &rising](Slot area, Slot parent) {
    AreaRow& row = areas_[area];
    row.parent = parent == area ? kNoSlot : parent;
    row.fairness = row.level == pb::AREA_LEVEL_GRID && row.parent != kNoSlot ? row.parent : area;
    // Each is in an area of a higher level, so that there are no cycles.
    rising = rising && (parent == area || areas_[parent].level < row.level);
  });
  return found && rising;
}

bool State::link_parties() {
  return link_each(loading_->of_parties, areas_,
                   [this](Slot party, Slot area) { parties_[party].area = area; });
}

bool State::link_offers() {
  return link_each(loading_->of_offers, parties_,
                   [this](Slot offer, Slot party) { link_offer(offer, party); });
}

bool State::link_needs() {
  return link_each(loading_->of_needs, areas_, [this](Slot need, Slot area) {
    put_in(area, needs_[need], *this);
    contribute_fill(needs_[need], +1);
  });
}

}  // namespace qiao
