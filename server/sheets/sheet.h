// Areas, parties, offers and needs as rows of a spreadsheet: which column is which field, both
// ways. One kind is one table of columns, for exports, templates and imports alike.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/time_zone.h"
#include "qiao/v1/request.pb.h"
#include "server/sheets/area_names.h"
#include "server/sheets/party_names.h"

namespace qiao {

namespace pb = qiao::v1;

// What the cells of a column name.
enum class Names : std::uint8_t { kNothing, kArea, kAreas, kParty, kParties };

struct SheetColumn {
  const char* en;
  const char* zh;
  bool required;
  const char* field;  // the JSON path that a refusal of it begins with
  Names names = Names::kNothing;
  // Other headings that people give it; nullptr for none.
  std::array<const char*, 4> also = {};
  // Of a column that is read but not written: the columns whose place it takes.
  std::array<const char*, 2> stands_for = {};

  bool is_written() const { return stands_for.front() == nullptr; }
};

// What is needed to read and write cells.
struct SheetContext {
  const TimeZone& zone;
  const pb::Taxonomy& words;
  PartyNames parties = {};
  AreaNames areas = {};
  // A day without a year is the next one of that name.
  Time now = {};
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
  // The column of what a thing is called.
  virtual const char* title() const { return "name"; }
  // The column and the field that say which one it is: id, or an area's code.
  virtual const char* key() const { return "id"; }
  // The column that tells its state, which an import does not change; nullptr for none.
  virtual const char* state() const { return nullptr; }
  // Whether a new thing can be brought to the state that this one is in.
  virtual bool can_be_made(const google::protobuf::Message&) const { return true; }
  // Makes the thing, or changes it where it has an id.
  virtual pb::Request request_of(const google::protobuf::Message& resource) const = 0;
  virtual std::unique_ptr<google::protobuf::Message> fresh() const = 0;

  // By its English name; nullptr for none.
  const SheetColumn* column(std::string_view en) const;
  // Whether things keep their key in every database.
  bool is_own_key() const { return std::string_view(key()) != "id"; }
};

// areas, parties, offers or needs; nullptr for anything else.
const Sheet* find_sheet(const std::string& name);

// The column that a refusal's field path belongs to; empty where none.
std::string column_at_fault(const Sheet& sheet, std::string field);

}  // namespace qiao
