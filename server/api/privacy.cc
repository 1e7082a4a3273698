// Personal data whole, exported, erased; and who saw what.
#include <algorithm>
#include <charconv>
#include <functional>

#include "engine/rows/marked.h"
#include "qiao/v1/access.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/page.h"
#include "server/api/route.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Events looked at for one page of the audit.
constexpr std::size_t kMaxAuditScanned = 1'000;
// Who saw somebody's data, in an export.
constexpr std::size_t kMaxSeenBy = 5'000;

// What the word before the slash stands for: a kind of row, or a resident's number.
std::optional<std::uint8_t> kind_named(std::string_view word) {
  for (const auto kind :
       {pb::Event::kTaxonomy, pb::Event::kPolicy, pb::Event::kArea, pb::Event::kParty,
        pb::Event::kPerson, pb::Event::kOffer, pb::Event::kNeed, pb::Event::kMatch,
        pb::Event::kNotification, pb::Event::kAccount, pb::Event::kGrant}) {
    if (word == singular(kind)) return static_cast<std::uint8_t>(kind);
  }
  return word == "resident" ? std::optional(kAuditResident) : std::nullopt;
}

pb::AuditEntry entry_of(const State& state, const pb::Event& e) {
  pb::AuditEntry entry;
  entry.set_seq(e.seq());
  entry.set_time(e.time());
  *entry.mutable_actor() = e.actor();
  entry.set_kind(pb::EventKind_Name(e.kind()));
  entry.set_object(singular(e.row_case()));
  entry.set_object_id(key_of(e));
  if (e.has_disclosure()) {
    // About the one whose data they are.
    entry.set_object_id(e.disclosure().subject_id());
    static constexpr const char* kSubjects[] = {"", "need", "person", "party", "resident"};
    entry.set_object(kSubjects[e.disclosure().subject()]);
    *entry.mutable_disclosure() = e.disclosure();
  }
  const Slot account = state.accounts().find(AccountId{e.actor().account_id()});
  if (account != kNoSlot) {
    pb::Account who = state.load_account(account);
    mask(who, {});
    entry.set_account(who.name().empty() ? who.login() : who.name());
  }
  return entry;
}

// "need/17"
Result<std::optional<Store::AuditKey>> object_param(const Call& call) {
  const std::string* text = call.param("object");
  if (text == nullptr) return std::optional<Store::AuditKey>();
  const auto slash = std::min(text->find('/'), text->size());
  const std::string_view word = std::string_view(*text).substr(0, slash);
  std::uint64_t id = 0;
  if (slash < text->size()) {
    const auto [end, error] =
        std::from_chars(text->data() + slash + 1, text->data() + text->size(), id);
    if (error != std::errc{} || end != text->data() + text->size())
      return refuse_type("object", "integer");
  }
  if (const auto kind = kind_named(word)) return std::optional(Store::AuditKey::object(*kind, id));
  return refuse(Code::kOutOfRange, "object",
                "need/ID, person/ID, party/ID, offer/ID, match/ID, area/CODE, account/ID, "
                "grant/ID, notification/ID, resident/REF, policy, taxonomy");
}

// Who saw the contact of the need, alone or with all that is held of its resident, newest first.
Result<Answer> disclosures(const Runtime& runtime, const Call& call) {
  const State& state = runtime.state();
  const Store& store = runtime.store();
  const std::uint64_t id = call.number("id");
  const NeedRow& need = state.needs()[state.needs().find(NeedId{id})];
  QIAO_TRY(check_area(call.scope, call.actor, state, need.area));
  QIAO_TRY(check_resident(call.scope, call.actor, need.resident_ref));
  QIAO_TRY(const auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  const std::string* place = call.param("pageToken");
  QIAO_TRY(const Seq before, place == nullptr ? Result<std::uint64_t>(runtime.durable_seq() + 1)
                                              : without_epoch(*place, call.epoch, "pageToken"));
  auto found = store.audit(Store::AuditKey::object(kAuditContact, id), before, true, size + 1);
  if (need.resident_ref != 0) {
    const auto key = Store::AuditKey::object(kAuditResident, need.resident_ref);
    const auto of_resident = store.audit(key, before, true, size + 1);
    found.insert(found.end(), of_resident.begin(), of_resident.end());
    std::sort(found.begin(), found.end(), std::greater<>());
  }
  pb::ListDisclosuresResponse r;
  if (found.size() > size) {
    found.resize(size);
    r.set_next_page_token(with_epoch(found.back(), call.epoch));
  }
  for (const Seq seq : found) {
    const auto event = store.event(seq);
    if (event && event->has_disclosure()) *r.add_entries() = entry_of(state, *event);
  }
  return answer(std::move(r), 0);
}

// The first event that is not before that time. Events are in the order of time.
Seq first_at(const Store& store, Seq last, std::int64_t time) {
  Seq low = 1;
  Seq high = last + 1;
  while (low < high) {
    const Seq middle = low + (high - low) / 2;
    const auto event = store.event(middle);
    if (event && event->time() < time) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

std::vector<Route> privacy_routes(Runtime& runtime) {
  std::vector<Route> routes;
  const State& state = runtime.state();

  const auto wish = [](pb::SubjectKind subject, const char* name, pb::DisclosurePurpose purpose) {
    return [=](const Call& call, const Message*) -> Result<pb::Request> {
      pb::Request c;
      c.mutable_disclose()->set_subject(subject);
      c.mutable_disclose()->set_subject_id(call.number(name));
      c.mutable_disclose()->set_purpose(purpose);
      return c;
    };
  };
  const auto reveal = [&](const char* pattern, const char* id, const char* summary,
                          pb::SubjectKind subject,
                          std::function<pb::PersonalData(std::uint64_t)> data) {
    routes.push_back({.method = "POST",
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = "privacy",
                      .response = pb::PersonalData::descriptor(),
                      .command = wish(subject, "id", pb::DISCLOSURE_PURPOSE_REVEAL),
                      .present =
                          [data](const Call& call, const Applied& applied) {
                            pb::PersonalData shown = data(call.number("id"));
                            shown.set_disclosure_id(applied.seq);
                            return answer(std::move(shown), applied.seq);
                          },
                      .secret = true});
  };
  reveal("/v1/needs/{id}:reveal", "revealNeed",
         "Whom to ask for at a need, and where, whole: for its organiser, and for those who serve "
         "it from acceptance to completion. The journal keeps who looked.",
         pb::SUBJECT_KIND_NEED, [&](std::uint64_t id) {
           const pb::Need need = state.load_need(state.needs().find(NeedId{id}));
           pb::PersonalData d;
           d.set_name(need.contact_name());
           d.set_phone(need.contact_phone());
           d.set_address(need.address());
           d.set_review_words(need.review().words());
           return d;
         });
  reveal("/v1/persons/{id}:reveal", "revealPerson",
         "A member's name and telephone, whole. The journal keeps who looked.",
         pb::SUBJECT_KIND_PERSON, [&](std::uint64_t id) {
           const pb::Person person = state.load_person(state.persons().find(PersonId{id}));
           pb::PersonalData d;
           d.set_name(person.name());
           d.set_phone(person.phone());
           return d;
         });
  reveal("/v1/parties/{id}:reveal", "revealParty",
         "Who answers a party's telephone, whole. The journal keeps who looked.",
         pb::SUBJECT_KIND_PARTY, [&](std::uint64_t id) {
           const pb::Party party = state.load_party(state.parties().find(PartyId{id}));
           pb::PersonalData d;
           d.set_name(party.contact_name());
           d.set_phone(party.contact_phone());
           return d;
         });

  const auto seen_by = [&](pb::PersonExport& out, const Store::AuditKey& key) {
    for (const Seq seq : runtime.store().audit(key, 0, true, kMaxSeenBy)) {
      const auto event = runtime.store().event(seq);
      if (event && event->has_disclosure()) *out.add_seen_by() = entry_of(state, *event);
    }
  };
  const auto add_account = [&](pb::PersonExport& out, std::span<const Slot> accounts) {
    for (const Slot a : accounts) {
      *out.mutable_account() = state.load_account(a);
      out.mutable_account()->clear_password_hash();
    }
  };
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/persons/{id}:export",
       .id = "exportPerson",
       .summary = "All that is held of a member, whole (the person's right to a copy).",
       .tag = "privacy",
       .response = pb::PersonExport::descriptor(),
       .command = wish(pb::SUBJECT_KIND_PERSON, "id", pb::DISCLOSURE_PURPOSE_EXPORT),
       .present =
           [&, seen_by, add_account](const Call& call, const Applied& applied) {
             pb::PersonExport out;
             out.set_disclosure_id(applied.seq);
             *out.mutable_person() =
                 state.load_person(state.persons().find(PersonId{call.number("id")}));
             add_account(out, state.accounts_of_person(PersonId{call.number("id")}));
             seen_by(out, Store::AuditKey::object(pb::Event::kPerson, call.number("id")));
             return answer(std::move(out), applied.seq);
           },
       .secret = true});
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/residents/{ref}:export",
       .id = "exportResident",
       .summary = "All that is held of a resident, over all its needs, whole (the person's right "
                  "to a copy).",
       .tag = "privacy",
       .response = pb::PersonExport::descriptor(),
       .command = wish(pb::SUBJECT_KIND_RESIDENT, "ref", pb::DISCLOSURE_PURPOSE_EXPORT),
       .present =
           [&, seen_by, add_account](const Call& call, const Applied& applied) {
             const std::uint64_t ref = call.number("ref");
             pb::PersonExport out;
             out.set_disclosure_id(applied.seq);
             for (Slot n = state.first_need_of_resident(ref); n != kNoSlot;
                  n = state.needs()[n].next_of_resident) {
               *out.add_needs() = state.load_need(n);
               seen_by(out, Store::AuditKey::object(pb::Event::kNeed, state.needs()[n].id.value()));
             }
             add_account(out, state.accounts_of_resident(ref));
             seen_by(out, Store::AuditKey::object(kAuditResident, ref));
             return answer(std::move(out), applied.seq);
           },
       .secret = true});

  const auto erase = [&](const char* pattern, const char* id, const char* summary,
                         pb::SubjectKind subject, const char* name) {
    routes.push_back(
        {.method = "POST",
         .pattern = pattern,
         .id = id,
         .summary = summary,
         .tag = "privacy",
         .response = pb::ErasedResponse::descriptor(),
         .command = [subject, name](const Call& call, const Message*) -> Result<pb::Request> {
           pb::Request c;
           c.mutable_erase()->set_subject(subject);
           c.mutable_erase()->set_subject_id(call.number(name));
           return c;
         },
         .present =
             [](const Call&, const Applied& applied) {
               pb::ErasedResponse r;
               r.set_erased(applied.subjects.size());
               return answer(std::move(r), applied.seq);
             }});
  };
  erase("/v1/needs/{id}:erase", "eraseNeed",
        "Contact and address of a need are gone for good, also from the past.",
        pb::SUBJECT_KIND_NEED, "id");
  erase("/v1/persons/{id}:erase", "erasePerson",
        "A member is taken out, and name and telephone are gone for good, also from the past.",
        pb::SUBJECT_KIND_PERSON, "id");
  erase("/v1/parties/{id}:erase", "eraseParty",
        "Who answers a party's telephone is gone for good, also from the past.",
        pb::SUBJECT_KIND_PARTY, "id");
  erase("/v1/residents/{ref}:erase", "eraseResident",
        "A resident's personal data are gone for good from all its needs, also from the past.",
        pb::SUBJECT_KIND_RESIDENT, "ref");

  routes.push_back({.method = "GET",
                    .pattern = "/v1/needs/{id}/disclosures",
                    .id = "listDisclosures",
                    .summary = "Who saw the contact of a need: for its organiser and its resident.",
                    .tag = "privacy",
                    .response = pb::ListDisclosuresResponse::descriptor(),
                    .query = {kPageSize, kPageToken},
                    .read = [&runtime](const Call& call) { return disclosures(runtime, call); }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/audit",
       .id = "listAudit",
       .summary = "Who did what to what, and who saw whose personal data (lead and auditors).",
       .tag = "privacy",
       .response = pb::ListAuditResponse::descriptor(),
       .query = {kPageSize,
                 {"pageToken", "nextPageToken of the page before."},
                 kNewest,
                 {"account", "Id of the account that did it.", "integer"},
                 {"object", "What it was done to, e.g. need/17, person/5, resident/7, policy."},
                 {"kind", "EVENT_KIND_PERSONAL_SHOWN or personal_shown, …"},
                 {"from", "Not before, UTC seconds.", "integer"},
                 {"to", "Before, UTC seconds.", "integer"}},
       .read = [&](const Call& call) -> Result<Answer> {
         QIAO_TRY(auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
         QIAO_TRY(auto newest, query_number(call, "newest", 0, 1, 0));
         const std::string* place = call.param("pageToken");
         QIAO_TRY(const auto token, place == nullptr
                                        ? Result<std::uint64_t>(std::uint64_t{0})
                                        : without_epoch(*place, call.epoch, "pageToken"));
         QIAO_TRY(auto account, query_number(call, "account", 0, kAny, 0));
         QIAO_TRY(auto from, query_number(call, "from", 0, std::uint64_t{1} << 40, 0));
         QIAO_TRY(auto to, query_number(call, "to", 0, std::uint64_t{1} << 40, 0));
         QIAO_TRY(auto kind, query_enum<pb::EventKind>(call, "kind", "EVENT_KIND_"));
         QIAO_TRY(const auto object, object_param(call));
         const Store& store = runtime.store();
         const Seq durable = runtime.durable_seq();
         const Seq first =
             from == 0 ? 1 : first_at(store, durable, static_cast<std::int64_t>(from));
         const Seq end =
             to == 0 ? durable + 1 : first_at(store, durable, static_cast<std::int64_t>(to));
         pb::ListAuditResponse r;
         // The place after which it goes on, in the direction that was asked for.
         Seq at =
             newest != 0 ? (token == 0 ? end : std::min(token, end)) : std::max(token, first - 1);
         std::size_t looked_at = 0;
         bool more = true;
         while (more && static_cast<std::uint64_t>(r.entries_size()) < size &&
                looked_at < kMaxAuditScanned) {
           std::vector<Seq> next;
           if (object || account != 0) {
             next = store.audit(object ? *object : Store::AuditKey::account(account), at,
                                newest != 0, kMaxPage);
           } else if (newest != 0) {
             for (Seq s = at; s > first && next.size() < kMaxPage; --s) next.push_back(s - 1);
           } else {
             for (Seq s = at + 1; s < end && next.size() < kMaxPage; ++s) next.push_back(s);
           }
           more = !next.empty();
           for (const Seq seq : next) {
             if (newest != 0 ? seq < first : seq >= end) {
               more = false;
               break;
             }
             if (static_cast<std::uint64_t>(r.entries_size()) == size) break;
             at = seq;
             ++looked_at;
             if (seq > durable) continue;
             const auto event = store.event(seq);
             if (!event || (kind && event->kind() != *kind) ||
                 (account != 0 && event->actor().account_id() != account))
               continue;
             *r.add_entries() = entry_of(state, *event);
           }
         }
         if (more) r.set_next_page_token(with_epoch(at, call.epoch));
         r.set_head_seq(durable);
         if (const auto hash = store.hash_of(durable)) r.set_head_hash(to_hex(*hash));
         return answer(std::move(r), 0);
       }});
  return routes;
}

}  // namespace qiao
