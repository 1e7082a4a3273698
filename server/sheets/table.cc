#include "server/sheets/table.h"

#include <algorithm>

#include "engine/base/ascii.h"
#include "proto/text/csv.h"
#include "proto/text/encoding.h"
#include "server/sheets/archive.h"
#include "server/sheets/limits.h"
#include "server/sheets/workbook.h"

namespace qiao {
namespace {

constexpr std::string_view kZip = "PK\x03\x04";
// Compound File Binary: .xls, and workbooks with a password.
constexpr std::string_view kCompoundFile = "\xD0\xCF\x11\xE0";

// A row as it is meant: each cell without what protects it, without empty ones at the end.
Status tidy(TableRow& row) {
  for (std::string& cell : row.cells) cell = unprotect_cell(cell);
  while (!row.cells.empty() && row.cells.back().empty()) row.cells.pop_back();
  const std::string where = "file.rows[" + std::to_string(row.number) + "]";
  if (row.cells.size() > kMaxSheetColumns)
    return refuse(Code::kTooMany, where, std::to_string(kMaxSheetColumns));
  for (const std::string& cell : row.cells) {
    if (cell.size() > kMaxCellBytes)
      return refuse(Code::kTooLong, where, std::to_string(kMaxCellBytes));
  }
  return outcome::success();
}

Result<FileTable> read_csv(std::string_view bytes) {
  const auto text = to_utf8(bytes);
  if (!text) {
    return unreadable_file("neither UTF-8 nor UTF-16 nor GB18030",
                           "既不是UTF-8，也不是UTF-16或GB18030");
  }
  if (text->find('\0') != std::string::npos)
    return unreadable_file("it has zero bytes, so it is no text", "含有空字节，不是文本文件");
  std::string_view rest = *text;
  char delimiter = find_delimiter(rest);
  std::size_t skipped_rows = 0;
  // The first line with which Excel is told the delimiter.
  if (rest.starts_with("sep=") && rest.size() > 5 && (rest[5] == '\r' || rest[5] == '\n') &&
      std::string_view(",;\t").find(rest[4]) != std::string_view::npos) {
    delimiter = rest[4];
    rest.remove_prefix(rest.substr(5).starts_with("\r\n") ? 7 : 6);
    skipped_rows = 1;
  }
  FileTable table;
  std::size_t cells = 0;
  CsvReader reader(rest, delimiter);
  while (auto record = reader.next()) {
    if (!*record) {
      const Refusal& r = record->error();
      return unreadable_file(r.detail, r.detail_zh);
    }
    CsvRecord& read = record->value();
    TableRow row{static_cast<std::uint32_t>(read.row + skipped_rows), std::move(read.fields)};
    QIAO_TRY(tidy(row));
    if (row.cells.empty()) continue;
    cells += row.cells.size();
    if (cells > kMaxTableCells)
      return refuse(Code::kTooMany, "file.cells", std::to_string(kMaxTableCells));
    table.rows.push_back(std::move(row));
    if (table.rows.size() > kMaxSheetRows)
      return refuse(Code::kTooMany, "file.rows", std::to_string(kMaxSheetRows));
  }
  return table;
}

}  // namespace

Result<FileTable> read_table(std::string_view bytes, const std::string& sheet) {
  if (bytes.starts_with(kCompoundFile)) {
    return unreadable_file(
        "an old workbook (.xls), or one with a password: save it as .xlsx or CSV",
        "是旧版工作簿（.xls）或有密码的工作簿，请另存为.xlsx或CSV");
  }
  if (!bytes.starts_with(kZip)) return read_csv(bytes);
  QIAO_TRY(FileTable table, read_workbook(bytes, sheet));
  for (TableRow& row : table.rows) {
    QIAO_TRY(tidy(row));
  }
  std::erase_if(table.rows, [](const TableRow& row) { return row.cells.empty(); });
  return table;
}

std::string column_letter(std::size_t column) {
  std::string letter;
  for (std::size_t n = column + 1; n > 0; n = (n - 1) / 26)
    letter.insert(letter.begin(), static_cast<char>('A' + (n - 1) % 26));
  return letter;
}

Result<std::size_t> column_of_letter(std::string_view letter, const std::string& field) {
  std::size_t n = 0;
  bool good = !letter.empty();
  for (const char c : letter) {
    const char upper = ascii_upper(c);
    good = good && upper >= 'A' && upper <= 'Z' && n <= kMaxSheetColumns;
    if (good) n = n * 26 + static_cast<std::size_t>(upper - 'A') + 1;
  }
  if (!good || n > kMaxSheetColumns)
    return refuse(Code::kOutOfRange, field, "A.." + column_letter(kMaxSheetColumns - 1));
  return n - 1;
}

}  // namespace qiao
