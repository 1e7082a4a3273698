// Tokens of an outside identity provider: OpenID Connect ID tokens (JWT, RFC 7519), signed with
// RS256 or ES256 by a key of its published set (JWKS, RFC 7517). cjose verifies the signature.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/time.h"

namespace qiao {

struct IdentityProviderOptions {
  std::string issuer;    // "iss" of its tokens; empty: there is none
  std::string audience;  // "aud": what it calls us
  std::string keys;      // JWKS: a file, or an https or http URL
};

// Single-threaded.
class IdentityProvider {
 public:
  explicit IdentityProvider(IdentityProviderOptions options);
  ~IdentityProvider();

  bool configured() const { return !options_.issuer.empty(); }
  const IdentityProviderOptions& options() const { return options_; }
  // Takes the place of the keys known so far; false where that is no set with a usable key: the old
  // ones stay.
  bool set_keys(std::string_view jwks);

  struct Subject {
    std::string external_id;  // issuer, a space, subject
    Time expires;
  };
  // Who the token says it is. Nothing where the signature, the algorithm, issuer, audience or the
  // times are not right: why is not for whoever sent it to know.
  std::optional<Subject> verify(std::string_view token, Time now) const;
  // Has anybody come with a key that is not known? Asking takes note of it; then the set is worth
  // fetching again.
  bool take_unknown_key() { return std::exchange(unknown_key_, false); }

 private:
  struct Key;
  IdentityProviderOptions options_;
  std::vector<std::unique_ptr<Key>> keys_;
  mutable bool unknown_key_ = false;
};

}  // namespace qiao
