// Areas, parties, offers and needs as rows of a spreadsheet: which column is which field, both
// ways.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qiao/v1/command.pb.h"
#include "tools/qiao/party_names.h"
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
  PartyNames parties;
};

// One row, cells by column (English name).
using Cells = std::map<std::string, std::string>;

class Sheet {
 public:
  virtual ~Sheet() = default;
  virtual std::span<const SheetColumn> columns() const = 0;

  // The rows of one thing, every cell of it: what write() gives is read back as the same, except
  // what has no column (times and counts that the market keeps).
  virtual std::vector<Cells> write(const google::protobuf::Message& resource,
                                   const SheetContext& context) const = 0;
  // Reads the rows of one thing into a fresh message; `row` is the one that is being read, so that
  // after a refusal it is the one at fault, and the refusal's field is the column.
  virtual Status read(std::span<const Cells> rows, const SheetContext& context,
                      google::protobuf::Message& into, std::size_t& row) const = 0;
  // Whether a thing may have several rows, which stand together and share their key.
  virtual bool has_lines() const { return false; }

  // Of the API.
  virtual const char* collection() const = 0;
  // The column and the field that say which one it is: id, or an area's code.
  virtual const char* key() const { return "id"; }
  // The column that tells its state, which an import does not change; nullptr for none.
  virtual const char* state() const { return nullptr; }
  // Whether a new thing can be brought to the state that this one is in.
  virtual bool can_be_made(const google::protobuf::Message&) const { return true; }
  // Makes the thing, or changes it where it has an id.
  virtual pb::Command command_of(const google::protobuf::Message& resource) const = 0;
  virtual std::unique_ptr<google::protobuf::Message> fresh() const = 0;
};

// areas, parties, offers or needs; nullptr for anything else.
const Sheet* find_sheet(const std::string& name);

// The column that a refusal's field path belongs to; empty where none.
std::string column_at_fault(const Sheet& sheet, std::string field);

}  // namespace qiao
