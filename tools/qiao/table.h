// Rows under headings, aligned for a terminal that shows Chinese characters two columns wide.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace qiao {

// Columns that a text takes on a terminal (Unicode's East Asian Width: wide and full-width count
// two).
std::size_t display_width(std::string_view utf8);

struct Table {
  std::vector<std::string> headings;
  std::vector<std::vector<std::string>> rows;

  void print(std::ostream& out) const;
};

}  // namespace qiao
