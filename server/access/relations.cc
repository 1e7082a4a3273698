#include "server/access/relations.h"

#include "server/access/sight.h"

namespace qiao {
namespace {

// The maximum depth of areas and of parties; a deeper tree has a cycle.
constexpr int kMaxDepth = 8;

}  // namespace

Relations::Relations(const State& state) {
  for (Slot a = 0; a < state.areas().size(); ++a) {
    const AreaRow& row = state.areas()[a];
    const AreaCode parent = row.parent == kNoSlot ? AreaCode{} : state.areas()[row.parent].id;
    areas_[row.id] = {parent, state.area_name(a)};
  }
  for (Slot p = 0; p < state.parties().size(); ++p) {
    const PartyRow& row = state.parties()[p];
    parties_[row.id] = {row.parent, state.areas()[row.area].id, row.standing};
  }
  for (Slot m = 0; m < state.matches().size(); ++m) {
    const MatchRow& row = state.matches()[m];
    if (!serving(row.state)) continue;
    const PartyId party = state.parties()[state.offers()[row.offer].party].id;
    serving_[state.needs()[row.need].id].push_back({row.id, party});
  }
}

void Relations::apply(const pb::Event& event) {
  switch (event.row_case()) {
    case pb::Event::kArea: {
      const pb::Area& area = event.area();
      areas_[AreaCode{area.code()}] = {AreaCode{area.parent_code()}, area.name()};
      break;
    }
    case pb::Event::kParty: {
      const pb::Party& party = event.party();
      parties_[PartyId{party.id()}] = as_party(party);
      break;
    }
    case pb::Event::kMatch:
      apply_match(event.match());
      break;
    default:
      break;
  }
}

// An organiser has no parent, whatever its row says; see State::set_parent().
Relations::Party Relations::as_party(const pb::Party& party) {
  const PartyId parent{organises(party.kind()) ? 0 : party.parent_id()};
  return {parent, AreaCode{party.area_code()}, party.standing()};
}

void Relations::apply_match(const pb::Match& match) {
  const NeedId need{match.need_id()};
  auto it = serving_.find(need);
  if (it == serving_.end()) {
    if (!serving(match.state())) return;
    it = serving_.try_emplace(need).first;
  }
  auto& now = it->second;
  std::erase_if(now, [&](const Serving& s) { return s.match.value() == match.id(); });
  if (serving(match.state())) now.push_back({MatchId{match.id()}, PartyId{match.party_id()}});
  if (now.empty()) serving_.erase(it);
}

bool Relations::within(AreaCode area, AreaCode ancestor) const {
  for (int depth = 0; area && depth < kMaxDepth; ++depth) {
    if (area == ancestor) return true;
    const auto it = areas_.find(area);
    if (it == areas_.end()) return false;
    area = it->second.parent;
  }
  return false;
}

bool Relations::belongs_to(PartyId party, PartyId owner) const {
  for (int depth = 0; party && depth < kMaxDepth; ++depth) {
    if (party == owner) return true;
    const auto it = parties_.find(party);
    if (it == parties_.end()) return false;
    party = it->second.parent;
  }
  return false;
}

bool Relations::within_below(PartyId party, PartyId owner, AreaCode area) const {
  for (int depth = 0; party && party != owner && depth < kMaxDepth; ++depth) {
    const auto it = parties_.find(party);
    if (it == parties_.end() || !within(it->second.area, area)) return false;
    party = it->second.parent;
  }
  return true;
}

bool Relations::serves(PartyId party, NeedId need) const {
  const auto it = serving_.find(need);
  if (it == serving_.end()) return false;
  for (const Serving& s : it->second) {
    if (belongs_to(s.party, party)) return true;
  }
  return false;
}

bool Relations::is_active(PartyId party) const {
  const auto it = parties_.find(party);
  return it != parties_.end() && it->second.standing == pb::STANDING_ACTIVE;
}

AreaCode Relations::area_of(PartyId party) const {
  const auto it = parties_.find(party);
  return it == parties_.end() ? AreaCode{} : it->second.area;
}

std::string Relations::area_name(AreaCode area) const {
  const auto it = areas_.find(area);
  return it == areas_.end() ? std::string() : it->second.name;
}

bool Relations::moves_area(const pb::Area& area) const {
  const auto it = areas_.find(AreaCode{area.code()});
  return it != areas_.end() && it->second.parent != AreaCode{area.parent_code()};
}

bool Relations::moves_party(const pb::Party& party) const {
  const auto it = parties_.find(PartyId{party.id()});
  return it != parties_.end() && it->second != as_party(party);
}

}  // namespace qiao
