#include <gtest/gtest.h>

#include "tools/text/csv.h"
#include "tools/text/encoding.h"
#include "tools/text/notation.h"

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
  EXPECT_EQ(all("a,b\r\n\"x,\"\"y\"\"\nz\",\n\n,2"), (std::vector<std::vector<std::string>>{{"a", "b"}, {"x,\"y\"\nz", ""}, {"", "2"}}));
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

TEST(Encoding, TakesUtf8WithAndWithoutMarkAndGb18030) {
  EXPECT_EQ(to_utf8("宁国"), "宁国");
  EXPECT_EQ(to_utf8("\xEF\xBB\xBF宁国"), "宁国");
  EXPECT_EQ(to_utf8("\xC4\xFE\xB9\xFA"), "宁国");
  EXPECT_EQ(to_utf8(to_gb18030("霞西镇㐀𠀀 café €")), "霞西镇㐀𠀀 café €");
  EXPECT_FALSE(to_utf8("\xFF\xFF"));
}

TEST(Encoding, KnowsWhatIsNotUtf8) {
  for (const char* bad : {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF8", "\xE4\xB8"}) EXPECT_FALSE(is_utf8(bad)) << bad;
  for (const char* good : {"", "a", "é", "宁", "𠀀"}) EXPECT_TRUE(is_utf8(good));
}

TEST(Notation, WindowsOnTheCitysClock) {
  const TimeZone zone = TimeZone::load("Asia/Shanghai").value();
  for (const char* text : {"2026-11-28 09:00/12:00", "2026/11/28 9:00/12:00", "2026-11-28T09:00/2026-11-28T12:00", "2026-11-28 09：00/12：00"}) {
    const auto w = parse_window(text, zone, "window");
    ASSERT_TRUE(w) << text;
    EXPECT_EQ(w.value().start(), 1'795'827'600) << text;
    EXPECT_EQ(format_window(w.value(), zone), "2026-11-28 09:00/12:00");
  }
  EXPECT_EQ(format_window(parse_window("2026-11-28 22:00/2026-11-29 06:00", zone, "w").value(), zone), "2026-11-28 22:00/2026-11-29 06:00");
  for (const char* bad : {"", "tomorrow", "2026-02-30 09:00/12:00", "2026-11-28 09:00", "2026-11-28 25:00/26:00", "2026-11-28 09:61/12:00"}) {
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
  EXPECT_EQ(round("周一至周五 08:00-12:00；周六、周日 09:00-17:00"), "1-5 08:00-12:00; 6-7 09:00-17:00");
  EXPECT_EQ(round("mon,wed 00:00-24:00"), "1,3 00:00-24:00");
  EXPECT_EQ(round(""), "");
  for (const char* bad : {"8 08:00-12:00", "5-1 08:00-12:00", "1 12:00-08:00", "1 08:00", "every day"}) EXPECT_EQ(round(bad), "refused") << bad;
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
