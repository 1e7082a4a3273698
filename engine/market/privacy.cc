// Personal data: revealed, exported and erased.
#include <algorithm>

#include "engine/identity/reach.h"
#include "engine/identity/roles.h"
#include "engine/market/emit.h"
#include "engine/rows/marked.h"

namespace qiao {
namespace {

// Those with personal data.
std::vector<Slot> needs_of(const State& state, std::uint64_t resident_ref) {
  std::vector<Slot> found;
  for (Slot s = state.first_need_of_resident(resident_ref); s != kNoSlot;
       s = state.needs()[s].next_of_resident) {
    if (!state.progress(s).erased) found.push_back(s);
  }
  return found;
}

void name_fields(const google::protobuf::Message& row, pb::Disclosure& out) {
  const std::unique_ptr<google::protobuf::Message> copy(row.New());
  copy->CopyFrom(row);
  visit_marked(
      *copy, [&](const MarkedField& field, const std::string&) -> std::optional<std::string> {
        if (!field.secret &&
            std::find(out.fields().begin(), out.fields().end(), field.name) == out.fields().end())
          out.add_fields(field.name);
        return std::nullopt;
      });
}

}  // namespace

void set_about(pb::Event& e, const pb::Disclosure& shown, const State& state) {
  if (shown.subject() != pb::SUBJECT_KIND_NEED) return;
  e.set_area_code(area_of_need(state, shown.subject_id()));
  e.set_need_id(shown.subject_id());
}

// Refuses the contact unless the actor's party serves the need and the policy lets it see the
// contact by now. If it has several matches, one is enough.
Status Market::check_contact(const NeedRow& need) const {
  Status why_not = refuse(Code::kNotServing, "id");
  for (Slot m = need.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
    const MatchRow& row = state_.matches()[m];
    if (row.state < pb::MATCH_STATE_ACCEPTED || row.state > pb::MATCH_STATE_SERVED) continue;
    if (!in_party_of(actor_, state_, state_.offers()[row.offer].party)) continue;
    switch (state_.policy().contact_from()) {
      case pb::CONTACT_FROM_CONFIRMED: {
        const pb::Match match = state_.load_match(m);
        if (match.was_dispatched() || match.confirmed_at() != 0) return outcome::success();
        why_not = refuse(Code::kNotConfirmed, "id");
        break;
      }
      case pb::CONTACT_FROM_DAY_BEFORE:
        if (now_ >= row.window.start - std::chrono::days{1}) return outcome::success();
        why_not = refuse(Code::kNotYetShown, "id");
        break;
      default:
        return outcome::success();
    }
  }
  return why_not;
}

// Refuses a subject that does not exist or is outside the actor's scope.
Status Market::check_subject(pb::SubjectKind subject, std::uint64_t id) const {
  switch (subject) {
    case pb::SUBJECT_KIND_NEED: {
      const Slot need = state_.needs().find(NeedId{id});
      if (need == kNoSlot)
        return refuse(Code::kNotFound, "id", "need " + std::to_string(id),
                      "需求" + std::to_string(id));
      const NeedRow& row = state_.needs()[need];
      QIAO_TRY(check_area(scope_, actor_, state_, row.area));
      QIAO_TRY(check_resident(scope_, actor_, row.resident_ref));
      if (scope_ != Scope::kMatched) return outcome::success();
      return check_contact(row);
    }
    case pb::SUBJECT_KIND_PERSON: {
      const Slot person = state_.persons().find(PersonId{id});
      if (person == kNoSlot)
        return refuse(Code::kNotFound, "id", "person " + std::to_string(id),
                      "人员" + std::to_string(id));
      const Slot party = state_.persons()[person].party;
      QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[party].area));
      QIAO_TRY(check_party(scope_, actor_, state_, party));
      if (is_peer_organiser(state_, actor_, scope_, party)) return refuse(Code::kNotYours, "id");
      return check_own(id);
    }
    case pb::SUBJECT_KIND_PARTY: {
      const Slot party = state_.parties().find(PartyId{id});
      if (party == kNoSlot)
        return refuse(Code::kNotFound, "id", "party " + std::to_string(id),
                      "单位" + std::to_string(id));
      QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[party].area));
      if (is_peer_organiser(state_, actor_, scope_, party)) return refuse(Code::kNotYours, "id");
      return check_party(scope_, actor_, state_, party);
    }
    case pb::SUBJECT_KIND_RESIDENT: {
      QIAO_TRY(check_resident(scope_, actor_, id));
      const Refusal unknown = unknown_resident("ref", id);
      const Slot first = state_.first_need_of_resident(id);
      const auto accounts = state_.accounts_of_resident(id);
      if (id == 0 || (first == kNoSlot && accounts.empty())) return unknown;
      // All or nothing: an organiser may not see the data of a resident who also has needs
      // elsewhere, nor learn that there are any.
      if (!check_needs_of_resident(state_, actor_, scope_, id)) return unknown;
      for (const Slot account : accounts) {
        if (scope_ == Scope::kArea && !check_role_of(state_.load_account(account))) return unknown;
      }
      return outcome::success();
    }
    default:
      return refuse(Code::kRequired, "subject");
  }
}

Status Market::disclose(const pb::Disclose& request) {
  if (request.purpose() != pb::DISCLOSURE_PURPOSE_REVEAL &&
      request.purpose() != pb::DISCLOSURE_PURPOSE_EXPORT)
    return refuse(Code::kRequired, "purpose");
  QIAO_TRY(check_subject(request.subject(), request.subject_id()));
  pb::Disclosure shown;
  switch (request.subject()) {
    case pb::SUBJECT_KIND_NEED:
      name_fields(state_.load_need(state_.needs().find(NeedId{request.subject_id()})), shown);
      break;
    case pb::SUBJECT_KIND_PERSON:
      name_fields(state_.load_person(state_.persons().find(PersonId{request.subject_id()})), shown);
      break;
    case pb::SUBJECT_KIND_PARTY:
      name_fields(state_.load_party(state_.parties().find(PartyId{request.subject_id()})), shown);
      break;
    default:
      for (const Slot need : needs_of(state_, request.subject_id()))
        name_fields(state_.load_need(need), shown);
  }
  shown.set_id(next_id());
  shown.set_subject(request.subject());
  shown.set_subject_id(request.subject_id());
  shown.set_purpose(request.purpose());
  answer(pb::Event::kDisclosure, shown.id());
  emit(pb::EVENT_KIND_PERSONAL_SHOWN, std::move(shown));
  return outcome::success();
}

void Market::erase_need(Slot slot) {
  pb::Need need = state_.load_need(slot);
  if (clear_marked(need) == 0) return;
  need.set_erased(true);
  emit(pb::EVENT_KIND_PERSONAL_ERASED, std::move(need));
}

void Market::erase_person(Slot slot) {
  pb::Person person = state_.load_person(slot);
  if (clear_marked(person) == 0) return;
  person.set_erased(true);
  person.set_removed(true);
  if (person.removed_at() == 0) person.set_removed_at(to_int(now_));
  emit(pb::EVENT_KIND_PERSONAL_ERASED, std::move(person));
}

void Market::erase_account(Slot slot) {
  pb::Account account = state_.load_account(slot);
  clear_marked(account);
  // Logins must be unique. This one reveals nothing, and no client can choose it, because a login
  // cannot contain "#".
  account.set_login("#" + std::to_string(account.id()));
  account.set_erased(true);
  account.set_disabled(true);
  emit(pb::EVENT_KIND_PERSONAL_ERASED, std::move(account));
}

Status Market::erase(const pb::Erase& request) {
  QIAO_TRY(check_subject(request.subject(), request.subject_id()));
  const Seq before = state_.last_seq();
  const auto erase_accounts = [&](std::span<const Slot> found) {
    for (const Slot a : std::vector<Slot>(found.begin(), found.end())) {
      if (!state_.load_account(a).erased()) erase_account(a);
    }
  };
  switch (request.subject()) {
    case pb::SUBJECT_KIND_NEED:
      erase_need(state_.needs().find(NeedId{request.subject_id()}));
      break;
    case pb::SUBJECT_KIND_PERSON:
      erase_person(state_.persons().find(PersonId{request.subject_id()}));
      erase_accounts(state_.accounts_of_person(PersonId{request.subject_id()}));
      break;
    case pb::SUBJECT_KIND_PARTY: {
      pb::Party party = state_.load_party(state_.parties().find(PartyId{request.subject_id()}));
      if (clear_marked(party) > 0) emit(pb::EVENT_KIND_PERSONAL_ERASED, std::move(party));
      break;
    }
    default:
      for (const Slot need : needs_of(state_, request.subject_id())) erase_need(need);
      erase_accounts(state_.accounts_of_resident(request.subject_id()));
  }
  if (state_.last_seq() == before) return refuse(Code::kNothingToErase, "id");
  for (Seq seq = before + 1; seq <= state_.last_seq(); ++seq) answer(pb::Event::kDisclosure, seq);
  return outcome::success();
}

}  // namespace qiao
