// Reports: the overview of the city, the workforce, recognition.
#include "engine/report/overview.h"
#include "engine/report/record.h"
#include "engine/report/report.h"
#include "engine/report/workforce.h"
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/background/analyst.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::uint64_t kDefaultDays = 30;
constexpr std::uint64_t kMostDays = 366;
constexpr std::uint64_t kMostRecords = 50;

constexpr QueryParam kArea{"area",
                           "Code of an area: there and below. By default an organiser's own."};
constexpr QueryParam kGetOverview[] = {
    kArea, {"days", "Number of days of the funnel's needs, 1..366; 30 by default.", "integer"}};
constexpr QueryParam kGetReport[] = {
    kArea,
    {"by", "programme (default), category, beneficiary, area or month."},
    {"from", "Needs written from then on, UTC seconds; by default 30 days ago.", "integer"},
    {"to", "And before then, UTC seconds; by default now.", "integer"},
    kRowsOnPage,
    kPageToken};
constexpr QueryParam kGetWorkforce[] = {kArea, kRowsOnPage, kPageToken};
constexpr QueryParam kListRecognition[] = {
    {"area", "Code of an area: parties based there or below."},
    {"kind", "volunteer_team, enterprise (default) or social_organisation."},
    {"limit", "How many, 1..50; 20 by default.", "integer"}};

// The requested part of the city, limited to what the requester may see.
Result<Slot> part(const Call& call, const State& state) {
  QIAO_TRY(auto area, area_param(call, state));
  if (area == kNoSlot && call.scope == Scope::kArea) {
    const Slot party = state.parties().find(PartyId{call.actor.party_id()});
    if (party != kNoSlot) area = state.parties()[party].area;
  }
  QIAO_TRY(check_area(call.scope, call.actor, state, area));
  return area;
}

Response get_overview(const Services& services, const Call& call, const Message*) {
  const State& state = services.state();
  const auto within = part(call, state);
  if (!within) return problem(within.error(), call.chinese);
  const auto days = query_number(call, "days", 1, kMostDays, kDefaultDays);
  if (!days) return problem(days.error(), call.chinese);
  const Time now = services.runtime.now();
  return counted(call, services.analyst,
                 std::make_shared<OverviewCount>(state, within.value(), now,
                                                 now - std::chrono::days{days.value()}));
}

Result<ReportScope> report_scope(const Call& call, const State& state, Time now) {
  ReportScope scope;
  QIAO_TRY(scope.within, part(call, state));
  const std::string* word = call.param("by");
  const auto by = word == nullptr ? std::optional(ReportBy::kProgramme) : report_by(*word);
  if (!by) return refuse(Code::kOutOfRange, "by", std::string(kReportWords));
  scope.by = *by;
  const auto today = static_cast<std::uint64_t>(to_int(now));
  QIAO_TRY(const auto to, query_number(call, "to", 0, kAny >> 1, today + 1));
  const std::uint64_t a_month_ago = today - std::min(today, kDefaultDays * 86'400);
  QIAO_TRY(const auto from, query_number(call, "from", 0, kAny >> 1, a_month_ago));
  if (from >= to) return refuse(Code::kWindowOrder, "to");
  scope.from = to_time(static_cast<std::int64_t>(from));
  scope.to = to_time(static_cast<std::int64_t>(to));
  return scope;
}

Response get_report(const Services& services, const Call& call, const Message*) {
  const auto scope = report_scope(call, services.state(), services.runtime.now());
  if (!scope) return problem(scope.error(), call.chinese);
  return counted_page_of(
      call, services.analyst, services.reports, scope.value().within,
      [&]() -> Result<std::shared_ptr<ReportCount>> {
        return std::make_shared<ReportCount>(services.state(), scope.value());
      },
      [](pb::Report& report, const ReportCount& count, std::size_t place) {
        *report.add_rows() = count.row(place);
      });
}

Response get_workforce(const Services& services, const Call& call, const Message*) {
  const auto within = part(call, services.state());
  if (!within) return problem(within.error(), call.chinese);
  return counted_page_of(
      call, services.analyst, services.workforce, within.value(),
      [&]() -> Result<std::shared_ptr<WorkforceCount>> {
        return std::make_shared<WorkforceCount>(services.state(), within.value(),
                                                services.runtime.now());
      },
      [](pb::WorkforceReport& report, const WorkforceCount& count, std::size_t place) {
        *report.add_areas() = count.row(place);
      });
}

Response list_recognition(const Services& services, const Call& call, const Message*) {
  const State& state = services.state();
  const auto area = area_param(call, state);
  if (!area) return problem(area.error(), call.chinese);
  const auto kind = query_enum<pb::PartyKind>(call, "kind", "PARTY_KIND_");
  if (!kind) return problem(kind.error(), call.chinese);
  const auto limit = query_number(call, "limit", 1, kMostRecords, 20);
  if (!limit) return problem(limit.error(), call.chinese);
  return counted(
      call, services.analyst,
      std::make_shared<RecognitionCount>(state, kind.value().value_or(pb::PARTY_KIND_ENTERPRISE),
                                         area.value(), limit.value()),
      Lane::kLong, 1);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/overview",
     .id = "getOverview",
     .summary = "The overview of the city or a part of it: communities, the funnel and its times, "
                "needs that wait longest.",
     .tag = "reports",
     .response = pb::Overview::descriptor,
     .query = kGetOverview,
     .raw = get_overview},
    {.method = "GET",
     .pattern = "/v1/reports",
     .id = "getReport",
     .summary = "Needs of a period with their results, by programme, category, beneficiary, area "
                "or month.",
     .tag = "reports",
     .response = pb::Report::descriptor,
     .query = kGetReport,
     .raw = get_report},
    {.method = "GET",
     .pattern = "/v1/workforce",
     .id = "getWorkforce",
     .summary = "The workforce of four kinds by area, compared with the standard of the policy; "
                "certified social workers by level.",
     .tag = "reports",
     .response = pb::WorkforceReport::descriptor,
     .query = kGetWorkforce,
     .raw = get_workforce},
    {.method = "GET",
     .pattern = "/v1/recognition",
     .id = "listRecognition",
     .summary = "The parties that served most, computed from what was served. Public.",
     .tag = "reports",
     .response = pb::ListRecognitionResponse::descriptor,
     .query = kListRecognition,
     .raw = list_recognition},
};

}  // namespace

std::span<const Route> report_routes() { return kRoutes; }

}  // namespace qiao
