#include "tools/swarm/feed_readers.h"

#include <algorithm>

#include "proto/json/json.h"
#include "tools/swarm/rights.h"

namespace qiao::swarm {

FeedReaders::FeedReaders(std::size_t readers, bool goes_on, Ledger& ledger)
    : goes_on_(goes_on), ledger_(ledger), readers_(readers) {}

void FeedReaders::fold(Seq seq, std::string_view bytes) {
  if (seq <= state_.last_seq() || !ledger_.breach().empty()) return;
  thread_local pb::Event event;
  event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  state_.fold(event);
  const Row row{event.row_case(), row_id_of(event)};
  const Published outline = outline_of(event);
  events_.push_back({row, outline.kind, outline.area, outline.party, outline.need});
  newest_[row] = seq;
  if (event.kind() == pb::EVENT_KIND_PERSONAL_ERASED) erasures_to_come_.erase(row);
  if (row.kind == pb::Event::kArea) newest_area_ = seq;
  if (row.kind == pb::Event::kParty) newest_party_ = seq;
}

void FeedReaders::open(std::size_t reader, const Identity& identity, const State& applied,
                       Tail& tail, Options options) {
  Reader& r = readers_[reader];
  const WatchFilter& f = options.filter;
  const auto may_see = [&](pb::RowKind kind, std::uint64_t id) {
    return is_there(applied, identity.actor, kind, id);
  };
  if (f.party && !may_see(pb::ROW_KIND_PARTY, f.party->value())) return;
  if (f.need && !may_see(pb::ROW_KIND_NEED, f.need->value())) return;
  auto reach = reach_of(identity, f, applied);
  if (!reach) {
    // Suppliers may name only their own parties.
    if (!f.party) ledger_.fail("feed", name(reader) + " is refused: " + reach.error().en());
    return;
  }
  r.reach = std::move(reach).value();
  r.filter = std::move(options.filter);
  r.binary = options.binary;
  r.tail = &tail;
  r.opened = tail.last();
  r.applied = applied.last_seq();
  if (options.from_now) r.last = tail.last();
  watch_again(r);
}

void FeedReaders::watch_again(Reader& r) {
  WatchRequest request;
  request.after = r.last;
  request.filter = r.filter;
  request.binary = r.binary;
  request.reach = r.reach;
  r.watch = std::make_unique<Watch>(*r.tail, std::move(request));
}

void FeedReaders::finish() {
  for (std::size_t r = 0; r < readers_.size(); ++r) read(r);
  for (const Row& row : erasures_to_come_) {
    ledger_.fail("feed", "row " + std::to_string(row.id) +
                             " was shown without its personal data, which nobody erased");
  }
}

void FeedReaders::close_all() {
  for (Reader& r : readers_) r.watch.reset();
}

void FeedReaders::read(std::size_t reader) {
  const Reader& r = readers_[reader];
  // Events that were not on disk when they arrived count from when they are.
  if (!r.watch || state_.last_seq() < r.applied || !ledger_.breach().empty()) return;
  Events events;
  if (!read_into(reader, events)) return;
  if (ground_is_gone(r)) {
    ledger_.fail("feed", name(reader) + " goes on, " + std::to_string(events.size()) +
                             " events, after its ground has gone");
    return;
  }
  compare(reader, events);
}

bool FeedReaders::read_into(std::size_t reader, Events& events) {
  Reader& r = readers_[reader];
  std::string text;
  Seq last = r.last;
  while (true) {
    switch (r.watch->next(text)) {
      case Watch::Step::kMore:
        break;
      case Watch::Step::kNothingNow:
        return true;
      case Watch::Step::kUnreadable:
        close(reader);
        return false;
      case Watch::Step::kEnded:
        if (goes_on_) {
          watch_again(r);
          break;
        }
        ended(reader);
        return false;
      case Watch::Step::kEvent: {
        pb::Event event;
        if (!parse(r, text, event)) {
          ledger_.fail("feed", name(reader) + " got an event that cannot be read: " + text);
          return false;
        }
        if (event.seq() <= last || event.seq() > state_.last_seq()) {
          ledger_.fail("feed", name(reader) + " got " + std::to_string(event.seq()) + " after " +
                                   std::to_string(last));
          return false;
        }
        last = event.seq();
        ledger_.told(last);
        events.emplace(last, std::move(event));
      }
    }
  }
}

bool FeedReaders::parse(const Reader& r, const std::string& text, pb::Event& event) {
  if (r.binary) return event.ParseFromString(text);
  return from_json(text, event).has_value();
}

bool FeedReaders::wants(const WatchFilter& filter, const What& what) const {
  const auto& kinds = filter.kinds;
  if (!kinds.empty() && std::find(kinds.begin(), kinds.end(), what.kind) == kinds.end())
    return false;
  if (filter.party && *filter.party != what.party) return false;
  if (filter.need && *filter.need != what.need) return false;
  if (!filter.area) return true;
  const Slot area = state_.areas().find(what.area);
  return area != kNoSlot && state_.within(area, state_.areas().find(*filter.area));
}

// Events whose row has changed since show the old row, which View cannot render any more. So do
// needs whose area was renamed, because the name replaces the address.
void FeedReaders::compare(std::size_t reader, const Events& events) {
  Reader& r = readers_[reader];
  for (Seq seq = r.last + 1; seq <= state_.last_seq(); ++seq) {
    const What& what = events_[seq - 1];
    const Row& row = what.row;
    if (newest(row.kind, row.id) != seq) continue;
    const bool named = row.kind == pb::Event::kNeed;
    if (named && newest(pb::Event::kArea, what.area.value()) > seq) continue;
    const auto got = events.find(seq);
    const Shown feed = got == events.end() ? Shown{} : shown_by_feed(got->second);
    const bool wanted = wants(r.filter, what);
    const Shown view =
        wanted ? shown_by_view(state_, r.reach.actor, r.reach.operations, row.kind, row.id)
               : Shown{};
    if (feed == view) continue;
    // It was erased on disk before anybody received it.
    if (feed == erased(view, row.kind)) {
      erasures_to_come_.insert(row);
      continue;
    }
    ledger_.fail("feed", name(reader) + " got of event " + std::to_string(seq) + " sight " +
                             std::to_string(static_cast<int>(feed.sight)) + " of row " +
                             std::to_string(row.id) + ", but View shows sight " +
                             std::to_string(static_cast<int>(view.sight)) +
                             (wanted ? "" : ": its filter leaves it out"));
    return;
  }
  counts_.events += events.size();
  r.last = state_.last_seq();
}

void FeedReaders::ended(std::size_t reader) {
  const Reader& r = readers_[reader];
  if (!ground_is_gone(r) && !ground_was_touched(r)) {
    ledger_.fail("feed", name(reader) + " was ended, but its rights have not changed");
  }
  ++counts_.ended;
  close(reader);
}

bool FeedReaders::ground_is_gone(const Reader& r) const {
  const pb::Actor& actor = r.reach.actor;
  const pb::Account& was = r.reach.account;
  const Slot slot = state_.accounts().find(AccountId{was.id()});
  if (slot == kNoSlot) return true;
  const AccountRow& account = state_.accounts()[slot];
  if (account.disabled || account.role != was.role() || account.party.value() != was.party_id() ||
      account.person.value() != was.person_id() || account.resident_ref != was.resident_ref()) {
    return true;
  }
  pb::Actor self;
  self.set_role(was.role());
  self.set_party_id(was.party_id());
  self.set_account_id(was.id());
  self.set_person_id(was.person_id());
  self.set_resident_ref(was.resident_ref());
  if (!may_act_for(state_, self, actor)) return true;
  const Slot grant = state_.grants().find(GrantId{r.reach.grant_id});
  if (grant == kNoSlot || state_.grants()[grant].revoked ||
      state_.grants()[grant].account != slot) {
    return true;
  }
  const Slot person = state_.persons().find(PersonId{actor.person_id()});
  if (person != kNoSlot && state_.load_person(person).removed()) return true;
  const Slot party = state_.parties().find(PartyId{actor.party_id()});
  if (actor.role() != pb::ROLE_ORGANISER || party == kNoSlot) return false;
  // Without standing it has no area.
  const PartyRow& row = state_.parties()[party];
  const bool acts = row.standing == pb::STANDING_ACTIVE;
  return (acts ? state_.areas()[row.area].id : AreaCode{}) != r.reach.area;
}

bool FeedReaders::ground_was_touched(const Reader& r) const {
  const pb::Account& account = r.reach.account;
  Seq newest_of_all = std::max(
      {newest(pb::Event::kAccount, account.id()), newest(pb::Event::kGrant, r.reach.grant_id),
       newest(pb::Event::kPerson, account.person_id()),
       newest(pb::Event::kPerson, r.reach.actor.person_id()), newest_area_});
  for (const PartyId party : r.reach.parties) {
    newest_of_all = std::max(newest_of_all, newest(pb::Event::kParty, party.value()));
  }
  // Acting on behalf of a party includes all that belong to it.
  const bool acting = account.party_id() != r.reach.actor.party_id();
  return std::max(newest_of_all, acting ? newest_party_ : 0) > r.opened;
}

Seq FeedReaders::newest(pb::Event::RowCase kind, std::uint64_t id) const {
  const auto it = newest_.find(Row{kind, id});
  return it == newest_.end() ? 0 : it->second;
}

std::string FeedReaders::name(std::size_t reader) const {
  const pb::Actor& actor = readers_[reader].reach.actor;
  return "the feed of person " + std::to_string(reader) + " (" + pb::Role_Name(actor.role()) +
         ", account " + std::to_string(actor.account_id()) + ")";
}

}  // namespace qiao::swarm
