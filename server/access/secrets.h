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

// "qiao_" and 256 random bits, as 43 characters of base64url. The prefix lets a scanner find a
// published token, and keeps a shell from reading it as an option.
std::string generate_secret();
// BLAKE2b-256. A secret of 256 random bits needs no slow hash.
SecretHash hash_secret(std::string_view secret);
// BLAKE2b-128 of the parts, with the length of each. Collision-resistant, also if the parts are
// chosen by a client.
using Fingerprint = std::array<unsigned char, 16>;
Fingerprint fingerprint_of(std::initializer_list<std::string_view> parts);
// A keyed hash of a number, short enough to be typed: eight of the 32 capitals and digits that are
// not easily confused (no I, L, O, U), in two groups. `context` is the purpose, so that two
// purposes never share codes.
std::string short_code(const std::array<unsigned char, 32>& key, std::string_view context,
                       std::uint64_t number);
// Compares in constant time.
bool same_secret(std::string_view a, std::string_view b);

// argon2id in its text form (libsodium, interactive limits: 64 MiB, about 100 ms). Returns nothing
// if there is not enough memory. Too slow for the market thread.
std::optional<std::string> hash_password(std::string_view password);
enum class Verdict : std::uint8_t { kRight, kWrong, kNoMemory };
// Too slow for the market thread. An empty hash never matches but takes as long as a real one, so
// that the time does not reveal whether an account exists.
Verdict verify_password(const std::string& hash, std::string_view password);
// Refuses a password that is too short, common, or equal to the login.
Status check_password(std::string_view password, std::string_view login, std::string field);

}  // namespace qiao
