#include "engine/report/overview.h"

#include <algorithm>

#include "engine/rows/due.h"

namespace qiao {
namespace {

constexpr std::size_t kMostWaiting = 10;
constexpr std::size_t kMostAreas = 500;
// Rows whose areas are prefetched, so that the waits for memory overlap.
constexpr Slot kAhead = 24;
constexpr const char* kStepNames[] = {"submitted", "opened", "filled",
                                      "started",   "done",   "reviewed"};
constexpr pb::AreaLevel kShown[] = {pb::AREA_LEVEL_COMMUNITY, pb::AREA_LEVEL_TOWN,
                                    pb::AREA_LEVEL_CITY};

void set_point(pb::Point& out, const Point& p) {
  out.set_latitude_e7(p.latitude_e7);
  out.set_longitude_e7(p.longitude_e7);
}

// Units that its lines lack.
std::int64_t missing_units(const State& state, const NeedRow& need) {
  std::int64_t missing = 0;
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l) {
    missing += state.line(l).quantity - state.line(l).held;
  }
  return missing;
}

bool gives(const PartyRow& party) { return party.kind >= pb::PARTY_KIND_VOLUNTEER_TEAM; }

}  // namespace

bool in_part(const State& state, Slot area, Slot within) {
  return within == kNoSlot || state.within(area, within);
}

OverviewCount::OverviewCount(const State& state, Slot within, Time now, Time since)
    : state_(state),
      within_(within),
      now_(now),
      since_(since),
      areas_(state.areas().size()),
      needs_(state.needs().size()),
      parties_(state.parties().size()),
      categories_(static_cast<std::size_t>(state.taxonomy().categories_size())) {
  if (within_ != kNoSlot) inside_.resize(areas_);
  for (auto& marked : marked_) marked.resize(areas_);
  for (int k = 0; k < 3; ++k) {
    kinds_[static_cast<std::size_t>(k)].set_kind(
        static_cast<pb::PartyKind>(pb::PARTY_KIND_VOLUNTEER_TEAM + k));
  }
}

std::size_t OverviewCount::steps() const { return 3 * std::size_t{areas_} + needs_ + parties_; }

void OverviewCount::add(std::size_t step) {
  auto i = static_cast<Slot>(step);
  if (i < areas_) return add_area(i);
  i -= areas_;
  if (i < needs_) return add_need(i);
  i -= needs_;
  if (i < parties_) return add_party(i);
  i -= parties_;
  if (i < areas_) return mark_levels(i);
  if (i == areas_) choose_level();
  roll_up(i - areas_);
}

void OverviewCount::add_area(Slot area) {
  waits_.resize(area + 1);
  gives_.resize(area + 1);
  if (within_ != kNoSlot) inside_[area] = state_.within(area, within_);
}

void OverviewCount::add_need(Slot slot) {
  const NeedRow& row = state_.needs()[slot];
  // The area was added after the start.
  if (row.area >= areas_ || !inside(row.area)) return;
  if (state_.progress(slot).created >= to_int(since_)) add_to_funnel(slot);
  if (row.state != pb::NEED_STATE_OPEN) return;
  if (const std::int64_t missing = missing_units(state_, row); missing > 0) {
    add_waiting(slot, missing);
  }
}

void OverviewCount::add_to_funnel(Slot slot) {
  const NeedRow& row = state_.needs()[slot];
  const NeedProgress& p = state_.progress(slot);
  ++by_state_[static_cast<std::size_t>(row.state)];
  const std::uint32_t reviewed = row.state == pb::NEED_STATE_REVIEWED ? p.ended : 0;
  const std::uint32_t at[kSteps] = {p.submitted, p.opened, p.filled, p.started, p.done, reviewed};
  std::int64_t before = p.created;
  for (std::size_t s = 0; s < kSteps; ++s) {
    // An organiser's own need is open at once, and a need that was claimed at once has no time of
    // opening before it was filled.
    if (at[s] == 0) continue;
    funnel_[s].add(at[s] - before);
    before = std::max<std::int64_t>(before, at[s]);
  }
  const bool was_served = row.state == pb::NEED_STATE_DONE || row.state == pb::NEED_STATE_REVIEWED;
  if (!was_served || row.category >= categories_.size()) return;
  pb::CategoryTally& category = categories_[row.category];
  category.set_served_needs(category.served_needs() + 1);
}

bool OverviewCount::waits_longer(const Waiting& a, const Waiting& b) {
  return a.opened != b.opened ? a.opened < b.opened : a.need < b.need;
}

void OverviewCount::add_waiting(Slot slot, std::int64_t missing) {
  const NeedRow& row = state_.needs()[slot];
  const std::uint32_t opened = state_.progress(slot).opened;
  Waits& area = waits_[row.fairness == kNoSlot ? row.area : row.fairness];
  ++area.needs;
  area.missing_units += missing;
  if (area.since == 0 || opened < area.since) area.since = opened;
  if (row.category < categories_.size()) {
    pb::CategoryTally& category = categories_[row.category];
    category.set_open_needs(category.open_needs() + 1);
    category.set_missing_units(category.missing_units() + missing);
  }
  const Waiting one{opened, slot};
  if (waiting_.size() == kMostWaiting) {
    if (!waits_longer(one, waiting_.front())) return;
    std::pop_heap(waiting_.begin(), waiting_.end(), waits_longer);
    waiting_.pop_back();
  }
  waiting_.push_back(one);
  std::push_heap(waiting_.begin(), waiting_.end(), waits_longer);
}

void OverviewCount::prefetch(Slot area) const {
  if (area < areas_) __builtin_prefetch(&gives_[area], 1);
}

void OverviewCount::add_party(Slot slot) {
  const PartyRow& row = state_.parties()[slot];
  if (slot + kAhead < parties_) prefetch(state_.parties()[slot + kAhead].area);
  if (!gives(row) || row.area >= areas_ || !inside(row.area)) return;
  pb::PartyTally& kind = kinds_[static_cast<std::size_t>(row.kind - pb::PARTY_KIND_VOLUNTEER_TEAM)];
  if (row.standing == pb::STANDING_PENDING) kind.set_pending(kind.pending() + 1);
  if (row.standing != pb::STANDING_ACTIVE) return;
  kind.set_active(kind.active() + 1);
  ++gives_[row.area].parties;
  gives_[row.area].offers += row.active_offers;
}

Slot OverviewCount::ancestor(Slot area, pb::AreaLevel level) const {
  if (level == pb::AREA_LEVEL_COMMUNITY) return area;
  while (state_.areas()[area].level > level && state_.areas()[area].parent != kNoSlot) {
    area = state_.areas()[area].parent;
  }
  return area;
}

bool OverviewCount::empty(Slot area) const {
  const AreaRow& row = state_.areas()[area];
  return waits_[area].needs == 0 && gives_[area].parties == 0 &&
         (row.asked_micro == 0 || !inside(area));
}

void OverviewCount::mark_levels(Slot area) {
  if (empty(area)) return;
  for (std::size_t l = 0; l < kLevels; ++l) {
    area = ancestor(area, kShown[l]);
    if (area >= areas_ || marked_[l][area]) return;
    marked_[l][area] = true;
    ++marks_[l];
  }
}

// Chooses a level with few enough areas to show on a page.
void OverviewCount::choose_level() {
  while (marks_[level_] > kMostAreas && level_ + 1 < kLevels) ++level_;
}

void OverviewCount::roll_up(Slot area) {
  if (empty(area)) return;
  const Waits& waits = waits_[area];
  Tally& sum = rolled_[ancestor(area, kShown[level_])];
  sum.waits.needs += waits.needs;
  sum.waits.missing_units += waits.missing_units;
  if (waits.since != 0 && (sum.waits.since == 0 || waits.since < sum.waits.since)) {
    sum.waits.since = waits.since;
  }
  sum.gives.parties += gives_[area].parties;
  sum.gives.offers += gives_[area].offers;
  if (!inside(area)) return;
  sum.asked_micro += state_.areas()[area].asked_micro;
  sum.filled_micro += state_.areas()[area].filled_micro;
}

void OverviewCount::put_areas(pb::Overview& overview) const {
  std::vector<std::pair<Slot, Tally>> sorted(rolled_.begin(), rolled_.end());
  std::sort(sorted.begin(), sorted.end(), [&](const auto& a, const auto& b) {
    return state_.areas()[a.first].id < state_.areas()[b.first].id;
  });
  overview.set_areas_level(kShown[level_]);
  for (const auto& [slot, sum] : sorted) {
    const pb::Area area = state_.load_area(slot);
    pb::AreaTally& tally = *overview.add_areas();
    tally.set_area_code(area.code());
    tally.set_name(area.name());
    set_point(*tally.mutable_point(), state_.areas()[slot].point);
    tally.set_population(area.population());
    tally.set_open_needs(sum.waits.needs);
    tally.set_missing_units(sum.waits.missing_units);
    tally.set_asked_micro(sum.asked_micro);
    tally.set_filled_micro(sum.filled_micro);
    tally.set_parties(sum.gives.parties);
    tally.set_offers(sum.gives.offers);
    tally.set_waiting_since(sum.waits.since);
  }
}

void OverviewCount::put_waiting(pb::Overview& overview) const {
  std::vector<Waiting> sorted = waiting_;
  std::sort(sorted.begin(), sorted.end(), waits_longer);
  for (const Waiting& one : sorted) {
    const NeedRow& row = state_.needs()[one.need];
    const pb::Need need = state_.load_need(one.need);
    pb::WaitingNeed& w = *overview.add_waiting();
    w.set_need_id(need.id());
    w.set_opened_at(one.opened);
    w.set_title(need.title());
    w.set_area_code(need.area_code());
    w.set_area_name(state_.area_name(row.area));
    w.set_starts_at(to_int(times_of(need).first_start));
    w.set_missing_units(missing_units(state_, row));
    w.set_urgency(need.urgency() == pb::URGENCY_UNSPECIFIED ? pb::URGENCY_NORMAL : need.urgency());
  }
}

void OverviewCount::put_categories(pb::Overview& overview) {
  for (std::size_t c = 0; c < categories_.size(); ++c) {
    categories_[c].set_code(state_.vocabulary().term(WordList::kCategory, c).code());
  }
  std::stable_sort(categories_.begin(), categories_.end(), [](const auto& a, const auto& b) {
    return a.missing_units() > b.missing_units();
  });
  for (const pb::CategoryTally& c : categories_) {
    if (c.open_needs() > 0 || c.served_needs() > 0) *overview.add_categories() = c;
  }
}

pb::Overview OverviewCount::finish() {
  pb::Overview r;
  if (within_ != kNoSlot) r.set_area_code(state_.areas()[within_].id.value());
  r.set_counted_at(to_int(now_));
  r.set_since(to_int(since_));
  for (std::size_t s = 1; s < by_state_.size(); ++s) {
    pb::NeedStateCount& c = *r.add_needs();
    c.set_state(static_cast<pb::NeedState>(s));
    c.set_needs(by_state_[s]);
  }
  for (std::size_t s = 0; s < kSteps; ++s) {
    pb::FunnelStep& step = *r.add_funnel();
    step.set_step(kStepNames[s]);
    step.set_needs(static_cast<std::uint32_t>(funnel_[s].size()));
    step.set_median_s(funnel_[s].quantile(5));
    step.set_slowest_decile_s(funnel_[s].quantile(9));
  }
  for (const pb::PartyTally& k : kinds_) *r.add_parties() = k;
  put_areas(r);
  put_waiting(r);
  put_categories(r);
  return r;
}

}  // namespace qiao
