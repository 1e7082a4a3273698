#include "engine/match/index.h"

#include <algorithm>
#include <functional>

#include "engine/match/judge.h"

namespace qiao {
namespace {

// 1e-7 degrees, by level. Offers are searched from a line within the offers' own reach; lines are
// searched from an offer within the offer's, a few kilometres for most, so their finest cells are
// wider.
constexpr KindIndex<OfferEntry>::Cells kOfferCells = {200'000,   400'000,    1'000'000,
                                                      3'000'000, 10'000'000, 0};
constexpr KindIndex<LineEntry>::Cells kLineCells = {500'000,   500'000,    1'000'000,
                                                    3'000'000, 10'000'000, 0};

// Certificates share the 64 bits with skills, from the high end.
std::uint64_t certificate_bit(std::size_t kind) { return std::uint64_t{1} << (63 - kind % 64); }

template <class Entry>
KindIndex<Entry>& get(std::vector<std::unique_ptr<KindIndex<Entry>>>& kinds, std::size_t kind) {
  if (kinds.size() <= kind) kinds.resize(kind + 1);
  if (!kinds[kind]) kinds[kind] = std::make_unique<KindIndex<Entry>>();
  return *kinds[kind];
}

template <class Entry, class Visit>
void each_grid(std::vector<std::unique_ptr<KindIndex<Entry>>>& kinds, Visit visit) {
  for (auto& kind : kinds) {
    if (kind) kind->each_grid(visit);
  }
}

}  // namespace

std::uint64_t signature(const LineRow& line) {
  return line.skills.signature() |
         (line.certificate == 0xff ? 0 : certificate_bit(line.certificate));
}

std::uint64_t signature(const OfferRow& offer) {
  std::uint64_t s = offer.skills.signature();
  if (offer.extras) {
    for (const HeldCertificate& c : offer.extras->certificates) s |= certificate_bit(c.kind);
  }
  return s;
}

void Index::fill(Position& position, Slot slot) const {
  const OfferRow& offer = state_.offers()[slot];
  position = {};
  if (!offer.active || state_.parties()[offer.party].standing != pb::STANDING_ACTIVE) return;
  position.kind = kind_of(offer.time_kind, offer.resource);
  position.level = KindIndex<OfferEntry>::level_of(Judge::own_reach(offer));
}

void Index::fill(OfferEntry& entry, Slot slot) const {
  const OfferRow& offer = state_.offers()[slot];
  static const std::vector<DayException> kNone;
  const auto& exceptions = offer.extras ? offer.extras->exceptions : kNone;
  entry.point = offer.point;
  entry.signature = signature(offer);
  entry.week = offer.time_kind == 0 ? 0 : possible(offer.pattern, exceptions);
  entry.offer = slot;
  entry.radius_m = Judge::own_reach(offer);
}

void Index::fill(Position& position, const NeedRow& need, Slot l) const {
  const LineRow& line = state_.line(l);
  position = {};
  if (!takes_matches(need.state) || line.held >= line.quantity) return;
  position.kind = kind_of(line.time_kind, line.resource);
  position.level = KindIndex<LineEntry>::level_of(need.travel_m);
}

void Index::fill(LineEntry& entry, const NeedRow& need, Slot l) const {
  const LineRow& line = state_.line(l);
  entry.point = need.point;
  entry.signature = signature(line);
  entry.week = line.week;
  entry.start_minute = static_cast<std::int32_t>(to_int(line.window.start) / 60);
  entry.line = l;
  entry.need = line.need;
  entry.fairness = need.fairness;
  entry.travel_m = need.travel_m;
  entry.urgency = need.urgency;
}

void Index::build(const Workers& workers) {
  workers(2, [this](std::size_t part) { part == 0 ? place_offers() : place_lines(); });
  struct Finish {
    std::size_t entries;
    std::function<void()> run;
  };
  std::vector<Finish> finishes;
  each_grid(offers_, [&](Grid<OfferEntry>& grid) {
    finishes.push_back(
        {grid.bulk_size(), [this, &grid] {
           grid.finish([this](const OfferEntry& e, GridPosition p) { offer_at_[e.offer].at = p; });
         }});
  });
  each_grid(lines_, [&](Grid<LineEntry>& grid) {
    finishes.push_back(
        {grid.bulk_size(), [this, &grid] {
           grid.finish([this](const LineEntry& e, GridPosition p) { line_at_[e.line].at = p; });
         }});
  });
  // The longest first, so that all threads stay busy to the end.
  std::sort(finishes.begin(), finishes.end(),
            [](const Finish& a, const Finish& b) { return a.entries > b.entries; });
  workers(finishes.size(), [&](std::size_t i) { finishes[i].run(); });
}

void Index::place_offers() {
  const auto& offers = state_.offers();
  offers_.clear();
  offer_at_.assign(offers.size(), {});
  for (Slot o = 0; o < offers.size(); ++o) {
    Position& place = offer_at_[o];
    fill(place, o);
    if (place.kind != 0)
      get(offers_, place.kind).grid(place.level, kOfferCells).count(offers[o].point);
  }
  each_grid(offers_, [](Grid<OfferEntry>& grid) { grid.allocate(); });
  for (Slot o = 0; o < offers.size(); ++o) {
    const Position& place = offer_at_[o];
    if (place.kind != 0)
      fill(offers_[place.kind]->grid(place.level, kOfferCells).place(offers[o].point), o);
  }
}

void Index::place_lines() {
  const auto& needs = state_.needs();
  lines_.clear();
  line_at_.assign(state_.line_count(), {});
  const auto each_line = [&](auto visit) {
    for (Slot n = 0; n < needs.size(); ++n) {
      for (Slot l = needs[n].first_line; l < needs[n].first_line + needs[n].line_count; ++l)
        visit(needs[n], l);
    }
  };
  each_line([&](const NeedRow& need, Slot l) {
    Position& place = line_at_[l];
    fill(place, need, l);
    if (place.kind != 0) get(lines_, place.kind).grid(place.level, kLineCells).count(need.point);
  });
  each_grid(lines_, [](Grid<LineEntry>& grid) { grid.allocate(); });
  each_line([&](const NeedRow& need, Slot l) {
    const Position& place = line_at_[l];
    if (place.kind != 0)
      fill(lines_[place.kind]->grid(place.level, kLineCells).place(need.point), need, l);
  });
}

void Index::put_offer(Slot slot) {
  take_offer(slot);
  Position place;
  fill(place, slot);
  if (place.kind == 0) return;
  OfferEntry entry;
  fill(entry, slot);
  place.at = get(offers_, place.kind).grid(place.level, kOfferCells).insert(entry);
  if (offer_at_.size() <= slot)
    offer_at_.resize(std::max<std::size_t>(slot + 1, offer_at_.size() * 5 / 4));
  offer_at_[slot] = place;
}

void Index::take_offer(Slot slot) {
  if (slot >= offer_at_.size() || offer_at_[slot].kind == 0) return;
  const Position p = offer_at_[slot];
  offer_at_[slot] = {};
  offers_[p.kind]->grid(p.level, kOfferCells).erase(p.at, [&](const OfferEntry& moved) {
    offer_at_[moved.offer].at = p.at;
  });
}

void Index::put_need(Slot slot) {
  const NeedRow& need = state_.needs()[slot];
  const Slot end = need.first_line + need.line_count;
  if (line_at_.size() < end) line_at_.resize(std::max<std::size_t>(end, line_at_.size() * 5 / 4));
  // Includes the room of lines that no longer exist.
  take_need(slot);
  for (Slot l = need.first_line; l < end; ++l) {
    Position& place = line_at_[l];
    fill(place, need, l);
    if (place.kind == 0) continue;
    LineEntry entry;
    fill(entry, need, l);
    place.at = get(lines_, place.kind).grid(place.level, kLineCells).insert(entry);
  }
}

void Index::take_need(Slot slot) {
  const NeedRow& need = state_.needs()[slot];
  for (Slot l = need.first_line; l < need.first_line + need.line_room; ++l) take_line(l);
}

void Index::take_line(Slot l) {
  if (l >= line_at_.size() || line_at_[l].kind == 0) return;
  const Position p = line_at_[l];
  line_at_[l] = {};
  lines_[p.kind]->grid(p.level, kLineCells).erase(p.at, [&](const LineEntry& moved) {
    line_at_[moved.line].at = p.at;
  });
}

}  // namespace qiao
