#include "server/access/identity_provider.h"

#include <cjose/cjose.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace qiao {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxToken = 16 << 10;
constexpr std::size_t kMaxKeys = 64;
// The clocks of two machines differ.
constexpr Seconds kLeeway = std::chrono::seconds{60};
// A token with a longer lifetime is not accepted for logging in.
constexpr Seconds kMaxLifetime = std::chrono::hours{24};

template <auto Release>
struct Releaser {
  template <class T>
  void operator()(T* p) const {
    Release(p);
  }
};
using Jws = std::unique_ptr<cjose_jws_t, Releaser<cjose_jws_release>>;

std::string text_of(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->as_string()) : std::string();
}

std::optional<std::int64_t> number_of(const json::object& o, const char* name) {
  const auto* v = o.if_contains(name);
  if (v == nullptr) return std::nullopt;
  if (v->is_int64()) return v->as_int64();
  if (v->is_double() && v->as_double() > 0 && v->as_double() < 1e15)
    return static_cast<std::int64_t>(v->as_double());
  return std::nullopt;
}

std::optional<json::object> parse_object(std::string_view text) {
  boost::system::error_code error;
  json::value v = json::parse(json::string_view(text.data(), text.size()), error);
  if (error || !v.is_object()) return std::nullopt;
  return std::move(v.as_object());
}

// Checked before cjose decodes it: on invalid base64url cjose fails an assertion, which is enabled
// in Debian's build and would end the process.
bool is_base64url(std::string_view text) {
  const auto good = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  };
  return !text.empty() && text.size() % 4 != 1 && std::all_of(text.begin(), text.end(), good);
}

// Three parts (RFC 7515, compact serialisation).
bool is_compact(std::string_view token) {
  const auto first = token.find('.');
  const auto second = first == std::string_view::npos ? first : token.find('.', first + 1);
  return second != std::string_view::npos && is_base64url(token.substr(0, first)) &&
         is_base64url(token.substr(first + 1, second - first - 1)) &&
         is_base64url(token.substr(second + 1));
}

bool meant_for(const json::object& claims, const std::string& audience) {
  const auto* aud = claims.if_contains("aud");
  if (aud == nullptr) return false;
  if (aud->is_string()) return std::string_view(aud->as_string()) == audience;
  if (!aud->is_array()) return false;
  const auto& all = aud->as_array();
  const bool among = std::any_of(all.begin(), all.end(), [&](const json::value& v) {
    return v.is_string() && std::string_view(v.as_string()) == audience;
  });
  // A token for several audiences must name this server as the authorised party.
  return among && (all.size() == 1 || text_of(claims, "azp") == audience);
}

}  // namespace

struct IdentityProvider::Key {
  std::string id;
  std::string algorithm;  // RS256 or ES256, by the type of the key
  std::unique_ptr<cjose_jwk_t, Releaser<cjose_jwk_release>> jwk;
};

IdentityProvider::IdentityProvider(IdentityProviderOptions options)
    : options_(std::move(options)) {}
IdentityProvider::~IdentityProvider() = default;

bool IdentityProvider::set_keys(std::string_view jwks) {
  const auto set = parse_object(jwks);
  if (!set) return false;
  const auto* list = set->if_contains("keys");
  if (list == nullptr || !list->is_array()) return false;
  std::vector<std::unique_ptr<Key>> keys;
  for (const json::value& v : list->as_array()) {
    if (!v.is_object() || keys.size() == kMaxKeys) continue;
    const json::object& o = v.as_object();
    if (const std::string use = text_of(o, "use"); !use.empty() && use != "sig") continue;
    const std::string type = text_of(o, "kty");
    // Symmetric keys are ignored: a published key must not be able to sign.
    const std::string algorithm = type == "RSA"                                  ? "RS256"
                                  : type == "EC" && text_of(o, "crv") == "P-256" ? "ES256"
                                                                                 : "";
    if (algorithm.empty() || (!text_of(o, "alg").empty() && text_of(o, "alg") != algorithm))
      continue;
    const bool whole = type == "RSA"
                           ? is_base64url(text_of(o, "n")) && is_base64url(text_of(o, "e"))
                           : is_base64url(text_of(o, "x")) && is_base64url(text_of(o, "y"));
    if (!whole) continue;
    auto key = std::make_unique<Key>();
    key->id = text_of(o, "kid");
    key->algorithm = algorithm;
    const std::string text = json::serialize(v);
    cjose_err error{};
    key->jwk.reset(cjose_jwk_import(text.data(), text.size(), &error));
    if (key->jwk) keys.push_back(std::move(key));
  }
  if (keys.empty()) return false;
  keys_ = std::move(keys);
  return true;
}

std::optional<IdentityProvider::Subject> IdentityProvider::verify(std::string_view token,
                                                                  Time now) const {
  if (!configured() || token.size() > kMaxToken || !is_compact(token)) return std::nullopt;
  cjose_err error{};
  const Jws jws(cjose_jws_import(token.data(), token.size(), &error));
  if (!jws) return std::nullopt;
  cjose_header_t* header = cjose_jws_get_protected(jws.get());
  const auto header_text = [&](const char* name) {
    cjose_err ignored{};
    const char* value = cjose_header_get(header, name, &ignored);
    return std::string(value == nullptr ? "" : value);
  };
  const std::string algorithm = header_text("alg");
  const std::string key_id = header_text("kid");
  const Key* key = nullptr;
  for (const auto& k : keys_) {
    if (k->algorithm == algorithm && (key_id.empty() ? keys_.size() == 1 : k->id == key_id))
      key = k.get();
  }
  if (key == nullptr) {
    unknown_key_ = true;
    return std::nullopt;
  }
  if (!cjose_jws_verify(jws.get(), key->jwk.get(), &error)) return std::nullopt;
  std::uint8_t* plain = nullptr;
  std::size_t size = 0;
  if (!cjose_jws_get_plaintext(jws.get(), &plain, &size, &error)) return std::nullopt;
  const auto claims = parse_object({reinterpret_cast<const char*>(plain), size});
  if (!claims) return std::nullopt;
  const auto expires = number_of(*claims, "exp");
  const auto issued = number_of(*claims, "iat");
  const auto not_before = number_of(*claims, "nbf");
  const std::string subject = text_of(*claims, "sub");
  if (text_of(*claims, "iss") != options_.issuer || !meant_for(*claims, options_.audience) ||
      subject.empty() || !expires || !issued)
    return std::nullopt;
  if (to_time(*expires) + kLeeway <= now || to_time(*issued) > now + kLeeway ||
      (not_before && to_time(*not_before) > now + kLeeway))
    return std::nullopt;
  if (Seconds{*expires - *issued} > kMaxLifetime) return std::nullopt;
  return Subject{options_.issuer + " " + subject, to_time(*expires)};
}

}  // namespace qiao
