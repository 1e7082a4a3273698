#include "server/access/address.h"

#include <algorithm>
#include <boost/asio/ip/network_v6.hpp>
#include <optional>

#include "engine/base/ascii.h"

namespace qiao {
namespace {

namespace ip = boost::asio::ip;

bool is_port(std::string_view text) {
  constexpr std::size_t kMostDigits = 5;
  return !text.empty() && text.size() <= kMostDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "192.0.2.1", "192.0.2.1:443", "2001:db8::1", "[2001:db8::1]", "[2001:db8::1]:443"
std::optional<ip::address> parse_element(std::string_view text) {
  boost::system::error_code error;
  ip::address found;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view after = text.substr(end + 1);
    if (!after.empty() && !(after.front() == ':' && is_port(after.substr(1)))) return std::nullopt;
    found = ip::make_address_v6(text.substr(1, end - 1), error);
  } else {
    const auto colon = text.find(':');
    const bool has_port = colon != std::string_view::npos && colon == text.rfind(':');
    if (has_port && !is_port(text.substr(colon + 1))) return std::nullopt;
    found = has_port ? ip::make_address_v4(text.substr(0, colon), error)
                     : ip::make_address(text, error);
  }
  if (error) return std::nullopt;
  return found;
}

}  // namespace

std::string client_key(const ip::address& peer, std::string_view forwarded_for) {
  const auto comma = forwarded_for.rfind(',');
  if (comma != std::string_view::npos) forwarded_for.remove_prefix(comma + 1);
  const ip::address client = parse_element(trim(forwarded_for)).value_or(peer);
  if (client.is_v4()) return client.to_string();
  const ip::address_v6 v6 = client.to_v6();
  if (v6.is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, v6).to_string();
  // Without the scope of a link-local address.
  const ip::address_v6 bytes(v6.to_bytes());
  return ip::make_network_v6(bytes, 64).canonical().to_string();
}

}  // namespace qiao
