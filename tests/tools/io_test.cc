#include <gtest/gtest.h>

#include "qiao/v1/offer.pb.h"
#include "tools/io/visible.h"

namespace qiao {

namespace pb = qiao::v1;

namespace {

TEST(Visible, WhatMovesTheCursorOrHidesIsWrittenOut) {
  for (const char* text : {"", "陪老人", "café 𠀀 👍🏽", "a\\b \"c\""})
    EXPECT_EQ(visible(text), text);
  EXPECT_EQ(visible("\x1b[2J\r\n\t\x7f"), "\\u001b[2J\\u000d\\u000a\\u0009\\u007f");
  EXPECT_EQ(visible(std::string_view("a\0b", 3)), "a\\u0000b");
  EXPECT_EQ(visible("\u009b\u061c\u200b\u200d\u2060\ufeff"),
            "\\u009b\\u061c\\u200b\\u200d\\u2060\\ufeff");
  EXPECT_EQ(visible("\u202a\u202e\u2066\u2069\u2028"), "\\u202a\\u202e\\u2066\\u2069\\u2028");
  EXPECT_EQ(visible("\U000e0041"), "\\U000e0041");
  EXPECT_EQ(visible("\x9b"
                    "2J\xe4\xb8"),
            "\\x9b2J\\xe4\\xb8");
}

TEST(Visible, InEveryTextOfAMessage) {
  pb::Offer offer;
  offer.set_title("a\x1b");
  offer.add_categories("b\u202e");
  offer.mutable_time()->add_certificates()->set_code("c\n");
  make_visible(offer);
  EXPECT_EQ(offer.title(), "a\\u001b");
  EXPECT_EQ(offer.categories(0), "b\\u202e");
  EXPECT_EQ(offer.time().certificates(0).code(), "c\\u000a");
}

}  // namespace
}  // namespace qiao
