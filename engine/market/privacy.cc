// Personal data: revealed, exported and erased.
#include "engine/identity/personal.h"
#include "engine/market/emit.h"
#include "engine/rows/marked.h"

namespace qiao {
void set_about(pb::Event& e, const pb::Disclosure& shown, const State& state) {
  if (shown.subject() != pb::SUBJECT_KIND_NEED) return;
  e.set_area_code(area_of_need(state, shown.subject_id()));
  e.set_need_id(shown.subject_id());
}

Status Market::disclose(const pb::Disclose& request) {
  if (request.purpose() != pb::DISCLOSURE_PURPOSE_REVEAL &&
      request.purpose() != pb::DISCLOSURE_PURPOSE_EXPORT)
    return refuse(Code::kRequired, "purpose");
  QIAO_TRY(check_subject(state_, actor_, scope_, now_, request.subject(), request.subject_id()));
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
      for (const Slot need : needs_with_data_of(state_, request.subject_id()))
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
  QIAO_TRY(check_subject(state_, actor_, scope_, now_, request.subject(), request.subject_id()));
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
      for (const Slot need : needs_with_data_of(state_, request.subject_id())) erase_need(need);
      erase_accounts(state_.accounts_of_resident(request.subject_id()));
  }
  if (state_.last_seq() == before) return refuse(Code::kNothingToErase, "id");
  for (Seq seq = before + 1; seq <= state_.last_seq(); ++seq) answer(pb::Event::kDisclosure, seq);
  return outcome::success();
}

}  // namespace qiao
