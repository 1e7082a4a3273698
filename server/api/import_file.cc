#include "server/api/import_file.h"

#include <algorithm>

#include "engine/base/utf8.h"
#include "proto/text/encoding.h"
#include "proto/text/notation.h"
#include "server/sheets/limits.h"

namespace qiao {
namespace {

// Of a cell that is shown so that its column can be told.
constexpr std::size_t kMaxPreviewBytes = 120;

Refusal no_rows() {
  return refuse(Code::kFileUnreadable, "file", "it has no rows below the headings",
                "表头下面没有数据行");
}

Result<ImportFile> read_lines(const ImportOrder& order) {
  const auto text = to_utf8(order.bytes);
  if (!text) return refuse(Code::kFileUnreadable, "file", "it is not UTF-8 text", "不是UTF-8文本");
  ImportFile file;
  std::uint32_t number = 0;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    const auto line = trimmed(std::string_view(*text).substr(at, end - at));
    at = end + 1;
    ++number;
    if (line.empty()) continue;
    if (file.lines.size() == kMaxSheetRows)
      return refuse(Code::kTooMany, "file.rows", std::to_string(kMaxSheetRows));
    file.lines.push_back({number, {std::string(line)}});
    file.groups.push_back({file.lines.size() - 1, 1});
  }
  file.rows = file.lines.size();
  if (file.rows == 0) file.refusal = no_rows();
  return file;
}

std::vector<TableRow> first_rows(const FileTable& table) {
  std::vector<TableRow> rows;
  for (const TableRow& row : table.rows) {
    if (rows.size() == kMaxRowsBeforeHeadings) break;
    rows.push_back({row.number, {}});
    for (const std::string& cell : row.cells)
      rows.back().cells.emplace_back(utf8_prefix(cell, kMaxPreviewBytes));
  }
  return rows;
}

// Where no row has headings every column can still be named by its letter.
Headings without_headings(const std::vector<TableRow>& preview) {
  Headings headings;
  std::size_t most = 0;
  for (const TableRow& row : preview) most = std::max(most, row.cells.size());
  headings.columns.resize(most);
  return headings;
}

std::string text_of(const Cells& cells, const char* column) {
  const auto it = cells.find(column);
  return it == cells.end() ? std::string() : it->second;
}

// Adjacent rows with the same key are one item, if the kind has lines.
void group_rows(const ImportOrder& order, ImportFile& file) {
  std::string before;
  for (std::size_t i = 0; i < file.table.rows.size(); ++i) {
    const Cells cells = file.cells(i);
    std::string named = text_of(cells, "key");
    if (named.empty() && !order.as_new) named = text_of(cells, order.sheet->key());
    const bool goes_on = order.sheet->has_lines() && !named.empty() && named == before;
    before = named;
    if (goes_on) {
      ++file.groups.back().count;
    } else {
      file.groups.push_back({i, 1});
    }
  }
}

// "Name #2" means the second party of that name.
std::string without_place(const std::string& name) {
  return name.substr(0, std::min(name.rfind(" #"), name.size()));
}

void collect_names(const ImportOrder& order, ImportFile& file) {
  for (const SheetColumn& column : order.sheet->columns()) {
    if (column.names == Names::kNothing || !file.headings.has(column.en)) continue;
    for (std::size_t i = 0; i < file.table.rows.size(); ++i) {
      const std::string text = text_of(file.cells(i), column.en);
      std::vector<std::string> names = {text};
      if (column.names == Names::kAreas) names = split(text);
      if (column.names == Names::kParties) names = split_names(text);
      const bool area = column.names == Names::kArea || column.names == Names::kAreas;
      for (const std::string& name : names) {
        if (name.empty()) continue;
        (area ? file.area_names : file.party_names).insert(name);
        if (!area) file.party_names.insert(without_place(name));
      }
    }
  }
}

}  // namespace

Result<ImportFile> read_import_file(const ImportOrder& order) {
  if (order.json_lines) return read_lines(order);
  ImportFile file;
  QIAO_TRY(file.table, read_table(order.bytes, order.workbook_sheet));
  file.preview = first_rows(file.table);
  auto found = find_headings(file.table, *order.sheet, order.headings);
  file.headings = found ? std::move(found).value() : without_headings(file.preview);
  const Headings& headings = file.headings;
  const Status usable = found ? check_headings(headings, *order.sheet) : Status(found.error());
  if (!usable) {
    file.refusal = usable.error();
    return file;
  }
  std::erase_if(file.table.rows, [&](const TableRow& row) {
    return row.number <= headings.row || is_total(row, headings) || cells_of(row, headings).empty();
  });
  file.rows = file.table.rows.size();
  if (file.rows == 0) {
    file.refusal = no_rows();
    return file;
  }
  group_rows(order, file);
  collect_names(order, file);
  for (std::size_t i = 0; i < file.groups.size(); ++i) {
    const Cells cells = file.cells(file.groups[i].first);
    file.parties.add(i, text_of(cells, "name"), text_of(cells, "credit_code"));
  }
  return file;
}

}  // namespace qiao
