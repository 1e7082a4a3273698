// Imports: the outcome of each row, whose rights they have, and that nothing is made twice.
#include <gtest/gtest.h>

#include <sstream>

#include "qiao/v1/import.pb.h"
#include "tests/support/files.h"
#include "tests/support/host.h"
#include "tests/support/towns.h"

namespace qiao {
namespace {

std::string file_of(const std::string& path) {
  const std::string bytes = read_file(std::string(QIAO_SOURCE) + "/" + path);
  EXPECT_FALSE(bytes.empty()) << path;
  return bytes;
}

// What goes on may be over by the time that it is waited for.
constexpr std::chrono::milliseconds kMoment{5};

struct ImportHost : Host {
  using Host::Host;

  pb::Import import_of(std::uint64_t id, const std::string& query = "pageSize=500",
                       const std::string& as = "") {
    pb::Import m;
    const Response r =
        send("GET", "/v1/imports/" + std::to_string(id) + "?" + query, "", {.token = as});
    EXPECT_EQ(r.status, 200U) << r.body;
    EXPECT_TRUE(from_json(r.body, m)) << r.body;
    return m;
  }
  std::uint64_t begin(const std::string& query, const std::string& bytes, const Headers& h = {}) {
    const Response r = send("POST", "/v1/imports?" + query, bytes, h);
    EXPECT_EQ(r.status, 201U) << r.body;
    return id_of(r);
  }
  pb::Import end_of(std::uint64_t id, const std::string& as = "") {
    while (import_of(id, "pageSize=1", as).ended_at() == 0) context.run_one_for(kMoment);
    return import_of(id, "pageSize=500", as);
  }
  pb::Import import(const std::string& query, const std::string& bytes, const Headers& h = {}) {
    return end_of(begin(query, bytes, h), h.token);
  }
  // Ningguo's areas, by an import.
  void areas() {
    std::istringstream lines(file_of("data/ningguo/areas.csv"));
    std::string file;
    for (std::string line; std::getline(lines, line, '\r'); lines.ignore())
      file += line + (file.empty() ? ",latitude,longitude\n" : ",30.6,118.9\n");
    const pb::Import made = import("kind=areas", file);
    EXPECT_EQ(made.state(), pb::IMPORT_STATE_DONE) << made.en();
    EXPECT_EQ(made.created(), 137U) << made.DebugString();
  }
  std::size_t needs() { return runtime->state().needs().size(); }
};

std::string rows_of(const pb::Import& import) {
  std::string text;
  for (const pb::ImportRow& row : import.results()) {
    std::string outcome = pb::ImportOutcome_Name(row.outcome()).substr(15);
    text += std::to_string(row.row()) + " " + outcome;
    if (!row.code().empty()) text += " " + row.column() + " " + row.code();
    text += "\n";
  }
  return text;
}

// Imports a file with that token, until it has ended.
pb::Import import_as(Towns& t, const std::string& token, const std::string& kind,
                     const std::string& file) {
  const RequestHeaders as{.token = token};
  const Response r = t.send("POST", "/v1/imports?kind=" + kind, file, as);
  EXPECT_EQ(r.status, 201U) << r.body;
  const std::string target = "/v1/imports/" + std::to_string(t.id_of(r));
  pb::Import m;
  do {
    t.context.run_one_for(kMoment);
    m.Clear();
    EXPECT_TRUE(from_json(t.send("GET", target, "", as).body, m));
  } while (m.ended_at() == 0);
  return m;
}

const std::string kHeadings = "社区,标题,类别,日期,开始,结束,人数\n";
std::string needs_file(int count, const std::string& name = "理发") {
  std::string text = kHeadings;
  for (int i = 0; i < count; ++i)
    text += "凤凰社区居委会," + name + std::to_string(i) + ",elder_care,2026-12-05,9:00,11:00,3\n";
  return text;
}

// "14:00" and "02:00+1" as the test file has them.
std::string hours(const LocalTime day, const LocalTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time - day);
  const LocalMoment m = take_apart(time);
  char text[16];
  std::snprintf(text, sizeof text, "%02u:%02u", m.minute / 60, m.minute % 60);
  return text + (days.count() == 0 ? std::string() : "+" + std::to_string(days.count()));
}

TEST(Imports, EveryCaseIsReadAsItIsMeantInEveryEncoding) {
  ImportHost h;
  h.areas();
  const auto expected = boost::json::parse(file_of("tests/data/sheets/needs.expected.json"));
  for (const char* file : {"utf8.csv", "bom.csv", "gb18030.csv", "semicolon.csv", "utf16.txt"}) {
    const pb::Import made =
        h.import("kind=needs&skipBad=1", file_of(std::string("tests/data/sheets/needs.") + file),
                 {.key = file});
    ASSERT_EQ(made.state(), pb::IMPORT_STATE_DONE) << file << made.en();
    ASSERT_EQ(made.results_size(), 12) << file;
    for (int i = 0; i < made.results_size(); ++i) {
      const pb::ImportRow& row = made.results(i);
      const auto& wanted = expected.as_array()[static_cast<std::size_t>(i)];
      EXPECT_EQ(row.name(), wanted.at("名称").as_string()) << file;
      EXPECT_EQ(row.row(), static_cast<unsigned>(i + 2)) << file;
      if (wanted.at("start").is_null()) {
        EXPECT_EQ(row.outcome(), pb::IMPORT_OUTCOME_REFUSED) << file << row.DebugString();
        EXPECT_FALSE(row.column().empty() || row.zh().empty() || row.en().empty()) << row.name();
        continue;
      }
      ASSERT_EQ(row.outcome(), pb::IMPORT_OUTCOME_CREATED) << file << row.DebugString();
      const auto need = h.get<pb::Need>("/v1/needs/" + std::to_string(row.id()));
      const TimeZone& zone = h.runtime->state().zone();
      const LocalTime start = zone.to_local(to_time(need.lines(0).window().start()));
      const LocalTime end = zone.to_local(to_time(need.lines(0).window().end()));
      const LocalTime day = std::chrono::floor<std::chrono::days>(start);
      EXPECT_EQ(hours(day, start), wanted.at("start").as_string()) << row.name();
      EXPECT_EQ(hours(day, end), wanted.at("end").as_string()) << row.name();
      EXPECT_EQ(need.lines(0).quantity(), 3);
      EXPECT_EQ(need.area_code(), 341881001006U);
    }
  }
}

TEST(Imports, EachBadRowIsNamedAndNothingIsSaved) {
  ImportHost h;
  h.areas();
  const std::string file = kHeadings +
                           "凤凰社区居委会,好,elder_care,2026-12-05,9:00,11:00,3\n"
                           "无此社区,一,elder_care,2026-12-05,9:00,11:00,3\n"
                           "杨山村委会,二,elder_care,2026-12-05,9:00,11:00,3\n"
                           "凤凰社区居委会,三,无此类别,2026-12-05,9:00,11:00,3\n"
                           "凤凰社区居委会,四,elder_care,下周,9:00,11:00,3\n"
                           "凤凰社区居委会,五,elder_care,2026-12-05,25:00,11:00,3\n"
                           "凤凰社区居委会,六,elder_care,2026-12-05,9:00,,3\n"
                           "凤凰社区居委会,七,elder_care,2026-12-05,9:00,11:00,2.5\n"
                           "\n"
                           "凤凰社区居委会,八,elder_care,2026-12-05,9:00,11:00,0\n"
                           "合计,,,,,,36\n";
  const std::string expected =
      "2 READY\n"
      "3 REFUSED area not_found\n"
      "4 REFUSED area value.ambiguous\n"
      "5 REFUSED category value.unknown_code\n"
      "6 REFUSED date value.wrong_type\n"
      "7 REFUSED from value.wrong_type\n"
      "8 REFUSED to value.required\n"
      "9 REFUSED people value.wrong_type\n"
      "11 REFUSED people value.out_of_range\n";
  const pb::Import checked = h.import("kind=needs&check=1", file);
  EXPECT_EQ(checked.state(), pb::IMPORT_STATE_DONE);
  EXPECT_EQ(rows_of(checked), expected);
  const pb::Import refused = h.import("kind=needs", file);
  EXPECT_EQ(refused.state(), pb::IMPORT_STATE_REFUSED);
  EXPECT_EQ(rows_of(refused), expected);
  EXPECT_EQ(h.needs(), 0U);
  const pb::Import skipped = h.import("kind=needs&skipBad=1", file);
  EXPECT_EQ(skipped.state(), pb::IMPORT_STATE_DONE);
  EXPECT_EQ(skipped.created(), 1U);
  EXPECT_EQ(skipped.refused(), 8U);
  EXPECT_EQ(h.needs(), 1U);
  EXPECT_EQ(h.import_of(skipped.id(), "outcome=created").results_size(), 1);
  EXPECT_EQ(h.import_of(skipped.id(), "outcome=refused&pageSize=3").results_size(), 3);
}

TEST(Imports, ADateThatCannotBeReadSaysWhatADateLooksLike) {
  ImportHost h;
  h.areas();
  const std::string file = kHeadings +
                           "凤凰社区居委会,一,elder_care,下周,9:00,11:00,3\n"
                           "凤凰社区居委会,二,elder_care,2026-12-05,上课后,11:00,3\n";
  const pb::Import checked = h.import("kind=needs&check=1", file);
  ASSERT_EQ(checked.results_size(), 2);
  EXPECT_EQ(checked.results(0).en(), "wrong type: must be a date, for example 2026-12-05");
  EXPECT_EQ(checked.results(0).zh(), "类型不对，应为日期，如 2026-12-05");
  EXPECT_EQ(checked.results(1).en(), "wrong type: must be a time of day, for example 09:00");
}

TEST(Imports, ACheckSaysWhichRowsHaveTheSameKey) {
  ImportHost h;
  h.areas();
  const std::string area = "999,东村,town,30.6,118.9\n";
  const pb::Import areas =
      h.import("kind=areas&check=1", "编码,名称,层级,纬度,经度\n" + area + area);
  EXPECT_EQ(rows_of(areas), "2 READY\n3 REFUSED code value.duplicate\n");
  EXPECT_EQ(areas.results(1).zh(), "“999（第2行）”重复");
  const std::string line = ",凤凰社区居委会,理发,elder_care,people,3,2026-12-05 09:00/11:00\n";
  const pb::Import needs =
      h.import("kind=needs&check=1", "需求序号,区域,名称,类别,种类,数量,时间段\n1" + line + "1" +
                                         line + "2" + line + "1" + line);
  EXPECT_EQ(rows_of(needs), "2 READY\n4 READY\n5 REFUSED key value.duplicate\n");
}

TEST(Imports, ACheckTellsChangesFromNewThings) {
  ImportHost h;
  h.areas();
  const std::string file =
      "编码,名称,层级,上级编码,纬度,经度,人口\n"
      "341881001006,凤凰社区居委会,村社区,341881001000,30.6,118.9,12\n"
      "999,新镇,乡镇街道,,30.6,118.9,\n";
  const pb::Import checked = h.import("kind=areas&check=1", file);
  EXPECT_EQ(checked.ready(), 2U) << rows_of(checked);
  EXPECT_EQ(checked.ready_changes(), 1U);
  const pb::Import saved = h.import("kind=areas", file);
  EXPECT_EQ(saved.ready_changes(), 0U);
  EXPECT_EQ(saved.changed(), 1U);
  EXPECT_EQ(saved.created(), 1U);
}

TEST(Imports, AFileThatIsRefusedStillShowsItsRowsAndColumns) {
  ImportHost h;
  h.areas();
  const std::string text = "十二月,\n事项,村\n理发," + std::string(400, 'x') + "\n";
  const pb::Import none = h.import("kind=needs&check=1", text);
  EXPECT_EQ(none.code(), "import.no_headings");
  EXPECT_EQ(none.heading_row(), 0U);
  ASSERT_EQ(none.columns_size(), 2);
  EXPECT_EQ(none.columns(1).letter(), "B");
  ASSERT_EQ(none.preview_size(), 3);
  EXPECT_EQ(none.preview(2).row(), 3U);
  EXPECT_EQ(none.preview(2).cells(1), std::string(120, 'x'));
  EXPECT_EQ(none.missing_size(), 6);
  const pb::Import some = h.import("kind=needs&check=1&headingRow=2&mapping=A:title,B:area", text);
  EXPECT_EQ(some.code() + " " + some.field(), "value.required headings.category");
  EXPECT_EQ(some.columns(1).heading() + " " + some.columns(1).column(), "村 area");
  EXPECT_EQ(some.missing_size(), 4);
  ASSERT_EQ(some.fields_size(), 31);
  EXPECT_EQ(some.fields(3).column() + " " + some.fields(3).zh(), "title 名称");
  EXPECT_TRUE(some.fields(3).required());
}

TEST(Imports, MoneyIsTypedInYuan) {
  ImportHost h;
  h.areas();
  std::string money;
  for (const auto& r : h.runtime->state().taxonomy().resources()) {
    if (r.unit() == "fen") money = r.term().code();
  }
  ASSERT_FALSE(money.empty());
  const std::string file = "社区,标题,类别,种类,数量,时间段\n341881001006,学费,student_aid," +
                           money + ",500.50,2026-12-05 09:00/12:00\n";
  const pb::Import made = h.import("kind=needs", file);
  ASSERT_EQ(made.created(), 1U) << made.DebugString();
  const auto need = h.get<pb::Need>("/v1/needs/" + std::to_string(made.results(0).id()));
  EXPECT_EQ(need.lines(0).quantity(), 50'050);
}

TEST(Imports, TheSameRowsMakeNothingTwice) {
  ImportHost h;
  h.areas();
  const std::string file = needs_file(20);
  EXPECT_EQ(h.import("kind=needs", file).created(), 20U);
  const pb::Import again = h.import("kind=needs", file);
  EXPECT_EQ(again.created(), 0U);
  EXPECT_EQ(again.repeated(), 20U);
  EXPECT_NE(again.results(0).id(), 0U);
  // Edited, and with rows in front: only what is new is made. The same row twice is meant twice.
  const std::string more = kHeadings + "凤凰社区居委会,新,elder_care,2026-12-05,9:00,11:00,3\n" +
                           file.substr(kHeadings.size()) +
                           "凤凰社区居委会,理发0,elder_care,2026-12-05,9:00,11:00,3\n";
  const pb::Import edited = h.import("kind=needs", more);
  EXPECT_EQ(edited.created(), 2U);
  EXPECT_EQ(edited.repeated(), 20U);
  EXPECT_EQ(h.needs(), 22U);
  // A key of one's own is another import.
  EXPECT_EQ(h.import("kind=needs", file, {.key = "december"}).created(), 20U);
  EXPECT_EQ(h.import("kind=needs", file, {.key = "december"}).created(), 0U);
  EXPECT_EQ(h.needs(), 42U);
}

TEST(Imports, AServerThatStopsInTheMiddleMakesNothingTwice) {
  ImportHost h;
  h.areas();
  const std::string file = needs_file(300);
  h.begin("kind=needs", file);
  while (h.needs() < 120) h.context.run_one();
  h.restart();
  const std::size_t saved = h.needs();
  EXPECT_GE(saved, 120U);
  EXPECT_LT(saved, 300U);
  EXPECT_EQ(h.code_of(h.send("GET", "/v1/imports/2")), "404 not_found id");
  const pb::Import again = h.import("kind=needs", file);
  EXPECT_EQ(again.repeated(), saved);
  EXPECT_EQ(again.created(), 300U - saved);
  EXPECT_EQ(h.needs(), 300U);
}

TEST(Imports, OneOfAnAccountGoesOnAtOnceAndOnlyItsSenderSeesIt) {
  ImportHost h;
  h.areas();
  const std::string other = h.token_of(h.account(pb::ROLE_LEAD, "other"));
  const std::uint64_t id = h.begin("kind=needs&check=1", needs_file(50));
  EXPECT_EQ(h.code_of(h.send("POST", "/v1/imports?kind=needs&check=1", needs_file(1))),
            "409 import.running");
  const std::uint64_t of_other = h.begin("kind=needs&check=1", needs_file(1), {.token = other});
  const std::string target = "/v1/imports/" + std::to_string(id);
  EXPECT_EQ(h.code_of(h.send("GET", target, "", {.token = other})), "404 not_found id");
  h.end_of(id);
  h.end_of(of_other, other);
  EXPECT_EQ(h.get<pb::ListImportsResponse>("/v1/imports").imports_size(), 2);  // with the areas
  for (int i = 0; i < 8; ++i) h.import("kind=needs&check=1", needs_file(1));
  EXPECT_LE(h.get<pb::ListImportsResponse>("/v1/imports").imports_size(), 5);
}

TEST(Imports, ItEndsWhenItsSendersAccessEnds) {
  ImportHost h;
  h.areas();
  pb::TokenRequest request;
  request.set_name("short");
  request.set_lifetime(60);
  const std::uint64_t account = h.account(pb::ROLE_LEAD, "other");
  const auto grant =
      h.gate->make_grant(by(pb::ROLE_MARKET).actor(), account, pb::GRANT_KIND_TOKEN, request);
  ASSERT_TRUE(grant);
  const std::string token = grant.value().secret;
  const std::uint64_t id = h.begin("kind=needs", needs_file(300), {.token = token});
  while (h.needs() < 60) h.context.run_one();
  h.now += std::chrono::minutes{2};
  const pb::Import ended = h.end_of(id, h.token_of(account));
  EXPECT_EQ(ended.state(), pb::IMPORT_STATE_STOPPED);
  EXPECT_EQ(ended.code(), "import.stopped");
  EXPECT_LT(h.needs(), 300U);
  EXPECT_EQ(ended.created(), h.needs());
}

TEST(Imports, ItIsChargedToItsSendersLimits) {
  ImportHost h(GateOptions{
      .writes_per_second = 100'000, .writes_burst = 120, .time_share = 0, .log_ins_per_minute = 0});
  auto clock = std::chrono::steady_clock::time_point{};
  std::chrono::hours step{1};  // of the clock, each time that somebody looks at it
  h.stop();
  h.gate_options.clock = [&] { return clock += step; };
  h.start();
  h.areas();
  step = std::chrono::hours{0};
  const std::uint64_t id = h.begin("kind=needs", needs_file(300));
  while (h.needs() < 100) h.context.run_one_for(kMoment);
  for (int i = 0; i < 100; ++i) h.context.poll_one();
  EXPECT_GE(h.needs(), 100U);
  EXPECT_LE(h.needs(), 150U);  // the burst; the rest waits
  step = std::chrono::hours{1};
  EXPECT_EQ(h.end_of(id).created(), 300U);
}

// One that waits for its sender's rate is no reason for others to wait.
TEST(Imports, ThoseThatWaitForTheirSendersRateLeaveOthersTheirPlaces) {
  ImportHost h(GateOptions{
      .writes_per_second = 1, .writes_burst = 200, .time_share = 0, .log_ins_per_minute = 0});
  const auto now = std::chrono::steady_clock::time_point{};
  h.stop();
  h.gate_options.clock = [&] { return now; };
  h.start();
  h.areas();
  const std::uint64_t organiser =
      h.id_of(h.send("POST", "/v1/parties",
                     R"({"kind":"PARTY_KIND_ORGANISER","name":"办","areaCode":"341881000000"})"));
  std::vector<std::string> tokens;
  for (const char* name : {"one", "two", "three"})
    tokens.push_back(h.token_of(h.account(pb::ROLE_ORGANISER, name, organiser)));
  std::vector<std::uint64_t> slow;
  for (int i : {0, 1})
    slow.push_back(h.begin("kind=needs", needs_file(900, "慢" + std::to_string(i)),
                           {.token = tokens[static_cast<std::size_t>(i)]}));
  const auto state_of = [&](std::size_t i) {
    return h.import_of(slow[i], "pageSize=1", tokens[i]).state();
  };
  while (state_of(0) != pb::IMPORT_STATE_SAVING || state_of(1) != pb::IMPORT_STATE_SAVING)
    h.context.run_one_for(kMoment);
  EXPECT_EQ(h.import("kind=needs", needs_file(3, "快"), {.token = tokens[2]}).created(), 3U);
  EXPECT_EQ(state_of(0), pb::IMPORT_STATE_SAVING);
}

// What a file calls suspended does not become active because something else of the row is refused.
TEST(Imports, ASuspendedPartyIsNotMadeActive) {
  Towns t;
  const auto import = [&](const std::string& token, const std::string& file) {
    return import_as(t, token, "parties", file);
  };
  const State& state = t.runtime->state();
  const std::size_t before = state.parties().size();
  const std::string narrow = t.token_of(t.account(pb::ROLE_ORGANISER, "clerk", t.own.organiser),
                                        {"createImport", "getImport", "registerParty"});
  const std::string one =
      Towns::on(t.own, "kind,name,area,standing\nvolunteer_team,停用队,{area},suspended\n");
  EXPECT_EQ(rows_of(import(narrow, one)), "2 REFUSED standing auth.scope\n");
  EXPECT_EQ(state.parties().size(), before);
  // An organiser belongs to nobody: its parent is refused, when it is there already.
  const std::string two = Towns::on(t.own,
                                    "id,kind,name,area,parent,standing\n"
                                    ",volunteer_team,上级队,{area},,\n"
                                    ",organiser,下级办,{area},上级队,suspended\n");
  const pb::Import made = import(t.tokens.at("organiser"), two);
  ASSERT_EQ(made.results_size(), 2);
  EXPECT_EQ(made.results(1).outcome(), pb::IMPORT_OUTCOME_REFUSED);
  ASSERT_NE(made.results(1).id(), 0U);
  const Slot lower = state.parties().find(PartyId{made.results(1).id()});
  EXPECT_EQ(state.parties()[lower].standing, pb::STANDING_SUSPENDED);
}

// What cannot become a branch is refused when it is checked; it is not created without its parent.
TEST(Imports, AParentInTheFileIsCheckedAsWell) {
  Towns t;
  const auto import = [&](const std::string& token, const std::string& parent) {
    const std::string file = Towns::on(t.own, "kind,name,area,parent\nvolunteer_team,上队,{area}," +
                                                  parent + "\nvolunteer_team,下队,{area},上队\n");
    return rows_of(import_as(t, token, "parties", file));
  };
  const std::size_t before = t.runtime->state().parties().size();
  EXPECT_EQ(import(t.tokens["supplier"], ""), "2 READY\n3 REFUSED parent role.not_yours\n");
  const auto registering = t.account(pb::ROLE_LEAD, "registering");
  const std::string scoped =
      t.token_of(registering, {"createImport", "getImport", "registerParty"});
  EXPECT_EQ(import(scoped, ""), "2 READY\n3 REFUSED parent auth.scope\n");
  EXPECT_EQ(t.runtime->state().parties().size(), before);
  EXPECT_EQ(import(t.token, ""), "2 CREATED\n3 CREATED\n");
}

TEST(Imports, WhatIsNoImportIsRefusedAtOnce) {
  ImportHost h;
  const auto code = [&](const std::string& query, const std::string& body, const char* type = "") {
    return h.code_of(h.send("POST", "/v1/imports?" + query, body, {.type = type}));
  };
  EXPECT_EQ(code("check=0", "x"), "400 value.required kind");
  EXPECT_EQ(code("kind=persons", "x"), "400 value.out_of_range kind");
  EXPECT_EQ(code("kind=needs", ""), "400 value.required file");
  EXPECT_EQ(code("kind=needs&check=2", "x"), "400 value.out_of_range check");
  EXPECT_EQ(code("kind=needs&mapping=B", "x"), "400 value.unknown_field mapping");
  EXPECT_EQ(code("kind=needs&colour=red", "x"), "400 value.unknown_field colour");
  EXPECT_EQ(code("kind=needs", "{}", "application/json"), "415 http.content_type Content-Type");
  const auto refused = [&](const std::string& body) {
    const pb::Import made = h.import("kind=needs", body);
    EXPECT_EQ(made.state(), pb::IMPORT_STATE_REFUSED);
    EXPECT_FALSE(made.zh().empty());
    return made.code() + " " + made.field();
  };
  EXPECT_EQ(refused("PK\x03\x04"), "import.unreadable file");
  EXPECT_EQ(refused("hello\n"), "import.no_headings headingRow");
  EXPECT_EQ(refused(kHeadings), "import.unreadable file");
}

TEST(Imports, RowsHaveTheRightsOfTheirSender) {
  Towns t;
  const auto import = [&](const char* role, const std::string& kind, const std::string& file) {
    return rows_of(import_as(t, t.tokens.at(role), kind, file));
  };
  const auto need = [&](const Towns::Side& side, const std::string& resident) {
    return Towns::on(side,
                     "area,title,category,kind,quantity,window,resident_ref\n{area},理发,"
                     "elder_care,people,1,2026-12-05 09:00/11:00," +
                         resident + "\n");
  };
  const State& state = t.runtime->state();
  const std::size_t before = state.needs().size();
  EXPECT_EQ(import("organiser", "needs", need(t.foreign, "")), "2 REFUSED  role.not_yours\n");
  EXPECT_EQ(import("supplier", "needs", need(t.own, "")), "2 REFUSED  role.forbidden\n");
  EXPECT_EQ(state.needs().size(), before);
  // Whomever a resident names, it asks for itself, and somebody checks that.
  EXPECT_EQ(import("resident", "needs", need(t.own, "999")), "2 CREATED\n");
  const pb::Need asked = state.load_need(state.needs().size() - 1);
  EXPECT_EQ(asked.resident_ref(), 7U);
  EXPECT_EQ(asked.state(), pb::NEED_STATE_SUBMITTED);
  EXPECT_EQ(import("organiser", "needs", need(t.own, "")), "2 CREATED\n");
  const std::string team = "party,title,kind,quantity\n";
  EXPECT_EQ(import("supplier", "offers", team + Towns::on(t.own, "{team},人,people,5\n")),
            "2 CREATED\n");
  EXPECT_EQ(import("supplier", "offers", team + Towns::on(t.foreign, "{team},人,people,5\n")),
            "2 REFUSED  role.not_yours\n");
}

// Whoever may create accounts cannot take the places of all others.
TEST(Imports, ATeamAndAnAddressHaveAShareOfThePlaces) {
  Towns t;
  int number = 0;
  const auto start = [&](pb::Role role, std::uint64_t party, const std::string& address) {
    const auto account = t.account(role, "user" + std::to_string(++number), party);
    const std::string token = t.token_of(account);
    const RequestHeaders as{.token = token, .address = address};
    const Response r = t.send("POST", "/v1/imports?kind=needs&check=1", needs_file(2'000), as);
    return r.status == 201 ? "201" : t.code_of(r);
  };
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(start(pb::ROLE_SUPPLIER, t.own.team, "10.0.0." + std::to_string(i)), "201");
  EXPECT_EQ(start(pb::ROLE_SUPPLIER, t.own.team, "10.0.0.9"), "400 value.too_many imports");
  for (int i = 0; i < 8; ++i) EXPECT_EQ(start(pb::ROLE_LEAD, 0, "10.0.1.1"), "201");
  EXPECT_EQ(start(pb::ROLE_LEAD, 0, "10.0.1.1"), "400 value.too_many imports");
  EXPECT_EQ(start(pb::ROLE_ORGANISER, t.own.organiser, "10.0.2.1"), "201");
}

TEST(Imports, TheTemplateIsAFileOfEitherFormat) {
  ImportHost h;
  const Response csv = h.send("GET", "/v1/imports/template?kind=needs", "", {.language = "zh"});
  EXPECT_EQ(csv.status, 200U);
  EXPECT_TRUE(csv.body.starts_with("\xEF\xBB\xBF编号,需求序号,区域,名称,")) << csv.body;
  const Response book = h.send("GET", "/v1/imports/template?kind=offers&format=xlsx");
  EXPECT_EQ(book.status, 200U);
  EXPECT_TRUE(book.body.starts_with("PK")) << book.content_type;
  EXPECT_EQ(h.send("GET", "/v1/imports/template?kind=offers&format=xlsx").body, book.body)
      << "made once";
  EXPECT_EQ(h.code_of(h.send("GET", "/v1/imports/template?kind=needs&format=pdf")),
            "400 value.out_of_range format");
  EXPECT_TRUE(h.send("GET", "/v1/imports/template?kind=needs&language=en", "", {.language = "zh"})
                  .body.starts_with("\xEF\xBB\xBFid,key,area,title,"));
}

}  // namespace
}  // namespace qiao
