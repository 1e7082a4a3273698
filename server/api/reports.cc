// What is counted: overview, reports, records, workforce; what waits; a policy tried; the code of a
// place; a calendar.
#include "engine/market/validate.h"
#include "engine/report/calendar.h"
#include "engine/report/inbox.h"
#include "engine/report/overview.h"
#include "engine/report/record.h"
#include "engine/report/report.h"
#include "engine/report/workforce.h"
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/background/analyst.h"
#include "server/runtime/runtime.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr std::uint64_t kDefaultDays = 30;
constexpr std::uint64_t kMostDays = 366;
constexpr std::uint64_t kMostRecords = 50;

const QueryParam kArea{"area",
                       "Code of an area: there and below. An organiser's own where not given."};

// The part of the city that is asked about, and that whoever asks may see.
Result<Slot> part(const Call& call, const State& state) {
  QIAO_TRY(auto area, area_param(call, state));
  if (area == kNoSlot && call.scope == Scope::kArea) {
    const Slot party = state.parties().find(PartyId{call.actor.party_id()});
    if (party != kNoSlot) area = state.parties()[party].area;
  }
  QIAO_TRY(check_area(call.scope, call.actor, state, area));
  return area;
}

Result<Slot> party_of(const Call& call, const State& state) {
  const Slot s = state.parties().find(PartyId{call.number("id")});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.parties()[s].area));
  QIAO_TRY(check_party(call.scope, call.actor, state, s));
  return s;
}

}  // namespace

std::vector<Route> report_routes(Runtime& runtime, Analyst& analyst, const Gate& gate,
                                 const std::string& public_url) {
  const State& state = runtime.state();
  std::vector<Route> routes;
  auto get = [&](const char* pattern, const char* id, const char* tag, const char* summary,
                 const google::protobuf::Descriptor* response,
                 std::vector<QueryParam> query) -> Route& {
    routes.push_back({.method = "GET",
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = tag,
                      .response = response,
                      .query = std::move(query)});
    return routes.back();
  };

  get("/v1/overview", "getOverview", "reports",
      "The city, or a part of it, at a glance: communities, the funnel and its times, who waits "
      "longest.",
      pb::Overview::descriptor(),
      {kArea,
       {"days", "The funnel is of needs written in so many days, 1..366; 30 where not given.",
        "integer"}})
      .raw = [&](const Call& call, const Message*) {
    const auto within = part(call, state);
    if (!within) return problem(within.error(), call.chinese);
    const auto days = query_number(call, "days", 1, kMostDays, kDefaultDays);
    if (!days) return problem(days.error(), call.chinese);
    const Time now = runtime.now();
    return counted(call, analyst,
                   std::make_shared<OverviewCount>(state, within.value(), now,
                                                   now - std::chrono::days{days.value()}));
  };
  get("/v1/reports", "getReport", "reports",
      "Needs of a stretch of time with what became of them, by programme, category, beneficiary, "
      "area or month.",
      pb::Report::descriptor(),
      {kArea,
       {"by", "programme (default), category, beneficiary, area or month."},
       {"from", "Needs written from then on, UTC seconds; 30 days ago where not given.", "integer"},
       {"to", "And before then, UTC seconds; now where not given.", "integer"},
       kRowsOnPage,
       kPageToken})
      .raw = [&, reports = std::make_shared<KeptCounts<ReportCount>>()](const Call& call,
                                                                        const Message*) {
    const auto within = part(call, state);
    if (!within) return problem(within.error(), call.chinese);
    const std::string* word = call.param("by");
    const auto by = word == nullptr ? std::optional(ReportBy::kProgramme) : report_by(*word);
    if (!by)
      return problem(refuse(Code::kOutOfRange, "by", std::string(kReportWords)), call.chinese);
    const auto now = static_cast<std::uint64_t>(to_int(runtime.now()));
    const auto to = query_number(call, "to", 0, kAny >> 1, now + 1);
    if (!to) return problem(to.error(), call.chinese);
    const auto from =
        query_number(call, "from", 0, kAny >> 1, now - std::min(now, kDefaultDays * 86'400));
    if (!from) return problem(from.error(), call.chinese);
    if (from.value() >= to.value()) return problem(refuse(Code::kWindowOrder, "to"), call.chinese);
    const ReportScope scope{within.value(), *by, to_time(static_cast<std::int64_t>(from.value())),
                            to_time(static_cast<std::int64_t>(to.value()))};
    return counted_page_of(
        call, analyst, reports, scope.within,
        [&]() -> Result<std::shared_ptr<ReportCount>> {
          return std::make_shared<ReportCount>(state, scope);
        },
        [](pb::Report& report, const ReportCount& count, std::size_t place) {
          *report.add_rows() = count.row(place);
        });
  };
  get("/v1/workforce", "getWorkforce", "reports",
      "The workforce of four kinds by area, against the standard of the policy; licensed social "
      "workers by level.",
      pb::WorkforceReport::descriptor(), {kArea, kRowsOnPage, kPageToken})
      .raw = [&, kept = std::make_shared<KeptCounts<WorkforceCount>>()](const Call& call,
                                                                        const Message*) {
    const auto within = part(call, state);
    if (!within) return problem(within.error(), call.chinese);
    return counted_page_of(
        call, analyst, kept, within.value(),
        [&]() -> Result<std::shared_ptr<WorkforceCount>> {
          return std::make_shared<WorkforceCount>(state, within.value(), runtime.now());
        },
        [](pb::WorkforceReport& report, const WorkforceCount& count, std::size_t place) {
          *report.add_areas() = count.row(place);
        });
  };
  get("/v1/recognition", "listRecognition", "reports",
      "Who has given most: computed from what was served. Public.",
      pb::ListRecognitionResponse::descriptor(),
      {{"area", "Code of an area: at home there or below."},
       {"kind", "volunteer_team, enterprise (default) or social_organisation."},
       {"limit", "How many, 1..50; 20 where not given.", "integer"}})
      .raw = [&](const Call& call, const Message*) {
    const auto area = area_param(call, state);
    if (!area) return problem(area.error(), call.chinese);
    const auto kind = query_enum<pb::PartyKind>(call, "kind", "PARTY_KIND_");
    if (!kind) return problem(kind.error(), call.chinese);
    const auto limit = query_number(call, "limit", 1, kMostRecords, 20);
    if (!limit) return problem(limit.error(), call.chinese);
    return counted(
        call, analyst,
        std::make_shared<RecognitionCount>(state, kind.value().value_or(pb::PARTY_KIND_ENTERPRISE),
                                           area.value(), limit.value()),
        Lane::kLong, 1);
  };
  get("/v1/parties/{id}/record", "getRecord", "reports",
      "What a party has given: hours, goods, needs, stars; each service.",
      pb::ServiceRecord::descriptor(), {})
      .read = [&](const Call& call) -> Result<Answer> {
    QIAO_TRY(auto party, party_of(call, state));
    return answer(service_record(state, party, true), runtime.applied_seq());
  };
  Route& ics =
      get("/v1/parties/{id}/calendar", "getCalendar", "reports",
          "A party's services as a calendar to subscribe to (iCalendar). A telephone sends no "
          "header: a token with the scope getCalendar may stand in the address.",
          nullptr, {{"token", "A token; only here, where a program cannot send a header."}});
  ics.raw_type = "text/calendar";
  ics.raw = [&, public_url](const Call& call, const Message*) {
    const auto party = party_of(call, state);
    if (!party) return problem(party.error(), call.chinese);
    Response r;
    r.content_type = "text/calendar; charset=utf-8";
    r.body = calendar(state, party.value(), runtime.now(), public_url);
    r.wait_for = runtime.applied_seq();
    return r;
  };
  get("/v1/inbox", "getInbox", "reports",
      "What waits for whoever asks: needs to check, dispatches to answer, services to begin, to "
      "end, to verify.",
      pb::Inbox::descriptor(), {})
      .read = [&](const Call& call) -> Result<Answer> {
    return answer(inbox(state, call.actor, runtime.now()), runtime.applied_seq());
  };
  Route& code = get("/v1/needs/{id}/site-code", "getSiteCode", "matches",
                    "What hangs at the door: who scans it, or types it, is there.",
                    pb::SiteCode::descriptor(), {});
  code.secret = true;
  code.read = [&, public_url](const Call& call) -> Result<Answer> {
    const std::uint64_t id = call.number("id");
    const Slot need = state.needs().find(NeedId{id});
    QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[need].area));
    pb::SiteCode r;
    r.set_need_id(id);
    r.set_code(gate.site_code(id));
    r.set_url(public_url + "/#/check-in/" + std::to_string(id) + "/" + r.code());
    return answer(std::move(r), runtime.applied_seq());
  };
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/policy:try",
       .id = "tryPolicy",
       .summary = "What a policy would have made of the needs of the last weeks, beside what the "
                  "one in force does: run on a copy. Changes nothing; takes up to a minute.",
       .tag = "city",
       .request = pb::PolicyTrialRequest::descriptor(),
       .response = pb::PolicyTrial::descriptor(),
       .raw = [&](const Call& call, const Message* body) {
         const auto& request = static_cast<const pb::PolicyTrialRequest&>(*body);
         if (auto good = validate(request.policy()); !good) {
           Refusal refusal = good.error();
           refusal.field.insert(0, "policy.");
           return problem(refusal, call.chinese);
         }
         if (request.policy().time_zone() != state.policy().time_zone())
           return problem(refuse(Code::kTimeZoneInUse, "policy.timeZone"), call.chinese);
         if (request.days() > kMostTrialDays)
           return problem(refuse(Code::kOutOfRange, "days", "1.." + std::to_string(kMostTrialDays)),
                          call.chinese);
         const std::int64_t days =
             request.days() == 0 ? std::int64_t{kDefaultDays} : request.days();
         const auto start = [&analyst, policy = request.policy(), days](const auto& question,
                                                                        auto then) {
           analyst.try_policy(question, policy, days, [then](Result<pb::PolicyTrial> r) {
             if (!r) return then(std::move(r).error());
             then(std::make_unique<pb::PolicyTrial>(std::move(r).value()));
           });
         };
         return later(call, analyst, start);
       }});
  return routes;
}

}  // namespace qiao
