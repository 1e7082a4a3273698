// Positions and versions with the database's epoch: "17.5f3a9c01". After a restore the same numbers
// are used again for other events.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"

namespace qiao {

std::string epoch_text(std::uint64_t epoch);
std::string with_epoch(std::uint64_t number, std::uint64_t epoch);
// Returns the number; refuses a text with another epoch.
Result<std::uint64_t> without_epoch(std::string_view text, std::uint64_t epoch,
                                    const std::string& field);

}  // namespace qiao
