#include "server/runtime/read_file.h"

#include <fstream>
#include <sstream>
#include <utility>

namespace qiao {

StoreResult<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return StoreError{"cannot read " + path};
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace qiao
