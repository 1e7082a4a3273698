#include "server/http/request_parser.h"

#include <algorithm>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/url/authority_view.hpp>
#include <string>

#include "engine/base/number_text.h"

namespace qiao {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;

std::string_view view(beast::string_view s) { return {s.data(), s.size()}; }

enum class Repeated { kIgnored, kRefused, kAppended };
struct Rule {
  Repeated repeated;
  std::size_t bit;  // of seen_
};

constexpr std::size_t kIdempotencyKey = 510;
constexpr std::size_t kQiaoActor = 511;
static_assert(static_cast<std::size_t>(http::field::xref) < kIdempotencyKey);

// Of the fields that are used here. Any other may appear any number of times: nobody reads it.
Rule rule_of(http::field name, beast::string_view text) {
  const auto bit = static_cast<std::size_t>(name);
  switch (name) {
    case http::field::host:
    case http::field::content_length:
    case http::field::transfer_encoding:
    case http::field::authorization:
    case http::field::cookie:  // RFC 6265 5.4; a proxy joins those of HTTP/2 (RFC 9113 8.2.3)
    case http::field::origin:
    case http::field::content_type:
    case http::field::if_match:  // one version is expected, not a list of them
    case http::field::sec_websocket_key:
    case http::field::sec_websocket_version:
      return {Repeated::kRefused, bit};
    case http::field::accept:
    case http::field::accept_encoding:
    case http::field::accept_language:
    case http::field::connection:
    case http::field::expect:
    case http::field::if_none_match:
    case http::field::upgrade:
      return {Repeated::kAppended, bit};
    case http::field::unknown:
      if (beast::iequals(text, "Idempotency-Key")) return {Repeated::kRefused, kIdempotencyKey};
      if (beast::iequals(text, "Qiao-Actor")) return {Repeated::kRefused, kQiaoActor};
      return {Repeated::kIgnored, bit};
    default:
      return {Repeated::kIgnored, bit};
  }
}

// Beast points to the received bytes, unless it had to join folded lines. `name` is in the parser's
// buffer, where each line has its end, so that this does not read past it.
bool is_folded(beast::string_view name, beast::string_view value) {
  const char* at = name.data() + name.size() + 1;
  while (at != value.data() && (*at == ' ' || *at == '\t')) ++at;
  return at != value.data();
}

// A control character in a quoted chunk extension: some programs end the line there.
bool is_control(char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; }

// RFC 9110 4.2: a non-empty host, and optionally a port.
bool is_host(std::string_view text) {
  const auto authority = boost::urls::parse_authority({text.data(), text.size()});
  return authority && !authority->has_userinfo() && !authority->encoded_host().empty();
}

// The part between scheme and path; empty in a target that begins with its path.
struct Target {
  bool absolute = false;
  std::string_view authority;
  std::string_view rest;
};
Target split(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() < scheme.size() || !beast::iequals(target.substr(0, scheme.size()), scheme)) {
      continue;
    }
    target.remove_prefix(scheme.size());
    const auto end = std::min(target.find_first_of("/?#"), target.size());
    const auto rest = target.substr(end);
    return {true, target.substr(0, end), rest.empty() ? std::string_view("/") : rest};
  }
  return {false, {}, target};
}

// The error in one field by itself.
http::error fault_in(http::field name, beast::string_view value, unsigned version) {
  switch (name) {
    case http::field::transfer_encoding:
      // RFC 9112 6.1, 6.3: exactly this, and not in HTTP/1.0.
      if (version < 11 || !beast::iequals(value, "chunked")) {
        return http::error::bad_transfer_encoding;
      }
      return {};
    case http::field::content_length:
      return all_digits(view(value)) ? http::error{} : http::error::bad_content_length;
    case http::field::host:
      return is_host(view(value)) ? http::error{} : http::error::bad_value;
    default:
      return {};
  }
}

}  // namespace

std::string_view RequestParser::target() const { return split(view(get().target())).rest; }

std::string_view RequestParser::host() const {
  const Target target = split(view(get().target()));
  return target.absolute ? target.authority : view(get()[http::field::host]);
}

void RequestParser::on_field_impl(Field name, Text name_text, Text value, Error& error) {
  if (is_folded(name_text, value)) {
    error = http::error::bad_value;
    return;
  }
  // A trailer field: none is used, and none may change the header.
  if (is_header_done()) return;
  if (const auto fault = fault_in(name, value, get().version()); fault != http::error{}) {
    error = fault;
    return;
  }
  const Rule rule = rule_of(name, name_text);
  if (rule.repeated != Repeated::kIgnored) {
    if (seen_.test(rule.bit)) {
      if (rule.repeated == Repeated::kAppended) return append(name, value);
      error = http::error::bad_field;
      return;
    }
    seen_.set(rule.bit);
  }
  get().insert(name, name_text, value);
}

void RequestParser::append(Field name, Text value) {
  std::string all(view(get()[name]));
  all.append(", ").append(view(value));
  get().set(name, all);
}

// RFC 9112 3.2.
void RequestParser::on_header_impl(Error& error) {
  const bool has_host = seen_.test(static_cast<std::size_t>(http::field::host));
  if (get().version() >= 11 && !has_host) error = http::error::bad_field;
  const Target target = split(view(get().target()));
  if (target.absolute && !is_host(target.authority)) error = http::error::bad_target;
}

void RequestParser::on_chunk_header_impl(std::uint64_t, Text extensions, Error& error) {
  if (std::any_of(extensions.begin(), extensions.end(), is_control)) {
    error = http::error::bad_chunk_extension;
  }
}

}  // namespace qiao
