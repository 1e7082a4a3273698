#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/refusal.h"
#include "engine/rows/rows.h"

namespace qiao {

inline constexpr std::size_t kMinPasswordCharacters = 10;
inline constexpr std::size_t kMaxPasswordBytes = 512;

// "qiao_" and 256 random bits, 43 characters of base64url. By the prefix a scanner finds one that
// was published, and no shell takes it for an option.
std::string fresh_secret();
// BLAKE2b-256. A secret of 256 random bits needs no slow hash.
SecretHash hash_secret(std::string_view secret);
// BLAKE2b-128 of the parts, with the length of each: other parts have another fingerprint, even if
// somebody chooses them for that.
using Fingerprint = std::array<unsigned char, 16>;
Fingerprint fingerprint_of(std::initializer_list<std::string_view> parts);
// A short code of a number under a key, for people to type: eight of the 32 capitals and digits
// that are not mistaken for one another (no I, L, O, U), in two groups. `context`: what it is for,
// so that no two uses share codes.
std::string short_code(const std::array<unsigned char, 32>& key, std::string_view context,
                       std::uint64_t number);
// Takes as long whether they differ in the first byte or in the last.
bool same_secret(std::string_view a, std::string_view b);

// argon2id in its text form (libsodium, interactive limits: 64 MiB, some 100 ms). Nothing where
// there is no memory for it. Not for the market thread.
std::optional<std::string> hash_password(std::string_view password);
enum class Verdict : std::uint8_t { kRight, kWrong, kNoMemory };
// Not for the market thread. An empty hash costs as much as a real one and is never right, so that
// time tells nobody who has an account.
Verdict verify_password(const std::string& hash, std::string_view password);
// Long enough, none of those that everybody tries first, not the login.
Status check_password(std::string_view password, std::string_view login, std::string field);

}  // namespace qiao
