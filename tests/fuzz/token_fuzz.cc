// Tokens of an outside identity provider: nothing is taken but what it signed.
#include "server/access/identity_provider.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

namespace {

// Made once with openssl; the private key is gone. The whole token is in the corpus.
constexpr std::string_view kKeys =
    R"({"keys":[{"kty":"EC","crv":"P-256","kid":"e","x":"oe4KSqLZY0oOK1FEpBQtEWP_5xRrk-J2bJIIuolbjxY","y":"cGMHOP77AVCyKGfPw0vaOuRLm_MoIYmEWwGMrb74mMc"}]})";
constexpr std::string_view kSigned =
    "eyJhbGciOiJFUzI1NiIsImtpZCI6ImUifQ."
    "eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUuY24iLCJzdWIiOiJ3YW5nLTEiLCJhdWQiOiJxaWFvIiwiaWF0IjoxNzk1ND"
    "Q5NjAwLCJleHAiOjE3OTU0NTMyMDB9.";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static IdentityProvider provider(
      {.issuer = "https://id.example.cn", .audience = "qiao", .keys = "-"});
  static const bool ready = provider.set_keys(kKeys);
  expect(ready, "the keys are good");
  const std::string_view token = text_of(data, size);
  if (const auto subject = provider.verify(token, at(0.5))) {
    expect(token.starts_with(kSigned), "a token that nobody signed is taken", token);
    expect(subject->external_id == "https://id.example.cn wang-1", "taken for another",
           subject->external_id);
  }
  // As a set of keys it is no good either, and the old ones stay.
  IdentityProvider other({.issuer = "https://id.example.cn", .audience = "qiao", .keys = "-"});
  static_cast<void>(other.set_keys(token));
  return 0;
}
