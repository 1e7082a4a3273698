#include "engine/report/workforce.h"

#include <algorithm>

#include "engine/report/overview.h"

namespace qiao {
namespace {

void add_up(pb::WorkforceRow& into, const pb::WorkforceRow& one) {
  into.set_community_workers(into.community_workers() + one.community_workers());
  into.set_social_work_professionals(into.social_work_professionals() +
                                     one.social_work_professionals());
  into.set_volunteers(into.volunteers() + one.volunteers());
  into.set_party_affairs_workers(into.party_affairs_workers() + one.party_affairs_workers());
  for (int i = 0; i < one.licensed_size(); ++i) {
    if (i == into.licensed_size()) into.add_licensed(0);
    into.set_licensed(i, into.licensed(i) + one.licensed(i));
  }
  into.set_monthly_fen(into.monthly_fen() + one.monthly_fen());
}

}  // namespace

// The child of `within_` that contains the area. If `within_` is the whole city, its children are
// the areas below the city.
Slot WorkforceCount::branch(Slot area) const {
  Slot below = kNoSlot;
  for (Slot a = area; a != kNoSlot; a = state_.areas()[a].parent) {
    if (a == within_) return below;
    // Reached the city: its child contains the area.
    if (within_ == kNoSlot && state_.areas()[a].parent == kNoSlot)
      return below == kNoSlot ? a : below;
    below = a;
  }
  return below;
}

WorkforceCount::WorkforceCount(const State& state, Slot within, Time now)
    : state_(state),
      within_(within),
      now_(now),
      persons_(state.persons().size()),
      areas_(state.areas().size()) {}

void WorkforceCount::add(std::size_t step) {
  const auto i = static_cast<Slot>(step);
  i < persons_ ? add_person(i) : add_area(i - persons_);
}

// Every area directly below has a row, and the residents of `within_` are counted.
void WorkforceCount::add_area(Slot a) {
  const Slot parent = state_.areas()[a].parent;
  const bool right_below = within_ != kNoSlot
                               ? parent == within_
                               : parent != kNoSlot && state_.areas()[parent].parent == kNoSlot;
  if (right_below) row_of(a);
  const bool whole = a == within_ || (within_ == kNoSlot && parent == kNoSlot);
  if (whole) population_ += state_.load_area(a).population();
}

void WorkforceCount::add_person(Slot slot) {
  const Slot area = state_.parties()[state_.persons()[slot].party].area;
  if (!in_part(state_, area, within_)) return;
  const pb::Person person = state_.load_person(slot);
  if (person.removed()) return;
  const auto levels = state_.vocabulary().find(WordList::kCertificate, kSocialWorkCertificate);
  pb::WorkforceRow one;
  for (std::size_t i = 0; levels && i < state_.vocabulary().certificate_levels(*levels); ++i)
    one.add_licensed(0);
  switch (person.workforce()) {
    case pb::WORKFORCE_COMMUNITY_WORKER:
      one.set_community_workers(1);
      break;
    case pb::WORKFORCE_SOCIAL_WORK_PROFESSIONAL:
      one.set_social_work_professionals(1);
      break;
    case pb::WORKFORCE_PARTY_AFFAIRS_WORKER:
      one.set_party_affairs_workers(1);
      break;
    default:
      one.set_volunteers(1);
  }
  if (person.workforce() == pb::WORKFORCE_COMMUNITY_WORKER ||
      person.workforce() == pb::WORKFORCE_SOCIAL_WORK_PROFESSIONAL) {
    std::uint32_t best = 0;
    for (const pb::Certificate& c : person.certificates()) {
      if (c.code() == kSocialWorkCertificate &&
          (c.expires_at() == 0 || to_time(c.expires_at()) > now_))
        best = std::max(best, c.level());
    }
    if (best > 0 && static_cast<int>(best) <= one.licensed_size()) {
      one.set_licensed(static_cast<int>(best) - 1, 1);
      // A level above the highest one that the policy lists gets the pay of the highest.
      const auto& monthly = state_.policy().workforce().monthly_fen();
      if (person.workforce() == pb::WORKFORCE_COMMUNITY_WORKER && !monthly.empty()) {
        one.set_monthly_fen(monthly.Get(std::min(static_cast<int>(best), monthly.size()) - 1));
      }
    }
  }
  add_up(row_of(branch(area)).counts, one);
}

WorkforceCount::Row& WorkforceCount::row_of(Slot area) {
  const auto [at, fresh] = rows_.try_emplace(area);
  if (fresh && area != kNoSlot) at->second.area_code = state_.areas()[area].id.value();
  return at->second;
}

std::uint32_t WorkforceCount::needed(std::uint64_t people) const {
  const std::uint32_t standard = state_.policy().workforce().community_workers_per_10000();
  return static_cast<std::uint32_t>((people * standard + 9999) / 10'000);
}

// Persons who are in no area directly below come first.
void WorkforceCount::sort() {
  for (const auto& [slot, row] : rows_) {
    sorted_.emplace_back(slot, &row);
    add_up(total_, row.counts);
  }
  std::sort(sorted_.begin(), sorted_.end(),
            [](const auto& a, const auto& b) { return a.second->area_code < b.second->area_code; });
}

pb::WorkforceReport WorkforceCount::head() const {
  pb::WorkforceReport r;
  r.set_per_10000(state_.policy().workforce().community_workers_per_10000());
  if (within_ != kNoSlot) r.set_area_code(state_.areas()[within_].id.value());
  *r.mutable_total() = total_;
  r.mutable_total()->set_population(population_);
  r.mutable_total()->set_standard(needed(population_));
  return r;
}

pb::WorkforceRow WorkforceCount::row(std::size_t place) const {
  const auto& [slot, counted] = sorted_[place];
  pb::WorkforceRow row = counted->counts;
  if (slot == kNoSlot) {
    if (within_ != kNoSlot) row.set_area_code(state_.areas()[within_].id.value());
    row.set_name(state_.area_name(within_));
    // If there are no areas below, all residents belong to its own row.
    if (sorted_.size() == 1) {
      row.set_population(population_);
      row.set_standard(needed(population_));
    }
    return row;
  }
  const pb::Area area = state_.load_area(slot);
  row.set_area_code(area.code());
  row.set_name(area.name());
  row.set_population(area.population());
  row.set_standard(needed(area.population()));
  return row;
}

}  // namespace qiao
