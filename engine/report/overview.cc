#include "engine/report/overview.h"

#include <algorithm>

#include "engine/market/due.h"

namespace qiao {
namespace {

constexpr std::size_t kMostWaiting = 10;
constexpr std::size_t kMostAreas = 500;
constexpr const char* kStepNames[] = {"submitted", "opened", "filled", "started", "done", "reviewed"};

void set_point(pb::Point& out, const Point& p) {
  out.set_latitude_e7(p.latitude_e7);
  out.set_longitude_e7(p.longitude_e7);
}

bool waits_longer(const pb::WaitingNeed& a, const pb::WaitingNeed& b) {
  return a.opened_at() != b.opened_at() ? a.opened_at() < b.opened_at() : a.need_id() < b.need_id();
}

std::int64_t quantile(std::vector<std::int64_t>& values, std::size_t tenths) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>((values.size() - 1) * tenths / 10);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void add_up(pb::AreaTally& into, const pb::AreaTally& one) {
  into.set_open_needs(into.open_needs() + one.open_needs());
  into.set_missing_units(into.missing_units() + one.missing_units());
  into.set_asked_micro(into.asked_micro() + one.asked_micro());
  into.set_filled_micro(into.filled_micro() + one.filled_micro());
  into.set_parties(into.parties() + one.parties());
  into.set_offers(into.offers() + one.offers());
  if (one.waiting_since() != 0 && (into.waiting_since() == 0 || one.waiting_since() < into.waiting_since())) into.set_waiting_since(one.waiting_since());
}

}  // namespace

bool in_part(const State& state, Slot area, Slot within) { return within == kNoSlot || state.within(area, within); }

OverviewCount::OverviewCount(const State& state, Slot within, Time now, Time since)
    : state_(state), within_(within), now_(now), since_(since), categories_(static_cast<std::size_t>(state.taxonomy().categories_size())) {}

void OverviewCount::add(Slot slot) {
  const NeedRow& row = state_.needs()[slot];
  if (!in_part(state_, row.area, within_)) return;
  const bool waits = row.state == pb::NEED_STATE_OPEN;
  std::int64_t missing = 0;
  if (waits) {
    for (Slot l = row.first_line; l < row.first_line + row.line_count; ++l) missing += state_.line(l).quantity - state_.line(l).held;
  }
  const pb::Need need = state_.load_need(slot);
  const bool recent = need.created_at() >= to_int(since_);
  if (!waits && !recent) return;
  if (recent) {
    ++by_state_[static_cast<std::size_t>(row.state)];
    // When it came to each step; 0 where it has not.
    const std::int64_t at[kSteps + 1] = {need.created_at(), need.submitted_at(), need.opened_at(), need.filled_at(), need.started_at(), need.done_at(),
                                         need.state() == pb::NEED_STATE_REVIEWED ? need.ended_at() : 0};
    std::int64_t before = at[0];
    for (std::size_t s = 0; s < kSteps; ++s) {
      // An organiser's own need is open at once, and one that was claimed at once was never seen to be open and filled.
      if (at[s + 1] == 0) continue;
      ++steps_[s].needs;
      steps_[s].took.push_back(std::max<std::int64_t>(0, at[s + 1] - before));
      before = std::max(before, at[s + 1]);
    }
    if (row.category < categories_.size() && (need.state() == pb::NEED_STATE_DONE || need.state() == pb::NEED_STATE_REVIEWED)) {
      categories_[row.category].set_served_needs(categories_[row.category].served_needs() + 1);
    }
  }
  if (!waits || missing == 0) return;
  pb::AreaTally& area = areas_[row.fairness == kNoSlot ? row.area : row.fairness];
  area.set_open_needs(area.open_needs() + 1);
  area.set_missing_units(area.missing_units() + missing);
  if (area.waiting_since() == 0 || need.opened_at() < area.waiting_since()) area.set_waiting_since(need.opened_at());
  if (row.category < categories_.size()) {
    categories_[row.category].set_open_needs(categories_[row.category].open_needs() + 1);
    categories_[row.category].set_missing_units(categories_[row.category].missing_units() + missing);
  }
  pb::WaitingNeed w;
  w.set_need_id(need.id());
  w.set_opened_at(need.opened_at());
  if (waiting_.size() == kMostWaiting && !waits_longer(w, waiting_.front())) return;
  w.set_title(need.title());
  w.set_area_code(need.area_code());
  w.set_area_name(state_.area_name(row.area));
  w.set_starts_at(to_int(times_of(need).first_start));
  w.set_missing_units(missing);
  w.set_urgency(need.urgency() == pb::URGENCY_UNSPECIFIED ? pb::URGENCY_NORMAL : need.urgency());
  if (waiting_.size() == kMostWaiting) {
    std::pop_heap(waiting_.begin(), waiting_.end(), waits_longer);
    waiting_.pop_back();
  }
  waiting_.push_back(std::move(w));
  std::push_heap(waiting_.begin(), waiting_.end(), waits_longer);
}

// So few areas that a page can show them, and at which level.
pb::AreaLevel OverviewCount::roll_up() {
  pb::AreaLevel level = pb::AREA_LEVEL_COMMUNITY;
  while (areas_.size() > kMostAreas && level > pb::AREA_LEVEL_CITY) {
    level = static_cast<pb::AreaLevel>(level - 1);
    boost::unordered_flat_map<Slot, pb::AreaTally> above;
    for (const auto& [slot, tally] : areas_) {
      Slot up = slot;
      while (state_.areas()[up].level > level && state_.areas()[up].parent != kNoSlot) up = state_.areas()[up].parent;
      add_up(above[up], tally);
    }
    areas_ = std::move(above);
  }
  return level;
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
    step.set_needs(steps_[s].needs);
    step.set_median_s(quantile(steps_[s].took, 5));
    step.set_slowest_decile_s(quantile(steps_[s].took, 9));
  }
  pb::PartyTally kinds[3];
  for (int k = 0; k < 3; ++k) kinds[k].set_kind(static_cast<pb::PartyKind>(pb::PARTY_KIND_VOLUNTEER_TEAM + k));
  for (Slot p = 0; p < state_.parties().size(); ++p) {
    const PartyRow& row = state_.parties()[p];
    if (row.kind < pb::PARTY_KIND_VOLUNTEER_TEAM || !in_part(state_, row.area, within_)) continue;
    pb::PartyTally& kind = kinds[row.kind - pb::PARTY_KIND_VOLUNTEER_TEAM];
    if (row.standing == pb::STANDING_PENDING) kind.set_pending(kind.pending() + 1);
    if (row.standing != pb::STANDING_ACTIVE) continue;
    kind.set_active(kind.active() + 1);
    pb::AreaTally& area = areas_[row.area];
    area.set_parties(area.parties() + 1);
    for (Slot o = row.first_offer; o != kNoSlot; o = state_.offers()[o].next_of_party) {
      if (state_.offers()[o].active) area.set_offers(area.offers() + 1);
    }
  }
  for (pb::PartyTally& k : kinds) *r.add_parties() = k;
  for (Slot a = 0; a < state_.areas().size(); ++a) {
    const AreaRow& row = state_.areas()[a];
    if (row.asked_micro == 0 || !in_part(state_, a, within_)) continue;
    areas_[a].set_asked_micro(row.asked_micro);
    areas_[a].set_filled_micro(row.filled_micro);
  }
  r.set_areas_level(roll_up());
  std::vector<Slot> slots;
  for (const auto& [slot, tally] : areas_) slots.push_back(slot);
  std::sort(slots.begin(), slots.end(), [&](Slot a, Slot b) { return state_.areas()[a].id < state_.areas()[b].id; });
  for (const Slot slot : slots) {
    const AreaRow& row = state_.areas()[slot];
    const pb::Area area = state_.load_area(slot);
    pb::AreaTally& tally = *r.add_areas() = areas_[slot];
    tally.set_area_code(area.code());
    tally.set_name(area.name());
    set_point(*tally.mutable_point(), row.point);
    tally.set_population(area.population());
  }
  std::sort_heap(waiting_.begin(), waiting_.end(), waits_longer);
  for (pb::WaitingNeed& w : waiting_) *r.add_waiting() = std::move(w);
  for (std::size_t c = 0; c < categories_.size(); ++c) categories_[c].set_code(state_.vocabulary().term(WordList::kCategory, c).code());
  std::stable_sort(categories_.begin(), categories_.end(), [](const auto& a, const auto& b) { return a.missing_units() > b.missing_units(); });
  for (const pb::CategoryTally& c : categories_) {
    if (c.open_needs() > 0 || c.served_needs() > 0) *r.add_categories() = c;
  }
  return r;
}

}  // namespace qiao
