// A file of rows and columns: CSV in any of the usual encodings, or a workbook (.xlsx).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

struct TableRow {
  std::uint32_t number = 0;        // as a spreadsheet numbers it, from 1
  std::vector<std::string> cells;  // as displayed, UTF-8; empty ones at the end may be missing
};

struct FileTable {
  std::vector<std::string> sheets = {};  // names, of a workbook, without hidden ones
  std::string sheet = {};                // the one that was read
  std::vector<TableRow> rows = {};       // in order, without empty ones
};

// Reads a file. `sheet`: name or number (from 1) of the sheet of a workbook, or empty for the first
// that is not hidden. Bounded by limits.h: what is larger, or is no such file, is refused; the
// refusal's field is "file" or "sheet", and its words name the row. Any thread.
Result<FileTable> read_table(std::string_view bytes, const std::string& sheet);

// "A" for 0, "AA" for 26; and back, nothing for what is no column within the bounds.
std::string column_letter(std::size_t column);
Result<std::size_t> column_of_letter(std::string_view letter, const std::string& field);

}  // namespace qiao
