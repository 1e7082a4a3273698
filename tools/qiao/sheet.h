// Areas, parties, offers and needs as rows of a spreadsheet: which column is which field, both ways.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "qiao/v1/command.pb.h"
#include "tools/qiao/session.h"

namespace qiao {

struct SheetColumn {
  const char* en;
  const char* zh;
  bool required;
  const char* field;  // the JSON path that a refusal of it begins with
};

// What is needed to read and write cells.
struct SheetContext {
  const TimeZone& zone;
  const pb::Taxonomy& words;
  // Exact names and credit codes of parties; 0 where several share one.
  std::map<std::string, std::uint64_t> party_by_name;
  // What a party is called so that it can be found again: its name, its credit code, else its id.
  std::map<std::uint64_t, std::string> party_by_id;
};

// One row, cells by column (English name).
using Cells = std::map<std::string, std::string>;

class Sheet {
 public:
  virtual ~Sheet() = default;
  virtual std::span<const SheetColumn> columns() const = 0;
  // Reads a row into a command that makes or changes the thing. A row that goes on with the need of the row before adds a
  // line to that command instead and gives `continues`. The column at fault is the refusal's field.
  struct Read {
    pb::Command command;
    bool continues = false;
  };
  virtual Result<Read> read(const Cells& cells, const SheetContext& context, pb::Command* before) const = 0;
  // The rows of one resource (a need has one a line).
  virtual std::vector<Cells> write(const google::protobuf::Message& resource, const SheetContext& context) const = 0;
  // Of the API.
  virtual const char* collection() const = 0;
  // The command for a resource that comes whole, as a JSON line.
  virtual pb::Command command_of(const google::protobuf::Message& resource) const = 0;
  virtual std::unique_ptr<google::protobuf::Message> fresh() const = 0;
};

// areas, parties, offers or needs; nullptr for anything else.
const Sheet* find_sheet(const std::string& name);

// The column that a refusal's field path belongs to; empty where none.
std::string column_at_fault(const Sheet& sheet, std::string field);

}  // namespace qiao
