// The files that whoever runs a server writes: its options, the city's words and policy.
#include <sstream>

#include "proto/json/json.h"
#include "server/app/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string text(text_of(data + 1, size - 1));
  if (data[0] % 3 == 0) {
    CLI::App app;
    Config config;
    declare(app, config);
    try {
      std::istringstream file(text);
      app.parse_from_stream(file);
      expect(config.timeout >= 1 && config.server.max_body_bytes >= 1024,
             "an option outside its range");
    } catch (const CLI::Error& refused) {
      expect(std::string_view(refused.what()).size() > 0, "a refusal without words");
    }
    return 0;
  }
  RankedMarket market;
  pb::Command command = by(pb::ROLE_LEAD);
  if (data[0] % 3 == 1) {
    if (!from_json(text, *command.mutable_put_taxonomy())) return 0;
  } else {
    if (!from_json(text, *command.mutable_set_policy())) return 0;
  }
  if (const auto taken = market.apply(command, at(0)); !taken)
    expect(!taken.error().en().empty() && !taken.error().zh().empty(), "a refusal without words");
  return 0;
}
