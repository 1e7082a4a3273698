// Which row of a table has the headings, and which column is read as what.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "server/sheets/sheet.h"
#include "server/sheets/table.h"

namespace qiao {

struct Headings {
  std::uint32_t row = 0;                         // its number; 0: there is none, all is data
  std::vector<std::string> texts = {};           // by column
  std::vector<const SheetColumn*> columns = {};  // by column; nullptr: not read

  // Whether the table has that column, by its English name.
  bool has(std::string_view en) const;
  // The English name of the column that a refusal of `en` is about: itself, or one of the table
  // that stands for it.
  std::string at_fault(const std::string& en) const;
};

// What is said of the table by who sends it.
struct HeadingChoice {
  std::uint32_t row = 0;                            // 0: found
  std::map<std::size_t, std::string> columns = {};  // by position: an English name, or empty
};
// "B:title,C:area,D:-": columns by their letters, "-" for one that is not read. The refusal's field
// is "mapping".
Result<std::map<std::size_t, std::string>> parse_mapping(std::string_view text, const Sheet& sheet);

// The headings are in the row that is chosen, or in the one among the first rows that has most of
// the columns that the sheet needs. A heading is compared without case, spaces, and what stands
// behind it in brackets or as an asterisk. Refused if there is no such row.
Result<Headings> find_headings(const FileTable& table, const Sheet& sheet,
                               const HeadingChoice& choice);

// The columns that the sheet needs and the table lacks.
std::vector<const SheetColumn*> missing_columns(const Headings& headings, const Sheet& sheet);
// Refused if a column that the sheet needs is missing, or if a column is duplicate.
Status check_headings(const Headings& headings, const Sheet& sheet);

// A row of sums below the data.
bool is_total(const TableRow& row, const Headings& headings);

// The cells of a row by column; empty ones are left out.
Cells cells_of(const TableRow& row, const Headings& headings);

}  // namespace qiao
