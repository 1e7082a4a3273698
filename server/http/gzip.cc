#include "server/http/gzip.h"

#include <zlib.h>

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

}  // namespace qiao
