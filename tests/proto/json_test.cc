#include "proto/json/json.h"

#include <google/protobuf/util/json_util.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "qiao/v1/query.pb.h"
#include "tests/support/build.h"
#include "tools/swarm/any_message.h"

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
  EXPECT_EQ(refused("{\"lines\":[{\"time\":{\"kind\":\"PEOPLE\"}}]}"),
            "value.out_of_range lines[0].time.kind");
  EXPECT_EQ(refused("{\"lines\":[{},{\"quantity\":\"five\"}]}"),
            "value.wrong_type lines[1].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":9223372036854775808}]}"),
            "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":\"9223372036854775808\"}]}"),
            "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":1.5}]}"), "value.wrong_type lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":1e400}]}"), "value.out_of_range lines[0].quantity");
  EXPECT_EQ(refused("{\"lines\":[{\"quantity\":NaN}]}"), "request.malformed ");
  EXPECT_EQ(refused("{\"lines\":[{\"time\":{},\"stock\":{}}]}"), "value.one_of lines[0].stock");
  EXPECT_EQ(refused("{\"point\":{\"latitudeE7\":-9000000000}}"),
            "value.out_of_range point.latitudeE7");
  EXPECT_EQ(refused("{\"title\":\"\xFF\"}"), "request.malformed ");
  EXPECT_EQ(refused("{\"title\":\"\\ud800\"}"), "request.malformed ");
  EXPECT_EQ(refused(std::string(1000, '[')), "request.malformed ");
}

TEST(Json, TakesBothSpellingsNumbersAsTextAndNull) {
  pb::Need n;
  ASSERT_TRUE(from_json(
      R"({"area_code":341881001001,"areaCode":null,"lines":[{"quantity":"3"},{"quantity":3.0}],"allOrNothing":true,"urgency":"URGENCY_URGENT"})",
      n));
  EXPECT_EQ(n.area_code(), kCommunity);
  EXPECT_EQ(n.lines(0).quantity(), 3);
  EXPECT_EQ(n.lines(1).quantity(), 3);
  EXPECT_EQ(n.urgency(), pb::URGENCY_URGENT);
}

TEST(Json, IsTheMappingThatProtobufItselfWrites) {
  City c;
  const auto team = c.team("“贤娘熟得”\"\\队");
  c.post(offer(team).people(5).skill("haircut").certificate("nurse", 1).weekly(6, 8, 12));
  const auto n = c.post(need()
                            .people(3)
                            .on(hours(105, 108))
                            .stock("rice", 5)
                            .urgent(pb::URGENCY_CRITICAL)
                            .all_or_nothing());
  c.claim(n, c.state().offers()[0].id.value());
  const auto same = [](const google::protobuf::Message& m) {
    std::string theirs;
    ASSERT_TRUE(google::protobuf::util::MessageToJsonString(m, &theirs).ok());
    std::unique_ptr<google::protobuf::Message> a(m.New());
    std::unique_ptr<google::protobuf::Message> b(m.New());
    ASSERT_TRUE(from_json(theirs, *a)) << theirs;
    EXPECT_EQ(a->SerializeAsString(), m.SerializeAsString());
    ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(to_json(m), b.get()).ok())
        << to_json(m);
    EXPECT_EQ(b->SerializeAsString(), m.SerializeAsString());
  };
  same(c.state().taxonomy());
  same(c.state().policy());
  same(c.state().load_party(0));
  same(c.state().load_offer(0));
  pb::Need lines = c.state().load_need(0);
  lines.set_description("第一行\n\t\"第二行\"\\");
  same(lines);
  same(c.state().load_match(0));
}

using google::protobuf::Message;

TEST(Json, WritesEveryMessageAsProtobufDoes) {
  Random random(23);
  int types = 0;
  for (const char* name :
       {"access", "area", "base", "clearing", "command", "event", "match", "need", "notification",
        "offer", "party", "policy", "query", "report", "taxonomy"}) {
    const auto* file = google::protobuf::DescriptorPool::generated_pool()->FindFileByName(
        std::string("qiao/v1/") + name + ".proto");
    ASSERT_NE(file, nullptr) << name;
    for (int t = 0; t < file->message_type_count(); ++t, ++types) {
      const Message* prototype =
          google::protobuf::MessageFactory::generated_factory()->GetPrototype(
              file->message_type(t));
      for (int i = 0; i < 20; ++i) {
        std::unique_ptr<Message> m(prototype->New());
        fill_with_anything(*m, random, 4);
        std::string theirs;
        ASSERT_TRUE(google::protobuf::util::MessageToJsonString(*m, &theirs).ok());
        // Read again as JSON, for they escape more than has to be.
        EXPECT_EQ(boost::json::parse(to_json(*m)), boost::json::parse(theirs)) << m->GetTypeName();
      }
    }
  }
  EXPECT_GT(types, 50);
}

// Text is looked at eight bytes at a time: each byte, at each place among eight others and at an
// end that is no eight.
TEST(Json, EscapesEachByteWhereverItStands) {
  for (int c = 0; c < 0x80; ++c) {
    for (std::size_t at = 0; at < 19; ++at) {
      for (const char* around : {"xxxxxxxxxxxxxxxxxxx", "贤娘熟得银龄"}) {
        std::string text = around;
        text.insert(at / 3 * 3, 1, static_cast<char>(c));
        std::string literal;
        append_json_string(text, literal);
        ASSERT_EQ(boost::json::parse(literal).as_string(), text) << c << " at " << at;
      }
    }
  }
}

TEST(Json, WritesTextOfAnyLength) {
  pb::Need n;
  for (const std::size_t size : {0, 1, 1000, 100'000, 6'000'000, 3}) {
    n.set_title(std::string(size, '\x01'));
    n.set_description(std::string(size, 'y'));
    pb::Need again;
    ASSERT_TRUE(from_json(to_json(n), again));
    EXPECT_EQ(again.SerializeAsString(), n.SerializeAsString());
  }
}

TEST(Json, WritesNothingOfFieldsThatItDoesNotKnow) {
  pb::Need n;
  n.set_title("x");
  auto* unknown = n.GetReflection()->MutableUnknownFields(&n);
  unknown->AddVarint(900, 5);
  unknown->AddFixed32(901, 5);
  unknown->AddFixed64(902, 5);
  unknown->AddLengthDelimited(903)->assign("y");
  unknown->AddVarint(100'000, 5);
  auto* group = unknown->AddGroup(904);
  group->AddVarint(1, 5);
  group->AddGroup(2)->AddLengthDelimited(3)->assign("z");
  EXPECT_EQ(to_json(n), R"({"title":"x"})");
}

// Protobuf keeps those with what it does not know. Found by fuzzing.
TEST(Json, WritesNothingOfFieldsThatAreOfAnotherType) {
  const pb::Need empty;
  for (int i = 0; i < empty.GetDescriptor()->field_count(); ++i) {
    const auto* f = empty.GetDescriptor()->field(i);
    const bool text = f->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_STRING ||
                      f->cpp_type() == google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE;
    pb::Need n;
    n.set_title("x");
    auto* kept = n.GetReflection()->MutableUnknownFields(&n);
    if (text) {
      kept->AddVarint(f->number(), 5);
    } else if (!f->is_repeated()) {
      kept->AddLengthDelimited(f->number())->assign("\xff\xff");
    }
    kept->AddFixed64(f->number(), ~std::uint64_t{0});
    kept->AddFixed32(f->number(), ~std::uint32_t{0});
    kept->AddGroup(f->number())->AddVarint(1, 5);
    pb::Need read;
    ASSERT_TRUE(read.ParseFromString(n.SerializeAsString()));
    EXPECT_EQ(to_json(read), R"({"title":"x"})") << f->name();
  }
}

}  // namespace
}  // namespace qiao
