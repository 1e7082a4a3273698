// JSON and protobuf into messages: what is read is written and read again the same.
#include "proto/json/json.h"
#include "qiao/v1/command.pb.h"
#include "qiao/v1/event.pb.h"
#include "qiao/v1/query.pb.h"
#include "tests/fuzz/fuzz.h"

using namespace qiao;
namespace pb = qiao::v1;

namespace {

// The first byte says which message; the second, whether the rest is JSON or protobuf.
std::unique_ptr<google::protobuf::Message> pick(std::uint8_t kind) {
  switch (kind % 6) {
    case 0:
      return std::make_unique<pb::Command>();
    case 1:
      return std::make_unique<pb::Need>();
    case 2:
      return std::make_unique<pb::Offer>();
    case 3:
      return std::make_unique<pb::Policy>();
    case 4:
      return std::make_unique<pb::Event>();
    default:
      return std::make_unique<pb::Taxonomy>();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto message = pick(data[0]);
  const std::string_view rest = text_of(data + 2, size - 2);
  if (data[1] % 2 == 0) {
    if (const auto read = from_json(rest, *message); !read) {
      expect(!read.error().en().empty() && !read.error().zh().empty(), "a refusal without words");
      return 0;
    }
  } else if (!message->ParseFromArray(rest.data(), static_cast<int>(rest.size()))) {
    return 0;
  }
  const std::string json = to_json(*message);
  const std::unique_ptr<google::protobuf::Message> again(message->New());
  const auto read = from_json(json, *again);
  // From protobuf's wire come enums that no version knows, and bytes that are no UTF-8 where the
  // parser let them through.
  if (!read) {
    expect(data[1] % 2 == 1, "what was written cannot be read", json);
    return 0;
  }
  expect(to_json(*again) == json, "it reads as something else", json);
  return 0;
}
