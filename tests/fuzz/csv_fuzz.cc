// A file that somebody imports: encoding, records, columns, cells.
#include "proto/text/csv.h"
#include "proto/text/encoding.h"
#include "proto/text/notation.h"
#include "server/sheets/limits.h"
#include "server/sheets/sheet.h"
#include "server/sheets/table.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"

using namespace qiao;

namespace {

// Whether the rows can be read; then what they say is written and read again as the same cells.
bool check_read(const Sheet& sheet, const std::vector<Cells>& rows, const SheetContext& context) {
  const auto message = sheet.fresh();
  std::size_t row = 0;
  if (const auto read = sheet.read(rows, context, *message, row); !read) {
    expect(!read.error().en().empty() && !read.error().zh().empty(), "a refusal without words");
    expect(row < rows.size(), "a refusal of no row");
    static_cast<void>(column_at_fault(sheet, read.error().field));
    return false;
  }
  std::vector<Cells> written = sheet.write(*message, context);
  for (Cells& cells : written) {
    for (auto& [column, text] : cells) {
      expect(unprotect_cell(protect_cell(text)) == text,
             "a cell that is another when it is protected", text);
    }
  }
  const auto again = sheet.fresh();
  const auto read = sheet.read(written, context, *again, row);
  expect(bool(read), "what is written cannot be read", read ? "" : read.error().field);
  expect(sheet.write(*again, context) == written, "rows that are others when they are read");
  return true;
}

// Whatever it is, CSV or a workbook: what is read is within the bounds.
void check_table(std::string_view bytes) {
  const auto table = read_table(bytes, "");
  if (!table) return;
  expect(table.value().rows.size() <= kMaxSheetRows, "more rows than the bound");
  std::uint32_t before = 0;
  for (const TableRow& row : table.value().rows) {
    expect(row.number > before, "rows that are not in order");
    before = row.number;
    expect(row.cells.size() <= kMaxSheetColumns, "more columns than the bound");
    for (const std::string& cell : row.cells) {
      expect(cell.size() <= kMaxCellBytes, "a longer cell than the bound");
      expect(is_utf8(cell), "a cell that is no UTF-8");
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  static const pb::Taxonomy words = default_taxonomy();
  if (size == 0) return 0;
  static const char* const kSheets[] = {"areas", "parties", "offers", "needs"};
  const Sheet& sheet = *find_sheet(kSheets[data[0] % 4]);
  check_table(text_of(data + 1, size - 1));
  const auto text = to_utf8(text_of(data + 1, size - 1));
  if (!text) return 0;
  expect(is_utf8(*text), "read as UTF-8 and is none");
  SheetContext context{zone, words, {}};
  context.parties.add(7, "一队", "");
  CsvReader reader(*text);
  std::vector<std::string> header;
  std::vector<Cells> rows;
  while (auto record = reader.next()) {
    if (!*record) return 0;
    const CsvRecord& r = record->value();
    // What is written is read again the same.
    const std::string line = csv_line(r.fields);
    CsvReader copy(line);
    if (const auto read = copy.next(); read && *read)
      expect(read->value().fields == r.fields, "a record that is another when it is written", line);
    if (header.empty()) {
      header = r.fields;
      continue;
    }
    Cells cells;
    for (std::size_t i = 0; i < header.size() && i < r.fields.size(); ++i) {
      for (const SheetColumn& c : sheet.columns()) {
        if (header[i] == c.en || header[i] == c.zh) cells[c.en] = r.fields[i];
      }
    }
    if (!sheet.has_lines()) rows.clear();
    rows.push_back(std::move(cells));
    if (!check_read(sheet, rows, context)) rows.pop_back();
  }
  return 0;
}
