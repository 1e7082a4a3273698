#include "engine/match/index.h"

namespace qiao {
namespace {

// 1e-7 degrees, by level. Offers are searched from a line within their own reach; lines from an offer within the
// offer's, which is a few kilometres for most, so their finest cells are wider.
constexpr std::array<std::int64_t, KindIndex<OfferEntry>::kLevels> kOfferCells = {200'000, 400'000, 1'000'000, 3'000'000, 10'000'000, 0};
constexpr std::array<std::int64_t, KindIndex<LineEntry>::kLevels> kLineCells = {500'000, 500'000, 1'000'000, 3'000'000, 10'000'000, 0};

// Certificates share the 64 bits with skills, from the other end.
std::uint64_t certificate_bit(std::size_t kind) { return std::uint64_t{1} << (63 - kind % 64); }

template <class Entry>
KindIndex<Entry>& get(std::vector<std::unique_ptr<KindIndex<Entry>>>& kinds, std::size_t kind) {
  if (kinds.size() <= kind) kinds.resize(kind + 1);
  if (!kinds[kind]) kinds[kind] = std::make_unique<KindIndex<Entry>>();
  return *kinds[kind];
}

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

void Index::put_offer(Slot slot) {
  take_offer(slot);
  const OfferRow& offer = state_.offers()[slot];
  if (!offer.active || state_.parties()[offer.party].standing != pb::STANDING_ACTIVE) return;
  static const std::vector<DayException> kNone;
  const auto& exceptions = offer.extras ? offer.extras->exceptions : kNone;
  const std::uint32_t radius = offer.collect ? 0 : offer.radius_m;
  const std::uint16_t kind = kind_of(offer.time_kind, offer.resource);
  const std::uint8_t level = KindIndex<OfferEntry>::level_of(radius);
  const OfferEntry entry{offer.point, signature(offer), offer.time_kind == 0 ? 0 : possible(offer.pattern, exceptions), slot, radius};
  if (offer_at_.size() <= slot) offer_at_.resize(std::max<std::size_t>(slot + 1, offer_at_.size() * 5 / 4));
  offer_at_[slot] = {kind, level, get(offers_, kind).grid(level, kOfferCells).insert(entry)};
}

void Index::take_offer(Slot slot) {
  if (slot >= offer_at_.size() || offer_at_[slot].at.bucket == kNoSlot) return;
  const Position p = offer_at_[slot];
  offer_at_[slot] = {};
  offers_[p.kind]->grid(p.level, kOfferCells).erase(p.at, [&](const OfferEntry& moved) { offer_at_[moved.offer].at = p.at; });
}

void Index::put_need(Slot slot) {
  const NeedRow& need = state_.needs()[slot];
  const std::uint8_t level = KindIndex<LineEntry>::level_of(need.travel_m);
  const Slot end = need.first_line + need.line_count;
  if (line_at_.size() < end) line_at_.resize(std::max<std::size_t>(end, line_at_.size() * 5 / 4));
  // Also the room of lines that are no more.
  for (Slot l = need.first_line; l < need.first_line + need.line_room; ++l) take_line(l);
  if (!takes_matches(need.state)) return;
  for (Slot l = need.first_line; l < end; ++l) {
    const LineRow& line = state_.line(l);
    if (line.held >= line.quantity) continue;
    const std::uint16_t kind = kind_of(line.time_kind, line.resource);
    const auto start = static_cast<std::int32_t>(to_int(line.window.start) / 60);
    const LineEntry entry{need.point, signature(line), line.week, start, l, slot, need.fairness, need.travel_m, need.urgency};
    line_at_[l] = {kind, level, get(lines_, kind).grid(level, kLineCells).insert(entry)};
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
