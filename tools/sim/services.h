// What communities ask for, and who usually provides it: the distribution from which needs and
// offers are generated.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace qiao {

enum class Days : std::uint8_t { kAny, kWeekdays, kWeekend };

struct Service {
  const char* category;
  const char* beneficiary;
  const char* programme;  // may be empty
  const char* title;      // {} stands for the place
  const char* team;       // name of a team that provides it
  const char* skill;      // of helpers; may be empty
  int people_least;
  int people_most;
  // Accompanying professionals; certificate empty for none.
  const char* certificate;
  std::uint32_t level;
  const char* professional_skill;
  // Accompanying goods; empty for none.
  const char* resource;
  std::int64_t stock_least;
  std::int64_t stock_most;
  int hours;
  Days days;
  // How often, among 100 or so, in a residents' community and in a village.
  std::uint32_t urban;
  std::uint32_t rural;
  // By month from January, 5 is ordinary, 0 never, 9 most.
  const char* season;
};

std::span<const Service> services();

// How many needs are posted, in ten-thousandths of the busiest hour of the busiest day.
std::uint32_t load_at(unsigned iso_weekday, unsigned hour);

}  // namespace qiao
