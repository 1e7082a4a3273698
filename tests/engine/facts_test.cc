#include "engine/rows/facts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/rows/marked.h"
#include "tools/swarm/any_message.h"

namespace qiao {
namespace {

Point to_point(const pb::Point& p) { return {p.latitude_e7(), p.longitude_e7()}; }
Interval to_interval(const pb::Window& w) { return {to_time(w.start()), to_time(w.end())}; }

// What does not fit is no weekday and no minute, and stays none.
std::uint16_t shortened(std::uint32_t v) {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(v, 0xffff));
}

template <class Theirs>
void expect_same(const Codes& ours, const Theirs& theirs) {
  EXPECT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end()));
}
template <class Ids, class Theirs>
void expect_same_ids(const Ids& ours, const Theirs& theirs) {
  EXPECT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin(), theirs.end(),
                         [](auto id, std::uint64_t value) { return id.value() == value; }));
}

void expect_same(const AreaFacts& ours, const pb::Area& theirs) {
  EXPECT_EQ(ours.code.value(), theirs.code());
  EXPECT_EQ(ours.parent.value(), theirs.parent_code());
  EXPECT_EQ(ours.level, theirs.level());
  EXPECT_EQ(ours.point, to_point(theirs.point()));
}

void expect_same(const PartyFacts& ours, const pb::Party& theirs) {
  EXPECT_EQ(ours.id.value(), theirs.id());
  EXPECT_EQ(ours.parent.value(), theirs.parent_id());
  EXPECT_EQ(ours.area.value(), theirs.area_code());
  EXPECT_EQ(ours.point, to_point(theirs.point()));
  EXPECT_EQ(ours.radius_m, theirs.service_radius_m());
  EXPECT_EQ(ours.kind, theirs.kind());
  EXPECT_EQ(ours.standing, theirs.standing());
  expect_same(ours.excluded_categories, theirs.excluded_categories());
  expect_same_ids(ours.excluded_areas, theirs.excluded_area_codes());
}

void expect_same(const OfferFacts& ours, const pb::Offer& theirs) {
  EXPECT_EQ(ours.id.value(), theirs.id());
  EXPECT_EQ(ours.party.value(), theirs.party_id());
  EXPECT_EQ(ours.active, theirs.state() == pb::OFFER_STATE_ACTIVE);
  EXPECT_EQ(ours.point, to_point(theirs.point()));
  EXPECT_EQ(ours.radius_m, theirs.radius_m());
  EXPECT_EQ(to_int(ours.valid_from), theirs.valid_from());
  EXPECT_EQ(to_int(ours.valid_to), theirs.valid_to());
  expect_same(ours.categories, theirs.categories());
  EXPECT_EQ(ours.quantity,
            theirs.has_time() ? theirs.time().capacity() : theirs.stock().quantity());
  EXPECT_EQ(ours.time_kind, theirs.time().kind());
  expect_same(ours.skills, theirs.time().skills());
  ASSERT_EQ(ours.weekly.size(), static_cast<std::size_t>(theirs.time().weekly_size()));
  for (std::size_t i = 0; i < ours.weekly.size(); ++i) {
    const auto& w = theirs.time().weekly(static_cast<int>(i));
    EXPECT_EQ(ours.weekly[i].weekday, shortened(w.weekday()));
    EXPECT_EQ(ours.weekly[i].open,
              (DaySlot{shortened(w.start_minute()), shortened(w.end_minute())}));
  }
  ASSERT_EQ(ours.exceptions.size(), static_cast<std::size_t>(theirs.time().exceptions_size()));
  for (std::size_t i = 0; i < ours.exceptions.size(); ++i) {
    const auto& e = theirs.time().exceptions(static_cast<int>(i));
    EXPECT_EQ(ours.exceptions[i].date, e.date());
    EXPECT_EQ(ours.exceptions[i].open,
              (DaySlot{shortened(e.start_minute()), shortened(e.end_minute())}));
  }
  ASSERT_EQ(ours.certificates.size(), static_cast<std::size_t>(theirs.time().certificates_size()));
  for (std::size_t i = 0; i < ours.certificates.size(); ++i) {
    const auto& c = theirs.time().certificates(static_cast<int>(i));
    EXPECT_EQ(ours.certificates[i].code, c.code());
    EXPECT_EQ(ours.certificates[i].level, c.level());
    EXPECT_EQ(to_int(ours.certificates[i].expires), c.expires_at());
  }
  EXPECT_EQ(ours.resource, theirs.stock().resource());
  EXPECT_EQ(ours.smallest_lot, theirs.stock().smallest_lot());
  EXPECT_EQ(to_int(ours.expires), theirs.stock().expires_at());
  EXPECT_EQ(ours.collect, theirs.stock().handover() == pb::HANDOVER_COLLECT);
}

void expect_same(const LineFacts& ours, const pb::RequirementLine& theirs) {
  EXPECT_EQ(ours.stock, theirs.has_stock());
  EXPECT_EQ(ours.quantity, theirs.quantity());
  EXPECT_EQ(ours.window, to_interval(theirs.window()));
  EXPECT_EQ(ours.resource, theirs.stock().resource());
  EXPECT_EQ(ours.time_kind, theirs.time().kind());
  expect_same(ours.skills, theirs.time().skills());
  EXPECT_EQ(ours.certificate, theirs.time().certificate());
  EXPECT_EQ(ours.level, theirs.time().certificate_level());
}

void expect_same(const NeedFacts& ours, const pb::Need& theirs) {
  EXPECT_EQ(ours.id.value(), theirs.id());
  EXPECT_EQ(ours.version, theirs.version());
  EXPECT_EQ(ours.area.value(), theirs.area_code());
  EXPECT_EQ(ours.point, to_point(theirs.point()));
  EXPECT_EQ(ours.category, theirs.category());
  EXPECT_EQ(ours.urgency, theirs.urgency());
  EXPECT_EQ(to_int(ours.deadline), theirs.deadline());
  ASSERT_EQ(ours.lines.size(), static_cast<std::size_t>(theirs.lines_size()));
  for (std::size_t i = 0; i < ours.lines.size(); ++i)
    expect_same(ours.lines[i], theirs.lines(static_cast<int>(i)));
  EXPECT_EQ(ours.all_or_nothing, theirs.all_or_nothing());
  EXPECT_EQ(ours.ratio, theirs.volunteers_per_professional());
  EXPECT_EQ(ours.organiser.value(), theirs.organiser_id());
  EXPECT_EQ(ours.resident_ref, theirs.resident_ref());
  EXPECT_EQ(ours.travel_m, theirs.travel_m());
  expect_same_ids(ours.excluded, theirs.excluded_party_ids());
  EXPECT_EQ(ours.state, theirs.state());
  EXPECT_EQ(ours.raised, theirs.raised());
  EXPECT_EQ(to_int(ours.created_at), theirs.created_at());
  EXPECT_EQ(to_int(ours.submitted_at), theirs.submitted_at());
  EXPECT_EQ(to_int(ours.opened_at), theirs.opened_at());
  EXPECT_EQ(to_int(ours.raised_at), theirs.raised_at());
  EXPECT_EQ(to_int(ours.done_at), theirs.done_at());
  EXPECT_EQ(to_int(ours.ended_at), theirs.ended_at());
  EXPECT_EQ(ours.review_requested, theirs.review_requested());
  EXPECT_EQ(ours.closed, theirs.closed());
}

void expect_same(const MatchFacts& ours, const pb::Match& theirs) {
  EXPECT_EQ(ours.id.value(), theirs.id());
  EXPECT_EQ(ours.version, theirs.version());
  EXPECT_EQ(ours.need.value(), theirs.need_id());
  EXPECT_EQ(ours.line, theirs.line());
  EXPECT_EQ(ours.offer.value(), theirs.offer_id());
  EXPECT_EQ(ours.quantity, theirs.quantity());
  EXPECT_EQ(ours.window, to_interval(theirs.window()));
  EXPECT_EQ(ours.state, theirs.state());
  EXPECT_EQ(to_int(ours.answer_by), theirs.answer_by());
  EXPECT_EQ(to_int(ours.checked_out_at), theirs.checked_out_at());
}

void expect_same(const NotificationFacts& ours, const pb::Notification& theirs) {
  EXPECT_EQ(ours.id.value(), theirs.id());
  EXPECT_EQ(ours.party.value(), theirs.party_id());
  EXPECT_EQ(ours.need.value(), theirs.need_id());
  EXPECT_EQ(ours.line, theirs.line());
  EXPECT_EQ(to_int(ours.sent), theirs.sent_at());
}

template <class Facts, class Message>
void compare(std::uint64_t seed) {
  Random random(seed);
  for (int i = 0; i < 1000; ++i) {
    Message m;
    fill_with_anything(m, random, 4);
    const std::string bytes = m.SerializeAsString();
    const auto facts = Facts::read(bytes);
    ASSERT_TRUE(facts) << m.ShortDebugString();
    expect_same(*facts, m);
    EXPECT_EQ(has_marked(*Message::descriptor(), bytes), has_marked(m)) << m.ShortDebugString();
    if (::testing::Test::HasFailure())
      FAIL() << m.GetTypeName() << ", seed " << seed << ", message " << i << ": "
             << m.ShortDebugString();
    // Cut off anywhere it is no message, or the one that protobuf sees.
    const std::string cut = bytes.substr(0, random.below(bytes.size() + 1));
    Message theirs;
    const bool whole = theirs.ParseFromString(cut);
    const auto ours = Facts::read(cut);
    EXPECT_TRUE(ours || !whole) << m.GetTypeName() << ", seed " << seed << ", message " << i
                                << ", cut to " << cut.size();
    if (ours && whole) expect_same(*ours, theirs);
  }
}

TEST(Facts, AreWhatProtobufReads) {
  compare<AreaFacts, pb::Area>(1);
  compare<PartyFacts, pb::Party>(2);
  compare<OfferFacts, pb::Offer>(3);
  compare<LineFacts, pb::RequirementLine>(4);
  compare<NeedFacts, pb::Need>(5);
  compare<MatchFacts, pb::Match>(6);
  compare<NotificationFacts, pb::Notification>(7);
}

// As protobuf has it: a field of another type than it should be is one that is not known.
TEST(Facts, PassOverFieldsOfAnotherType) {
  const std::string text_for_a_number(
      "\x0a\x03"
      "abc",
      5);  // field 1, length-delimited
  const auto need = NeedFacts::read(text_for_a_number);
  ASSERT_TRUE(need);
  EXPECT_EQ(need->id.value(), 0U);
  const std::string number_for_lines("\x60\x05", 2);  // field 12, varint
  ASSERT_TRUE(NeedFacts::read(number_for_lines));
  EXPECT_TRUE(NeedFacts::read(number_for_lines)->lines.empty());
}

TEST(Facts, TakeIdsThatAreNotPacked) {
  const std::string ids("\x90\x01\x07\x90\x01\x08", 6);  // field 18 twice, varint
  const auto need = NeedFacts::read(ids);
  ASSERT_TRUE(need);
  pb::Need theirs;
  ASSERT_TRUE(theirs.ParseFromString(ids));
  ASSERT_EQ(theirs.excluded_party_ids_size(), 2);
  expect_same(*need, theirs);
}

TEST(Facts, OfWhatIsNoMessageAreNone) {
  EXPECT_FALSE(NeedFacts::read("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"));
  EXPECT_FALSE(
      OfferFacts::read(std::string_view("\x2a\x7f", 2)));      // a time supply longer than the rest
  EXPECT_FALSE(AreaFacts::read(std::string_view("\x08", 1)));  // a number that is not there
}

}  // namespace
}  // namespace qiao
