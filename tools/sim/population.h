// Parties, offers and needs as a place of that size would have them. Pure: the same seed gives the
// same.
#pragma once

#include <string>
#include <vector>

#include "engine/base/random.h"
#include "engine/base/time_zone.h"
#include "qiao/v1/need.pb.h"
#include "qiao/v1/offer.pb.h"
#include "qiao/v1/party.pb.h"
#include "tools/sim/places.h"
#include "tools/sim/services.h"

namespace qiao {

// A party and its offers; their party_id is set when it is registered.
struct Giver {
  pb::Party party;
  std::vector<pb::Offer> offers;
};

class Population {
 public:
  // `places` must outlive it and hold at least one community.
  Population(const std::vector<Place>& places, const TimeZone& zone, std::uint64_t seed);

  // A party that organises for that place.
  pb::Party organiser(const Place& place) const;
  // Its workforce: community workers about as many as the standard asks for (18 for each 10,000
  // residents), some with a certificate of social work, and one party-work staff member. Without
  // names.
  std::vector<pb::Person> staff(const Place& place);
  // One supplier of the kind, somewhere; `now` dates certificates and expiries.
  Giver giver(pb::PartyKind kind, Time now);
  // A need somewhere, one to fifteen days ahead of `now`, as its poster would write it.
  pb::Need need(Time now);
  // A moment in [from, to) at which a need is posted: more at office hours, fewer at weekends.
  Time posting_time(Time from, Time to);

  Random& random() { return random_; }
  const std::vector<Place>& places() const { return places_; }

 private:
  const Place& community();
  Giver team(const Place& at, Time now);
  Giver enterprise(const Place& at, Time now);
  Giver organisation(const Place& at, Time now);
  pb::Window window(Time now, int hours, Days days, bool soon);

  const std::vector<Place>& places_;
  const TimeZone& zone_;
  Random random_;
  std::vector<std::size_t> communities_;
  Weighted by_population_;
};

// "凤凰社区居委会" as people say it: "凤凰社区".
std::string short_name(const std::string& place);

}  // namespace qiao
