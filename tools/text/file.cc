#include "tools/text/file.h"

#include <fstream>
#include <iostream>
#include <sstream>

namespace qiao {

Result<std::string> read_file(const std::string& path, const std::string& field) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return refuse(Code::kNotFound, field, "file " + path, "文件" + path);
  std::ostringstream bytes;
  bytes << in.rdbuf();
  return std::move(bytes).str();
}

Result<std::string> read_file_or_stdin(const std::string& path, const std::string& field) {
  if (path != "-") return read_file(path, field);
  std::ostringstream bytes;
  bytes << std::cin.rdbuf();
  return std::move(bytes).str();
}

}  // namespace qiao
