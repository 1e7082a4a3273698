// Bytes off a socket, as HTTP: answered with HTTP, or not at all.
#include "tests/fuzz/wire.h"

using namespace qiao;

// "$AUTH" in the input stands for the authorization of the lead.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Wire& place = wire();
  std::string request(text_of(data, size));
  for (const char* slow :
       {"/v1/sessions", "/v1/password", "/v1/setup", "/v1/invitation", "/v1/backups"}) {
    if (request.find(slow) != std::string::npos) return 0;
  }
  if (const auto at = request.find("$AUTH"); at != std::string::npos)
    request.replace(at, 5, place.authorization());
  const std::string answer = place.talk({request});
  expect(answer.empty() || answer.starts_with("HTTP/1.1 "), "an answer that is no HTTP",
         answer.substr(0, 100));
  return 0;
}
