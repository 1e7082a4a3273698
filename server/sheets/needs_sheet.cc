// Needs: a row for each line; the rows of one need stand together and share its number.
#include <algorithm>
#include <array>

#include "proto/text/notation.h"
#include "server/sheets/cells.h"
#include "server/sheets/former_words.h"
#include "server/sheets/kinds.h"
#include "server/sheets/supply.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::initializer_list<std::pair<const char*, pb::NeedState>> kNeedStates = {
    {"草稿", pb::NEED_STATE_DRAFT},        {"待审核", pb::NEED_STATE_SUBMITTED},
    {"待接单", pb::NEED_STATE_OPEN},       {"已接满", pb::NEED_STATE_FILLED},
    {"服务中", pb::NEED_STATE_IN_SERVICE}, {"待评价", pb::NEED_STATE_DONE},
    {"已评价", pb::NEED_STATE_REVIEWED},   {"未通过", pb::NEED_STATE_REJECTED},
    {"已取消", pb::NEED_STATE_CANCELLED},  {"已过期", pb::NEED_STATE_EXPIRED}};

// The day and the hours of a row where they stand apart. Hours that end before they begin end on
// the next day.
Result<pb::Window> read_day_and_hours(const Cells& cells, const SheetContext& context) {
  const auto today = std::chrono::floor<std::chrono::days>(context.zone.to_local(context.now));
  const auto day = read_day(cell(cells, "date"), today);
  const auto from = read_clock(cell(cells, "from"), today);
  const auto to = read_clock(cell(cells, "to"), today);
  const auto bad = [&](const char* column, const Notation& notation) -> Refusal {
    if (cell(cells, column).empty()) return refuse(Code::kRequired, column);
    return refuse_notation(column, notation);
  };
  if (!day && (!cell(cells, "date").empty() || !from || !from->day)) {
    return bad("date", kDayNotation);
  }
  if (!from || (day && from->day && *from->day != *day)) return bad("from", kClockNotation);
  if (!to) return bad("to", kClockNotation);
  const auto first = day ? *day : *from->day;
  const LocalTime start = first + from->time;
  LocalTime end = to->day.value_or(first) + to->time;
  if (!to->day && end < start) end += std::chrono::days{1};
  pb::Window window;
  window.set_start(to_int(context.zone.to_utc(start)));
  window.set_end(to_int(context.zone.to_utc(end)));
  return window;
}

Result<pb::Window> read_window(const Cells& cells, const SheetContext& context) {
  const std::string whole = half_width(cell(cells, "window"));
  if (!whole.empty()) return parse_window(whole, context.zone, "window");
  const bool apart = !cell(cells, "from").empty() || !cell(cells, "to").empty();
  if (apart) return read_day_and_hours(cells, context);
  const std::string day = half_width(cell(cells, "date"));
  if (day.empty()) return refuse(Code::kRequired, "window");
  return parse_window(day, context.zone, "date");
}

// A number of people, where the row has no kind and no quantity, asks for people.
Result<SupplyCells> read_need_supply(const Cells& cells, const pb::Taxonomy& words) {
  const bool people = !cell(cells, "people").empty() && cell(cells, "quantity").empty();
  if (!people) return read_supply(cells, words);
  Cells row = cells;
  row["quantity"] = cell(cells, "people");
  if (cell(cells, "kind").empty()) row["kind"] = "people";
  return read_supply(row, words);
}

class Needs final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 31> kColumns = {
        {{"id", "编号", false, "id"},
         {"key", "需求序号", false, ""},
         {"area", "区域", true, "areaCode", Names::kArea, {"社区", "村社区"}},
         {"title", "名称", true, "title", Names::kNothing, {"标题", "需求名称"}},
         {"category", "服务类别", true, "category", Names::kNothing, {"类别"}},
         {"kind", "种类", true, "time.kind", Names::kNothing, {"需要"}},
         {"quantity", "数量", true, "quantity"},
         {"window", "时间段", true, "window"},
         {"skills", "技能", false, "time.skills", Names::kNothing, {"skill"}},
         {"certificates", "资质", false, "time.certificate", Names::kNothing, {"certificate"}},
         {"description", "说明", false, "description"},
         {"beneficiary", "服务对象", false, "beneficiary"},
         {"programme", "项目", false, "programme"},
         {"urgency", "紧急程度", false, "urgency"},
         {"deadline", "截止时间", false, "deadline"},
         {"all_or_nothing", "须全部满足", false, "allOrNothing"},
         {"ratio", "每名专业人员带志愿者数", false, "volunteersPerProfessional"},
         {"organiser", "组织单位", false, "organiserId", Names::kParty},
         {"resident_ref", "居民代号", false, "residentRef"},
         {"travel_m", "可出行米数", false, "travelM"},
         {"excluded_parties", "不接受单位", false, "excludedPartyIds", Names::kParties},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"contact_name", "联系人", false, "contactName"},
         {"contact_phone", "联系电话", false, "contactPhone", Names::kNothing, {"电话", "手机"}},
         {"address", "地址", false, "address"},
         {"state", "状态", false, "state"},
         // As people keep such lists: the day and the hours apart, and nothing but people.
         {"date", "日期", false, "", Names::kNothing, {"服务日期"}, {"window"}},
         {"from", "开始", false, "", Names::kNothing, {"开始时间"}, {"window"}},
         {"to", "结束", false, "", Names::kNothing, {"结束时间"}, {"window"}},
         {"people", "人数", false, "", Names::kNothing, {"需要人数"}, {"quantity", "kind"}}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext& context, Message& into,
              std::size_t& row) const override {
    auto& n = static_cast<pb::Need&>(into);
    for (row = 0; row < rows.size(); ++row) {
      pb::RequirementLine& line = *n.add_lines();
      QIAO_TRY(const SupplyCells supply, read_need_supply(rows[row], context.words));
      QIAO_TRY(read_line(supply, context.words, line));
      QIAO_TRY(*line.mutable_window(), read_window(rows[row], context));
    }
    row = 0;
    const Cells& cells = rows.front();
    QIAO_TRY(const auto id, number(cells, "id"));
    n.set_id(id);
    QIAO_TRY(const auto area, read_area(cells, "area", context));
    n.set_area_code(area);
    n.set_title(cell(cells, "title"));
    n.set_category(code_of(context.words.categories(), cell(cells, "category")));
    n.set_description(cell(cells, "description"));
    n.set_beneficiary(code_of(context.words.beneficiaries(), cell(cells, "beneficiary")));
    n.set_programme(code_of(context.words.programmes(), cell(cells, "programme")));
    QIAO_TRY(const auto urgency, read_enum<pb::Urgency>(cells, "urgency",
                                                        {{"一般", pb::URGENCY_NORMAL},
                                                         {"紧急", pb::URGENCY_URGENT},
                                                         {"特急", pb::URGENCY_CRITICAL}}));
    n.set_urgency(urgency);
    if (!cell(cells, "deadline").empty()) {
      QIAO_TRY(const Time t,
               read_moment(cell(cells, "deadline"), context.zone, context.now, "deadline"));
      n.set_deadline(to_int(t));
    }
    QIAO_TRY(const bool whole, read_flag(cells, "all_or_nothing"));
    n.set_all_or_nothing(whole);
    QIAO_TRY(const auto ratio, small_number(cells, "ratio"));
    n.set_volunteers_per_professional(ratio);
    QIAO_TRY(const auto organiser, read_party(cell(cells, "organiser"), "organiser", context));
    n.set_organiser_id(organiser);
    QIAO_TRY(const auto resident, number(cells, "resident_ref"));
    n.set_resident_ref(resident);
    QIAO_TRY(const auto travel, small_number(cells, "travel_m"));
    n.set_travel_m(travel);
    for (const auto& name : split_names(cell(cells, "excluded_parties"))) {
      QIAO_TRY(const auto party, read_party(name, "excluded_parties", context));
      n.add_excluded_party_ids(party);
    }
    QIAO_TRY(read_point(cells, n));
    n.set_contact_name(cell(cells, "contact_name"));
    n.set_contact_phone(cell(cells, "contact_phone"));
    n.set_address(cell(cells, "address"));
    QIAO_TRY(const auto state,
             read_enum<pb::NeedState>(cells, "state", kNeedStates, kFormerNeedStates));
    n.set_state(state);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext& context) const override {
    const auto& n = static_cast<const pb::Need&>(m);
    Cells c{{"id", std::to_string(n.id())},
            {"key", std::to_string(n.id())},
            {"area", std::to_string(n.area_code())},
            {"title", n.title()},
            {"category", n.category()},
            {"description", n.description()},
            {"beneficiary", n.beneficiary()},
            {"programme", n.programme()},
            {"urgency", lower_enum(n.urgency())},
            {"deadline", exact_moment(to_time(n.deadline()), context.zone)},
            {"all_or_nothing", n.all_or_nothing() ? "yes" : "no"},
            {"organiser", write_party(n.organiser_id(), context)},
            {"contact_name", n.contact_name()},
            {"contact_phone", n.contact_phone()},
            {"address", n.address()},
            {"state", lower_enum(n.state())}};
    if (n.volunteers_per_professional() != 0)
      c["ratio"] = std::to_string(n.volunteers_per_professional());
    if (n.resident_ref() != 0) c["resident_ref"] = std::to_string(n.resident_ref());
    if (n.travel_m() != 0) c["travel_m"] = std::to_string(n.travel_m());
    std::vector<std::string> excluded;
    for (const auto id : n.excluded_party_ids()) excluded.push_back(write_party(id, context));
    c["excluded_parties"] = join_names(excluded);
    write_point(n, c);
    std::vector<Cells> rows;
    for (const auto& line : n.lines()) {
      Cells row = c;
      write_supply(qiao::write_line(line), context.words, row);
      row["window"] = format_window(line.window(), context.zone);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  bool has_lines() const override { return true; }
  const char* collection() const override { return "needs"; }
  const char* title() const override { return "title"; }
  const char* state() const override { return "state"; }
  bool can_be_made(const Message& m) const override {
    return static_cast<const pb::Need&>(m).state() <= pb::NEED_STATE_FILLED;
  }
  pb::Request request_of(const Message& m) const override {
    pb::Request c;
    const auto& n = static_cast<const pb::Need&>(m);
    if (n.id() != 0) {
      *c.mutable_update_need() = n;
      return c;
    }
    *c.mutable_post_need()->mutable_need() = n;
    // Who fills it is not part of it.
    c.mutable_post_need()->set_until(n.state() == pb::NEED_STATE_FILLED ? pb::NEED_STATE_OPEN
                                                                        : n.state());
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Need>(); }
};

}  // namespace

const Sheet& needs_sheet() {
  static const Needs kSheet;
  return kSheet;
}

}  // namespace qiao
