#include "engine/match/index.h"

#include <algorithm>
#include <functional>

namespace qiao {
namespace {

// 1e-7 degrees, by level. Offers are searched from a line within their own reach; lines from an offer within the
// offer's, which is a few kilometres for most, so their finest cells are wider.
constexpr KindIndex<OfferEntry>::Cells kOfferCells = {200'000, 400'000, 1'000'000, 3'000'000, 10'000'000, 0};
constexpr KindIndex<LineEntry>::Cells kLineCells = {500'000, 500'000, 1'000'000, 3'000'000, 10'000'000, 0};

// Certificates share the 64 bits with skills, from the other end.
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

std::uint32_t reach(const OfferRow& offer) { return offer.collect ? 0 : offer.radius_m; }

}  // namespace

std::uint64_t signature(const LineRow& line) {
  return line.skills.signature() | (line.certificate == 0xff ? 0 : certificate_bit(line.certificate));
}

std::uint64_t signature(const OfferRow& offer) {
  std::uint64_t s = offer.skills.signature();
  if (offer.extras) {
    for (const HeldCertificate& c : offer.extras->certificates) s |= certificate_bit(c.kind);
  }
  return s;
}

std::optional<Index::Position> Index::place_of(Slot slot) const {
  const OfferRow& offer = state_.offers()[slot];
  if (!offer.active || state_.parties()[offer.party].standing != pb::STANDING_ACTIVE) return std::nullopt;
  return Position{kind_of(offer.time_kind, offer.resource), KindIndex<OfferEntry>::level_of(reach(offer)), {}};
}

OfferEntry Index::entry_of(Slot slot) const {
  const OfferRow& offer = state_.offers()[slot];
  static const std::vector<DayException> kNone;
  const auto& exceptions = offer.extras ? offer.extras->exceptions : kNone;
  return {offer.point, signature(offer), offer.time_kind == 0 ? 0 : possible(offer.pattern, exceptions), slot, reach(offer)};
}

std::optional<Index::Position> Index::place_of(const NeedRow& need, Slot l) const {
  const LineRow& line = state_.line(l);
  if (!takes_matches(need.state) || line.held >= line.quantity) return std::nullopt;
  return Position{kind_of(line.time_kind, line.resource), KindIndex<LineEntry>::level_of(need.travel_m), {}};
}

LineEntry Index::entry_of(const NeedRow& need, Slot l) const {
  const LineRow& line = state_.line(l);
  const auto start = static_cast<std::int32_t>(to_int(line.window.start) / 60);
  return {need.point, signature(line), line.week, start, l, line.need, need.fairness, need.travel_m, need.urgency};
}

void Index::build(const Workers& workers) {
  workers(2, [this](std::size_t part) { part == 0 ? lay_offers() : lay_lines(); });
  struct Settling {
    std::size_t entries;
    std::function<void()> run;
  };
  std::vector<Settling> settlings;
  each_grid(offers_, [&](Grid<OfferEntry>& grid) {
    settlings.push_back({grid.laid(), [this, &grid] { grid.settle([this](const OfferEntry& e, GridPosition p) { offer_at_[e.offer].at = p; }); }});
  });
  each_grid(lines_, [&](Grid<LineEntry>& grid) {
    settlings.push_back({grid.laid(), [this, &grid] { grid.settle([this](const LineEntry& e, GridPosition p) { line_at_[e.line].at = p; }); }});
  });
  // The longest first, so that all threads have something to do to the end.
  std::sort(settlings.begin(), settlings.end(), [](const Settling& a, const Settling& b) { return a.entries > b.entries; });
  workers(settlings.size(), [&](std::size_t i) { settlings[i].run(); });
}

void Index::lay_offers() {
  const auto& offers = state_.offers();
  offers_.clear();
  offer_at_.assign(offers.size(), {});
  for (Slot o = 0; o < offers.size(); ++o) {
    const auto place = place_of(o);
    if (!place) continue;
    offer_at_[o] = *place;
    get(offers_, place->kind).grid(place->level, kOfferCells).expect(offers[o].point);
  }
  each_grid(offers_, [](Grid<OfferEntry>& grid) { grid.make_room(); });
  for (Slot o = 0; o < offers.size(); ++o) {
    const Position& place = offer_at_[o];
    if (place.kind != 0) offers_[place.kind]->grid(place.level, kOfferCells).lay(entry_of(o));
  }
}

void Index::lay_lines() {
  const auto& needs = state_.needs();
  lines_.clear();
  line_at_.assign(state_.line_count(), {});
  const auto each_line = [&](auto visit) {
    for (Slot n = 0; n < needs.size(); ++n) {
      for (Slot l = needs[n].first_line; l < needs[n].first_line + needs[n].line_count; ++l) visit(needs[n], l);
    }
  };
  each_line([&](const NeedRow& need, Slot l) {
    const auto place = place_of(need, l);
    if (!place) return;
    line_at_[l] = *place;
    get(lines_, place->kind).grid(place->level, kLineCells).expect(need.point);
  });
  each_grid(lines_, [](Grid<LineEntry>& grid) { grid.make_room(); });
  each_line([&](const NeedRow& need, Slot l) {
    const Position& place = line_at_[l];
    if (place.kind != 0) lines_[place.kind]->grid(place.level, kLineCells).lay(entry_of(need, l));
  });
}

void Index::put_offer(Slot slot) {
  take_offer(slot);
  const auto place = place_of(slot);
  if (!place) return;
  if (offer_at_.size() <= slot) offer_at_.resize(std::max<std::size_t>(slot + 1, offer_at_.size() * 5 / 4));
  offer_at_[slot] = *place;
  offer_at_[slot].at = get(offers_, place->kind).grid(place->level, kOfferCells).insert(entry_of(slot));
}

void Index::take_offer(Slot slot) {
  if (slot >= offer_at_.size() || offer_at_[slot].at.bucket == kNoSlot) return;
  const Position p = offer_at_[slot];
  offer_at_[slot] = {};
  offers_[p.kind]->grid(p.level, kOfferCells).erase(p.at, [&](const OfferEntry& moved) { offer_at_[moved.offer].at = p.at; });
}

void Index::put_need(Slot slot) {
  const NeedRow& need = state_.needs()[slot];
  const Slot end = need.first_line + need.line_count;
  if (line_at_.size() < end) line_at_.resize(std::max<std::size_t>(end, line_at_.size() * 5 / 4));
  // Also the room of lines that are no more.
  take_need(slot);
  for (Slot l = need.first_line; l < end; ++l) {
    const auto place = place_of(need, l);
    if (!place) continue;
    line_at_[l] = *place;
    line_at_[l].at = get(lines_, place->kind).grid(place->level, kLineCells).insert(entry_of(need, l));
  }
}

void Index::take_need(Slot slot) {
  const NeedRow& need = state_.needs()[slot];
  for (Slot l = need.first_line; l < need.first_line + need.line_room; ++l) take_line(l);
}

void Index::take_line(Slot l) {
  if (l >= line_at_.size() || line_at_[l].at.bucket == kNoSlot) return;
  const Position p = line_at_[l];
  line_at_[l] = {};
  lines_[p.kind]->grid(p.level, kLineCells).erase(p.at, [&](const LineEntry& moved) { line_at_[moved.line].at = p.at; });
}

std::size_t Index::bytes() const {
  std::size_t sum = (offer_at_.capacity() + line_at_.capacity()) * sizeof(Position);
  for (const auto& k : offers_) sum += k ? k->bytes() : 0;
  for (const auto& k : lines_) sum += k ? k->bytes() : 0;
  return sum;
}

}  // namespace qiao
