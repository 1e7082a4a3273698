#include "engine/match/index.h"

#include <algorithm>

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
  Tickets offers;
  Tickets lines;
  workers(2, [&](std::size_t part) { (part == 0 ? offers : lines) = part == 0 ? hand_out_offers() : hand_out_lines(); });
  std::vector<Filling> fillings;
  add_fillings(
      offers, offers_, kOfferCells, offer_at_, [this](Slot o) { state_.prefetch_whole_offer(o); }, [](Slot) {}, [this](Slot o) { return entry_of(o); }, fillings);
  add_fillings(
      lines, lines_, kLineCells, line_at_, [this](Slot l) { state_.prefetch_line(l); }, [this](Slot l) { state_.prefetch_need(state_.line(l).need); },
      [this](Slot l) { return entry_of(state_.needs()[state_.line(l).need], l); }, fillings);
  // The longest first, so that all threads have something to do to the end.
  std::sort(fillings.begin(), fillings.end(), [](const Filling& a, const Filling& b) { return a.entries > b.entries; });
  workers(fillings.size(), [&](std::size_t i) { fillings[i].run(); });
}

template <class Entry>
void Index::hand_out(Tickets& tickets, const Grid<Entry>& grid, const Position& place, Point point, Slot slot) {
  if (tickets.size() <= place.kind) tickets.resize(place.kind + 1U);
  tickets[place.kind][place.level].push_back(grid.ticket(point, slot));
}

Index::Tickets Index::hand_out_offers() {
  Tickets tickets;
  const auto& offers = state_.offers();
  offers_.clear();
  offer_at_.assign(offers.size(), {});
  for (Slot o = 0; o < offers.size(); ++o) {
    const auto place = place_of(o);
    if (!place) continue;
    offer_at_[o] = *place;
    hand_out(tickets, get(offers_, place->kind).grid(place->level, kOfferCells), *place, offers[o].point, o);
  }
  return tickets;
}

Index::Tickets Index::hand_out_lines() {
  Tickets tickets;
  const auto& needs = state_.needs();
  lines_.clear();
  line_at_.assign(state_.line_count(), {});
  for (Slot n = 0; n < needs.size(); ++n) {
    for (Slot l = needs[n].first_line; l < needs[n].first_line + needs[n].line_count; ++l) {
      const auto place = place_of(needs[n], l);
      if (!place) continue;
      line_at_[l] = *place;
      hand_out(tickets, get(lines_, place->kind).grid(place->level, kLineCells), *place, needs[n].point, l);
    }
  }
  return tickets;
}

template <class Entry, class Coming, class Soon, class Make>
void Index::add_fillings(Tickets& tickets, Kinds<Entry>& kinds, const typename KindIndex<Entry>::Cells& cells, std::vector<Position>& at, Coming coming, Soon soon, Make make, std::vector<Filling>& fillings) {
  for (std::size_t kind = 0; kind < tickets.size(); ++kind) {
    for (std::uint8_t level = 0; level < tickets[kind].size(); ++level) {
      auto& of_grid = tickets[kind][level];
      if (of_grid.empty()) continue;
      Grid<Entry>& grid = kinds[kind]->grid(level, cells);
      fillings.push_back({of_grid.size(), [&of_grid, &grid, &at, coming, soon, make] {
                            grid.fill(
                                std::move(of_grid),
                                [&](Slot slot) {
                                  coming(slot);
                                  __builtin_prefetch(&at[slot], 1);
                                },
                                soon, make, [&](Slot slot, GridPosition p) { at[slot].at = p; });
                          }});
    }
  }
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
