#include "server/api/page.h"
#include "server/api/personal_data.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListPersons[] = {
    kPageSize, kPageToken, kNewest, {"party", "Id of the party.", "integer"}};

Result<HandlerResult> list_persons(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  Slots slots;
  if (party != 0) {
    const Slot p = state.parties().find(PartyId{party});
    slots.follow(p == kNoSlot ? kNoSlot : state.parties()[p].first_person,
                 [&](Slot s) { return state.persons()[s].next_of_party; });
  }
  const View view = call.view(state);
  pb::ListPersonsResponse r;
  QIAO_TRY(auto next, page<PersonId>(
                          call, state.persons(), slots,
                          [&](Slot s) { return view.person(s) != Sight::kNothing; },
                          [&](Slot s) { *r.add_persons() = view.show_person(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_person(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.persons().find(PersonId{call.number("id")});
  return row_result(call.view(state).show_person(s));
}

Result<pb::Request> add_person(const Call&, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_put_person(), unnamed<pb::Person>(body));
  return c;
}

Result<pb::Request> update_person(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_put_person(),
           addressed<pb::Person>(call, body, &pb::Person::id, &pb::Person::set_id));
  return c;
}

Result<pb::Request> remove_person(const Call& call, const Message*) {
  pb::Request c;
  c.mutable_remove_person()->set_person_id(call.number("id"));
  return c;
}

pb::Person person_of(const State& state, const Call& call) {
  return state.load_person(state.persons().find(PersonId{call.number("id")}));
}

HandlerResult present_person(const Services& services, const Call& call, const Applied& applied) {
  const pb::Person person = person_of(services.state(), call);
  pb::PersonalData d;
  d.set_name(person.name());
  d.set_phone(person.phone());
  d.set_disclosure_id(applied.seq);
  return result_of(std::move(d), applied.seq);
}

HandlerResult present_export(const Services& services, const Call& call, const Applied& applied) {
  const State& state = services.state();
  const std::uint64_t id = call.number("id");
  pb::PersonExport out;
  out.set_disclosure_id(applied.seq);
  *out.mutable_person() = person_of(state, call);
  add_account(out, state, state.accounts_of_person(PersonId{id}));
  add_seen_by(out, services, Store::AuditKey::object(pb::Event::kPerson, id));
  return result_of(std::move(out), applied.seq);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/persons",
     .id = "listPersons",
     .summary = "People of parties.",
     .tag = "parties",
     .response = pb::ListPersonsResponse::descriptor,
     .query = kListPersons,
     .read = list_persons},
    {.method = "GET",
     .pattern = "/v1/persons/{id}",
     .id = "getPerson",
     .summary = "One person.",
     .tag = "parties",
     .response = pb::Person::descriptor,
     .read = get_person},
    {.method = "POST",
     .pattern = "/v1/persons",
     .id = "addPerson",
     .summary = "Adds a person to a party.",
     .tag = "parties",
     .request = pb::Person::descriptor,
     .response = pb::Person::descriptor,
     .success = 201,
     .command = add_person},
    {.method = "PUT",
     .pattern = "/v1/persons/{id}",
     .id = "updatePerson",
     .summary = "Changes a member.",
     .tag = "parties",
     .request = pb::Person::descriptor,
     .response = pb::Person::descriptor,
     .command = update_person},
    {.method = "DELETE",
     .pattern = "/v1/persons/{id}",
     .id = "removePerson",
     .summary = "Removes a person from its party; the row stays for the service record.",
     .tag = "parties",
     .response = pb::Person::descriptor,
     .command = remove_person},
    {.method = "POST",
     .pattern = "/v1/persons/{id}:reveal",
     .id = "revealPerson",
     .summary = "Reveals the name and telephone of a person. The journal records who looked.",
     .tag = "privacy",
     .response = pb::PersonalData::descriptor,
     .command = disclose<pb::SUBJECT_KIND_PERSON, pb::DISCLOSURE_PURPOSE_REVEAL>,
     .present = present_person,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/persons/{id}:export",
     .id = "exportPerson",
     .summary = "Exports all data about a person, unmasked (the person's right to a copy).",
     .tag = "privacy",
     .response = pb::PersonExport::descriptor,
     .command = disclose<pb::SUBJECT_KIND_PERSON, pb::DISCLOSURE_PURPOSE_EXPORT>,
     .present = present_export,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/persons/{id}:erase",
     .id = "erasePerson",
     .summary = "Removes a person and erases name and telephone for good, also from past events.",
     .tag = "privacy",
     .response = pb::ErasedResponse::descriptor,
     .command = erase<pb::SUBJECT_KIND_PERSON>,
     .present = present_erased},
};

}  // namespace

std::span<const Route> person_routes() { return kRoutes; }

}  // namespace qiao
