// Tokens of an outside identity provider, made here by OpenSSL's own hand: the good one is taken,
// everything else is not.
#include "server/access/identity_provider.h"

#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "tests/support/build.h"

namespace qiao {
namespace {

std::string base64url(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(bytes.data()),
                                static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(n));
  while (out.ends_with('=')) out.pop_back();
  for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
  return out;
}

struct Signer {
  std::shared_ptr<EVP_PKEY> key;
  bool rsa;
  static Signer make_rsa() {
    return {{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048}), EVP_PKEY_free}, true};
  }
  static Signer make_ec() {
    return {{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free}, false};
  }

  std::string number(const char* name, int size = 0) const {
    BIGNUM* n = nullptr;
    EVP_PKEY_get_bn_param(key.get(), name, &n);
    std::string out(static_cast<std::size_t>(size == 0 ? BN_num_bytes(n) : size), '\0');
    BN_bn2binpad(n, reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(out.size()));
    BN_free(n);
    return base64url(out);
  }
  std::string jwk(const std::string& id) const {
    if (rsa)
      return R"({"kty":"RSA","use":"sig","kid":")" + id + R"(","n":")" +
             number(OSSL_PKEY_PARAM_RSA_N) + R"(","e":")" + number(OSSL_PKEY_PARAM_RSA_E) + "\"}";
    return R"({"kty":"EC","crv":"P-256","kid":")" + id + R"(","x":")" +
           number(OSSL_PKEY_PARAM_EC_PUB_X, 32) + R"(","y":")" +
           number(OSSL_PKEY_PARAM_EC_PUB_Y, 32) + "\"}";
  }
  std::string sign(const std::string& text) const {
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                    EVP_MD_CTX_free);
    EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    std::size_t size = 0;
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    EVP_DigestSign(context.get(), nullptr, &size, in, text.size());
    std::string out(size, '\0');
    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, in,
                   text.size());
    out.resize(size);
    if (rsa) return out;
    // JWS wants the two numbers one after the other, not DER.
    const auto* der = reinterpret_cast<const unsigned char*>(out.data());
    ECDSA_SIG* sig = d2i_ECDSA_SIG(nullptr, &der, static_cast<long>(out.size()));
    std::string raw(64, '\0');
    BN_bn2binpad(ECDSA_SIG_get0_r(sig), reinterpret_cast<unsigned char*>(raw.data()), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(sig), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
    ECDSA_SIG_free(sig);
    return raw;
  }
  std::string token(const std::string& header, const std::string& claims) const {
    const std::string text = base64url(header) + "." + base64url(claims);
    return text + "." + base64url(sign(text));
  }
};

std::string claims(const std::string& more = {}, std::int64_t issued = to_int(at(0)),
                   std::int64_t expires = to_int(at(1))) {
  return R"({"iss":"https://id.example.cn","sub":"wang-1","aud":"qiao","iat":)" +
         std::to_string(issued) + R"(,"exp":)" + std::to_string(expires) + more + "}";
}

struct Provider : IdentityProvider {
  Provider()
      : IdentityProvider({.issuer = "https://id.example.cn", .audience = "qiao", .keys = "-"}) {}
  bool takes(const std::string& token, Time now = at(0.5)) const {
    const auto subject = verify(token, now);
    EXPECT_EQ(subject ? subject->external_id : "https://id.example.cn wang-1",
              "https://id.example.cn wang-1");
    return subject.has_value();
  }
};

TEST(IdentityProvider, TakesWhatItsKeysSignedAndNothingElse) {
  const Signer rsa = Signer::make_rsa();
  const Signer ec = Signer::make_ec();
  const Signer stranger = Signer::make_rsa();
  Provider p;
  EXPECT_FALSE(p.takes(rsa.token(R"({"alg":"RS256","kid":"r"})", claims()))) << "no keys yet";
  EXPECT_TRUE(p.take_unknown_key());
  ASSERT_TRUE(p.set_keys(R"({"keys":[)" + rsa.jwk("r") + "," + ec.jwk("e") + "]}"));
  EXPECT_TRUE(p.takes(rsa.token(R"({"alg":"RS256","kid":"r"})", claims())));
  EXPECT_TRUE(p.takes(ec.token(R"({"alg":"ES256","kid":"e"})", claims())));
  EXPECT_TRUE(p.takes(rsa.token(
      R"({"alg":"RS256","kid":"r"})",
      R"({"iss":"https://id.example.cn","sub":"wang-1","aud":["qiao"],"iat":)" +
          std::to_string(to_int(at(0))) + R"(,"exp":)" + std::to_string(to_int(at(1))) + "}")));

  EXPECT_FALSE(p.takes(stranger.token(R"({"alg":"RS256","kid":"r"})", claims())))
      << "signed by another key";
  EXPECT_FALSE(p.take_unknown_key());
  EXPECT_FALSE(p.takes(stranger.token(R"({"alg":"RS256","kid":"s"})", claims())))
      << "a key that is not known";
  EXPECT_TRUE(p.take_unknown_key());
  EXPECT_FALSE(p.takes(rsa.token(R"({"alg":"ES256","kid":"r"})", claims())))
      << "another algorithm than the key's";
  EXPECT_FALSE(p.takes(rsa.token(R"({"alg":"RS512","kid":"r"})", claims())));
  EXPECT_FALSE(p.takes(base64url(R"({"alg":"none"})") + "." + base64url(claims()) + "."))
      << "not signed at all";
  // The public key taken for a shared secret.
  const std::string text = base64url(R"({"alg":"HS256","kid":"r"})") + "." + base64url(claims());
  std::array<unsigned char, 32> mac{};
  unsigned size = 0;
  const std::string n = rsa.number(OSSL_PKEY_PARAM_RSA_N);
  HMAC(EVP_sha256(), n.data(), static_cast<int>(n.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(), &size);
  EXPECT_FALSE(
      p.takes(text + "." + base64url(std::string(reinterpret_cast<char*>(mac.data()), size))));
  // A letter changed, a part missing, something behind it, nothing at all.
  const std::string good = rsa.token(R"({"alg":"RS256","kid":"r"})", claims());
  for (std::size_t i = 0; i < good.size(); i += 37) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    // The last character of a part may carry bits that do not count.
    const bool counts = bad != good && i + 1 < good.size() && good[i + 1] != '.';
    EXPECT_FALSE(counts && p.takes(bad)) << i;
  }
  EXPECT_FALSE(p.takes(good.substr(0, good.rfind('.'))));
  EXPECT_FALSE(p.takes(good + ".x"));
  // What stopped the process once: cjose asserts that base64url is whole. Found by tools/fuzz.
  EXPECT_FALSE(p.takes("eyJhbGciOiJIUzI1NiIsI=mtpZCI6ImUifQ.eyJpc3MiOiJodHRwcifQ.AAAA"));
  for (const char* bad : {"=.=.=", "A.A.A", "a=b.cc.dd", "ab.c d.ef", "..", "ab.cd", "ab.cd.ef.gh"})
    EXPECT_FALSE(p.takes(bad)) << bad;
  EXPECT_FALSE(p.takes(""));
  EXPECT_FALSE(p.takes(std::string(20'000, 'a')));
}

TEST(IdentityProvider, HoldsTheClaimsToWhatTheyHaveToBe) {
  const Signer rsa = Signer::make_rsa();
  Provider p;
  ASSERT_TRUE(p.set_keys(R"({"keys":[)" + rsa.jwk("r") + "]}"));
  const auto with = [&](const std::string& c, Time now = at(0.5)) {
    return p.takes(rsa.token(R"({"alg":"RS256","kid":"r"})", c), now);
  };
  EXPECT_TRUE(with(claims()));
  EXPECT_TRUE(p.takes(rsa.token(R"({"alg":"RS256"})", claims()))) << "there is only one key";
  EXPECT_FALSE(with(claims(), at(1.1))) << "expired";
  EXPECT_TRUE(with(claims(), at(1) + std::chrono::seconds{59})) << "clocks differ a little";
  EXPECT_FALSE(with(claims(), at(-0.5))) << "not issued yet";
  EXPECT_FALSE(with(claims(R"(,"nbf":)" + std::to_string(to_int(at(0.9)))))) << "not valid yet";
  EXPECT_FALSE(with(claims({}, to_int(at(0)), to_int(at(30))))) << "good for too long";
  EXPECT_FALSE(with(R"({"sub":"wang-1","aud":"qiao","iat":1,"exp":9999999999})"));
  EXPECT_FALSE(with(R"({"iss":"https://evil.example","sub":"wang-1","aud":"qiao","iat":)" +
                    std::to_string(to_int(at(0))) + R"(,"exp":)" + std::to_string(to_int(at(1))) +
                    "}"));
  EXPECT_FALSE(with(R"({"iss":"https://id.example.cn","sub":"wang-1","aud":"another","iat":)" +
                    std::to_string(to_int(at(0))) + R"(,"exp":)" + std::to_string(to_int(at(1))) +
                    "}"));
  EXPECT_FALSE(
      with(R"({"iss":"https://id.example.cn","sub":"wang-1","aud":["another","qiao"],"iat":)" +
           std::to_string(to_int(at(0))) + R"(,"exp":)" + std::to_string(to_int(at(1))) + "}"))
      << "given to another";
  EXPECT_FALSE(with(R"({"iss":"https://id.example.cn","aud":"qiao","iat":)" +
                    std::to_string(to_int(at(0))) + R"(,"exp":)" + std::to_string(to_int(at(1))) +
                    "}"))
      << "no subject";
  EXPECT_FALSE(with("[]"));
  EXPECT_FALSE(with("{"));
}

TEST(IdentityProvider, KeepsItsKeysWhenWhatComesIsNoSet) {
  const Signer rsa = Signer::make_rsa();
  Provider p;
  ASSERT_TRUE(p.set_keys(R"({"keys":[)" + rsa.jwk("r") + "]}"));
  for (const char* bad :
       {"", "{}", "[]", R"({"keys":[]})", R"({"keys":[{"kty":"oct","k":"c2VjcmV0"}]})",
        R"({"keys":[{"kty":"RSA","n":"?","e":"AQAB"}]})",
        R"({"keys":[{"kty":"EC","crv":"P-521"}]})", "{\"keys\":7}"}) {
    EXPECT_FALSE(p.set_keys(bad)) << bad;
  }
  EXPECT_TRUE(p.takes(rsa.token(R"({"alg":"RS256","kid":"r"})", claims())));
}

}  // namespace
}  // namespace qiao
