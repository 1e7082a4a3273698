// Import and export of whole lists, as CSV for spreadsheets or JSON lines for programs.
#pragma once

#include <string>

#include "tools/qiao/session.h"

namespace qiao {

struct ImportOptions {
  std::string what;     // areas, parties, offers, needs
  std::string file;     // - for standard input; .jsonl or .ndjson is JSON lines; else CSV or .xlsx
  bool as_new = false;  // ignore ids: create all rows
  bool skip_bad = false;  // skip bad rows; by default nothing is imported if one is bad
  bool check_only = false;
  // As POST /v1/imports has them; empty where not given.
  std::string sheet = {};
  std::string heading_row = {};
  std::string mapping = {};
};

struct ExportOptions {
  std::string what;
  std::string file = "-";
  std::string format;                 // csv or jsonl; by the file's name if empty
  std::string encoding = "utf8-bom";  // utf8, utf8-bom, gb18030
};

// Reports on standard error, with progress if that is a terminal, and every bad row with line,
// column and reason. Returns the exit code.
int import_list(Session& session, const ImportOptions& options);
int export_list(Session& session, const ExportOptions& options);

}  // namespace qiao
