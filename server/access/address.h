// Identifies clients in rate limits.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <string>
#include <string_view>

namespace qiao {

// The key of a client in rate limits: an IPv4 address as text, also if it is mapped into IPv6, or
// the /64 of an IPv6 address, because a provider assigns a whole /64 to one customer
// ("2001:db8:0:1::/64"). `forwarded_for` is the last X-Forwarded-For line of a request that came
// through a trusted proxy, otherwise empty. Only its last element is used: that proxy wrote it, and
// any client can write the elements before it. A port and brackets are removed. If it is not an IP
// address, `peer` is used.
std::string client_key(const boost::asio::ip::address& peer, std::string_view forwarded_for);

}  // namespace qiao
