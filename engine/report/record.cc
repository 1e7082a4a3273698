#include "engine/report/record.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include "engine/report/overview.h"
#include "engine/report/report.h"

namespace qiao {

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
  struct Goods {
    std::int64_t quantity = 0;
    boost::unordered_flat_set<Slot> needs;
  };
  boost::unordered_flat_map<std::uint16_t, Goods> goods;
  boost::unordered_flat_set<Slot> needs;
  std::vector<Slot> matches;
  for (Slot o = row.first_offer; o != kNoSlot; o = state.offers()[o].next_of_party) {
    for (Slot m = state.offers()[o].first_match; m != kNoSlot;
         m = state.matches()[m].next_of_offer) {
      if (served(state.matches()[m].state)) matches.push_back(m);
    }
  }
  // The newest first.
  std::sort(matches.begin(), matches.end(), [&](Slot a, Slot b) {
    return state.matches()[a].window.start != state.matches()[b].window.start
               ? state.matches()[a].window.start > state.matches()[b].window.start
               : a > b;
  });
  for (const Slot m : matches) {
    const pb::Match match = state.load_match(m);
    const Slot n = state.matches()[m].need;
    const OfferRow& offer = state.offers()[state.matches()[m].offer];
    const pb::Need need = state.load_need(n);
    r.set_services(r.services() + 1);
    if (needs.insert(n).second) {
      if (need.programme() == kMicroWish) r.set_micro_wishes(r.micro_wishes() + 1);
      if (need.review().stars() > 0) {
        r.set_reviews(r.reviews() + 1);
        r.set_stars(r.stars() + need.review().stars());
      }
    }
    if (offer.time_kind == 0) {
      goods[offer.resource].quantity += match.quantity();
      goods[offer.resource].needs.insert(n);
    } else if (offer.time_kind == pb::TIME_KIND_PEOPLE ||
               offer.time_kind == pb::TIME_KIND_PROFESSIONAL) {
      r.set_minutes(r.minutes() + match.quantity() * (served_seconds(match) / 60));
    }
    const std::int64_t from =
        match.checked_in_at() != 0 ? match.checked_in_at() : match.window().start();
    if (r.first_at() == 0 || from < r.first_at()) r.set_first_at(from);
    r.set_last_at(std::max(r.last_at(), from));
    if (!entries || static_cast<std::size_t>(r.entries_size()) == kMaxEntries) continue;
    pb::ServiceEntry& e = *r.add_entries();
    e.set_match_id(match.id());
    e.set_need_id(need.id());
    e.set_title(need.title());
    e.set_area_name(state.area_name(state.needs()[n].area));
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
  r.set_needs(static_cast<std::uint32_t>(needs.size()));
  r.set_star_rating(star_rating(state.policy().recognition(), r.minutes()));
  std::vector<std::uint16_t> resources;
  for (const auto& [resource, given] : goods) resources.push_back(resource);
  std::sort(resources.begin(), resources.end());
  for (const std::uint16_t resource : resources) {
    pb::GoodsGiven& g = *r.add_goods();
    g.set_resource(state.vocabulary().term(WordList::kResource, resource).code());
    g.set_quantity(goods[resource].quantity);
    g.set_needs(static_cast<std::uint32_t>(goods[resource].needs.size()));
  }
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
