// The relations between rows that visibility depends on: the parent of each area, the parent and
// area of each party, and the parties that currently serve each need. A copy of this part of the
// State for the feed's thread, updated by the events in order.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "engine/rows/state.h"

namespace qiao {

// Used by one thread at a time.
class Relations {
 public:
  // Begins as of the state's last event.
  explicit Relations(const State& state);

  // Applies the next event. Applying the same event twice has no effect.
  void apply(const pb::Event& event);

  // True if the area is `ancestor` or lies in it. False for an unknown area.
  bool within(AreaCode area, AreaCode ancestor) const;
  // True if the party is `owner` or belongs to it.
  bool belongs_to(PartyId party, PartyId owner) const;
  // Whether the party and those above it, up to `owner` without it, are in the area. Requires that
  // the party belongs to the owner.
  bool within_below(PartyId party, PartyId owner, AreaCode area) const;
  // Whether the party, or one that belongs to it, serves the need; see serving().
  bool serves(PartyId party, NeedId need) const;
  // False for an unknown party.
  bool is_active(PartyId party) const;
  // No area for an unknown party.
  AreaCode area_of(PartyId party) const;
  // Empty for an unknown area.
  std::string area_name(AreaCode area) const;

  // Whether the event would change the parent of an area, or the parent, area or standing of a
  // party. False for a new row. Call before apply().
  bool moves_area(const pb::Area& area) const;
  bool moves_party(const pb::Party& party) const;

 private:
  struct Area {
    AreaCode parent;
    std::string name;
  };
  struct Party {
    PartyId parent;
    AreaCode area;
    pb::Standing standing{};
    friend bool operator==(const Party&, const Party&) = default;
  };
  struct Serving {
    MatchId match;
    PartyId party;
  };
  static Party as_party(const pb::Party& party);
  void apply_match(const pb::Match& match);

  boost::unordered_flat_map<AreaCode, Area> areas_;
  boost::unordered_flat_map<PartyId, Party> parties_;
  // Only needs that are being served now, so that it stays small.
  boost::unordered_flat_map<NeedId, std::vector<Serving>> serving_;
};

}  // namespace qiao
