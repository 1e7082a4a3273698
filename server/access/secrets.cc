#include "server/access/secrets.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "engine/base/check.h"
#include "engine/market/limits.h"

namespace qiao {
namespace {

// The heads of the lists of leaked passwords that are ten characters or longer, and what people here would think of.
constexpr std::array<std::string_view, 24> kCommon = {"1234567890",   "0123456789",    "1111111111",   "0000000000", "password123", "password1234", "qwertyuiop", "1q2w3e4r5t",
                                                     "qwerty123456", "123456789a",    "a123456789",   "1234567891", "12345678910", "0987654321",   "abcd123456", "qazwsxedcrfv",
                                                     "5201314520",   "1qaz2wsx3edc",  "woaini1314520", "zhiyuanzhe", "volunteer123", "ningguo123",  "admin123456", "administrator"};

const unsigned char* bytes(std::string_view s) { return reinterpret_cast<const unsigned char*>(s.data()); }

bool ready() {
  static const bool good = sodium_init() >= 0;
  return good;
}

std::string argon2id(std::string_view password) {
  QIAO_CHECK(ready(), "libsodium can be used");
  std::string out(crypto_pwhash_STRBYTES, '\0');
  const int failed = crypto_pwhash_str_alg(out.data(), password.data(), password.size(), crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13);
  QIAO_CHECK(failed == 0, "there is memory for a password's hash");
  out.resize(out.find('\0'));
  return out;
}

}  // namespace

std::string fresh_secret() {
  QIAO_CHECK(ready(), "libsodium can be used");
  std::array<unsigned char, 32> random{};
  randombytes_buf(random.data(), random.size());
  std::string text(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium_bin2base64(text.data(), text.size(), random.data(), random.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // its end mark
  return "qiao_" + text;
}

SecretHash hash_secret(std::string_view secret) {
  SecretHash hash{};
  crypto_generichash(hash.data(), hash.size(), bytes(secret), secret.size(), nullptr, 0);
  return hash;
}

std::string short_code(const std::array<unsigned char, 32>& key, std::string_view context, std::uint64_t number) {
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

bool same_secret(std::string_view a, std::string_view b) { return a.size() == b.size() && sodium_memcmp(a.data(), b.data(), a.size()) == 0; }

std::string hash_password(std::string_view password) { return argon2id(password); }

bool verify_password(const std::string& hash, std::string_view password) {
  static const std::string nobody = argon2id(fresh_secret());
  const std::string& against = hash.empty() ? nobody : hash;
  if (!hash.empty() && !is_password_hash(hash)) return false;
  return crypto_pwhash_str_verify(against.c_str(), password.data(), password.size()) == 0 && !hash.empty();
}

Status check_password(std::string_view password, std::string_view login, std::string field) {
  const auto characters = std::count_if(password.begin(), password.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  if (password.size() > kMaxPasswordBytes) return refuse(Code::kTooLong, std::move(field), std::to_string(kMaxPasswordBytes));
  const std::string lower = ascii_lower(password);
  const bool common = std::find(kCommon.begin(), kCommon.end(), lower) != kCommon.end();
  const bool one_letter = lower.find_first_not_of(lower.substr(0, 1)) == std::string::npos;
  const bool named = login.size() >= 4 && lower.find(login) != std::string::npos;
  if (static_cast<std::size_t>(characters) < kMinPasswordCharacters || common || one_letter || named) return refuse(Code::kPasswordWeak, std::move(field));
  return outcome::success();
}

}  // namespace qiao
