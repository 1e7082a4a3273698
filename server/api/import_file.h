// A file that is imported, before anything of the market is looked at: its rows, and which of them
// are one thing.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/sheets/headings.h"

namespace qiao {

// What somebody asks for who sends a file.
struct ImportOrder {
  const Sheet* sheet = nullptr;  // the kind
  bool check = false;
  bool as_new = false;
  bool skip_bad = false;
  bool json_lines = false;  // resources as JSON, one a line
  std::string workbook_sheet = {};
  HeadingChoice headings = {};
  std::string key = {};  // Idempotency-Key
  std::string bytes = {};
};

// The rows of one thing: the first, and how many follow one another.
struct ImportGroup {
  std::size_t first = 0;
  std::size_t count = 1;
};

struct ImportFile {
  FileTable table = {};
  Headings headings = {};
  // Its first rows, long cells cut.
  std::vector<TableRow> preview = {};
  // Why nothing of it can be imported although it is a table: its headings, or no rows.
  std::optional<Refusal> refusal = {};
  std::vector<TableRow> lines = {};  // of JSON: one cell each
  std::vector<ImportGroup> groups = {};
  std::size_t rows = 0;
  // What its cells call areas and parties; only these have to be found.
  std::set<std::string> area_names = {};
  std::set<std::string> party_names = {};
  // Parties of the file by their places in `groups`.
  PartyNames parties = {};

  Cells cells(std::size_t row) const { return cells_of(table.rows[row], headings); }
};

// Any thread. Refused where the file cannot be read.
Result<ImportFile> read_import_file(const ImportOrder& order);

}  // namespace qiao
