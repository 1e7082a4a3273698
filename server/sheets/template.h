// An empty spreadsheet with the columns of a kind, for people to fill in.
#pragma once

#include <string>

#include "server/sheets/sheet.h"

namespace qiao {

// The columns that an export has, in its order, with headings in one of the two languages.
std::string csv_template(const Sheet& sheet, bool chinese);

// The same as a workbook (.xlsx): cells are text, and where a column takes the city's words there
// is a list to choose from. Writes a temporary file; not for the market thread. Refused where that
// cannot be written.
Result<std::string> workbook_template(const Sheet& sheet, const pb::Taxonomy& words, bool chinese);

}  // namespace qiao
