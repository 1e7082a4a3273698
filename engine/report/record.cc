#include "engine/report/record.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/report/overview.h"
#include "engine/report/report.h"

namespace qiao {

namespace {

// Matches of a party that were served, the newest first.
std::vector<Slot> services_of(const State& state, const PartyRow& party) {
  std::vector<Slot> matches;
  for (Slot o = party.first_offer; o != kNoSlot; o = state.offers()[o].next_of_party) {
    for (Slot m = state.offers()[o].first_match; m != kNoSlot;
         m = state.matches()[m].next_of_offer) {
      if (served(state.matches()[m].state)) matches.push_back(m);
    }
  }
  std::sort(matches.begin(), matches.end(), [&](Slot a, Slot b) {
    return state.matches()[a].window.start != state.matches()[b].window.start
               ? state.matches()[a].window.start > state.matches()[b].window.start
               : a > b;
  });
  return matches;
}

// A match that was served, and what was served.
struct Service {
  pb::Match match;
  pb::Need need;
  const OfferRow& offer;
  Slot need_slot;
  std::int64_t from;  // when it began, in seconds
};

Service load_service(const State& state, Slot slot) {
  const MatchRow& row = state.matches()[slot];
  pb::Match match = state.load_match(slot);
  const std::int64_t from =
      match.checked_in_at() != 0 ? match.checked_in_at() : match.window().start();
  return {std::move(match), state.load_need(row.need), state.offers()[row.offer], row.need, from};
}

// What a party has supplied of one resource.
struct Goods {
  std::int64_t quantity = 0;
  boost::unordered_flat_set<Slot> needs;
};
using GoodsByResource = boost::unordered_flat_map<std::uint16_t, Goods>;

// What has been counted so far.
struct Counted {
  boost::unordered_flat_set<Slot> needs;
  GoodsByResource goods;
};

// A need counts once, however many matches of the party serve it.
void add_need(pb::ServiceRecord& r, const pb::Need& need) {
  if (need.programme() == kMicroWish) r.set_micro_wishes(r.micro_wishes() + 1);
  if (need.review().stars() > 0) {
    r.set_reviews(r.reviews() + 1);
    r.set_stars(r.stars() + need.review().stars());
  }
}

void add_service(pb::ServiceRecord& r, Counted& counted, const Service& service) {
  const pb::Match& match = service.match;
  const OfferRow& offer = service.offer;
  r.set_services(r.services() + 1);
  if (counted.needs.insert(service.need_slot).second) add_need(r, service.need);
  if (offer.time_kind == 0) {
    counted.goods[offer.resource].quantity += match.quantity();
    counted.goods[offer.resource].needs.insert(service.need_slot);
  } else if (offer.time_kind == pb::TIME_KIND_PEOPLE ||
             offer.time_kind == pb::TIME_KIND_PROFESSIONAL) {
    r.set_minutes(r.minutes() + match.quantity() * (served_seconds(match) / 60));
  }
  if (r.first_at() == 0 || service.from < r.first_at()) r.set_first_at(service.from);
  r.set_last_at(std::max(r.last_at(), service.from));
}

void add_entry(pb::ServiceRecord& r, const State& state, const Service& service) {
  const auto& [match, need, offer, need_slot, from] = service;
  pb::ServiceEntry& e = *r.add_entries();
  e.set_match_id(match.id());
  e.set_need_id(need.id());
  e.set_title(need.title());
  e.set_area_name(state.area_name(state.needs()[need_slot].area));
  e.set_category(need.category());
  e.set_programme(need.programme());
  e.set_kind(static_cast<pb::TimeKind>(offer.time_kind));
  if (offer.time_kind == 0)
    e.set_resource(state.vocabulary().term(WordList::kResource, offer.resource).code());
  e.set_quantity(match.quantity());
  e.set_from(from);
  e.set_to(match.checked_out_at());
  e.set_verified(match.state() == pb::MATCH_STATE_VERIFIED);
  e.set_stars(need.review().stars());
}

// In the order of the taxonomy.
void add_goods(pb::ServiceRecord& r, const State& state, const GoodsByResource& goods) {
  std::vector<std::uint16_t> resources;
  for (const auto& [resource, given] : goods) resources.push_back(resource);
  std::sort(resources.begin(), resources.end());
  for (const std::uint16_t resource : resources) {
    const Goods& given = goods.at(resource);
    pb::GoodsGiven& g = *r.add_goods();
    g.set_resource(state.vocabulary().term(WordList::kResource, resource).code());
    g.set_quantity(given.quantity);
    g.set_needs(static_cast<std::uint32_t>(given.needs.size()));
  }
}

}  // namespace

std::uint32_t star_rating(const pb::RecognitionPolicy& policy, std::int64_t minutes) {
  std::uint32_t stars = 0;
  for (const std::uint32_t hours : policy.star_hours())
    stars += minutes >= std::int64_t{hours} * 60 ? 1U : 0U;
  return stars;
}

pb::ServiceRecord service_record(const State& state, Slot party, bool entries) {
  const PartyRow& row = state.parties()[party];
  pb::ServiceRecord r;
  r.set_party_id(row.id.value());
  r.set_party_name(state.load_party(party).name());
  r.set_kind(row.kind);
  r.set_area_name(state.area_name(row.area));
  r.set_broken(row.broken);
  Counted counted;
  for (const Slot m : services_of(state, row)) {
    const Service service = load_service(state, m);
    add_service(r, counted, service);
    if (entries && static_cast<std::size_t>(r.entries_size()) < kMaxEntries)
      add_entry(r, state, service);
  }
  r.set_needs(static_cast<std::uint32_t>(counted.needs.size()));
  r.set_star_rating(star_rating(state.policy().recognition(), r.minutes()));
  add_goods(r, state, counted.goods);
  return r;
}

RecognitionCount::RecognitionCount(const State& state, pb::PartyKind kind, Slot within,
                                   std::size_t most)
    : state_(state), kind_(kind), within_(within), most_(most), parties_(state.parties().size()) {}

bool RecognitionCount::more_services(Slot a, Slot b) const {
  const std::uint32_t x = state_.parties()[a].kept;
  const std::uint32_t y = state_.parties()[b].kept;
  return x != y ? x > y : a < b;
}

void RecognitionCount::add_party(Slot party) {
  const PartyRow& row = state_.parties()[party];
  if (row.kind != kind_ || row.standing != pb::STANDING_ACTIVE || row.kept == 0) return;
  if (!in_part(state_, row.area, within_)) return;
  best_.push_back(party);
  const auto more = [this](Slot a, Slot b) { return more_services(a, b); };
  std::push_heap(best_.begin(), best_.end(), more);
  if (best_.size() <= most_) return;
  std::pop_heap(best_.begin(), best_.end(), more);
  best_.pop_back();
}

void RecognitionCount::add(std::size_t step) {
  if (step < parties_) return add_party(static_cast<Slot>(step));
  const std::size_t place = step - parties_;
  if (place == 0) {
    // Services may have been added since they were counted.
    std::sort(best_.begin(), best_.end(), [this](Slot a, Slot b) { return more_services(a, b); });
  }
  if (place >= best_.size()) return;
  pb::ServiceRecord& record = *found_.add_records() = service_record(state_, best_[place], false);
  record.clear_broken();
}

}  // namespace qiao
