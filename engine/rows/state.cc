#include "engine/rows/state.h"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "engine/base/fixed.h"
#include "engine/rows/due.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

// Separates residents from areas in the history.
constexpr std::uint64_t kResidentBit = std::uint64_t{1} << 63;

template <class Message>
Message parse(const Blob& bytes) {
  Message m;
  const bool ok = m.ParseFromArray(bytes.view().data(), static_cast<int>(bytes.view().size()));
  QIAO_CHECK(ok, "a row in memory is what was put there");
  return m;
}

std::int64_t share_micro(const LineRow& l) {
  return std::min(l.held, l.quantity) * kMicro / l.quantity;
}

}  // namespace

State::State() = default;

Slot State::line_of(Slot need, std::uint32_t number) const {
  const NeedRow& n = needs_[need];
  return number >= 1 && number <= n.line_count ? n.first_line + number - 1 : kNoSlot;
}

namespace {

template <class Map, class Key>
Slot look_up(const Map& map, const Key& key) {
  const auto it = map.find(key);
  return it == map.end() ? kNoSlot : it->second;
}

}  // namespace

Slot State::account_by_login(std::string_view login) const {
  return look_up(logins_, std::string(login));
}
Slot State::account_by_external_id(std::string_view external_id) const {
  return look_up(external_ids_, std::string(external_id));
}
Slot State::grant_by_secret(const SecretHash& secret) const { return look_up(secrets_, secret); }
std::string State::area_name(Slot area) const {
  return area == kNoSlot ? std::string() : load_area(area).name();
}

namespace {

// Adds what a resource has in addition to its row: for most kinds nothing.
template <class Message>
void complete(const State&, Slot, Message&) {}

void complete(const State& state, Slot slot, pb::Need& need) {
  const NeedRow& row = state.needs()[slot];
  need.set_version(row.last_change);
  for (int i = 0; i < need.lines_size(); ++i) {
    need.mutable_lines(i)->set_held(state.line(row.first_line + static_cast<Slot>(i)).held);
  }
}

}  // namespace

#define QIAO_KIND(Name, one, many, ...)               \
  pb::Name State::load_##one(Slot s) const {          \
    auto message = parse<pb::Name>(many##_[s].bytes); \
    complete(*this, s, message);                      \
    return message;                                   \
  }
#include "engine/rows/kinds.inc"

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
  // No booking is longer than kMaxWindow, so none that starts earlier overlaps.
  auto at = std::lower_bound(all.begin(), all.end(), window.start - kMaxWindow,
                             [](const Booking& b, Time t) { return b.window.start < t; });
  boost::container::small_vector<std::pair<Time, std::int64_t>, 16> steps;
  for (; at != all.end() && at->window.start < window.end; ++at) {
    if (!overlap(at->window, window)) continue;
    steps.emplace_back(std::max(at->window.start, window.start), at->quantity);
    steps.emplace_back(at->window.end, -at->quantity);
  }
  // At the same instant ends are counted before starts: windows are half open.
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

std::span<const Slot> State::accounts_of_party(PartyId party) const {
  const auto at = accounts_of_party_.find(party);
  return at == accounts_of_party_.end() ? std::span<const Slot>() : at->second;
}

std::span<const Slot> State::accounts_of_person(PersonId person) const {
  const auto at = accounts_of_person_.find(person.value());
  return at == accounts_of_person_.end() ? std::span<const Slot>() : at->second;
}

std::span<const Slot> State::accounts_of_resident(std::uint64_t resident_ref) const {
  const auto at = accounts_of_resident_.find(resident_ref);
  return at == accounts_of_resident_.end() ? std::span<const Slot>() : at->second;
}

std::span<const PartyId> State::branches_of(PartyId party) const {
  const auto it = branches_.find(party);
  return it == branches_.end() ? std::span<const PartyId>() : std::span<const PartyId>(it->second);
}

void State::set_parent(PartyRow& row, PartyId parent) {
  // Acting on behalf of the parent would include the whole area of an organiser: an older row that
  // names one is read as if it named none.
  if (organises(row.kind)) parent = PartyId{};
  if (row.parent == parent) return;
  if (const auto old = branches_.find(row.parent); old != branches_.end()) {
    std::erase(old->second, row.id);
    if (old->second.empty()) branches_.erase(old);
  }
  if (parent) branches_[parent].push_back(row.id);
  row.parent = parent;
}

Slot State::first_need_of_resident(std::uint64_t resident_ref) const {
  const auto at = residents_.find(resident_ref);
  return resident_ref == 0 || at == residents_.end() ? kNoSlot : at->second;
}

void State::link_resident(Slot need) {
  NeedRow& row = needs_[need];
  row.previous_of_resident = kNoSlot;
  row.next_of_resident = kNoSlot;
  if (row.resident_ref == 0) return;
  const auto [first, is_new] = residents_.try_emplace(row.resident_ref, need);
  if (is_new) return;
  row.next_of_resident = std::exchange(first->second, need);
  needs_[row.next_of_resident].previous_of_resident = need;
}

void State::unlink_resident(Slot need) {
  const NeedRow& row = needs_[need];
  if (row.resident_ref == 0) return;
  if (row.next_of_resident != kNoSlot)
    needs_[row.next_of_resident].previous_of_resident = row.previous_of_resident;
  if (row.previous_of_resident != kNoSlot) {
    needs_[row.previous_of_resident].next_of_resident = row.next_of_resident;
  } else if (row.next_of_resident != kNoSlot) {
    residents_[row.resident_ref] = row.next_of_resident;
  } else {
    residents_.erase(row.resident_ref);
  }
}

bool State::waits(const NeedRow& need) const {
  if (need.state == pb::NEED_STATE_SUBMITTED || need.state == pb::NEED_STATE_DONE) return true;
  if (need.state == pb::NEED_STATE_OPEN && need.raised > 0) return true;
  if (!live(need.state) || need.state == pb::NEED_STATE_DRAFT) return false;
  for (Slot m = need.first_match; m != kNoSlot; m = matches_[m].next_of_need) {
    if (matches_[m].state == pb::MATCH_STATE_CLAIMED || matches_[m].state == pb::MATCH_STATE_SERVED)
      return true;
  }
  return false;
}

void State::leave_waiting(Slot need) {
  NeedRow& row = needs_[need];
  if (row.place_in_waiting == kNoSlot) return;
  const auto it = waiting_.find(row.area);
  std::vector<Slot>& list = it->second;
  list[row.place_in_waiting] = list.back();
  needs_[list.back()].place_in_waiting = row.place_in_waiting;
  list.pop_back();
  if (list.empty()) waiting_.erase(it);
  row.place_in_waiting = kNoSlot;
  update_waiting_in_city(need);
}

void State::update_waiting_in_city(Slot need) {
  const NeedRow& row = needs_[need];
  if (row.place_in_waiting != kNoSlot && row.raised >= kMaxRaised) {
    waiting_in_city_.insert(need);
  } else {
    waiting_in_city_.erase(need);
  }
}

std::span<const Slot> State::waiting_in(Slot area) const {
  const auto it = waiting_.find(area);
  return it == waiting_.end() ? std::span<const Slot>() : std::span<const Slot>(it->second);
}

void State::update_waiting(Slot need) {
  NeedRow& row = needs_[need];
  if (waits(row) == (row.place_in_waiting != kNoSlot)) return update_waiting_in_city(need);
  if (row.place_in_waiting != kNoSlot) return leave_waiting(need);
  std::vector<Slot>& list = waiting_[row.area];
  row.place_in_waiting = static_cast<Slot>(list.size());
  list.push_back(need);
  update_waiting_in_city(need);
}

void State::link_lists() {
  residents_.clear();
  waiting_.clear();
  waiting_in_city_.clear();
  for (Slot s = 0; s < needs_.size(); ++s) {
    link_resident(s);
    needs_[s].place_in_waiting = kNoSlot;
    update_waiting(s);
  }
}

void State::loaded(Seq last_seq, Time last_time) {
  loading_.reset();
  last_seq_ = last_seq;
  last_time_ = last_time;
}

// --- what rows imply ---

void State::contribute_fill(const NeedRow& need, std::int64_t sign) {
  if (!counts_for_fill(need.state)) return;
  std::int64_t filled = 0;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l)
    filled += share_micro(lines_[l]);
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
        const auto at = std::find_if(calendar.begin(), calendar.end(),
                                     [&](const Booking& b) { return b.match == match; });
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

const google::protobuf::Message& State::setting(pb::Event::RowCase kind) const {
  switch (kind) {
#define QIAO_SETTING(Name, one, ...) \
  case pb::Event::k##Name:           \
    return one();
#include "engine/rows/kinds.inc"
    default:
      QIAO_CHECK(false, "it is a setting");
      return policy_;
  }
}

std::string_view State::row_bytes(pb::Event::RowCase kind, std::uint64_t key) const {
  return visit_kind(kind, [&](auto k) -> std::string_view {
    if constexpr (Keyed<decltype(k)>) {
      const auto& table = rows(k);
      return table[table.find(typename decltype(k)::Id{key})].bytes.view();
    } else {
      QIAO_CHECK(false, "only things with a key have rows of their own");
      return {};
    }
  });
}

// --- timers ---

bool State::still_due(const TimerQueue::Entry& e) const {
  if (e.kind == TimerQueue::Kind::kMatch)
    return e.slot < matches_.size() && matches_[e.slot].due == e.due;
  if (e.kind == TimerQueue::Kind::kPerson)
    return e.slot < persons_.size() && persons_[e.slot].due == e.due;
  return e.slot < needs_.size() && needs_[e.slot].due == e.due;
}

void State::schedule(TimerQueue::Kind kind, Slot slot, Time due) {
  if (!is_set(due) || loading_) return;
  timers_.push({due, kind, slot});
  constexpr std::size_t kSlack = 4096;
  timers_.trim(2 * (std::size_t{needs_.size()} + matches_.size() + persons_.size()) + kSlack,
               [this](const TimerQueue::Entry& e) { return still_due(e); });
}

void State::start_timers() {
  std::vector<TimerQueue::Entry> entries;
  // Untouched memory is not allocated; a million entries are not copied while the table grows.
  entries.reserve(std::size_t{needs_.size()} + matches_.size() + persons_.size());
  const auto add = [&](TimerQueue::Kind kind, Slot slot, Time due) {
    if (is_set(due)) entries.push_back({due, kind, slot});
  };
  for (Slot s = 0; s < needs_.size(); ++s) add(TimerQueue::Kind::kNeed, s, needs_[s].due);
  for (Slot s = 0; s < matches_.size(); ++s) add(TimerQueue::Kind::kMatch, s, matches_[s].due);
  for (Slot s = 0; s < persons_.size(); ++s) add(TimerQueue::Kind::kPerson, s, persons_[s].due);
  timers_.assign(std::move(entries));
}

void State::limits_changed() {
  // A small market is computed at once.
  constexpr std::size_t kAtOnce = 500;
  stale_ = {needs_.size(), matches_.size(), persons_.size()};
  refresh_timers(kAtOnce);
}

bool State::timers_are_fresh() const {
  return stale_.needs == 0 && stale_.matches == 0 && stale_.persons == 0;
}

// Returns false if it was correct.
bool State::refresh_timer(TimerQueue::Kind kind, Slot slot) {
  const auto set = [&](Time& due, Time now_due) {
    if (due == now_due) return false;
    due = now_due;
    schedule(kind, slot, due);
    return true;
  };
  switch (kind) {
    case TimerQueue::Kind::kNeed:
      return set(needs_[slot].due, due_of(*NeedFacts::read(needs_[slot].bytes.view()), policy_));
    case TimerQueue::Kind::kMatch:
      return set(matches_[slot].due,
                 due_of(*MatchFacts::read(matches_[slot].bytes.view()), policy_));
    case TimerQueue::Kind::kPerson:
      return set(persons_[slot].due, due_of(load_person(slot), policy_));
  }
  return false;
}

bool State::refresh_timers(std::size_t rows) {
  // Undoing an append may have removed rows.
  const auto next = [&](Slot& stale, Slot size, TimerQueue::Kind kind) {
    stale = std::min(stale, size);
    for (; stale > 0 && rows > 0; --rows) refresh_timer(kind, --stale);
  };
  next(stale_.needs, needs_.size(), TimerQueue::Kind::kNeed);
  next(stale_.matches, matches_.size(), TimerQueue::Kind::kMatch);
  next(stale_.persons, persons_.size(), TimerQueue::Kind::kPerson);
  return !timers_are_fresh();
}

std::optional<TimerQueue::Entry> State::next_timer() {
  while (true) {
    const auto entry = timers_.front([this](const TimerQueue::Entry& e) { return still_due(e); });
    if (!entry || timers_are_fresh() || !refresh_timer(entry->kind, entry->slot)) return entry;
  }
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

}  // namespace qiao
