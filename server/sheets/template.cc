#include "server/sheets/template.h"

#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "proto/text/csv.h"
#include "proto/text/encoding.h"

namespace qiao {
namespace {

// Rows that have lists to choose from.
constexpr lxw_row_t kRowsWithLists = 1'000;
constexpr double kColumnWidth = 16;

const char* heading(const SheetColumn& column, bool chinese) {
  return chinese ? column.zh : column.en;
}

std::vector<const SheetColumn*> written_columns(const Sheet& sheet) {
  std::vector<const SheetColumn*> columns;
  for (const SheetColumn& c : sheet.columns()) {
    if (c.is_written()) columns.push_back(&c);
  }
  return columns;
}

std::string name_of(const pb::Term& term, bool chinese) { return chinese ? term.zh() : term.en(); }

// What can be chosen in a column; empty where anything may be written.
std::vector<std::string> choices(std::string_view column, const pb::Taxonomy& words, bool chinese) {
  std::vector<std::string> list;
  const auto add = [&](const auto& terms) {
    for (const pb::Term& term : terms) list.push_back(name_of(term, chinese));
  };
  if (column == "category" || column == "categories") add(words.categories());
  if (column == "skills") add(words.skills());
  if (column == "beneficiary") add(words.beneficiaries());
  if (column == "programme" || column == "programmes") add(words.programmes());
  if (column == "urgency")
    list = chinese ? std::vector<std::string>{"一般", "紧急", "特急"}
                   : std::vector<std::string>{"normal", "urgent", "critical"};
  if (column == "all_or_nothing")
    list = chinese ? std::vector<std::string>{"是", "否"} : std::vector<std::string>{"yes", "no"};
  if (column == "kind") {
    list = chinese ? std::vector<std::string>{"人员", "专业人员", "场地", "车辆", "设备"}
                   : std::vector<std::string>{"people", "professional", "venue", "vehicle",
                                              "equipment"};
    for (const auto& resource : words.resources())
      list.push_back(name_of(resource.term(), chinese));
  }
  return list;
}

// A file that is gone when it is over.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::error_code error;
    path_ = (std::filesystem::temp_directory_path(error) / "qiao-template-XXXXXX").string();
    const int file = mkstemp(path_.data());
    if (file >= 0) close(file);
  }
  ~TemporaryFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// The lists stand on a sheet of their own, since a cell's own list has at most 255 characters.
class TemplateWriter {
 public:
  TemplateWriter(const Sheet& sheet, const pb::Taxonomy& words, bool chinese,
                 const std::string& path)
      : sheet_(sheet), words_(words), chinese_(chinese), book_(workbook_new(path.c_str())) {}

  // Whether the file is written whole.
  bool write() {
    if (book_ == nullptr) return false;
    lxw_worksheet* rows = workbook_add_worksheet(book_, nullptr);
    lxw_worksheet* lists = workbook_add_worksheet(book_, kLists);
    worksheet_hide(lists);
    lxw_format* bold = workbook_add_format(book_);
    format_set_bold(bold);
    lxw_format* text = workbook_add_format(book_);
    format_set_num_format(text, "@");
    lxw_col_t at = 0;
    for (const SheetColumn* column : written_columns(sheet_)) {
      worksheet_set_column(rows, at, at, kColumnWidth, text);
      worksheet_write_string(rows, 0, at, heading(*column, chinese_), bold);
      // The kinds of parties and the levels of areas are other words than those of supply.
      const bool supply = column->names == Names::kNothing &&
                          (std::string_view(column->en) != "kind" || sheet_.column("quantity"));
      if (supply) add_list(rows, lists, at, choices(column->en, words_, chinese_));
      ++at;
    }
    worksheet_freeze_panes(rows, 1, 0);
    return workbook_close(book_) == LXW_NO_ERROR;
  }

 private:
  static constexpr const char* kLists = "lists";

  void add_list(lxw_worksheet* rows, lxw_worksheet* lists, lxw_col_t at,
                const std::vector<std::string>& list) {
    if (list.empty()) return;
    for (std::size_t i = 0; i < list.size(); ++i)
      worksheet_write_string(lists, static_cast<lxw_row_t>(i), at, list[i].c_str(), nullptr);
    std::array<char, LXW_MAX_FORMULA_RANGE_LENGTH> range{};
    lxw_rowcol_to_formula_abs(range.data(), kLists, 0, at, static_cast<lxw_row_t>(list.size() - 1),
                              at);
    lxw_data_validation choice{};
    choice.validate = LXW_VALIDATION_TYPE_LIST_FORMULA;
    choice.value_formula = range.data();
    // Lists of several, and codes, may be written too.
    choice.error_type = LXW_VALIDATION_ERROR_TYPE_INFORMATION;
    worksheet_data_validation_range(rows, 1, at, kRowsWithLists, at, &choice);
  }

  const Sheet& sheet_;
  const pb::Taxonomy& words_;
  const bool chinese_;
  lxw_workbook* book_;
};

}  // namespace

std::string csv_template(const Sheet& sheet, bool chinese) {
  std::vector<std::string> headings;
  for (const SheetColumn* column : written_columns(sheet))
    headings.emplace_back(heading(*column, chinese));
  return std::string(kByteOrderMark) + csv_line(headings);
}

Result<std::string> workbook_template(const Sheet& sheet, const pb::Taxonomy& words, bool chinese) {
  const TemporaryFile file;
  const bool written = TemplateWriter(sheet, words, chinese, file.path()).write();
  std::ifstream in(file.path(), std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(in), {}};
  if (!written || !in || bytes.empty()) {
    return refuse(Code::kFileUnreadable, "format", "the template cannot be written",
                  "无法写出模板文件");
  }
  return bytes;
}

}  // namespace qiao
