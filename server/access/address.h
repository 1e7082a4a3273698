// Whom a limit for each address counts for.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>

namespace qiao {

// The key of a client in limits: an IPv4 address as text, also where it is mapped into IPv6, and
// of IPv6 its /64, which is what one customer is given ("2001:db8:0:1::/64").
// `forwarded_for` is the last X-Forwarded-For line of a request that came through a trusted proxy,
// else empty. Its last element is what that proxy vouches for; what stands before it anybody can
// have written. A port and brackets are left out. Where it is not an IP address, `peer` counts.
std::string client_key(const boost::asio::ip::address& peer, std::string_view forwarded_for);

}  // namespace qiao
