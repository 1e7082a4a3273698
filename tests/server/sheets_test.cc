// Files as people send them: encodings, delimiters, workbooks, headings, what people write in
// cells, and what is no spreadsheet at all.
#include <gtest/gtest.h>
#include <xlsxwriter.h>
#include <zip.h>

#include "server/sheets/cell_values.h"
#include "server/sheets/former_words.h"
#include "server/sheets/headings.h"
#include "server/sheets/limits.h"
#include "server/sheets/number_format.h"
#include "server/sheets/table.h"
#include "server/sheets/template.h"
#include "tests/support/files.h"
#include "tools/io/temporary_folder.h"

namespace qiao {
namespace {

using Rows = std::vector<std::vector<std::string>>;
constexpr std::chrono::local_days kToday{std::chrono::year{2026} / 11 / 30};

Rows rows_of(const Result<FileTable>& table) {
  if (!table) return {{"refused", table.error().field, table.error().en()}};
  Rows rows;
  for (const TableRow& row : table.value().rows) rows.push_back(row.cells);
  return rows;
}
Rows rows_of(const std::string& bytes) { return rows_of(read_table(bytes, "")); }

std::string refusal_of(const std::string& bytes) {
  const auto table = read_table(bytes, "");
  if (table) return "";
  EXPECT_FALSE(table.error().zh().empty());
  return std::string(info(table.error().code).code) + " " + table.error().field;
}

// A workbook, part by part.
std::string archive(const std::vector<std::pair<std::string, std::string>>& parts) {
  const TemporaryFolder folder;
  const std::string path = folder / "book.xlsx";
  int error = 0;
  zip_t* zip = zip_open(path.c_str(), ZIP_CREATE, &error);
  for (const auto& [name, content] : parts) {
    zip_source_t* source = zip_source_buffer(zip, content.data(), content.size(), 0);
    zip_file_add(zip, name.c_str(), source, ZIP_FL_OVERWRITE);
  }
  EXPECT_EQ(zip_close(zip), 0);
  return read_file(path);
}

// The least that is a workbook with one sheet.
std::string book_with(const std::string& sheet_data, const std::string& before = "") {
  return archive(
      {{"xl/workbook.xml",
        "<workbook><sheets><sheet name=\"一\" r:id=\"r1\"/></sheets></workbook>"},
       {"xl/_rels/workbook.xml.rels",
        "<Relationships><Relationship Id=\"r1\" Type=\"x/worksheet\" Target=\"sheet1.xml\"/>"
        "</Relationships>"},
       {"xl/sheet1.xml",
        before + "<worksheet><sheetData>" + sheet_data + "</sheetData></worksheet>"}});
}

TEST(FileTable, FindsTheDelimiter) {
  const Rows expected = {{"a", "b", "c"}, {"1", "x, y", "3"}};
  EXPECT_EQ(rows_of("a,b,c\n1,\"x, y\",3\n"), expected);
  EXPECT_EQ(rows_of("a;b;c\r\n1;x, y;3\r\n"), expected);
  EXPECT_EQ(rows_of("a\tb\tc\n1\tx, y\t3"), expected);
  EXPECT_EQ(rows_of("sep=;\r\na;b;c\r\n1;x, y;3\r\n"), expected);
  EXPECT_EQ(read_table("sep=;\r\na;b;c\r\n", "").value().rows.front().number, 2U);
}

TEST(FileTable, ReadsUtf16WithAndWithoutMark) {
  const std::string little("a\0,\0\x81\x5b\n\0", 8);  // "a,宁\n"
  const Rows expected = {{"a", "宁"}};
  EXPECT_EQ(rows_of(little), expected);
  EXPECT_EQ(rows_of("\xFF\xFE" + little), expected);
  std::string big = little;
  for (std::size_t i = 0; i < big.size(); i += 2) std::swap(big[i], big[i + 1]);
  EXPECT_EQ(rows_of(big), expected);
  EXPECT_EQ(rows_of("\xFE\xFF" + big), expected);
}

TEST(FileTable, CountsRowsAsASpreadsheetDoes) {
  const auto table = read_table("h\n\n\"a\nb\"\n,,\nlast\n", "");
  ASSERT_TRUE(table);
  std::vector<std::uint32_t> numbers;
  for (const TableRow& row : table.value().rows) numbers.push_back(row.number);
  EXPECT_EQ(numbers, (std::vector<std::uint32_t>{1, 3, 5}));
}

TEST(FileTable, RefusesWhatIsNoSpreadsheet) {
  EXPECT_EQ(refusal_of("a,b\n\"not closed,1\n"), "import.unreadable file");
  EXPECT_EQ(refusal_of(std::string("a,b\n1,\0\0\0", 9)), "import.unreadable file");
  EXPECT_EQ(refusal_of("\xff\xff\xff\xff\xff"), "import.unreadable file");
  EXPECT_EQ(refusal_of("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"), "import.unreadable file");
  EXPECT_EQ(refusal_of("PK\x03\x04 and nothing more"), "import.unreadable file");
  EXPECT_EQ(refusal_of(archive({{"hello.txt", "hello"}})), "import.unreadable file");
}

TEST(FileTable, RefusesMoreThanItsBounds) {
  EXPECT_EQ(refusal_of("a" + std::string(10'000'000, ',') + "b\n"), "import.unreadable file");
  EXPECT_EQ(refusal_of("a" + std::string(kMaxSheetColumns, ',') + "b\n"),
            "value.too_many file.rows[1]");
  EXPECT_EQ(refusal_of("a" + std::string(kMaxSheetColumns - 1, ',') + "b\n"), "");
  std::string rows;
  for (std::size_t i = 0; i < kMaxSheetRows; ++i) rows += "x\n";
  EXPECT_EQ(refusal_of(rows), "");
  EXPECT_EQ(refusal_of(rows + "x\n"), "value.too_many file.rows");
  EXPECT_EQ(refusal_of(std::string(kMaxCellBytes + 1, 'x') + "\n"), "value.too_long file.rows[1]");
}

TEST(Workbook, RefusesEveryPartOfAnArchive) {
  const std::string whole = book_with("<row r=\"1\"><c r=\"A1\"><v>1</v></c></row>");
  ASSERT_EQ(rows_of(whole), (Rows{{"1"}}));
  for (std::size_t size = 4; size < whole.size(); size += 7)
    EXPECT_EQ(refusal_of(whole.substr(0, size)), "import.unreadable file") << size;
  for (std::size_t i = 30; i < whole.size(); i += 11) {
    std::string spoiled = whole;
    spoiled[i] = static_cast<char>(spoiled[i] ^ 0x55);
    static_cast<void>(refusal_of(spoiled));  // whatever it is, it ends
  }
}

TEST(Workbook, IsBounded) {
  const auto cell = [](const std::string& place) {
    return "<row><c r=\"" + place + "\"><v>1</v></c></row>";
  };
  EXPECT_EQ(refusal_of(book_with("<row r=\"1048577\"><c><v>1</v></c></row>")),
            "import.unreadable file");
  EXPECT_EQ(rows_of(book_with("<row r=\"1048576\"><c><v>1</v></c></row>")), (Rows{{"1"}}));
  EXPECT_EQ(refusal_of(book_with(cell("ZZZZZZZ1"))), "value.out_of_range file.columns");
  EXPECT_EQ(refusal_of(book_with(cell("GS1"))), "value.out_of_range file.columns");  // the 201st
  EXPECT_EQ(refusal_of(book_with(cell("GR1"))), "");
  EXPECT_EQ(refusal_of(book_with("<row r=\"2\"/><row r=\"1\"/>")), "import.unreadable file");
  // A few kilobytes that unpack to more than the bound.
  const std::string bomb = book_with(std::string(kMaxUnpackedBytes, ' '));
  EXPECT_LT(bomb.size(), kMaxUnpackedBytes / 100);
  EXPECT_EQ(refusal_of(bomb), "value.too_long file");
  std::string rows;
  for (std::size_t i = 0; i <= kMaxSheetRows; ++i) rows += "<row><c><v>1</v></c></row>";
  EXPECT_EQ(refusal_of(book_with(rows)), "value.too_many file.rows");
  EXPECT_EQ(refusal_of(book_with("", "<!DOCTYPE a [<!ENTITY b \"c\">]>")),
            "import.unreadable file");
}

TEST(Workbook, ReadsDatesTimesFormulasAndMergedCells) {
  const TemporaryFolder folder;
  const std::string path = folder / "needs.xlsx";
  lxw_workbook* book = workbook_new(path.c_str());
  lxw_worksheet* hidden = workbook_add_worksheet(book, "旧");
  lxw_worksheet* sheet = workbook_add_worksheet(book, "需求");
  worksheet_activate(sheet);
  worksheet_set_first_sheet(sheet);
  worksheet_hide(hidden);
  const auto format = [&](const char* code) {
    lxw_format* f = workbook_add_format(book);
    format_set_num_format(f, code);
    return f;
  };
  worksheet_merge_range(sheet, 0, 0, 0, 4, "十二月需求", nullptr);
  for (int i = 0; i < 5; ++i) {
    static const char* const kHeadings[] = {"社区", "日期", "开始", "结束", "数量"};
    worksheet_write_string(sheet, 2, static_cast<lxw_col_t>(i), kHeadings[i], nullptr);
  }
  lxw_datetime day = {2026, 12, 5, 0, 0, 0};
  lxw_datetime moment = {2026, 12, 5, 13, 30, 0};
  worksheet_merge_range(sheet, 3, 0, 4, 0, "城东社区", nullptr);
  worksheet_write_datetime(sheet, 3, 1, &day, format("yyyy\"年\"m\"月\"d\"日\""));
  worksheet_write_number(sheet, 3, 2, 0.375, format("h:mm"));
  worksheet_write_datetime(sheet, 3, 3, &moment, format("h:mm AM/PM"));
  worksheet_write_number(sheet, 3, 4, 3, nullptr);
  worksheet_write_datetime(sheet, 4, 1, &moment, format("yyyy-mm-dd hh:mm"));
  worksheet_write_number(sheet, 4, 2, 25.5 / 24, format("[h]:mm"));
  worksheet_write_number(sheet, 4, 3, 0.1 + 0.2, nullptr);
  worksheet_write_formula_num(sheet, 4, 4, "=1+2", nullptr, 3);
  ASSERT_EQ(workbook_close(book), LXW_NO_ERROR);
  const auto table = read_table(read_file(path), "");
  ASSERT_TRUE(table) << table.error().en();
  EXPECT_EQ(table.value().sheets, (std::vector<std::string>{"需求"}));
  EXPECT_EQ(table.value().sheet, "需求");
  EXPECT_EQ(rows_of(table), (Rows{{"十二月需求"},
                                  {"社区", "日期", "开始", "结束", "数量"},
                                  {"城东社区", "2026-12-05", "09:00", "13:30", "3"},
                                  {"城东社区", "2026-12-05 13:30", "25:30", "0.3", "3"}}));
  EXPECT_EQ(table.value().rows[1].number, 3U);
  EXPECT_EQ(read_table(read_file(path), "旧").value().rows.size(), 0U);
  EXPECT_EQ(read_table(read_file(path), "2").value().sheet, "需求");
  EXPECT_FALSE(read_table(read_file(path), "没有"));
}

TEST(NumberFormat, TellsDatesFromNumbers) {
  for (const char* code : {"yyyy-mm-dd", "[$-804]yyyy\"年\"m\"月\";@", "m/d/yy h:mm", "mmm"})
    EXPECT_EQ(kind_of_format(code), NumberKind::kDate) << code;
  for (const char* code : {"h:mm", "上午/下午h\"时\"mm\"分\"", "mm:ss", "h:mm AM/PM"})
    EXPECT_EQ(kind_of_format(code), NumberKind::kTime) << code;
  EXPECT_EQ(kind_of_format("[h]:mm"), NumberKind::kElapsed);
  for (const char* code : {"General", "0.00", "#,##0\"days\"", "[Red]0", "0\\d", "@"})
    EXPECT_EQ(kind_of_format(code), NumberKind::kPlain) << code;
  EXPECT_EQ(number_text(59, NumberKind::kDate, false), "1900-02-28");
  EXPECT_EQ(number_text(61, NumberKind::kDate, false), "1900-03-01");
  EXPECT_EQ(number_text(0, NumberKind::kDate, true), "1904-01-01");
  EXPECT_EQ(number_text(341881001006.0, NumberKind::kPlain, false), "341881001006");
}

TEST(CellValues, ReadDaysAsPeopleWriteThem) {
  const std::chrono::local_days expected{std::chrono::year{2027} / 12 / 5};
  for (const char* text :
       {"2027-12-05", "2027/12/5", "2027.12.5", "２０２７－１２－５", "20271205", "2027年12月5日",
        "2027年12月5日（星期日）", "2027-12-05 00:00:00", "46726"})
    EXPECT_EQ(read_day(text, kToday), expected) << text;
  EXPECT_EQ(read_day("11月29日", kToday),
            std::chrono::local_days{std::chrono::year{2027} / 11 / 29});
  EXPECT_EQ(read_day("11月30号", kToday), kToday);
  for (const char* text : {"", "soon", "2027-13-01", "2027-02-29", "5/12", "12", "0.5", "2027"})
    EXPECT_FALSE(read_day(text, kToday)) << text;
}

TEST(CellValues, ReadTimesAsPeopleWriteThem) {
  const auto minutes = [](const char* text) {
    const auto clock = read_clock(text, kToday);
    return clock ? static_cast<int>(clock->time / std::chrono::minutes{1}) : -1;
  };
  for (const char* text :
       {"14:00", "14：00", "14:00:00", "1400", "14.00", "14", "下午2:00", "下午2点", "02:00:00 PM",
        "2 p.m.", "14时", "14点00分", "2027-12-05 14:00"})
    EXPECT_EQ(minutes(text), 14 * 60) << text;
  EXPECT_EQ(minutes("11点半"), 11 * 60 + 30);
  EXPECT_EQ(minutes("上午9点"), 9 * 60);
  EXPECT_EQ(minutes("0.375"), 9 * 60);
  EXPECT_EQ(minutes("12:30 AM"), 30);
  EXPECT_EQ(minutes("中午12点"), 12 * 60);
  EXPECT_EQ(minutes("晚上7点半"), 19 * 60 + 30);
  EXPECT_EQ(minutes("24:00"), 24 * 60);
  for (const char* text : {"", "24:30", "25", "9:60", "noon", "晚上1点", "上午13:00", "9:0x", "-1"})
    EXPECT_EQ(minutes(text), -1) << text;
}

TEST(CellValues, ReadNumbersAsPeopleWriteThem) {
  const auto whole = [](const char* text) {
    const auto value = read_whole(text, {"人"}, "quantity");
    return value ? value.value() : -1;
  };
  for (const char* text : {"1200", "1,200", "１２００", "1200.0", "1200人", " 1200 "})
    EXPECT_EQ(whole(text), 1200) << text;
  for (const char* text :
       {"", "2.5", "1,20", "12,00", ",200", "1200个", "many", "1e3", "99999999999999999999"})
    EXPECT_EQ(whole(text), -1) << text;
  const auto fen = [](const char* text) {
    const auto value = read_hundredths(text, "quantity");
    return value ? value.value() : -1;
  };
  EXPECT_EQ(fen("500"), 50'000);
  EXPECT_EQ(fen("￥1,500.5"), 150'050);
  EXPECT_EQ(fen("0.29元"), 29);
  EXPECT_EQ(fen("1.005"), -1);
  EXPECT_EQ(fen("1.500"), 150);
}

TEST(Headings, AreFoundBelowATitleAndInEitherLanguage) {
  const Sheet& sheet = *find_sheet("needs");
  const auto found = [&](const std::string& text, HeadingChoice choice = {}) {
    const auto table = read_table(text, "");
    const auto headings = find_headings(table.value(), sheet, choice);
    const Status complete =
        headings ? check_headings(headings.value(), sheet) : Status(headings.error());
    if (!complete)
      return std::string(info(complete.error().code).code) + " " + complete.error().field;
    std::string columns = std::to_string(headings.value().row);
    for (const SheetColumn* c : headings.value().columns)
      columns += std::string(" ") + (c == nullptr ? "-" : c->en);
    return columns;
  };
  EXPECT_EQ(found("十二月需求,,\n\n标题 *（必填）,社区,类别,备注,日期,开始,结束,人数\n"),
            "3 title area category - date from to people");
  EXPECT_EQ(found("Title,AREA,category,kind,quantity,window\n"),
            "1 title area category kind quantity window");
  EXPECT_EQ(found("标题,社区,类别,日期,开始,结束\n"), "value.required headings.kind");
  EXPECT_EQ(found("标题,名称,社区,类别,时间段,人数\n"), "value.duplicate headings");
  EXPECT_EQ(found("x,y\n1,2\n"), "import.no_headings headingRow");
  EXPECT_EQ(
      found(
          "a,b,c,d,e\n",
          {.columns = {{0, "title"}, {1, "area"}, {2, "category"}, {3, "window"}, {4, "people"}}}),
      "0 title area category window people");
  EXPECT_EQ(found("标题,社区,类别,时间段,人数,名称\n", {.columns = {{5, ""}}}),
            "1 title area category window people -");
  EXPECT_EQ(found("标题,社区,类别,时间段,人数\n", {.row = 7}), "import.no_headings headingRow");
}

TEST(Headings, AMappingNamesColumnsByTheirLetters) {
  const Sheet& sheet = *find_sheet("needs");
  const auto read = parse_mapping("b:title, AA:area,C:-", sheet);
  ASSERT_TRUE(read);
  EXPECT_EQ(read.value(),
            (std::map<std::size_t, std::string>{{1, "title"}, {26, "area"}, {2, ""}}));
  for (const char* bad : {"1:title", "ZZ:title", "B:colour", "B"})
    EXPECT_FALSE(parse_mapping(bad, sheet)) << bad;
}

pb::Offer offer_of(const Cells& cells) {
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  const pb::Taxonomy words;
  SheetContext context{zone, words, {}};
  context.parties.add(7, "一队", "");
  pb::Offer offer;
  std::size_t row = 0;
  const std::vector<Cells> rows = {cells};
  const Status read = find_sheet("offers")->read(rows, context, offer, row);
  EXPECT_TRUE(read) << read.error().en();
  return offer;
}

TEST(Words, OfEarlierExportsAreStillRead) {
  Cells cells{{"party", "7"}, {"title", "一队"}, {"kind", "志愿者"}, {"quantity", "3"}};
  for (const char* state : {"停止提供", kFormerOfferStates.begin()->first, "withdrawn"}) {
    cells["state"] = state;
    const pb::Offer offer = offer_of(cells);
    EXPECT_EQ(offer.state(), pb::OFFER_STATE_WITHDRAWN) << state;
    EXPECT_EQ(offer.time().kind(), pb::TIME_KIND_PEOPLE);
  }
  const auto table =
      read_table(std::string("供给方,名称,种类,数量,") + kFormerSmallestLot + "\n", "");
  const auto headings = find_headings(table.value(), *find_sheet("offers"), {});
  ASSERT_TRUE(headings);
  EXPECT_STREQ(headings.value().columns.back()->en, "smallest_lot");
}

TEST(Template, HasTheColumnsOfAnExportAndIsReadBack) {
  const pb::Taxonomy words;
  for (const char* kind : {"areas", "parties", "offers", "needs"}) {
    const Sheet& sheet = *find_sheet(kind);
    std::vector<std::string> written;
    for (const SheetColumn& c : sheet.columns()) {
      if (c.is_written()) written.emplace_back(c.zh);
    }
    EXPECT_EQ(rows_of(csv_template(sheet, true)), Rows{written});
    const auto book = workbook_template(sheet, words, true);
    ASSERT_TRUE(book) << book.error().en();
    EXPECT_EQ(rows_of(book.value()), Rows{written});
    EXPECT_EQ(read_table(book.value(), "").value().sheets.size(), 1U) << "its lists are hidden";
  }
}

}  // namespace
}  // namespace qiao
