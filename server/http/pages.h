// The console's files, as built by npm: read once, compressed once, served from memory.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <string>
#include <string_view>

#include "engine/base/string_hash.h"
#include "server/store/error.h"

namespace qiao {

struct Page {
  std::string body;
  std::string zipped;  // gzip; empty if that saves nothing
  std::string content_type;
  std::string etag;  // with its quotes
  // Named after its content: it may be cached for ever.
  bool immutable = false;
};

// Immutable after load(); may be read from any thread.
class Pages {
 public:
  // No pages: every path is unknown.
  Pages() = default;
  // Every file under the folder, by its path. A missing folder, or one without index.html, is an
  // error; so is more than kMostBytes.
  static StoreResult<Pages> load(const std::string& folder);

  // By the path of a request, "/" for index.html. nullptr if there is no such file.
  const Page* find(std::string_view path) const;
  bool empty() const { return pages_.empty(); }

  // For the headers of pages: the origin of map tiles, e.g. https://tiles.example.cn; empty: none.
  std::string content_security_policy(std::string_view tile_origin) const;

 private:
  boost::unordered_flat_map<std::string, Page, StringHash, std::equal_to<>> pages_;
};

// "https://tiles.example.cn" of "https://tiles.example.cn/{z}/{x}/{y}.png"; "https://*.example.cn"
// if the host begins with {s}. Empty if it is no http(s) address.
std::string origin_of(std::string_view address);

}  // namespace qiao
