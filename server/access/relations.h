// The relations between rows on which it depends what somebody sees: which area lies in which,
// which party belongs to which and where it is, which parties serve a need now. A copy of what the
// State has of them, for the feed's thread, kept up to date by the events in their order.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <vector>

#include "engine/rows/state.h"

namespace qiao {

// For one thread at a time.
class Relations {
 public:
  // As of the state's last event.
  explicit Relations(const State& state);

  // The event that follows the last one. The same event once more changes nothing.
  void apply(const pb::Event& event);

  // True when the area lies in `ancestor` or is it. False for one that is not there.
  bool within(AreaCode area, AreaCode ancestor) const;
  // True when the party belongs to `owner` or is it.
  bool belongs_to(PartyId party, PartyId owner) const;
  // Does that party, or one that belongs to it, serve the need; see serving().
  bool serves(PartyId party, NeedId need) const;
  // False for a party that is not there.
  bool is_active(PartyId party) const;
  // None for a party that is not there.
  AreaCode area_of(PartyId party) const;
  // Empty for an area that is not there.
  std::string area_name(AreaCode area) const;

  // Would the event move an area, or a party, to another place in its tree, or change the party's
  // standing? False for one that is new. To be asked before the event is applied.
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
  // Needs that somebody serves now, so that it stays as small as what is going on.
  boost::unordered_flat_map<NeedId, std::vector<Serving>> serving_;
};

}  // namespace qiao
