// Parties, their service records and calendars.
#include "engine/report/calendar.h"
#include "engine/report/record.h"
#include "server/api/console_pages.h"
#include "server/api/page.h"
#include "server/api/personal_data.h"
#include "server/api/problem.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListParties[] = {kPageSize,
                                       kPageToken,
                                       kNewest,
                                       {"area", "Code of an area: parties based there or below."},
                                       {"kind", "organiser, volunteer_team, enterprise, …"},
                                       {"standing", "pending, active or suspended."}};
constexpr QueryParam kGetCalendar[] = {
    {"token", "A token; only on this route, because a calendar program cannot send a header."}};

Result<HandlerResult> list_parties(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto area, area_param(call, state));
  QIAO_TRY(auto kind, query_enum<pb::PartyKind>(call, "kind", "PARTY_KIND_"));
  QIAO_TRY(auto standing, query_enum<pb::Standing>(call, "standing", "STANDING_"));
  const View view = call.view(state);
  pb::ListPartiesResponse r;
  const auto wanted = [&](Slot s) {
    const PartyRow& p = state.parties()[s];
    return (area == kNoSlot || state.within(p.area, area)) && (!kind || p.kind == *kind) &&
           (!standing || p.standing == *standing) && view.party(s) != Sight::kNothing;
  };
  QIAO_TRY(auto next, page<PartyId>(call, state.parties(), {}, wanted,
                                    [&](Slot s) { *r.add_parties() = view.show_party(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_party(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.parties().find(PartyId{call.number("id")});
  return row_result(call.view(state).show_party(s));
}

Result<pb::Request> register_party(const Call&, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_register_party(), unnamed<pb::Party>(body));
  return c;
}

Result<pb::Request> update_party(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_update_party(),
           addressed<pb::Party>(call, body, &pb::Party::id, &pb::Party::set_id));
  return c;
}

template <pb::Standing to>
Result<pb::Request> set_standing(const Call& call, const Message*) {
  pb::Request c;
  c.mutable_set_standing()->set_party_id(call.number("id"));
  c.mutable_set_standing()->set_standing(to);
  return c;
}

HandlerResult present_party(const Services& services, const Call& call, const Applied& applied) {
  const State& state = services.state();
  const pb::Party party = state.load_party(state.parties().find(PartyId{call.number("id")}));
  pb::PersonalData d;
  d.set_name(party.contact_name());
  d.set_phone(party.contact_phone());
  d.set_disclosure_id(applied.seq);
  return result_of(std::move(d), applied.seq);
}

// The party of the path; refused unless the requester may see its services.
Result<Slot> party_of(const Call& call, const State& state) {
  const Slot s = state.parties().find(PartyId{call.number("id")});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.parties()[s].area));
  QIAO_TRY(check_party(call.scope, call.actor, state, s));
  return s;
}

Result<HandlerResult> get_record(const Services& services, const Call& call) {
  QIAO_TRY(auto party, party_of(call, services.state()));
  return result_of(service_record(services.state(), party, true), services.runtime.applied_seq());
}

Response get_calendar(const Services& services, const Call& call, const Message*) {
  const Runtime& runtime = services.runtime;
  const auto party = party_of(call, runtime.state());
  if (!party) return problem(party.error(), call.chinese);
  Response r;
  r.content_type = "text/calendar; charset=utf-8";
  std::function<std::string(MatchId)> page_of;
  if (const std::string& url = services.options.public_url; !url.empty())
    page_of = [&url](MatchId match) { return console::task_page(url, match.value()); };
  r.body = calendar(runtime.state(), party.value(), runtime.now(), page_of);
  r.wait_for = runtime.applied_seq();
  return r;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/parties",
     .id = "listParties",
     .summary = "Parties.",
     .tag = "parties",
     .response = pb::ListPartiesResponse::descriptor,
     .query = kListParties,
     .read = list_parties},
    {.method = "GET",
     .pattern = "/v1/parties/{id}",
     .id = "getParty",
     .summary = "One party.",
     .tag = "parties",
     .response = pb::Party::descriptor,
     .read = get_party},
    {.method = "POST",
     .pattern = "/v1/parties",
     .id = "registerParty",
     .summary = "Registers a party; pending if it registers itself.",
     .tag = "parties",
     .request = pb::Party::descriptor,
     .response = pb::Party::descriptor,
     .success = 201,
     .command = register_party},
    {.method = "PUT",
     .pattern = "/v1/parties/{id}",
     .id = "updateParty",
     .summary =
         "Changes a party. The body is the whole party; fields that the market sets are ignored.",
     .tag = "parties",
     .request = pb::Party::descriptor,
     .response = pb::Party::descriptor,
     .command = update_party},
    {.method = "POST",
     .pattern = "/v1/parties/{id}:approve",
     .id = "approveParty",
     .summary = "Approves a pending party.",
     .tag = "parties",
     .response = pb::Party::descriptor,
     .command = set_standing<pb::STANDING_ACTIVE>},
    {.method = "POST",
     .pattern = "/v1/parties/{id}:suspend",
     .id = "suspendParty",
     .summary = "Suspends a party: its offers are no longer matched; its promises stay.",
     .tag = "parties",
     .response = pb::Party::descriptor,
     .command = set_standing<pb::STANDING_SUSPENDED>},
    {.method = "POST",
     .pattern = "/v1/parties/{id}:reinstate",
     .id = "reinstateParty",
     .summary = "Reinstates a suspended party.",
     .tag = "parties",
     .response = pb::Party::descriptor,
     .command = set_standing<pb::STANDING_ACTIVE>},
    {.method = "POST",
     .pattern = "/v1/parties/{id}:reveal",
     .id = "revealParty",
     .summary = "Reveals the contact of a party. The journal records who looked.",
     .tag = "privacy",
     .response = pb::PersonalData::descriptor,
     .command = disclose<pb::SUBJECT_KIND_PARTY, pb::DISCLOSURE_PURPOSE_REVEAL>,
     .present = present_party,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/parties/{id}:erase",
     .id = "eraseParty",
     .summary = "Erases the contact of a party for good, also from past events.",
     .tag = "privacy",
     .response = pb::ErasedResponse::descriptor,
     .command = erase<pb::SUBJECT_KIND_PARTY>,
     .present = present_erased},
    {.method = "GET",
     .pattern = "/v1/parties/{id}/record",
     .id = "getRecord",
     .summary = "The service record of a party: hours, goods, needs, stars; each service.",
     .tag = "reports",
     .response = pb::ServiceRecord::descriptor,
     .read = get_record},
    {.method = "GET",
     .pattern = "/v1/parties/{id}/calendar",
     .id = "getCalendar",
     .summary = "A party's services as a calendar to subscribe to (iCalendar). Calendar programs "
                "send no header: a token with the scope getCalendar may be part of the address.",
     .tag = "reports",
     .query = kGetCalendar,
     .raw = get_calendar,
     .raw_type = "text/calendar"},
};

}  // namespace

std::span<const Route> party_routes() { return kRoutes; }

}  // namespace qiao
