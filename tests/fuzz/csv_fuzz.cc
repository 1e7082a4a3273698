// A file that somebody imports: encoding, records, columns, cells.
#include "tests/fuzz/fuzz.h"
#include "tests/support/build.h"
#include "tools/qiao/sheet.h"
#include "tools/text/csv.h"
#include "tools/text/encoding.h"
#include "tools/text/notation.h"

using namespace qiao;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  static const pb::Taxonomy words = default_taxonomy();
  if (size == 0) return 0;
  static const char* const kSheets[] = {"areas", "parties", "offers", "needs"};
  const Sheet& sheet = *find_sheet(kSheets[data[0] % 4]);
  const auto text = to_utf8(text_of(data + 1, size - 1));
  if (!text) return 0;
  expect(is_utf8(*text), "read as UTF-8 and is none");
  const SheetContext context{zone, words, {{"一队", 7}}, {{7, "一队"}}};
  CsvReader reader(*text);
  std::vector<std::string> header;
  std::optional<pb::Command> before;
  while (auto record = reader.next()) {
    if (!*record) return 0;
    const CsvRecord& r = record->value();
    // What is written is read again the same.
    const std::string line = csv_line(r.fields);
    CsvReader copy(line);
    if (const auto read = copy.next(); read && *read) expect(read->value().fields == r.fields, "a record that is another when it is written", line);
    if (header.empty()) {
      header = r.fields;
      continue;
    }
    Cells cells;
    for (std::size_t i = 0; i < header.size() && i < r.fields.size(); ++i) {
      for (const SheetColumn& c : sheet.columns()) {
        if (header[i] == c.en || header[i] == c.zh) cells[c.en] = r.fields[i];
      }
    }
    auto read = sheet.read(cells, context, before ? &*before : nullptr);
    if (!read) {
      expect(!read.error().en().empty() && !read.error().zh().empty(), "a refusal without words");
      static_cast<void>(column_at_fault(sheet, read.error().field));
      before.reset();
      continue;
    }
    if (!read.value().continues) before = std::move(read.value().command);
  }
  return 0;
}
