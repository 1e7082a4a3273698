// A market of any size, in memory: real places, generated parties, offers and open needs.
#pragma once

#include <functional>
#include <string>

#include "engine/market/market.h"
#include "engine/match/ranked_market.h"
#include "tools/sim/places.h"

namespace qiao::bench {

// A Monday morning on Ningguo's clock.
inline constexpr Time kNow{Seconds{1'795'399'200}};

struct Size {
  std::int64_t needs;
  std::int64_t offers;
  bool one_city = false;  // all in the demo city, not spread over a province or the nation
  // Share of each offer's units that is still free, rounded by chance without bias. What is
  // left with none, or with less than its smallest lot, is withdrawn: as many offers as ever, most
  // of them taken.
  double supply = 1;
  Time now = kNow;
};

// Where it lies: all of the nation's villages, a province's, or the demo city.
std::vector<Place> places(Size size);

// An empty command of the lead.
pb::Command as_lead();

// Makes it by commands, each given to `seen` with what came of it. Deterministic. Stops with a
// message when it cannot.
void fill(
    Market& market, Size size,
    const std::function<void(const Outcome&)>& seen = [](const Outcome&) {});

// More open needs of the same sort, others than fill() makes.
void add_needs(
    Market& market, Size size, std::int64_t count,
    const std::function<void(const Outcome&)>& seen = [](const Outcome&) {});

// An account of the lead and its credentials: a token, and a session as a browser has it.
struct LeadAccount {
  std::string token;    // "Authorization: Bearer …\r\n"
  std::string session;  // "Cookie: …\r\n"
};
LeadAccount add_lead_account(Market& market, const std::function<void(const Outcome&)>& seen,
                             Time now = kNow);

// Gives a command that is known to be good.
Outcome must(Market& market, const pb::Command& command, Time now = kNow);

}  // namespace qiao::bench
