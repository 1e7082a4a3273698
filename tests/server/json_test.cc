#include <gtest/gtest.h>

#include <google/protobuf/util/json_util.h>

#include "qiao/v1/query.pb.h"
#include "server/json/json.h"
#include "tests/support/build.h"

namespace qiao {
namespace {

std::string refused(std::string_view json) {
  pb::Need n;
  const auto read = from_json(json, n);
  return read ? "" : std::string(info(read.error().code).code) + " " + read.error().field;
}

TEST(Json, RefusesWithTheFieldsPath) {
  EXPECT_EQ(refused("{\"title\":\"x\""), "request.malformed ");
  EXPECT_EQ(refused(""), "request.malformed ");
  EXPECT_EQ(refused("[]"), "value.wrong_type ");
  EXPECT_EQ(refused("{\"titel\":\"x\"}"), "value.unknown_field titel");
  EXPECT_EQ(refused("{\"title\":5}"), "value.wrong_type title");
  EXPECT_EQ(refused("{\"lines\":{}}"), "value.wrong_type lines");
  EXPECT_EQ(refused("{\"lines\":[{\"time\":{\"kind\":\"PEOPLE\"}}]}"), "value.out_of_range lines[0].time.kind");
  EXPECT_EQ(refused("{\"lines\":[{},{\"quantity\":\"five\"}]}"), "value.wrong_type lines[1].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":9223372036854775808}]}"), "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":\"9223372036854775808\"}]}"), "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":1.5}]}"), "value.wrong_type lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":1e400}]}"), "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":NaN}]}"), "request.malformed ");
  EXPECT_EQ(refused("{\"lines\":[{\"time\":{},\"stock\":{}}]}"), "value.one_of lines[0].stock");
  EXPECT_EQ(refused("{\"point\":{\"latitudeE7\":-9000000000}}"), "value.out_of_range point.latitudeE7");
  EXPECT_EQ(refused("{\"title\":\"\xFF\"}"), "request.malformed ");
  EXPECT_EQ(refused("{\"title\":\"\\ud800\"}"), "request.malformed ");
  EXPECT_EQ(refused(std::string(1000, '[')), "request.malformed ");
}

TEST(Json, TakesBothSpellingsNumbersAsTextAndNull) {
  pb::Need n;
  ASSERT_TRUE(from_json(R"({"area_code":341881001001,"areaCode":null,"lines":[{"quantity":"3"},{"quantity":3.0}],"allOrNothing":true,"urgency":"URGENCY_URGENT"})", n));
  EXPECT_EQ(n.area_code(), kCommunity);
  EXPECT_EQ(n.lines(0).quantity(), 3);
  EXPECT_EQ(n.lines(1).quantity(), 3);
  EXPECT_EQ(n.urgency(), pb::URGENCY_URGENT);
}

TEST(Json, IsTheMappingThatProtobufItselfWrites) {
  City c;
  const auto team = c.team("“贤娘熟得”\n\t\"\\\x01队");
  c.post(offer(team).people(5).skill("haircut").certificate("nurse", 1).weekly(6, 8, 12));
  const auto n = c.post(need().people(3).on(hours(105, 108)).stock("rice", 5).urgent(pb::URGENCY_CRITICAL).all_or_nothing());
  c.claim(n, c.state().offers()[0].id.value());
  const auto same = [](const google::protobuf::Message& m) {
    std::string theirs;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(m, &theirs).ok());
    std::unique_ptr<google::protobuf::Message> a(m.New());
    std::unique_ptr<google::protobuf::Message> b(m.New());
    ASSERT_TRUE(from_json(theirs, *a)) << theirs;
    EXPECT_EQ(a->SerializeAsString(), m.SerializeAsString());
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(to_json(m), b.get()).ok()) << to_json(m);
    EXPECT_EQ(b->SerializeAsString(), m.SerializeAsString());
  };
  same(c.state().taxonomy());
  same(c.state().policy());
  same(c.state().load_party(0));
  same(c.state().load_offer(0));
  same(c.state().load_need(0));
  same(c.state().load_match(0));
}

}  // namespace
}  // namespace qiao
