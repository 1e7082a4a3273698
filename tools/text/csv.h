// Comma-separated values, RFC 4180: quotes, doubled quotes, line breaks within quotes, LF or CRLF.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

struct CsvRecord {
  std::size_t line = 0;  // on which it begins, from 1
  std::vector<std::string> fields;
};

// Reads records one after another; empty lines are skipped. The text must outlive the reader.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  // Empty at the end. An unclosed quote, or text after a closing one, is refused; the reader is at
  // its end then.
  std::optional<Result<CsvRecord>> next();
  // Bytes read so far, for showing progress.
  std::size_t position() const { return at_; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
};

// Text as the cell of a spreadsheet. Text that begins with = + - @ (also full-width) would be run
// as a formula, and spaces, tabs and line breaks at either end are lost: such text gets an
// apostrophe before or after it. A plain negative number stays as it is.
std::string protect_cell(std::string_view text);
// The text of such a cell, exactly; of any other cell the text without spaces around it.
std::string unprotect_cell(std::string_view cell);

// Appends a field, in quotes if it contains a separator of some spreadsheet.
void append_csv_field(std::string_view field, std::string& out);
std::string csv_line(const std::vector<std::string>& fields);

}  // namespace qiao
