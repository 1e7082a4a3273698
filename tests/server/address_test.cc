// Whom limits for each address count for, and what one address may have at a time.
#include "server/access/address.h"

#include <gtest/gtest.h>

#include "server/http/shares.h"

namespace qiao {
namespace {

constexpr const char* kPeer = "198.51.100.7";

std::string key(const char* peer, std::string_view forwarded_for = {}) {
  return client_key(boost::asio::ip::make_address(peer), forwarded_for);
}

TEST(Address, WithoutAProxyThePeerCountsIpv6ByItsNetwork) {
  EXPECT_EQ(key("192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::"));
  EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
  EXPECT_EQ(key("::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key("fe80::1%1"), key("fe80::2%2"));
}

TEST(Address, TheLastElementIsWhatTheProxyVouchesFor) {
  EXPECT_EQ(key(kPeer, "192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key(kPeer, "10.0.0.1, 192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key(kPeer, "unknown,\t192.0.2.1 "), "192.0.2.1");
  EXPECT_EQ(key(kPeer, "192.0.2.1:50001"), "192.0.2.1");
  EXPECT_EQ(key(kPeer, "2001:db8:1:2::1"), "2001:db8:1:2::/64");
  EXPECT_EQ(key(kPeer, "[2001:db8:1:2::1]"), "2001:db8:1:2::/64");
  EXPECT_EQ(key(kPeer, "[2001:db8:1:2::1]:443"), "2001:db8:1:2::/64");
  EXPECT_EQ(key(kPeer, "::ffff:192.0.2.1"), "192.0.2.1");
  EXPECT_EQ(key(kPeer, "[::ffff:192.0.2.1]:443"), "192.0.2.1");
}

TEST(Address, WhatIsNoAddressIsNotBelieved) {
  for (const char* text : {"",
                           " ",
                           ",",
                           "192.0.2.1,",
                           "192.0.2.1, unknown",
                           "_hidden",
                           "192.0.2",
                           "192.0.2.256",
                           "192.0.2.1:",
                           "192.0.2.1:x",
                           "192.0.2.1:123456",
                           "0x7f000001",
                           "127.1",
                           "[192.0.2.1]",
                           "[2001:db8::1",
                           "2001:db8::1]",
                           "[2001:db8::1]443",
                           "[2001:db8::1]:",
                           "[]",
                           "2001:db8::g",
                           "\"[2001:db8::1]\"",
                           "192.0.2.1 192.0.2.2",
                           "localhost"}) {
    EXPECT_EQ(key(kPeer, text), kPeer) << text;
  }
}

TEST(Shares, OneAddressHasItsShareAndLeavesTheRest) {
  EXPECT_EQ(share_of(10'000, 0), 2'500U);
  EXPECT_EQ(share_of(100, 0), 64U);
  EXPECT_EQ(share_of(100, 7), 7U);
  AddressShares shares(2);
  auto first = shares.take("a");
  auto second = shares.take("a");
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(shares.take("a"));
  EXPECT_TRUE(shares.take("b"));
  auto moved = std::move(*first);
  first.reset();
  EXPECT_FALSE(shares.take("a")) << "a place that was moved is still one";
  second.reset();
  EXPECT_TRUE(shares.take("a"));
}

TEST(Shares, APlaceMayOutliveThem) {
  std::optional<AddressShares::Place> place;
  {
    AddressShares shares(1);
    place = shares.take("a");
  }
  place.reset();
}

}  // namespace
}  // namespace qiao
