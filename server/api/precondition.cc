#include "server/api/precondition.h"

#include "engine/base/ascii.h"
#include "server/api/epoch.h"

namespace qiao {
namespace {

// A version that no row has, for entity tags that this database did not issue.
constexpr std::uint64_t kNoVersion = ~std::uint64_t{0};

}  // namespace

std::string etag_of(std::uint64_t version, std::uint64_t epoch) {
  return "\"" + with_epoch(version, epoch) + "\"";
}

// Accepts "123.5f3a9c01", also with W/, and *; returns 0 for any version.
Result<std::uint64_t> parse_if_match(std::string_view header, std::uint64_t epoch) {
  header = trim(header);
  if (header.empty() || header == "*") return std::uint64_t{0};
  if (header.starts_with("W/")) header.remove_prefix(2);
  const bool quoted = header.size() > 2 && header.front() == '"' && header.back() == '"';
  if (!quoted) return refuse(Code::kWrongType, "If-Match", "\"version\"");
  const auto value = without_epoch(header.substr(1, header.size() - 2), epoch, "If-Match");
  if (!value && value.error().code == Code::kWrongType) return kNoVersion;
  if (value && value.value() == 0) return kNoVersion;
  return value;
}

bool names_etag(std::string_view if_none_match, std::string_view etag) {
  if (etag.empty() || if_none_match.empty()) return false;
  return if_none_match == "*" || if_none_match.find(etag) != std::string_view::npos;
}

}  // namespace qiao
