// Bounds of a file that is read as a spreadsheet.
#pragma once

#include <cstddef>

namespace qiao {

// Rows that are not empty.
inline constexpr std::size_t kMaxSheetRows = 20'000;
// Excel shows 16,384; no kind has more than 30.
inline constexpr std::size_t kMaxSheetColumns = 200;
// Cells of all rows, empty ones before a filled one included.
inline constexpr std::size_t kMaxTableCells = 1'000'000;
// The last row that Excel has.
inline constexpr std::size_t kMaxSheetRowNumber = 1'048'576;
// More than any field may have: descriptions have 4,000, lists of names 64 times 200.
inline constexpr std::size_t kMaxCellBytes = 16'384;
// Of a workbook: text of all its cells; shared text counts where it is used.
inline constexpr std::size_t kMaxTableBytes = 32 << 20;
// Of a workbook: parts in the archive, sheets, and bytes of all the parts that are read, unpacked.
inline constexpr std::size_t kMaxWorkbookParts = 2'000;
inline constexpr std::size_t kMaxWorkbookSheets = 200;
inline constexpr std::size_t kMaxUnpackedBytes = 64 << 20;
// Cells that merged ranges add.
inline constexpr std::size_t kMaxMergedCells = 200'000;
// Rows in which the headings are looked for.
inline constexpr std::size_t kMaxRowsBeforeHeadings = 20;

}  // namespace qiao
