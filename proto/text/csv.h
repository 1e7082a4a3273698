// Comma-separated values, RFC 4180: quotes, doubled quotes, line breaks within quotes, LF or CRLF;
// also with semicolons or tabs, as Excel saves them in other languages.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/refusal.h"

namespace qiao {

struct CsvRecord {
  std::size_t line = 0;  // on which it begins, from 1
  std::size_t row = 0;   // as a spreadsheet numbers it, from 1: empty lines count
  std::vector<std::string> fields;
};

// Of one record; as many columns as Excel has.
inline constexpr std::size_t kMaxCsvFields = 16'384;

// Reads records one after another; empty lines are skipped. The text must outlive the reader.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text, char delimiter = ',')
      : text_(text), delimiter_(delimiter) {}

  // Empty at the end. An unclosed quote, text after a closing one, or too many fields are refused;
  // the reader is at its end then.
  std::optional<Result<CsvRecord>> next();
  // Bytes read so far, for showing progress.
  std::size_t position() const { return at_; }

 private:
  bool at_line_end() const {
    return at_ < text_.size() && (text_[at_] == '\n' || text_[at_] == '\r');
  }
  void skip_line_end();
  Refusal refuse_record(std::size_t line, const char* en, const char* zh);
  Result<std::string> quoted_field(std::size_t line);

  std::string_view text_;
  char delimiter_;
  std::size_t at_ = 0;
  std::size_t line_ = 1;
  std::size_t row_ = 1;
};

// The delimiter of a file: a comma, a semicolon or a tab, whichever cuts most of its first records
// into the same number of fields.
char find_delimiter(std::string_view text);

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
