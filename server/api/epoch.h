// What stands for a place or a version together with the history that it is of: "17.5f3a9c01".
// After a restore numbers come again, of another history.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"

namespace qiao {

std::string epoch_text(std::uint64_t epoch);
std::string with_epoch(std::uint64_t number, std::uint64_t epoch);
// The number; refused where the text is of another history.
Result<std::uint64_t> without_epoch(std::string_view text, std::uint64_t epoch,
                                    const std::string& field);

}  // namespace qiao
