// Reads a sheet of a workbook (.xlsx: ECMA-376, SpreadsheetML).
#pragma once

#include <string>
#include <string_view>

#include "server/sheets/table.h"

namespace qiao {

// See read_table() for `sheet`, bounds and refusals. Of each cell its stored value: of a formula
// the last result; a number in its shortest form; a date or a time, which are numbers with a format
// of dates, as "2026-12-05", "2026-12-05 09:00" or "09:00". Every cell of a merged range has the
// value of its first.
Result<FileTable> read_workbook(std::string_view bytes, const std::string& sheet);

}  // namespace qiao
