// Parses an import file, without the market: its rows, and which of them belong together.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/sheets/headings.h"

namespace qiao {

// The parameters of an import.
struct ImportOrder {
  const Sheet* sheet = nullptr;  // the kind
  bool check = false;
  bool as_new = false;
  bool skip_bad = false;
  bool json_lines = false;  // resources as JSON, one per line
  std::string workbook_sheet = {};
  HeadingChoice headings = {};
  std::string key = {};  // Idempotency-Key
  std::string bytes = {};
};

// The adjacent rows of one item: the index of the first, and their number.
struct ImportGroup {
  std::size_t first = 0;
  std::size_t count = 1;
};

struct ImportFile {
  FileTable table = {};
  Headings headings = {};
  // Its first rows, with long cells cut.
  std::vector<TableRow> preview = {};
  // Why nothing in it can be imported, though it is a table: its headings, or no rows.
  std::optional<Refusal> refusal = {};
  std::vector<TableRow> lines = {};  // for JSON: one cell each
  std::vector<ImportGroup> groups = {};
  std::size_t rows = 0;
  // Names of areas and parties in its cells; only these are looked up.
  std::set<std::string> area_names = {};
  std::set<std::string> party_names = {};
  // Parties in the file, by their index in `groups`.
  PartyNames parties = {};

  Cells cells(std::size_t row) const { return cells_of(table.rows[row], headings); }
};

// May be called on any thread. Refused if the file cannot be read.
Result<ImportFile> read_import_file(const ImportOrder& order);

}  // namespace qiao
