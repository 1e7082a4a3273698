#include "server/sheets/workbook.h"

#include <algorithm>
#include <map>

#include "engine/base/number_text.h"
#include "server/sheets/archive.h"
#include "server/sheets/limits.h"
#include "server/sheets/number_format.h"
#include "server/sheets/xml.h"

namespace qiao {
namespace {

// A whole number; `otherwise` where it is none.
std::uint32_t number_or(std::string_view text, std::uint32_t otherwise) {
  return parse_number<std::uint32_t>(text).value_or(otherwise);
}

bool is_true(std::string_view text) { return text == "1" || text == "true"; }

// "../worksheets/sheet1.xml" of "xl/_rels/…" and "/xl/worksheets/sheet1.xml".
std::string resolve(const std::string& folder, std::string_view target) {
  if (target.starts_with('/')) return std::string(target.substr(1));
  std::string base = folder;
  while (target.starts_with("../")) {
    target.remove_prefix(3);
    const auto slash = base.rfind('/', base.size() - 2);
    base = base.size() < 2 || slash == std::string::npos ? "" : base.substr(0, slash + 1);
  }
  return base + std::string(target);
}

// Which parts belong to a part.
struct Relations final : XmlHandler {
  std::map<std::string, std::string, std::less<>> by_id;
  std::map<std::string, std::string, std::less<>> by_type;  // the last word of the type

  Status start(std::string_view name, const XmlAttributes& attributes) override {
    if (name != "Relationship") return outcome::success();
    const std::string target(attributes["Target"]);
    by_id[std::string(attributes["Id"])] = target;
    const std::string_view type = attributes["Type"];
    by_type[std::string(type.substr(type.rfind('/') + 1))] = target;
    return outcome::success();
  }
};

struct SheetList final : XmlHandler {
  struct Entry {
    std::string name;
    std::string relation;
    bool hidden;
  };
  std::vector<Entry> sheets;
  bool from_1904 = false;

  Status start(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "workbookPr") from_1904 = is_true(attributes["date1904"]);
    if (name != "sheet") return outcome::success();
    if (sheets.size() == kMaxWorkbookSheets)
      return refuse(Code::kTooMany, "file.sheets", std::to_string(kMaxWorkbookSheets));
    sheets.push_back({std::string(attributes["name"]), std::string(attributes["r:id"]),
                      !attributes["state"].empty() && attributes["state"] != "visible"});
    return outcome::success();
  }
};

// The kind of number of each cell format.
struct Styles final : XmlHandler {
  std::map<std::uint32_t, NumberKind> formats;
  std::vector<NumberKind> cells;
  bool in_cells = false;

  Status start(std::string_view name, const XmlAttributes& attributes) override {
    if (name == "cellXfs") in_cells = true;
    if (name == "numFmt")
      formats[number_or(attributes["numFmtId"], 0)] = kind_of_format(attributes["formatCode"]);
    if (name == "xf" && in_cells) {
      const std::uint32_t number = number_or(attributes["numFmtId"], 0);
      const auto own = formats.find(number);
      cells.push_back(own == formats.end() ? kind_of_built_in_format(number) : own->second);
    }
    return outcome::success();
  }
  Status end(std::string_view name) override {
    if (name == "cellXfs") in_cells = false;
    return outcome::success();
  }
  NumberKind of(std::uint32_t style) const {
    return style < cells.size() ? cells[style] : NumberKind::kPlain;
  }
};

// Text in runs, without what says how Chinese or Japanese text is pronounced.
class RichText {
 public:
  void start(std::string_view name) {
    phonetic_ = phonetic_ || name == "rPh";
    in_text_ = name == "t" && !phonetic_;
  }
  void end(std::string_view name) {
    if (name == "rPh") phonetic_ = false;
    if (name == "t") in_text_ = false;
  }
  bool in_text() const { return in_text_; }

 private:
  bool phonetic_ = false;
  bool in_text_ = false;
};

Status append_within_bounds(std::string_view piece, std::string& cell) {
  if (cell.size() + piece.size() > kMaxCellBytes)
    return refuse(Code::kTooLong, "file", std::to_string(kMaxCellBytes));
  cell += piece;
  return outcome::success();
}

struct SharedStrings final : XmlHandler {
  std::vector<std::string> strings;
  RichText rich;

  Status start(std::string_view name, const XmlAttributes&) override {
    if (name == "si") strings.emplace_back();
    if (strings.size() > kMaxTableCells)
      return refuse(Code::kTooMany, "file.strings", std::to_string(kMaxTableCells));
    rich.start(name);
    return outcome::success();
  }
  Status end(std::string_view name) override {
    rich.end(name);
    return outcome::success();
  }
  Status text(std::string_view piece) override {
    if (!rich.in_text() || strings.empty()) return outcome::success();
    return append_within_bounds(piece, strings.back());
  }
};

// "B12" as column 1 and row 12.
struct Reference {
  std::size_t column = 0;
  std::uint32_t row = 0;
};
Result<Reference> reference(std::string_view text) {
  const std::size_t digits = std::min(text.find_first_of("0123456789"), text.size());
  QIAO_TRY(const std::size_t column, column_of_letter(text.substr(0, digits), "file.columns"));
  return Reference{column, number_or(text.substr(digits), 0)};
}

class SheetReader final : public XmlHandler {
 public:
  SheetReader(const SharedStrings& strings, const Styles& styles, bool from_1904, FileTable& table)
      : strings_(strings), styles_(styles), from_1904_(from_1904), table_(table) {}

  Status start(std::string_view name, const XmlAttributes& attributes) override {
    rich_.start(name);
    if (name == "row") return start_row(attributes);
    if (name == "c") return start_cell(attributes);
    if (name == "v") in_value_ = true;
    if (name == "mergeCell") return fill_down(attributes["ref"]);
    return outcome::success();
  }
  Status end(std::string_view name) override {
    rich_.end(name);
    if (name == "v") in_value_ = false;
    if (name == "c") return end_cell();
    return outcome::success();
  }
  Status text(std::string_view piece) override {
    if (!in_value_ && !rich_.in_text()) return outcome::success();
    return append_within_bounds(piece, value_);
  }

 private:
  Status start_row(const XmlAttributes& attributes) {
    const std::uint32_t number = number_or(attributes["r"], row_ + 1);
    if (number <= row_ || number > kMaxSheetRowNumber)
      return unreadable_file("its rows are not in order", "行的顺序有误");
    row_ = number;
    next_column_ = 0;
    return outcome::success();
  }

  Status start_cell(const XmlAttributes& attributes) {
    place_ = attributes["r"];
    type_ = attributes["t"];
    style_ = number_or(attributes["s"], 0);
    value_.clear();
    return outcome::success();
  }

  Status end_cell() {
    std::size_t column = next_column_;
    if (value_.empty() && place_.empty()) {
      ++next_column_;
      return outcome::success();
    }
    if (value_.empty()) return outcome::success();
    if (!place_.empty()) {
      QIAO_TRY(const Reference at, reference(place_));
      column = at.column;
    }
    if (column >= kMaxSheetColumns)
      return refuse(Code::kTooMany, "file.columns", std::to_string(kMaxSheetColumns));
    next_column_ = column + 1;
    return put(column, displayed());
  }

  std::string displayed() const {
    if (type_ == "s") {
      const std::uint32_t index = number_or(value_, 0xffffffffU);
      return index < strings_.strings.size() ? strings_.strings[index] : std::string();
    }
    if (type_ == "d") {
      // ISO 8601.
      std::string text = value_;
      std::replace(text.begin(), text.end(), 'T', ' ');
      return text;
    }
    const auto number = parse_number<double>(value_);
    const bool is_number = (type_.empty() || type_ == "n") && number;
    return is_number ? number_text(*number, styles_.of(style_), from_1904_) : value_;
  }

  Status put(std::size_t column, std::string text) {
    if (table_.rows.empty() || table_.rows.back().number != row_) {
      if (table_.rows.size() == kMaxSheetRows)
        return refuse(Code::kTooMany, "file.rows", std::to_string(kMaxSheetRows));
      table_.rows.push_back({row_, {}});
    }
    auto& cells = table_.rows.back().cells;
    if (column >= cells.size()) {
      cells_ += column + 1 - cells.size();
      cells.resize(column + 1);
    }
    bytes_ += text.size();
    if (cells_ > kMaxTableCells)
      return refuse(Code::kTooMany, "file.cells", std::to_string(kMaxTableCells));
    if (bytes_ > kMaxTableBytes)
      return refuse(Code::kTooLong, "file", std::to_string(kMaxTableBytes));
    cells[column] = std::move(text);
    return outcome::success();
  }

  // A merged range has its value in its first cell; the rows below it are meant to have it too.
  Status fill_down(std::string_view range) {
    const auto colon = range.find(':');
    if (colon == std::string_view::npos) return outcome::success();
    // Wider than what is read: no column of it is a field.
    const auto first = reference(range.substr(0, colon));
    const auto last = reference(range.substr(colon + 1));
    if (!first || !last) return outcome::success();
    const auto from = std::lower_bound(
        table_.rows.begin(), table_.rows.end(), first.value().row,
        [](const TableRow& row, std::uint32_t number) { return row.number < number; });
    if (from == table_.rows.end() || from->number != first.value().row) return outcome::success();
    const std::size_t column = first.value().column;
    if (column >= from->cells.size() || from->cells[column].empty()) return outcome::success();
    const std::string text = from->cells[column];
    for (auto row = from + 1; row != table_.rows.end() && row->number <= last.value().row; ++row) {
      if (++merged_ > kMaxMergedCells || (bytes_ += text.size()) > kMaxTableBytes)
        return refuse(Code::kTooMany, "file.mergedCells", std::to_string(kMaxMergedCells));
      if (row->cells.size() <= column) row->cells.resize(column + 1);
      row->cells[column] = text;
    }
    return outcome::success();
  }

  const SharedStrings& strings_;
  const Styles& styles_;
  const bool from_1904_;
  FileTable& table_;
  RichText rich_;
  bool in_value_ = false;
  std::uint32_t row_ = 0;
  std::size_t next_column_ = 0;  // of a cell that does not say its place
  std::string place_;
  std::string type_;
  std::uint32_t style_ = 0;
  std::string value_;
  std::size_t cells_ = 0;
  std::size_t bytes_ = 0;
  std::size_t merged_ = 0;
};

Result<std::size_t> chosen(const SheetList& list, const std::string& wanted) {
  if (list.sheets.empty()) return unreadable_file("it has no sheets", "工作簿中没有工作表");
  const auto first = [&](auto matches) {
    const auto it = std::find_if(list.sheets.begin(), list.sheets.end(), matches);
    return static_cast<std::size_t>(it - list.sheets.begin());
  };
  if (wanted.empty()) {
    const std::size_t shown = first([](const auto& sheet) { return !sheet.hidden; });
    return shown == list.sheets.size() ? 0 : shown;
  }
  const std::size_t named = first([&](const auto& sheet) { return sheet.name == wanted; });
  if (named < list.sheets.size()) return named;
  const std::uint32_t number = number_or(wanted, 0);
  if (number == 0 || number > list.sheets.size())
    return refuse(Code::kNotFound, "sheet", "such sheet", "此工作表");
  return number - 1;
}

// A part that a workbook may have.
Status read_related(Archive& archive, const std::string& folder, const Relations& relations,
                    std::string_view type, XmlHandler& handler) {
  const auto it = relations.by_type.find(type);
  if (it == relations.by_type.end()) return outcome::success();
  return read_xml(archive, resolve(folder, it->second), handler);
}

}  // namespace

Result<FileTable> read_workbook(std::string_view bytes, const std::string& sheet) {
  QIAO_TRY(Archive archive, Archive::open(bytes));
  std::string book = "xl/workbook.xml";
  if (archive.has("_rels/.rels")) {
    Relations relations;
    QIAO_TRY(read_xml(archive, "_rels/.rels", relations));
    const auto it = relations.by_type.find("officeDocument");
    if (it != relations.by_type.end()) book = resolve("", it->second);
  }
  if (!archive.has(book)) return unreadable_file("it is no workbook (.xlsx)", "不是.xlsx工作簿");
  const std::string folder = book.substr(0, book.rfind('/') + 1);
  SheetList list;
  QIAO_TRY(read_xml(archive, book, list));
  QIAO_TRY(const std::size_t index, chosen(list, sheet));
  Relations relations;
  QIAO_TRY(read_xml(archive, folder + "_rels/" + book.substr(folder.size()) + ".rels", relations));
  SharedStrings strings;
  QIAO_TRY(read_related(archive, folder, relations, "sharedStrings", strings));
  Styles styles;
  QIAO_TRY(read_related(archive, folder, relations, "styles", styles));
  const auto part = relations.by_id.find(list.sheets[index].relation);
  if (part == relations.by_id.end()) return unreadable_file("the sheet is missing", "工作表缺失");
  FileTable table;
  for (const auto& entry : list.sheets) {
    if (!entry.hidden || &entry == &list.sheets[index]) table.sheets.push_back(entry.name);
  }
  table.sheet = list.sheets[index].name;
  SheetReader reader(strings, styles, list.from_1904, table);
  QIAO_TRY(read_xml(archive, resolve(folder, part->second), reader));
  return table;
}

}  // namespace qiao
