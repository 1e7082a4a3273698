#include "server/sheets/headings.h"

#include <algorithm>
#include <array>

#include "engine/base/ascii.h"
#include "proto/text/notation.h"
#include "server/sheets/cell_values.h"
#include "server/sheets/limits.h"

namespace qiao {
namespace {

// "需求名称 *（必填）" as "需求名称".
std::string plain_heading(std::string_view text) {
  std::string plain = ascii_lower(half_width(text));
  plain.erase(std::min(plain.find('('), plain.size()));
  std::erase_if(plain, [](char c) { return c == ' ' || c == '*' || c == '\n' || c == '\r'; });
  while (plain.ends_with(':')) plain.pop_back();
  return plain;
}

const SheetColumn* column_called(const Sheet& sheet, std::string_view heading) {
  const std::string plain = plain_heading(heading);
  if (plain.empty()) return nullptr;
  for (const SheetColumn& c : sheet.columns()) {
    const bool other = std::any_of(c.also.begin(), c.also.end(), [&](const char* name) {
      return name != nullptr && plain == name;
    });
    if (plain == c.en || plain == c.zh || other) return &c;
  }
  return nullptr;
}

std::size_t known_headings(const Sheet& sheet, const TableRow& row) {
  return static_cast<std::size_t>(std::count_if(
      row.cells.begin(), row.cells.end(),
      [&](const std::string& cell) { return column_called(sheet, cell) != nullptr; }));
}

const TableRow* heading_row(const FileTable& table, const Sheet& sheet) {
  const TableRow* best = nullptr;
  std::size_t most = 0;
  const std::size_t rows = std::min(table.rows.size(), kMaxRowsBeforeHeadings);
  for (std::size_t i = 0; i < rows; ++i) {
    const std::size_t known = known_headings(sheet, table.rows[i]);
    if (known <= most) continue;
    most = known;
    best = &table.rows[i];
  }
  return best;
}

bool stands_for(const SheetColumn* column, std::string_view en) {
  if (column == nullptr) return false;
  return std::any_of(column->stands_for.begin(), column->stands_for.end(),
                     [&](const char* name) { return name != nullptr && en == name; });
}

}  // namespace

bool Headings::has(std::string_view en) const {
  return std::any_of(columns.begin(), columns.end(),
                     [&](const SheetColumn* c) { return c != nullptr && en == c->en; });
}

std::string Headings::at_fault(const std::string& en) const {
  if (en.empty() || has(en)) return en;
  const auto other = std::find_if(columns.begin(), columns.end(),
                                  [&](const SheetColumn* c) { return stands_for(c, en); });
  return other == columns.end() ? en : (*other)->en;
}

Result<std::map<std::size_t, std::string>> parse_mapping(std::string_view text,
                                                         const Sheet& sheet) {
  std::map<std::size_t, std::string> columns;
  for (const std::string& part : split(text, ",")) {
    const std::size_t colon = std::min(part.find(':'), part.size());
    QIAO_TRY(const std::size_t at, column_of_letter(part.substr(0, colon), "mapping"));
    const std::string name = part.substr(std::min(colon + 1, part.size()));
    if (name != "-" && sheet.column(name) == nullptr) return refuse(Code::kUnknownField, "mapping");
    columns[at] = name == "-" ? std::string() : name;
  }
  return columns;
}

Result<Headings> find_headings(const FileTable& table, const Sheet& sheet,
                               const HeadingChoice& choice) {
  const auto chosen = std::find_if(table.rows.begin(), table.rows.end(), [&](const TableRow& row) {
    return choice.row != 0 && row.number == choice.row;
  });
  if (choice.row != 0 && chosen == table.rows.end()) return refuse(Code::kNoHeadings, "headingRow");
  const TableRow* row = choice.row != 0 ? &*chosen : heading_row(table, sheet);
  if (row == nullptr && choice.columns.empty()) return refuse(Code::kNoHeadings, "headingRow");
  Headings headings;
  if (row != nullptr) {
    headings.row = row->number;
    headings.texts = row->cells;
    for (const std::string& cell : row->cells)
      headings.columns.push_back(column_called(sheet, cell));
  }
  for (const auto& [at, name] : choice.columns) {
    if (at >= headings.columns.size()) {
      headings.texts.resize(at + 1);
      headings.columns.resize(at + 1);
    }
    headings.columns[at] = name.empty() ? nullptr : sheet.column(name);
  }
  return headings;
}

std::vector<const SheetColumn*> missing_columns(const Headings& headings, const Sheet& sheet) {
  std::vector<const SheetColumn*> missing;
  for (const SheetColumn& c : sheet.columns()) {
    const bool there =
        std::any_of(headings.columns.begin(), headings.columns.end(),
                    [&](const SheetColumn* has) { return has == &c || stands_for(has, c.en); });
    if (c.required && !there) missing.push_back(&c);
  }
  return missing;
}

Status check_headings(const Headings& headings, const Sheet& sheet) {
  for (const SheetColumn& c : sheet.columns()) {
    if (std::count(headings.columns.begin(), headings.columns.end(), &c) > 1)
      return refuse(Code::kDuplicate, "headings", c.en, c.zh);
  }
  const auto missing = missing_columns(headings, sheet);
  if (missing.empty()) return outcome::success();
  return refuse(Code::kRequired, std::string("headings.") + missing.front()->en);
}

bool is_total(const TableRow& row, const Headings& headings) {
  static constexpr std::array<std::string_view, 6> kWords = {"合计", "总计",  "小计",
                                                             "共计", "total", "subtotal"};
  const auto first = std::find_if(row.cells.begin(), row.cells.end(),
                                  [](const std::string& cell) { return !cell.empty(); });
  if (first == row.cells.end()) return false;
  const std::string text = ascii_lower(*first);
  const bool named = std::any_of(kWords.begin(), kWords.end(),
                                 [&](std::string_view word) { return text.starts_with(word); });
  if (!named) return false;
  for (std::size_t i = 0; i < headings.columns.size(); ++i) {
    const bool needed = headings.columns[i] != nullptr && headings.columns[i]->required;
    if (needed && (i >= row.cells.size() || row.cells[i].empty())) return true;
  }
  return false;
}

Cells cells_of(const TableRow& row, const Headings& headings) {
  Cells cells;
  const std::size_t count = std::min(row.cells.size(), headings.columns.size());
  for (std::size_t i = 0; i < count; ++i) {
    if (headings.columns[i] != nullptr && !row.cells[i].empty())
      cells[headings.columns[i]->en] = row.cells[i];
  }
  return cells;
}

}  // namespace qiao
