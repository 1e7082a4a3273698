#include "server/access/secrets.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

// The first entries of lists of leaked passwords that have ten characters or more, and local
// favourites.
constexpr std::array<std::string_view, 24> kCommon = {
    "1234567890",    "0123456789", "1111111111",   "0000000000",   "password123", "password1234",
    "qwertyuiop",    "1q2w3e4r5t", "qwerty123456", "123456789a",   "a123456789",  "1234567891",
    "12345678910",   "0987654321", "abcd123456",   "qazwsxedcrfv", "5201314520",  "1qaz2wsx3edc",
    "woaini1314520", "zhiyuanzhe", "volunteer123", "ningguo123",   "admin123456", "administrator"};

const unsigned char* bytes(std::string_view s) {
  return reinterpret_cast<const unsigned char*>(s.data());
}

bool ready() {
  static const bool good = sodium_init() >= 0;
  return good;
}

// The binary part of a hash: salt and result.
struct Argon2id {
  std::array<unsigned char, crypto_pwhash_SALTBYTES> salt{};
  std::array<unsigned char, 32> result{};
};

template <std::size_t size>
bool from_base64(std::string_view text, std::array<unsigned char, size>& out) {
  std::size_t length = 0;
  const char* end = nullptr;
  const int failed = sodium_base642bin(out.data(), size, text.data(), text.size(), nullptr, &length,
                                       &end, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
  return failed == 0 && length == size && end == text.data() + text.size();
}

std::optional<Argon2id> parse_hash(std::string_view text) {
  if (!is_password_hash(text)) return std::nullopt;
  text.remove_prefix(kPasswordHashForm.size());
  const auto end = std::min(text.find('$'), text.size());
  Argon2id hash;
  if (!from_base64(text.substr(0, end), hash.salt)) return std::nullopt;
  if (!from_base64(text.substr(std::min(end + 1, text.size())), hash.result)) return std::nullopt;
  return hash;
}

}  // namespace

std::string generate_secret() {
  QIAO_CHECK(ready(), "libsodium can be used");
  std::array<unsigned char, 32> random{};
  randombytes_buf(random.data(), random.size());
  std::string text(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the terminating NUL
  return "qiao_" + text;
}

SecretHash hash_secret(std::string_view secret) {
  SecretHash hash{};
  crypto_generichash(hash.data(), hash.size(), bytes(secret), secret.size(), nullptr, 0);
  return hash;
}

Fingerprint fingerprint_of(std::initializer_list<std::string_view> parts) {
  Fingerprint fingerprint{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, nullptr, 0, fingerprint.size());
  for (const std::string_view part : parts) {
    const std::uint64_t length = part.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&length),
                              sizeof length);
    crypto_generichash_update(&state, bytes(part), part.size());
  }
  crypto_generichash_final(&state, fingerprint.data(), fingerprint.size());
  return fingerprint;
}

std::string short_code(const std::array<unsigned char, 32>& key, std::string_view context,
                       std::uint64_t number) {
  static constexpr std::string_view kLetters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const std::string text = std::string(context) + "/" + std::to_string(number);
  std::array<unsigned char, 16> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes(text), text.size(), key.data(), key.size());
  std::string code;
  for (std::size_t i = 0; i < 8; ++i) {
    if (i == 4) code += '-';
    code += kLetters[hash[i] % kLetters.size()];
  }
  return code;
}

bool same_secret(std::string_view a, std::string_view b) {
  return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string> hash_password(std::string_view password) {
  QIAO_CHECK(ready(), "libsodium can be used");
  std::string out(crypto_pwhash_STRBYTES, '\0');
  const int failed = crypto_pwhash_str_alg(
      out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
      crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  // With these limits it fails only for lack of memory.
  if (failed != 0) return std::nullopt;
  out.resize(out.find('\0'));
  return out;
}

// Not crypto_pwhash_str_verify(), which reports a lack of memory as a wrong password.
Verdict verify_password(const std::string& hash, std::string_view password) {
  QIAO_CHECK(ready(), "libsodium can be used");
  const auto known = hash.empty() ? Argon2id() : parse_hash(hash);
  if (!known) return Verdict::kWrong;
  std::array<unsigned char, sizeof known->result> result{};
  const int failed =
      crypto_pwhash(result.data(), result.size(), password.data(), password.size(),
                    known->salt.data(), crypto_pwhash_OPSLIMIT_INTERACTIVE,
                    crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  if (failed != 0) return Verdict::kNoMemory;
  const bool same = sodium_memcmp(result.data(), known->result.data(), result.size()) == 0;
  return same && !hash.empty() ? Verdict::kRight : Verdict::kWrong;
}

Status check_password(std::string_view password, std::string_view login, std::string field) {
  const auto characters = std::count_if(password.begin(), password.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  });
  if (password.size() > kMaxPasswordBytes)
    return refuse(Code::kTooLong, std::move(field), std::to_string(kMaxPasswordBytes));
  const std::string lower = ascii_lower(password);
  const bool common = std::find(kCommon.begin(), kCommon.end(), lower) != kCommon.end();
  const bool one_letter = lower.find_first_not_of(lower.substr(0, 1)) == std::string::npos;
  const bool named = login.size() >= 4 && lower.find(login) != std::string::npos;
  if (static_cast<std::size_t>(characters) < kMinPasswordCharacters || common || one_letter ||
      named)
    return refuse(Code::kPasswordWeak, std::move(field));
  return outcome::success();
}

}  // namespace qiao
