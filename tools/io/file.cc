#include "tools/io/file.h"

#include <zlib.h>

#include <iostream>
#include <sstream>
#include <vector>

namespace qiao {

Result<std::string> read_file(const std::string& path, const std::string& field) {
  const gzFile file = gzopen(path.c_str(), "rb");
  if (file == nullptr) return refuse(Code::kNotFound, field, "file " + path, "文件" + path);
  std::string text;
  std::vector<char> buffer(1 << 20);
  int n = 0;
  while ((n = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()))) > 0)
    text.append(buffer.data(), static_cast<std::size_t>(n));
  gzclose(file);
  if (n < 0)
    return refuse(Code::kMalformed, field, path + ": not readable to its end",
                  path + "：不能完整读出");
  return text;
}

Result<std::string> read_file_or_stdin(const std::string& path, const std::string& field) {
  if (path != "-") return read_file(path, field);
  std::ostringstream bytes;
  bytes << std::cin.rdbuf();
  return std::move(bytes).str();
}

}  // namespace qiao
