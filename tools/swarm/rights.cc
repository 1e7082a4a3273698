#include "tools/swarm/rights.h"

#include <algorithm>

#include "server/access/view.h"

namespace qiao {
namespace {

constexpr std::array<const char*, Rights::kKinds> kNames = {"party", "person", "offer",
                                                            "need",  "match",  "account"};

std::uint64_t id_at(const State& s, std::size_t kind, Slot slot) {
  switch (kind) {
    case 0:
      return s.parties()[slot].id.value();
    case 1:
      return s.persons()[slot].id.value();
    case 2:
      return s.offers()[slot].id.value();
    case 3:
      return s.needs()[slot].id.value();
    case 4:
      return s.matches()[slot].id.value();
    default:
      return s.accounts()[slot].id.value();
  }
}

template <class Rows>
std::vector<Sight> sights(const State& s, const pb::Actor& actor, Operation look, const Rows& rows,
                          Sight (View::*sight)(Slot) const) {
  const View view(s, actor, scope_of(s, look, actor));
  std::vector<Sight> seen;
  seen.reserve(rows.size());
  for (Slot r = 0; r < rows.size(); ++r) seen.push_back((view.*sight)(r));
  return seen;
}

}  // namespace

std::vector<bool> areas_of(const State& s, const pb::Actor& actor) {
  std::vector<bool> areas(s.areas().size());
  if (actor.role() != pb::ROLE_ORGANISER) return areas;
  for (Slot a = 0; a < areas.size(); ++a) areas[a] = in_area_of(actor, s, a);
  return areas;
}

std::vector<bool> parties_of(const State& s, const pb::Actor& actor) {
  std::vector<bool> parties;
  const bool by_area = actor.role() == pb::ROLE_ORGANISER;
  for (Slot p = 0; p < s.parties().size(); ++p) {
    const bool in_area = in_area_of(actor, s, s.parties()[p].area);
    parties.push_back(by_area ? in_area : in_party_of(actor, s, p));
  }
  return parties;
}

bool may_act_for(const State& s, const pb::Actor& self, const pb::Actor& actor) {
  if (self.SerializeAsString() == actor.SerializeAsString()) return true;
  if (self.role() == pb::ROLE_LEAD) return true;
  const bool gives = actor.role() == pb::ROLE_SUPPLIER || actor.role() == pb::ROLE_MEMBER;
  const Slot party = s.parties().find(PartyId{actor.party_id()});
  if (party == kNoSlot) return false;
  if (self.role() == pb::ROLE_ORGANISER) {
    if (!gives && actor.role() != pb::ROLE_ORGANISER) return false;
    const Slot own = s.parties().find(PartyId{self.party_id()});
    const bool beside = own != kNoSlot && s.parties()[own].area == s.parties()[party].area;
    if (!gives && beside) return false;
    for (Slot p = 0; p < s.parties().size(); ++p) {
      const PartyRow& row = s.parties()[p];
      const bool form = row.standing == pb::STANDING_PENDING && row.first_person == kNoSlot &&
                        row.first_offer == kNoSlot && s.branches_of(row.id).empty();
      if (form && p != party) continue;
      if (in_party_of(actor, s, p) && !in_area_of(self, s, row.area)) return false;
    }
    return true;
  }
  if (self.role() != pb::ROLE_SUPPLIER || !gives) return false;
  const Slot own = s.parties().find(PartyId{self.party_id()});
  if (own == kNoSlot || s.parties()[own].standing != pb::STANDING_ACTIVE) return false;
  for (Slot above = party; above != kNoSlot;) {
    const PartyRow& row = s.parties()[above];
    if (row.id.value() == self.party_id()) return true;
    above = row.parent ? s.parties().find(row.parent) : kNoSlot;
  }
  return false;
}

bool may_invite(const State& s, const pb::Actor& giver, const pb::Actor& account) {
  if (giver.role() == pb::ROLE_SUPPLIER) {
    const bool gives = account.role() == pb::ROLE_SUPPLIER || account.role() == pb::ROLE_MEMBER;
    const Slot party = s.parties().find(PartyId{account.party_id()});
    return gives && party != kNoSlot && in_party_of(giver, s, party);
  }
  if (giver.role() != pb::ROLE_ORGANISER) return false;
  switch (account.role()) {
    case pb::ROLE_LEAD:
    case pb::ROLE_AUDITOR:
      return false;
    case pb::ROLE_RESIDENT:
      for (Slot n = 0; n < s.needs().size(); ++n) {
        const NeedRow& need = s.needs()[n];
        const bool its = account.resident_ref() != 0 && need.resident_ref == account.resident_ref();
        if (its && !in_area_of(giver, s, need.area)) return false;
      }
      return true;
    case pb::ROLE_ORGANISER:
      return giver.party_id() == account.party_id() || may_act_for(s, giver, account);
    default:
      return may_act_for(s, giver, account);
  }
}

Rights rights_of(const State& s, const pb::Actor& actor) {
  Rights rights{actor, areas_of(s, actor), parties_of(s, actor), {}};
  rights.seen = {sights(s, actor, Operation::kGetParty, s.parties(), &View::party),
                 sights(s, actor, Operation::kGetPerson, s.persons(), &View::person),
                 sights(s, actor, Operation::kGetOffer, s.offers(), &View::offer),
                 sights(s, actor, Operation::kGetNeed, s.needs(), &View::need),
                 sights(s, actor, Operation::kGetMatch, s.matches(), &View::match),
                 sights(s, actor, Operation::kGetAccount, s.accounts(), &View::account)};
  return rights;
}

std::vector<std::string> gained(const State& s, const Rights& before, const Rights& after) {
  std::vector<std::string> words;
  const pb::Actor& was = before.actor;
  const pb::Actor& is = after.actor;
  if (was.role() != is.role()) words.push_back("role " + pb::Role_Name(is.role()));
  if (was.person_id() != is.person_id()) {
    words.push_back("person " + std::to_string(is.person_id()));
  }
  if (was.resident_ref() != is.resident_ref()) {
    words.push_back("resident " + std::to_string(is.resident_ref()));
  }
  for (Slot a = 0; a < before.areas.size(); ++a) {
    if (after.areas[a] && !before.areas[a]) {
      words.push_back("area " + std::to_string(s.areas()[a].id.value()));
    }
  }
  for (Slot p = 0; p < before.parties.size(); ++p) {
    if (after.parties[p] && !before.parties[p]) {
      words.push_back("party " + std::to_string(s.parties()[p].id.value()));
    }
  }
  for (std::size_t kind = 0; kind < Rights::kKinds; ++kind) {
    const auto& then = before.seen[kind];
    for (Slot r = 0; r < then.size(); ++r) {
      const Sight now = after.seen[kind][r];
      if (now <= then[r]) continue;
      words.push_back(kNames[kind] + (" " + std::to_string(id_at(s, kind, r))) + " sight " +
                      std::to_string(static_cast<int>(now)));
    }
  }
  return words;
}

bool takes_need_on(const pb::Request& r) { return r.has_make_match() || r.has_move_match(); }

}  // namespace qiao
