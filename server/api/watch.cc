#include "server/api/watch.h"

#include <algorithm>
#include <charconv>

#include "server/api/params.h"
#include "server/json/json.h"

namespace qiao {
namespace {

// Events read from disk at a time for a watcher that is behind the ring.
constexpr std::size_t kCatchUp = 256;

}  // namespace

Tail::Tail(const Store& store, std::size_t ring, Seq last, std::vector<Area> tree) : store_(store), ring_size_(ring), last_(last) {
  for (Area& area : tree) areas_[area.code] = std::move(area);
}

std::vector<Tail::Area> Tail::areas_of(const State& state) {
  std::vector<Area> tree;
  for (Slot a = 0; a < state.areas().size(); ++a) {
    const Slot parent = state.areas()[a].parent;
    tree.push_back({state.areas()[a].id, parent == kNoSlot ? AreaCode{} : state.areas()[parent].id, state.area_name(a)});
  }
  return tree;
}

void Tail::push(std::shared_ptr<const Published> event) {
  QIAO_CHECK(event->seq == last_ + 1, "the feed has no hole");
  last_ = event->seq;
  if (event->kind == pb::EVENT_KIND_AREA_CHANGED) {
    pb::Event parsed;
    parsed.ParseFromString(event->bytes);
    areas_[event->area] = {event->area, AreaCode{parsed.area().parent_code()}, parsed.area().name()};
  }
  ring_.push_back({std::move(event), {}});
  while (ring_.size() > ring_size_) ring_.pop_front();
}

bool Tail::wants(const WatchFilter& filter, const Published& event) const {
  if (filter.party && *filter.party != event.party) return false;
  if (filter.need && *filter.need != event.need) return false;
  if (!filter.kinds.empty() && std::find(filter.kinds.begin(), filter.kinds.end(), event.kind) == filter.kinds.end()) return false;
  return !filter.area || within(event.area, *filter.area);
}

bool Tail::within(AreaCode area, AreaCode ancestor) const {
  for (int depth = 0; area && depth < 8; ++depth) {
    if (area == ancestor) return true;
    const auto it = areas_.find(area);
    if (it == areas_.end()) return false;
    area = it->second.parent;
  }
  return false;
}

// The same as View decides for rows, by what an event carries.
Sight Tail::sight(const Reach& reach, const Published& event) const {
  if (reach.all) return Sight::kWhole;
  switch (event.row) {
    case pb::Event::kTaxonomy:
    case pb::Event::kPolicy:
    case pb::Event::kArea: return Sight::kWhole;
    case pb::Event::kNeed:
      if (reach.area && within(event.area, reach.area)) return Sight::kWhole;
      if (reach.resident_ref != 0 && reach.resident_ref == event.resident_ref) return Sight::kWhole;
      return event.opened ? Sight::kPublic : Sight::kNothing;
    case pb::Event::kParty:
    case pb::Event::kPerson:
    case pb::Event::kOffer:
    case pb::Event::kMatch:
    case pb::Event::kNotification:
      if (reach.area && within(event.area, reach.area)) return Sight::kWhole;
      return reach.party && reach.party == event.party ? Sight::kWhole : Sight::kNothing;
    default: return Sight::kNothing;
  }
}

std::string Tail::render(pb::Event event, Sight sight, bool binary) const {
  if (sight == Sight::kPublic) {
    make_public(*event.mutable_need(), true);
    // Nor who it was that asked.
    event.clear_actor();
  } else {
    mask_event(event, [this](std::uint64_t code) {
      const auto it = areas_.find(AreaCode{code});
      return it == areas_.end() ? std::string() : it->second.name;
    });
  }
  return binary ? event.SerializeAsString() : to_json(event);
}

Tail::Item* Tail::in_ring(Seq seq) {
  if (ring_.empty() || seq < ring_.front().event->seq) return nullptr;
  return &ring_[seq - ring_.front().event->seq];
}

Watch::Step Watch::next(std::string& out) {
  while (true) {
    if (!caught_up_.empty()) {
      out = std::move(caught_up_.front());
      caught_up_.pop_front();
      return Step::kEvent;
    }
    if (next_ > tail_.last_) return Step::kNothingNow;
    Tail::Item* item = tail_.in_ring(next_);
    if (item == nullptr) {
      if (!catch_up()) return Step::kUnreadable;
      continue;
    }
    ++next_;
    const Sight sight = tail_.wants(request_.filter, *item->event) ? tail_.sight(request_.reach, *item->event) : Sight::kNothing;
    if (sight == Sight::kNothing) continue;
    std::string& form = item->forms[(sight == Sight::kPublic ? 1 : 0) + (request_.binary ? 2 : 0)];
    if (form.empty()) {
      thread_local pb::Event event;
      event.ParseFromArray(item->event->bytes.data(), static_cast<int>(item->event->bytes.size()));
      form = tail_.render(event, sight, request_.binary);
    }
    out = form;
    return Step::kEvent;
  }
}

// Reads on from disk until something is wanted or the ring is reached.
bool Watch::catch_up() {
  const Seq ring_begin = tail_.ring_.empty() ? tail_.last_ + 1 : tail_.ring_.front().event->seq;
  std::size_t looked_at = 0;
  thread_local pb::Event event;
  const auto read = tail_.store_.read_journal(next_ - 1, std::min(tail_.last_, ring_begin - 1), [&](Seq seq, std::string_view bytes) {
    next_ = seq + 1;
    event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    const Published p = outline_of(event);
    const Sight sight = tail_.wants(request_.filter, p) ? tail_.sight(request_.reach, p) : Sight::kNothing;
    if (sight != Sight::kNothing) caught_up_.push_back(tail_.render(event, sight, request_.binary));
    return ++looked_at < kCatchUp;
  });
  return read && looked_at > 0;
}

bool Watch::ended_by(const pb::Event& event) const {
  const Reach& reach = request_.reach;
  // A session's row that is used again was another's before.
  if (event.has_grant() && event.grant().id() == reach.grant_id) return true;
  return event.has_account() && event.account().id() == reach.account_id && event.account().disabled();
}

Result<WatchRequest> parse_watch(std::string_view target, std::string_view accept) {
  WatchRequest request;
  request.binary = accept.find("application/x-protobuf") != std::string_view::npos;
  QIAO_TRY(const auto params, parse_params(target));
  for (const auto& [name, value] : params) {
    auto number = [&name = name, &value = value]() -> Result<std::uint64_t> {
      std::uint64_t v = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), v);
      if (error != std::errc{} || end != value.data() + value.size()) return refuse_type(name, "integer");
      return v;
    };
    if (name == "after") {
      QIAO_TRY(auto v, number());
      request.after = v;
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
        std::string word = value.substr(from, to - from);
        for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        pb::EventKind kind{};
        if (!pb::EventKind_Parse(word, &kind) && !pb::EventKind_Parse("EVENT_KIND_" + word, &kind)) return refuse(Code::kOutOfRange, "kind", "EventKind");
        request.filter.kinds.push_back(kind);
        from = to + 1;
      }
    } else {
      return refuse(Code::kUnknownField, name);
    }
  }
  return request;
}

Result<Reach> reach_of(const Identity& identity, const WatchFilter& filter, const State& state) {
  Reach reach;
  const pb::Actor& actor = identity.actor;
  reach.account_id = actor.account_id();
  reach.expires = identity.expires;
  if (identity.grant != kNoSlot) reach.grant_id = state.grants()[identity.grant].id.value();
  const Slot party = state.parties().find(PartyId{actor.party_id()});
  switch (actor.role()) {
    case pb::ROLE_LEAD:
    case pb::ROLE_AUDITOR: reach.all = true; break;
    case pb::ROLE_ORGANISER:
      if (party != kNoSlot) reach.area = state.areas()[state.parties()[party].area].id;
      break;
    case pb::ROLE_SUPPLIER:
    case pb::ROLE_MEMBER: {
      const Slot wanted = filter.party ? state.parties().find(*filter.party) : party;
      if (wanted == kNoSlot || !in_party_of(actor, state, wanted)) return refuse(Code::kNotYours, "party");
      reach.party = state.parties()[wanted].id;
      break;
    }
    case pb::ROLE_RESIDENT: reach.resident_ref = actor.resident_ref(); break;
    default: break;
  }
  return reach;
}

Status check_watch(const WatchRequest& request, const State& state, Seq durable) {
  if (request.after && *request.after > durable) return refuse(Code::kOutOfRange, "after", "0.." + std::to_string(durable));
  const WatchFilter& f = request.filter;
  if (f.area && state.areas().find(*f.area) == kNoSlot) return refuse(Code::kUnknownArea, "area", std::to_string(f.area->value()));
  if (f.party && state.parties().find(*f.party) == kNoSlot) return refuse(Code::kUnknownParty, "party", std::to_string(f.party->value()));
  if (f.need && state.needs().find(*f.need) == kNoSlot) return refuse(Code::kUnknownNeed, "need", std::to_string(f.need->value()));
  return outcome::success();
}

}  // namespace qiao
