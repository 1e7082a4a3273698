#include "server/http/gzip.h"

#include <zlib.h>

#include "engine/base/ascii.h"
#include "engine/base/check.h"

namespace qiao {

std::string gzip(std::string_view bytes, GzipLevel level) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kMemory = 8;
  z_stream stream{};
  QIAO_CHECK(deflateInit2(&stream, level == GzipLevel::kQuick ? 3 : Z_BEST_COMPRESSION, Z_DEFLATED,
                          kGzipWindow, kMemory, Z_DEFAULT_STRATEGY) == Z_OK,
             "zlib starts");
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int done = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  QIAO_CHECK(done == Z_STREAM_END, "deflateBound is enough");
  return out;
}

bool accepts_gzip(std::string_view header) {
  // Codings are case-insensitive (RFC 9110 8.4.1).
  const std::string codings = ascii_lower(header);
  const auto at = codings.find("gzip");
  if (at == std::string::npos) return false;
  std::string_view rest = std::string_view(codings).substr(at + 4);
  rest = rest.substr(0, std::min(rest.find(','), rest.size()));
  const auto q = rest.find("q=0");
  return q == std::string_view::npos ||
         rest.find_first_of("123456789", q + 3) != std::string_view::npos;
}

}  // namespace qiao
