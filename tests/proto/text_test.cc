#include <gtest/gtest.h>

#include "proto/text/csv.h"
#include "proto/text/encoding.h"
#include "proto/text/notation.h"

namespace qiao {
namespace {

std::vector<std::vector<std::string>> all(std::string_view text) {
  CsvReader reader(text);
  std::vector<std::vector<std::string>> rows;
  while (auto r = reader.next()) {
    if (!*r) return {{"refused", r->error().en()}};
    rows.push_back(r->value().fields);
  }
  return rows;
}

TEST(Csv, ReadsQuotesLineBreaksAndEmptyCells) {
  EXPECT_EQ(all("a,b\r\n\"x,\"\"y\"\"\nz\",\n\n,2"),
            (std::vector<std::vector<std::string>>{{"a", "b"}, {"x,\"y\"\nz", ""}, {"", "2"}}));
  EXPECT_TRUE(all("").empty());
}

TEST(Csv, KnowsTheLineOfEachRecord) {
  CsvReader reader("h\n\"a\nb\"\nlast");
  reader.next();
  reader.next();
  EXPECT_EQ(reader.next()->value().line, 4U);
}

TEST(Csv, RefusesWhatCannotBeRead) {
  EXPECT_EQ(all("a\n\"x").front().front(), "refused");
  EXPECT_EQ(all("\"x\"y").front().front(), "refused");
}

TEST(Csv, WhatIsWrittenIsReadBack) {
  const std::vector<std::string> fields = {"", "a", "a,b", "\"", "line\nbreak", "中文"};
  EXPECT_EQ(all(csv_line(fields)).front(), fields);
}

TEST(Csv, NoCellIsAFormulaAndEveryTextIsReadBack) {
  const std::vector<std::string> pieces = {
      "",    "=1+1", "+86", "-1", "-a", "@SUM(A1)", "＝1",
      "＋1", "－1",  "＠1", "'",  " ",  "\t",       "\r",
      "\n",  "a",    ",",   "\"", ";",  "宁",       std::string(1, '\0')};
  std::vector<std::string> texts;
  for (const auto& a : pieces) {
    for (const auto& b : pieces) {
      for (const auto& c : pieces) {
        for (const auto& d : {"", "'"}) texts.push_back(a + b + c + d);
      }
    }
  }
  for (const std::string& text : texts) {
    const std::string cell = protect_cell(text);
    EXPECT_EQ(unprotect_cell(cell), text);
    for (const char* start : {"=", "+", "@", "\t", "\r", "\n", " ", "＝", "＋", "－", "＠"})
      EXPECT_FALSE(cell.starts_with(start)) << cell;
    EXPECT_TRUE(!cell.starts_with("-") ||
                cell.find_first_not_of("-0123456789.") == std::string::npos)
        << cell;
    EXPECT_EQ(all(csv_line({"first", cell})).front(), (std::vector<std::string>{"first", cell}));
  }
}

TEST(Csv, CellsThatNeedNoGuardHaveNone) {
  for (const char* text : {"", "a", "党派我来", "-73.9911214", "'90s", "it's", "a = b", "o'"}) {
    EXPECT_EQ(protect_cell(text), text);
    EXPECT_EQ(unprotect_cell(text), text);
  }
  EXPECT_EQ(unprotect_cell("  written by hand \r\n"), "written by hand");
}

TEST(Encoding, TakesUtf8WithAndWithoutMarkAndGb18030) {
  EXPECT_EQ(to_utf8("宁国"), "宁国");
  EXPECT_EQ(to_utf8("\xEF\xBB\xBF宁国"), "宁国");
  EXPECT_EQ(to_utf8("\xC4\xFE\xB9\xFA"), "宁国");
  EXPECT_EQ(to_utf8(to_gb18030("霞西镇㐀𠀀 café €")), "霞西镇㐀𠀀 café €");
  EXPECT_FALSE(to_utf8("\xFF\xFF"));
}

TEST(Encoding, KnowsWhatIsNotUtf8) {
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\xE4\xB8"})
    EXPECT_FALSE(is_utf8(bad)) << bad;
  for (const char* good : {"", "a", "é", "宁", "𠀀"}) EXPECT_TRUE(is_utf8(good));
}

TEST(Notation, WindowsOnTheCitysClock) {
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  for (const char* text : {"2026-11-28 09:00/12:00", "2026/11/28 9:00/12:00",
                           "2026-11-28T09:00/2026-11-28T12:00", "2026-11-28 09：00/12：00"}) {
    const auto w = parse_window(text, zone, "window");
    ASSERT_TRUE(w) << text;
    EXPECT_EQ(w.value().start(), 1'795'827'600) << text;
    EXPECT_EQ(format_window(w.value(), zone), "2026-11-28 09:00/12:00");
  }
  EXPECT_EQ(
      format_window(parse_window("2026-11-28 22:00/2026-11-29 06:00", zone, "w").value(), zone),
      "2026-11-28 22:00/2026-11-29 06:00");
  for (const char* bad : {"", "tomorrow", "2026-02-30 09:00/12:00", "2026-11-28 09:00",
                          "2026-11-28 25:00/26:00", "2026-11-28 09:61/12:00"}) {
    const auto w = parse_window(bad, zone, "window");
    ASSERT_FALSE(w) << bad;
    EXPECT_EQ(w.error().field, "window");
  }
}

TEST(Notation, WeeksInDigitsEnglishAndChinese) {
  const auto round = [](const char* text) {
    google::protobuf::RepeatedPtrField<pb::WeeklySlot> slots;
    const auto week = parse_week(text, "week");
    if (!week) return std::string("refused");
    for (const auto& s : week.value()) *slots.Add() = s;
    return format_week(slots);
  };
  EXPECT_EQ(round("1-5 08:00-12:00; 6,7 09:00-17:00"), "1-5 08:00-12:00; 6-7 09:00-17:00");
  EXPECT_EQ(round("周一至周五 08:00-12:00；周六、周日 09:00-17:00"),
            "1-5 08:00-12:00; 6-7 09:00-17:00");
  EXPECT_EQ(round("mon,wed 00:00-24:00"), "1,3 00:00-24:00");
  EXPECT_EQ(round(""), "");
  for (const char* bad :
       {"8 08:00-12:00", "5-1 08:00-12:00", "1 12:00-08:00", "1 08:00", "every day"})
    EXPECT_EQ(round(bad), "refused") << bad;
}

TEST(Notation, EveryMomentIsReadBackToTheSecond) {
  for (const char* name : {"Asia/Shanghai", "America/New_York", "UTC"}) {
    const TimeZone zone = TimeZone::load(name).value();
    // Shanghai's and New York's clocks were set back at the second and third.
    for (const std::int64_t around : {1'795'827'600LL, 621'968'400LL, 1'793'512'800LL,
                                      253'402'300'800LL, 1'099'511'627'776LL, 100'000LL}) {
      for (std::int64_t t = around - 9'000; t <= around + 9'000; t += 599) {
        const std::string text = exact_moment(to_time(t), zone);
        EXPECT_EQ(to_int(parse_moment(text, zone, "t").value()), t) << name << " " << text;
        pb::Window w;
        w.set_start(t);
        for (const std::int64_t length : {1, 3600, 86'400, 90'061}) {
          w.set_end(t + length);
          const auto read = parse_window(format_window(w, zone), zone, "w");
          ASSERT_TRUE(read) << format_window(w, zone);
          EXPECT_EQ(read.value().start(), w.start());
          EXPECT_EQ(read.value().end(), w.end());
        }
      }
    }
  }
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  EXPECT_EQ(exact_moment(Time{}, zone), "");
  EXPECT_EQ(exact_moment(parse_moment("2026-11-28 09:00", zone, "t").value(), zone),
            "2026-11-28 09:00");
  EXPECT_EQ(exact_moment(parse_moment("2026-11-28 09:00:07", zone, "t").value(), zone),
            "2026-11-28 09:00:07");
  EXPECT_EQ(format_moment(parse_moment("2026-11-28 09:00:07", zone, "t").value(), zone),
            "2026-11-28 09:00");
  for (const char* bad :
       {"2026-11-28 09:00:60", "2026-11-28 24:00:01", "12 s", "-5s", "s", "2026-11-28 09:00z"})
    EXPECT_FALSE(parse_moment(bad, zone, "t")) << bad;
}

TEST(Notation, DatedExceptionsAreReadBack) {
  const auto round = [](const char* text) {
    google::protobuf::RepeatedPtrField<pb::DatedException> days;
    const auto read = parse_exceptions(text, "exceptions");
    if (!read) return "refused: " + read.error().field;
    for (const auto& d : read.value()) *days.Add() = d;
    return format_exceptions(days);
  };
  EXPECT_EQ(round("2026-12-02 09:00-12:00; 2026-12-01 closed"),
            "2026-12-02 09:00-12:00; 2026-12-01 closed");
  EXPECT_EQ(round("2026/12/1 休；2026/12/2 09：00至24：00"),
            "2026-12-01 closed; 2026-12-02 09:00-24:00");
  EXPECT_EQ(round(""), "");
  for (const char* bad :
       {"2026-12-01", "2026-13-01 closed", "2026-12-01 12:00-09:00", "2026-12-01 open", "closed"})
    EXPECT_EQ(round(bad), "refused: exceptions") << bad;
}

TEST(Notation, NamesInAListAreReadBack) {
  using Names = std::vector<std::string>;
  for (const Names& names : {Names{}, Names{"甲"},
                             Names{"甲", "a;b", "c,d", "\"", "\"x\";\"", " outer ", "至善、同心",
                                   "1：2", "a\"b", "\n"}}) {
    EXPECT_EQ(split_names(join_names(names)), names) << join_names(names);
  }
  EXPECT_EQ(split_names("甲、乙；至善, 丁;;"), (Names{"甲", "乙", "至善", "丁"}));
  EXPECT_EQ(split_names("\"open"), (Names{"open"}));
  EXPECT_EQ(split_names("\"a\"b;c"), (Names{"a", "c"}));
}

TEST(Notation, DegreesKeepSevenDigits) {
  for (const std::int32_t e7 : {0, 1, -1, 306'265'290, -739'911'214, 900'000'000}) {
    EXPECT_EQ(parse_degrees(format_degrees(e7), "latitude").value(), e7);
  }
  EXPECT_FALSE(parse_degrees("nan", "latitude"));
  EXPECT_FALSE(parse_degrees("1e9", "latitude"));
  EXPECT_FALSE(parse_degrees("12x", "latitude"));
}

}  // namespace
}  // namespace qiao
