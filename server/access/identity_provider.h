// Verifies tokens of an outside identity provider: OpenID Connect ID tokens (JWT, RFC 7519), signed
// with RS256 or ES256 by a key of its published set (JWKS, RFC 7517). cjose verifies the signature.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"

namespace qiao {

// Which provider is trusted, and where its keys are.
struct IdentityProviderOptions {
  std::string issuer;    // "iss" of its tokens; empty: no provider
  std::string audience;  // "aud" of tokens for this server
  std::string keys;      // JWKS: a file, or an https or http URL
};

// Holds the keys and verifies tokens with them; fetches nothing itself. Owned by Gate, used on the
// market thread only.
class IdentityProvider {
 public:
  explicit IdentityProvider(IdentityProviderOptions options);
  ~IdentityProvider();

  bool configured() const { return !options_.issuer.empty(); }
  const IdentityProviderOptions& options() const { return options_; }
  // Replaces the keys. Returns false, and keeps the old ones, if the set has no usable key.
  bool set_keys(std::string_view jwks);

  struct Subject {
    std::string external_id;  // issuer, a space, subject
    Time expires;
  };
  // Returns the subject of a valid token. Returns nothing if the signature, algorithm, issuer,
  // audience or times are invalid; the reason is not given to the client.
  std::optional<Subject> verify(std::string_view token, Time now) const;
  // Whether a token named an unknown key since the last call: if so, fetch the key set again.
  bool take_unknown_key() { return std::exchange(unknown_key_, false); }

 private:
  struct Key;
  IdentityProviderOptions options_;
  std::vector<std::unique_ptr<Key>> keys_;
  mutable bool unknown_key_ = false;
};

}  // namespace qiao
