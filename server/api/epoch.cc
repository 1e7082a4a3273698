#include "server/api/epoch.h"

#include <charconv>

#include "engine/base/hex.h"

namespace qiao {

std::string with_epoch(std::uint64_t number, std::uint64_t epoch) {
  return std::to_string(number) + "." + epoch_text(epoch);
}

std::string epoch_text(std::uint64_t epoch) { return hex_digits(epoch, 8); }

Result<std::uint64_t> without_epoch(std::string_view text, std::uint64_t epoch,
                                    const std::string& field) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || !std::string_view(end, text.data() + text.size()).starts_with('.')) {
    return refuse_type(field, "token");
  }
  if (text != with_epoch(number, epoch)) return refuse(Code::kRestored, field);
  return number;
}

}  // namespace qiao
