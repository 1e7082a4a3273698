#include "proto/text/encoding.h"

#include <iconv.h>

#include "engine/base/check.h"

namespace qiao {
namespace {

std::optional<std::string> convert(std::string_view bytes, const char* to, const char* from) {
  const iconv_t converter = iconv_open(to, from);
  QIAO_CHECK(converter != reinterpret_cast<iconv_t>(-1),
             "the C library knows UTF-8, UTF-16 and GB18030");
  std::string out(bytes.size() * 4 + 16, '\0');
  char* in_at = const_cast<char*>(bytes.data());
  std::size_t in_left = bytes.size();
  char* out_at = out.data();
  std::size_t out_left = out.size();
  const bool ok =
      iconv(converter, &in_at, &in_left, &out_at, &out_left) != static_cast<std::size_t>(-1) &&
      in_left == 0;
  iconv_close(converter);
  if (!ok) return std::nullopt;
  out.resize(out.size() - out_left);
  return out;
}

// The encoding of text in UTF-16 without a mark: delimiters and line ends have a byte that is zero,
// always the first or always the second. nullptr where it is something else.
const char* unmarked_utf16(std::string_view bytes) {
  if (bytes.size() % 2 != 0) return nullptr;
  bool zero_first = false;
  bool zero_second = false;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    zero_first = zero_first || bytes[i] == 0;
    zero_second = zero_second || bytes[i + 1] == 0;
  }
  if (zero_first == zero_second) return nullptr;
  return zero_second ? "UTF-16LE" : "UTF-16BE";
}

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xFF\xFE")) return convert(bytes.substr(2), "UTF-8", "UTF-16LE");
  if (bytes.starts_with("\xFE\xFF")) return convert(bytes.substr(2), "UTF-8", "UTF-16BE");
  if (const char* encoding = unmarked_utf16(bytes)) return convert(bytes, "UTF-8", encoding);
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (is_utf8(bytes)) return std::string(bytes);
  return convert(bytes, "UTF-8", "GB18030");
}

std::string to_gb18030(std::string_view utf8) {
  return convert(utf8, "GB18030", "UTF-8").value_or(std::string(utf8));
}

}  // namespace qiao
