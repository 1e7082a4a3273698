// What the market refuses: one row a reason, with the field at fault, and nothing changed by any of
// them.
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "engine/base/utf8.h"
#include "engine/market/validate.h"
#include "engine/rows/invariants.h"
#include "engine/rows/limits.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

struct Row {
  const char* code;
  const char* field;
  std::function<void(pb::Need&)> spoil;
};

// Each row spoils a need that would be taken.
void expect_refused(const std::vector<Row>& rows) {
  City c;
  c.post(need().people(3));
  const auto before = digest(c.state());
  for (const Row& row : rows) {
    pb::Command post = by(pb::ROLE_LEAD);
    *post.mutable_post_need()->mutable_need() = need().people(3);
    row.spoil(*post.mutable_post_need()->mutable_need());
    const auto refused = c.apply(post);
    ASSERT_FALSE(refused) << row.code << " " << row.field;
    EXPECT_EQ(code_of(refused), row.code) << row.field;
    EXPECT_EQ(refused.error().field, row.field) << row.code;
    EXPECT_NE(refused.error().zh(), refused.error().en());
    EXPECT_EQ(digest(c.state()), before) << row.code;
  }
}

TEST(NeedRefusals, EachNamesItsField) {
  const std::string long_title(kMaxNameBytes + 1, 'x');
  expect_refused({
      {"area.unknown", "need.areaCode", [](pb::Need& n) { n.set_area_code(5); }},
      {"value.required", "need.areaCode", [](pb::Need& n) { n.clear_area_code(); }},
      {"value.out_of_range", "need.point.latitudeE7",
       [](pb::Need& n) { n.mutable_point()->set_latitude_e7(kMaxLatitudeE7 + 1); }},
      {"value.required", "need.title", [](pb::Need& n) { n.clear_title(); }},
      {"value.too_long", "need.title", [&](pb::Need& n) { n.set_title(long_title); }},
      {"value.unknown_code", "need.category", [](pb::Need& n) { n.set_category("magic"); }},
      {"value.unknown_code", "need.beneficiary", [](pb::Need& n) { n.set_beneficiary("magic"); }},
      {"value.unknown_code", "need.programme", [](pb::Need& n) { n.set_programme("magic"); }},
      {"value.out_of_range", "need.urgency",
       [](pb::Need& n) { n.set_urgency(static_cast<pb::Urgency>(9)); }},
      {"need.deadline", "need.deadline", [](pb::Need& n) { n.set_deadline(to_int(at(-1))); }},
      {"need.deadline", "need.deadline", [](pb::Need& n) { n.set_deadline(to_int(at(61))); }},
      {"need.ratio", "need.volunteersPerProfessional",
       [](pb::Need& n) { n.set_volunteers_per_professional(10); }},
      {"party.unknown", "need.organiserId", [](pb::Need& n) { n.set_organiser_id(4242); }},
      {"value.out_of_range", "need.travelM",
       [](pb::Need& n) { n.set_travel_m(kMaxRadiusMetres + 1); }},
      {"party.unknown", "need.excludedPartyIds[0]",
       [](pb::Need& n) { n.add_excluded_party_ids(4242); }},
      {"party.phone", "need.contactPhone", [](pb::Need& n) { n.set_contact_phone("call me"); }},
      {"value.too_long", "need.address",
       [](pb::Need& n) { n.set_address(std::string(kMaxAddressBytes + 1, 'x')); }},
  });
}

TEST(NeedRefusals, EachNamesTheLineAndItsField) {
  expect_refused({
      {"value.required", "need.lines", [](pb::Need& n) { n.clear_lines(); }},
      {"value.too_many", "need.lines",
       [](pb::Need& n) {
         for (int i = 0; i < kMaxLinesPerNeed; ++i) *n.add_lines() = n.lines(0);
       }},
      {"value.one_of", "need.lines[0]",
       [](pb::Need& n) { n.mutable_lines(0)->clear_requirement(); }},
      {"value.required", "need.lines[0].time.kind",
       [](pb::Need& n) { n.mutable_lines(0)->mutable_time()->clear_kind(); }},
      {"value.unknown_code", "need.lines[0].time.skills[0]",
       [](pb::Need& n) { n.mutable_lines(0)->mutable_time()->add_skills("magic"); }},
      {"value.duplicate", "need.lines[0].time.skills[1]",
       [](pb::Need& n) {
         for (int i = 0; i < 2; ++i) n.mutable_lines(0)->mutable_time()->add_skills("haircut");
       }},
      {"value.unknown_code", "need.lines[0].time.certificate",
       [](pb::Need& n) { n.mutable_lines(0)->mutable_time()->set_certificate("magic"); }},
      {"value.out_of_range", "need.lines[0].time.certificateLevel",
       [](pb::Need& n) {
         n.mutable_lines(0)->mutable_time()->set_certificate("social_worker");
         n.mutable_lines(0)->mutable_time()->set_certificate_level(4);
       }},
      {"value.out_of_range", "need.lines[0].quantity",
       [](pb::Need& n) { n.mutable_lines(0)->set_quantity(0); }},
      {"value.out_of_range", "need.lines[0].quantity",
       [](pb::Need& n) { n.mutable_lines(0)->set_quantity(-5); }},
      {"value.out_of_range", "need.lines[0].quantity",
       [](pb::Need& n) { n.mutable_lines(0)->set_quantity(kMaxTimeQuantity + 1); }},
      {"value.out_of_range", "need.lines[0].quantity",
       [](pb::Need& n) {
         n.mutable_lines(0)->set_quantity(std::numeric_limits<std::int64_t>::max());
       }},
      {"value.unknown_code", "need.lines[0].stock.resource",
       [](pb::Need& n) { n.mutable_lines(0)->mutable_stock()->set_resource("gold"); }},
  });
}

TEST(NeedRefusals, EachNamesTheWindowOfItsLine) {
  expect_refused({
      {"value.required", "need.lines[0].window.start",
       [](pb::Need& n) { n.mutable_lines(0)->clear_window(); }},
      {"window.order", "need.lines[0].window.end",
       [](pb::Need& n) { *n.mutable_lines(0)->mutable_window() = hours(10, 9); }},
      {"window.order", "need.lines[0].window.end",
       [](pb::Need& n) { *n.mutable_lines(0)->mutable_window() = hours(10, 10); }},
      {"window.too_long", "need.lines[0].window.end",
       [](pb::Need& n) { *n.mutable_lines(0)->mutable_window() = hours(10, 10 + 31 * 24 + 1); }},
      {"window.past", "need.lines[0].window.start",
       [](pb::Need& n) { *n.mutable_lines(0)->mutable_window() = hours(-1, 3); }},
      {"value.out_of_range", "need.lines[0].window.end",
       [](pb::Need& n) {
         n.mutable_lines(0)->mutable_window()->set_end(std::numeric_limits<std::int64_t>::max());
       }},
  });
}

TEST(OfferRefusals, EachNamesItsField) {
  struct OfferRow {
    const char* code;
    const char* field;
    std::function<void(pb::Offer&)> spoil;
  };
  City c;
  const auto team = c.team();
  const auto organiser = c.organiser();
  const std::vector<OfferRow> rows = {
      {"party.unknown", "partyId", [](pb::Offer& o) { o.set_party_id(4242); }},
      {"party.cannot_give", "partyId", [&](pb::Offer& o) { o.set_party_id(organiser); }},
      {"value.required", "title", [](pb::Offer& o) { o.clear_title(); }},
      {"value.one_of", "time", [](pb::Offer& o) { o.clear_supply(); }},
      {"value.out_of_range", "time.capacity",
       [](pb::Offer& o) { o.mutable_time()->set_capacity(0); }},
      {"value.out_of_range", "time.weekly[0].weekday",
       [](pb::Offer& o) { o.mutable_time()->mutable_weekly(0)->set_weekday(8); }},
      {"window.order", "time.weekly[0].endMinute",
       [](pb::Offer& o) { o.mutable_time()->mutable_weekly(0)->set_end_minute(480); }},
      {"value.out_of_range", "time.exceptions[0].date",
       [](pb::Offer& o) { o.mutable_time()->add_exceptions()->set_date(20'270'229); }},
      {"certificate.expired", "time.certificates[0].expiresAt",
       [](pb::Offer& o) {
         auto& held = *o.mutable_time()->add_certificates();
         held.set_code("nurse");
         held.set_level(1);
         held.set_expires_at(to_int(at(-24)));
       }},
      {"value.out_of_range", "time.certificates[0].level",
       [](pb::Offer& o) {
         o.mutable_time()->add_certificates()->set_code("nurse");
         o.mutable_time()->mutable_certificates(0)->set_level(2);
       }},
      {"value.unknown_code", "stock.resource",
       [](pb::Offer& o) { o.mutable_stock()->set_resource("gold"); }},
      {"value.out_of_range", "stock.smallestLot",
       [](pb::Offer& o) {
         o.mutable_stock()->set_resource("rice");
         o.mutable_stock()->set_quantity(5);
         o.mutable_stock()->set_smallest_lot(6);
       }},
      {"window.order", "validTo",
       [](pb::Offer& o) {
         o.set_valid_from(to_int(at(9)));
         o.set_valid_to(to_int(at(8)));
       }},
      {"window.past", "validTo", [](pb::Offer& o) { o.set_valid_to(to_int(at(-8))); }},
      {"value.unknown_code", "categories[0]", [](pb::Offer& o) { o.add_categories("magic"); }},
  };
  const auto before = digest(c.state());
  for (const OfferRow& row : rows) {
    pb::Command post = by(pb::ROLE_LEAD);
    *post.mutable_post_offer() = offer(team).people(3).weekly(1, 8, 12);
    row.spoil(*post.mutable_post_offer());
    const auto refused = c.apply(post);
    ASSERT_FALSE(refused) << row.code << " " << row.field;
    EXPECT_EQ(code_of(refused), row.code) << row.field;
    EXPECT_EQ(refused.error().field, row.field) << row.code;
    EXPECT_EQ(digest(c.state()), before) << row.code;
  }
}

// Text that is longer than any code, with a character across every number of bytes.
std::vector<std::string> hostile_texts() {
  std::vector<std::string> texts;
  for (const char* character : {"é", "桥", "🌉"}) {
    for (int shift = 0; shift < 4; ++shift) {
      std::string text(shift, 'a');
      for (int i = 0; i < 100; ++i) text += character;
      texts.push_back(text);
    }
  }
  return texts;
}

// Sets the nth string field of the message and of what is in it. False where there are fewer.
bool set_string(google::protobuf::Message& m, int& n, const std::string& text) {
  using Field = google::protobuf::FieldDescriptor;
  const auto* r = m.GetReflection();
  for (int i = 0; i < m.GetDescriptor()->field_count(); ++i) {
    const Field* f = m.GetDescriptor()->field(i);
    if (f->cpp_type() == Field::CPPTYPE_STRING && n-- == 0) {
      f->is_repeated() ? r->AddString(&m, f, text) : r->SetString(&m, f, text);
      return true;
    }
    if (f->cpp_type() != Field::CPPTYPE_MESSAGE) continue;
    if (!f->is_repeated() && r->HasField(m, f)) {
      if (set_string(*r->MutableMessage(&m, f), n, text)) return true;
    }
    for (int k = 0; f->is_repeated() && k < std::min(2, r->FieldSize(m, f)); ++k) {
      if (set_string(*r->MutableRepeatedMessage(&m, f, k), n, text)) return true;
    }
  }
  return false;
}

std::vector<pb::Command> commands_with_text(City& c) {
  const std::uint64_t team = c.team();
  std::vector<pb::Command> all(6, by(pb::ROLE_LEAD));
  *all[0].mutable_post_need()->mutable_need() = need().people(3).stock("rice", 2);
  *all[1].mutable_post_offer() = offer(team).people(3);
  all[1].mutable_post_offer()->mutable_time()->add_certificates()->set_level(1);
  *all[2].mutable_post_offer() = offer(team).stock("rice", 3);
  *all[3].mutable_set_policy() = c.state().policy();
  *all[4].mutable_put_taxonomy() = c.state().taxonomy();
  all[5].mutable_put_person()->set_party_id(team);
  all[5].mutable_put_person()->set_name("某");
  all[5].mutable_put_person()->add_certificates()->set_level(1);
  return all;
}

TEST(Refusals, WordsAreUtf8WhateverTextIsQuoted) {
  City c;
  int refused = 0;
  const auto try_all = [&](const pb::Command& command, const std::string& text) {
    for (int field = 0;; ++field) {
      pb::Command spoilt = command;
      if (int n = field; !set_string(spoilt, n, text)) return;
      const auto result = c.apply(spoilt);
      if (result) continue;
      ++refused;
      const Refusal& r = result.error();
      EXPECT_TRUE(is_utf8(r.zh()) && is_utf8(r.en()) && is_utf8(r.field)) << r.en();
    }
  };
  for (const pb::Command& command : commands_with_text(c)) {
    for (const std::string& text : hostile_texts()) try_all(command, text);
  }
  EXPECT_GT(refused, 100);
  const Refusal bytes = refuse(Code::kUnknownCode, "a\xFF", "桥\xE6\xA1", "\xC0\xAF");
  EXPECT_EQ(bytes.field, "a");
  EXPECT_EQ(bytes.detail, "桥");
  EXPECT_EQ(bytes.detail_zh, "");
}

TEST(Utf8, APrefixEndsAtTheBorderOfACharacter) {
  EXPECT_EQ(utf8_prefix("桥🌉", 7), "桥🌉");
  EXPECT_EQ(utf8_prefix("桥🌉", 6), "桥");
  EXPECT_EQ(utf8_prefix("桥🌉", 3), "桥");
  EXPECT_EQ(utf8_prefix("桥🌉", 2), "");
  EXPECT_EQ(utf8_prefix("a\xED\xA0\x80"), "a") << "a surrogate";
  EXPECT_TRUE(is_utf8("桥🌉é"));
  EXPECT_FALSE(is_utf8("\xF4\x90\x80\x80"));
}

TEST(PartyRefusals, CreditCodeAndPhoneAreChecked) {
  City c;
  pb::Command r = by(pb::ROLE_LEAD);
  r.mutable_register_party()->set_kind(pb::PARTY_KIND_ENTERPRISE);
  r.mutable_register_party()->set_name("某公司");
  r.mutable_register_party()->set_area_code(kCommunity);
  r.mutable_register_party()->set_credit_code("91350100M000100Y44");
  EXPECT_EQ(code_of(c.apply(r)), "party.credit_code");
  r.mutable_register_party()->set_credit_code("91350100M000100Y43");
  r.mutable_register_party()->set_contact_phone("13900001234");
  c.must(r);
  EXPECT_TRUE(is_credit_code("91350100M000100Y43"));
  EXPECT_FALSE(is_credit_code("91350100M000100Y4"));
  EXPECT_FALSE(is_credit_code("91350100I000100Y43"));
}

TEST(PolicyRefusals, OutOfRangeOutOfOrderAndUnknownZone) {
  City c;
  const auto with = [&](auto spoil) {
    pb::Command set = by(pb::ROLE_LEAD);
    *set.mutable_set_policy() = c.policy();
    spoil(*set.mutable_set_policy());
    const auto r = c.apply(set);
    return r ? std::string() : code_of(r) + " " + r.error().field;
  };
  EXPECT_EQ(with([](pb::Policy& p) { p.set_time_zone("Mars/Olympus"); }),
            "policy.time_zone timeZone");
  EXPECT_EQ(with([](pb::Policy& p) { p.mutable_value()->set_half_distance_m(0); }),
            "value.out_of_range value.halfDistanceM");
  EXPECT_EQ(with([](pb::Policy& p) { p.mutable_value()->set_urgency_urgent_micro(1); }),
            "policy.order value.urgencyUrgentMicro");
  EXPECT_EQ(with([](pb::Policy& p) { p.mutable_limits()->set_grace(5); }),
            "value.out_of_range limits.grace");
  EXPECT_EQ(with([](pb::Policy& p) { p.mutable_limits()->set_close(60); }),
            "policy.order limits.close");
  c.post(need().people(1));
  EXPECT_EQ(with([](pb::Policy& p) { p.set_time_zone("Europe/London"); }),
            "policy.time_zone_in_use timeZone");
}

TEST(AreaRefusals, TheTreeKeepsItsShape) {
  City c;
  const auto put = [&](std::uint64_t code, std::uint64_t parent, pb::AreaLevel level) {
    pb::Command p = by(pb::ROLE_LEAD);
    p.mutable_put_area()->set_code(code);
    p.mutable_put_area()->set_parent_code(parent);
    p.mutable_put_area()->set_level(level);
    p.mutable_put_area()->set_name("某地");
    return code_of(c.apply(p));
  };
  EXPECT_EQ(put(341'881'001'009, 77, pb::AREA_LEVEL_COMMUNITY), "area.unknown");
  EXPECT_EQ(put(341'881'001'009, kCommunity, pb::AREA_LEVEL_TOWN), "area.level");
  EXPECT_EQ(put(kCommunity, kOtherTown, pb::AREA_LEVEL_COMMUNITY), "value.not_settable");
  EXPECT_EQ(put(0, kTown, pb::AREA_LEVEL_COMMUNITY), "value.out_of_range");
  EXPECT_EQ(put(1'000'000'000'000, kTown, pb::AREA_LEVEL_COMMUNITY), "value.out_of_range");
  EXPECT_EQ(put(341'881'001'009, kTown, pb::AREA_LEVEL_COMMUNITY), "");
}

TEST(Limits, AtTheEdgeIsTakenAndOnePastIsNot) {
  City c;
  pb::Command post = by(pb::ROLE_LEAD);
  pb::Need& n = *post.mutable_post_need()->mutable_need();
  n = need().people(kMaxTimeQuantity);
  n.set_title(std::string(kMaxNameBytes, 'x'));
  n.set_description(std::string(kMaxDescriptionBytes, 'x'));
  while (n.lines_size() < kMaxLinesPerNeed) *n.add_lines() = n.lines(0);
  c.must(post);
  *n.add_lines() = n.lines(0);
  EXPECT_EQ(code_of(c.apply(post)), "value.too_many");
}

}  // namespace
}  // namespace qiao
