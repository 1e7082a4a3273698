#include "tools/text/encoding.h"

#include <iconv.h>

#include "engine/base/check.h"

namespace qiao {
namespace {

std::optional<std::string> convert(std::string_view bytes, const char* to, const char* from) {
  const iconv_t converter = iconv_open(to, from);
  QIAO_CHECK(converter != reinterpret_cast<iconv_t>(-1), "the C library knows UTF-8 and GB18030");
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

}  // namespace

std::optional<std::string> to_utf8(std::string_view bytes) {
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  if (is_utf8(bytes)) return std::string(bytes);
  return convert(bytes, "UTF-8", "GB18030");
}

std::string to_gb18030(std::string_view utf8) {
  return convert(utf8, "GB18030", "UTF-8").value_or(std::string(utf8));
}

}  // namespace qiao
