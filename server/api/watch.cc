#include "server/api/watch.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "engine/base/number_text.h"
#include "proto/json/json.h"
#include "server/api/epoch.h"
#include "server/api/params.h"

namespace qiao {
namespace {

void add_with_all_above(std::vector<PartyId>& parties, const State& state, PartyId party) {
  for (Slot slot = state.parties().find(party); slot != kNoSlot;) {
    const PartyRow& row = state.parties()[slot];
    if (std::find(parties.begin(), parties.end(), row.id) != parties.end()) return;
    parties.push_back(row.id);
    slot = row.parent ? state.parties().find(row.parent) : kNoSlot;
  }
}

boost::unordered_flat_set<NeedId> needs_of(const State& state, std::uint64_t resident_ref) {
  boost::unordered_flat_set<NeedId> needs;
  if (resident_ref == 0) return needs;
  Slot need = state.first_need_of_resident(resident_ref);
  for (; need != kNoSlot; need = state.needs()[need].next_of_resident) {
    needs.insert(state.needs()[need].id);
  }
  return needs;
}

}  // namespace

Tail::Tail(const Store& store, std::size_t ring, Seq last, Relations relations)
    : store_(store), ring_size_(ring), last_(last), relations_(std::move(relations)) {}

void Tail::push(std::shared_ptr<const Published> event) {
  QIAO_CHECK(event->seq == last_ + 1, "the feed has no gap");
  if (visit_kind(event->row, [](auto kind) { return kind.kAffectsAccess; })) tell_watches(*event);
  last_ = event->seq;
  // Erased data must not remain in memory: older events are read from disk from now on.
  if (event->kind == pb::EVENT_KIND_PERSONAL_ERASED) ring_.clear();
  ring_.push_back({std::move(event), {}});
  while (ring_.size() > ring_size_) ring_.pop_front();
}

void Tail::tell_watches(const Published& event) {
  thread_local pb::Event parsed;
  parsed.ParseFromString(event.bytes);
  if (event.row != pb::Event::kMatch) {
    for (Watch* watch : *watches_) watch->observe(parsed);
  }
  relations_.apply(parsed);
}

bool Tail::wants(const WatchFilter& filter, const Published& event) const {
  if (filter.party && *filter.party != event.party) return false;
  if (filter.need && *filter.need != event.need) return false;
  if (!filter.kinds.empty() &&
      std::find(filter.kinds.begin(), filter.kinds.end(), event.kind) == filter.kinds.end())
    return false;
  return !filter.area || relations_.within(event.area, *filter.area);
}

std::string Tail::render(pb::Event event, Form form, bool binary) const {
  switch (form) {
    case Form::kPublic:
      make_public(event);
      break;
    case Form::kOwn:
      if (event.has_account()) event.mutable_account()->clear_password_hash();
      break;
    case Form::kMasked:
      mask_event(event,
                 [this](std::uint64_t code) { return relations_.area_name(AreaCode{code}); });
      // Only those who see all of the need may know the resident.
      if (event.actor().role() == pb::ROLE_RESIDENT) {
        event.mutable_actor()->clear_account_id();
        event.mutable_actor()->clear_resident_ref();
      }
  }
  return binary ? event.SerializeAsString() : to_json(event);
}

Tail::Item* Tail::in_ring(Seq seq) {
  if (ring_.empty() || seq < ring_.front().event->seq) return nullptr;
  return &ring_[seq - ring_.front().event->seq];
}

Watch::Watch(Tail& tail, WatchRequest request)
    : tail_(tail),
      watches_(tail.watches_),
      request_(std::move(request)),
      next_(request_.after ? *request_.after + 1 : tail.last() + 1) {
  watches_->insert(this);
}

Watch::~Watch() { watches_->erase(this); }

bool Watch::is_behind() const {
  if (ended_ || !caught_up_.empty() || next_ > tail_.last_) return false;
  return tail_.in_ring(next_) == nullptr;
}

Watch::Step Watch::next(std::string& out) {
  if (ended_) return Step::kEnded;
  if (is_behind()) {
    if (!catch_up()) return Step::kUnreadable;
    if (caught_up_.empty()) return Step::kMore;
  }
  if (!caught_up_.empty()) {
    out = std::move(caught_up_.front());
    caught_up_.pop_front();
    return Step::kEvent;
  }
  for (std::size_t looked_at = 0; looked_at < kEventsPerStep; ++looked_at) {
    if (next_ > tail_.last_) return Step::kNothingNow;
    Tail::Item* item = tail_.in_ring(next_);
    ++next_;
    const auto form = form_of(*item->event);
    if (!form) continue;
    std::string& text = item->texts[2 * static_cast<std::size_t>(*form) + (binary() ? 1 : 0)];
    if (text.empty()) {
      thread_local pb::Event event;
      event.ParseFromString(item->event->bytes);
      text = tail_.render(event, *form, binary());
    }
    out = text;
    return Step::kEvent;
  }
  return Step::kMore;
}

// Reads one step's events from disk, up to the first event in the ring.
bool Watch::catch_up() {
  const Seq ring_begin = tail_.ring_.empty() ? tail_.last_ + 1 : tail_.ring_.front().event->seq;
  std::size_t looked_at = 0;
  thread_local pb::Event event;
  const auto read = tail_.store_.read_journal(
      next_ - 1, std::min(tail_.last_, ring_begin - 1), [&](Seq seq, std::string_view bytes) {
        next_ = seq + 1;
        event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
        if (const auto form = form_of(outline_of(event))) {
          caught_up_.push_back(tail_.render(event, *form, binary()));
        }
        return ++looked_at < kEventsPerStep;
      });
  return read && looked_at > 0;
}

// The facts that the rules of sight.h use, from the event and the relations.
struct Watch::Facts {
  const Watch& watch;
  const Published& event;

  const Reach& reach() const { return watch.reach(); }
  const Relations& relations() const { return watch.tail_.relations_; }
  PartyId party() const { return PartyId{reach().actor.party_id()}; }

  bool within_mine(AreaCode area) const {
    return reach().area && relations().within(area, reach().area);
  }
  // A person or an offer belongs to the current area of its party.
  bool in_area() const {
    switch (event.row) {
      case pb::Event::kPerson:
        return party_in_area();
      case pb::Event::kAccount:
        return event.party ? party_in_area() : within_mine(event.account_area);
      default:
        return within_mine(event.area);
    }
  }
  bool party_in_area() const { return within_mine(relations().area_of(event.party)); }
  bool of_party() const { return party() && relations().belongs_to(event.party, party()); }
  bool served() const { return party() && relations().serves(party(), event.need); }
  bool of_person() const { return same_id(reach().actor.person_id(), event.row_id); }
  bool of_account() const { return same_id(reach().actor.account_id(), event.row_id); }
  bool of_resident() const { return reach().needs.contains(event.need); }
  bool active() const { return event.active; }
  pb::NeedState need_state() const { return event.need_state; }
  bool opened() const { return event.opened; }
};

// Applies the rule of the row's kind, with the scope of the operation that reads it.
Sight Watch::sight(const Published& event) const {
  const pb::Role role = reach().actor.role();
  const Facts facts{*this, event};
  // A party that is not active has no area here.
  const bool active = static_cast<bool>(reach().area);
  const auto scope = [&](Operation look) {
    const bool covered = reach().operations.test(static_cast<std::size_t>(look));
    return covered ? scope_of(look, role, active) : Scope::kNone;
  };
  return visit_kind(event.row,
                    [&](auto kind) { return sight_of(kind, scope(kind.kRead), role, facts); });
}

std::optional<Tail::Form> Watch::form_of(const Published& event) const {
  if (!tail_.wants(request_.filter, event)) return std::nullopt;
  const Sight seen = sight(event);
  if (seen == Sight::kNothing) return std::nullopt;
  if (seen == Sight::kPublic) return Tail::Form::kPublic;
  const pb::Account& me = reach().account;
  const Owner owner{me.id(), me.person_id(), me.resident_ref()};
  const bool own = owns_row(owner, event.row, event.row_id, event.resident_ref);
  return own ? Tail::Form::kOwn : Tail::Form::kMasked;
}

void Watch::observe(const pb::Event& event) {
  switch (event.row_case()) {
    case pb::Event::kAccount:
      ended_ = ended_ || ended_by_account(event.account()) ||
               ended_by_content(PartyId{event.account().party_id()});
      break;
    case pb::Event::kParty:
      ended_ = ended_ || ended_by_party(event.party());
      break;
    case pb::Event::kPerson:
      ended_ = ended_ || ended_by_person(event.person()) ||
               ended_by_content(PartyId{event.person().party_id()});
      break;
    case pb::Event::kOffer:
      ended_ = ended_ || ended_by_content(PartyId{event.offer().party_id()});
      break;
    case pb::Event::kArea:
      ended_ = ended_ || ended_by_area(event.area());
      break;
    // The slot of a session's row may be reused for another session.
    case pb::Event::kGrant:
      ended_ = ended_ || same_id(reach().grant_id, event.grant().id());
      break;
    case pb::Event::kNeed:
      if (same_id(reach().actor.resident_ref(), event.need().resident_ref())) {
        request_.reach.needs.insert(NeedId{event.need().id()});
      } else {
        request_.reach.needs.erase(NeedId{event.need().id()});
      }
      break;
    default:
      break;
  }
}

bool Watch::ended_by_account(const pb::Account& account) const {
  const pb::Account& mine = reach().account;
  if (account.id() != mine.id()) return false;
  return account.disabled() || account.role() != mine.role() ||
         account.party_id() != mine.party_id() || account.person_id() != mine.person_id() ||
         account.resident_ref() != mine.resident_ref() ||
         account.external_id() != mine.external_id();
}

bool Watch::ended_by_party(const pb::Party& party) const {
  const Relations& relations = tail_.relations_;
  const PartyId id{party.id()};
  const auto& mine = reach().parties;
  const bool moves = relations.moves_party(party);
  if (std::find(mine.begin(), mine.end(), id) != mine.end()) return moves;
  const PartyId acting{reach().actor.party_id()};
  if (acting == PartyId{reach().account.party_id()}) return false;
  // An actor for a party acts for all parties below it, as long as they are in its own area.
  const bool fresh = !relations.area_of(id);
  const bool below =
      relations.belongs_to(id, acting) || relations.belongs_to(PartyId{party.parent_id()}, acting);
  return below && (fresh || moves);
}

// A branch that is not active counts only once it, or a branch below it, has an account, a person
// or an offer: if one of them is in another area, an organiser may then no longer act on behalf of
// their parent (all_in_area_of). Until then they had none, or the organiser could not act on behalf
// of the parent anyway.
bool Watch::ended_by_content(PartyId party) const {
  const Relations& relations = tail_.relations_;
  const pb::Account& self = reach().account;
  const PartyId acting{reach().actor.party_id()};
  if (self.role() != pb::ROLE_ORGANISER || acting == PartyId{self.party_id()}) return false;
  const AreaCode own = relations.area_of(PartyId{self.party_id()});
  return acting != party && !relations.is_active(party) && relations.belongs_to(party, acting) &&
         !relations.within_below(party, acting, own);
}

bool Watch::ended_by_person(const pb::Person& person) const {
  const bool concerned = same_id(reach().actor.person_id(), person.id()) ||
                         same_id(reach().account.person_id(), person.id());
  return concerned && person.removed();
}

// A watcher with parties depends on their areas.
bool Watch::ended_by_area(const pb::Area& area) const {
  return !reach().parties.empty() && tail_.relations_.moves_area(area);
}

Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept,
                                 std::uint64_t epoch) {
  WatchRequest request;
  bool of_this_epoch = false;
  request.binary = ascii_lower(accept).find("application/x-protobuf") != std::string::npos;
  QIAO_TRY(const auto params, parse_params(target));
  for (const auto& [name, value] : params) {
    auto number = [&name = name, &value = value]() -> Result<std::uint64_t> {
      const auto v = parse_number<std::uint64_t>(value);
      if (!v) return refuse_type(name, "integer");
      return *v;
    };
    if (name == "after") {
      QIAO_TRY(auto v, number());
      request.after = v;
    } else if (name == "epoch") {
      if (value != epoch_text(epoch)) return refuse(Code::kRestored, "epoch");
      of_this_epoch = true;
    } else if (name == "area") {
      QIAO_TRY(auto v, number());
      request.filter.area = AreaCode{v};
    } else if (name == "party") {
      QIAO_TRY(auto v, number());
      request.filter.party = PartyId{v};
    } else if (name == "need") {
      QIAO_TRY(auto v, number());
      request.filter.need = NeedId{v};
    } else if (name == "kind") {
      for (std::size_t from = 0; from <= value.size();) {
        const auto to = std::min(value.find(',', from), value.size());
        const std::string word = ascii_upper(value.substr(from, to - from));
        pb::EventKind kind{};
        if (!pb::EventKind_Parse(word, &kind) && !pb::EventKind_Parse("EVENT_KIND_" + word, &kind))
          return refuse(Code::kOutOfRange, "kind", "EventKind");
        request.filter.kinds.push_back(kind);
        from = to + 1;
      }
    } else {
      return refuse(Code::kUnknownField, name);
    }
  }
  if (request.after.value_or(0) != 0 && !of_this_epoch) return refuse(Code::kRequired, "epoch");
  return request;
}

Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state) {
  Reach reach;
  const pb::Actor& actor = identity.actor;
  reach.actor = actor;
  reach.expires = identity.expires;
  if (identity.grant != kNoSlot) {
    reach.grant_id = state.grants()[identity.grant].id.value();
    reach.operations = state.grants()[identity.grant].operations;
  }
  reach.account = state.load_account(identity.account);
  reach.account.clear_password_hash();
  add_with_all_above(reach.parties, state, PartyId{actor.party_id()});
  add_with_all_above(reach.parties, state, PartyId{reach.account.party_id()});
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  switch (actor.role()) {
    case pb::ROLE_ORGANISER:
      if (party != kNoSlot && state.parties()[party].standing == pb::STANDING_ACTIVE) {
        reach.area = state.areas()[state.parties()[party].area].id;
      }
      break;
    case pb::ROLE_SUPPLIER:
    case pb::ROLE_MEMBER: {
      const Slot wanted = filter.party ? state.parties().find(*filter.party) : party;
      if (wanted == kNoSlot || !in_party_of(actor, state, wanted))
        return refuse(Code::kNotYours, "party");
      break;
    }
    case pb::ROLE_RESIDENT:
      reach.needs = needs_of(state, actor.resident_ref());
      break;
    default:
      break;
  }
  return reach;
}

Status check_watch(const WatchRequest& request, const pb::Actor& actor, const State& state,
                   Seq durable) {
  if (request.after && *request.after > durable)
    return refuse(Code::kOutOfRange, "after", "0.." + std::to_string(durable));
  const WatchFilter& f = request.filter;
  if (f.area && state.areas().find(*f.area) == kNoSlot)
    return refuse(Code::kUnknownArea, "area", std::to_string(f.area->value()));
  const auto there = [&](pb::RowKind kind, std::uint64_t id, const char* field) -> Status {
    if (is_there(state, actor, kind, id)) return outcome::success();
    return not_there(kind, id, field);
  };
  if (f.party) {
    QIAO_TRY(there(pb::ROW_KIND_PARTY, f.party->value(), "party"));
  }
  if (f.need) {
    QIAO_TRY(there(pb::ROW_KIND_NEED, f.need->value(), "need"));
  }
  return outcome::success();
}

}  // namespace qiao
