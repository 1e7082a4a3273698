#include "engine/identity/personal.h"

#include <algorithm>

#include "engine/identity/accounts.h"
#include "engine/identity/reach.h"
#include "engine/rows/marked.h"

namespace qiao {
namespace {

// Refuses the contact unless the actor's party serves the need and the policy lets it see the
// contact by now. If it has several matches, one is enough.
Status check_contact(const State& state, const pb::Actor& actor, Time now, const NeedRow& need) {
  Status why_not = refuse(Code::kNotServing, "id");
  for (Slot m = need.first_match; m != kNoSlot; m = state.matches()[m].next_of_need) {
    const MatchRow& row = state.matches()[m];
    if (row.state < pb::MATCH_STATE_ACCEPTED || row.state > pb::MATCH_STATE_SERVED) continue;
    if (!in_party_of(actor, state, state.offers()[row.offer].party)) continue;
    switch (state.policy().contact_from()) {
      case pb::CONTACT_FROM_CONFIRMED: {
        const pb::Match match = state.load_match(m);
        if (match.was_dispatched() || match.confirmed_at() != 0) return outcome::success();
        why_not = refuse(Code::kNotConfirmed, "id");
        break;
      }
      case pb::CONTACT_FROM_DAY_BEFORE:
        if (now >= row.window.start - std::chrono::days{1}) return outcome::success();
        why_not = refuse(Code::kNotYetShown, "id");
        break;
      default:
        return outcome::success();
    }
  }
  return why_not;
}

}  // namespace

std::vector<Slot> needs_with_data_of(const State& state, std::uint64_t resident_ref) {
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

Status check_subject(const State& state, const pb::Actor& actor, Scope scope, Time now,
                     pb::SubjectKind subject, std::uint64_t id) {
  switch (subject) {
    case pb::SUBJECT_KIND_NEED: {
      const Slot need = state.needs().find(NeedId{id});
      if (need == kNoSlot)
        return refuse(Code::kNotFound, "id", "need " + std::to_string(id),
                      "需求" + std::to_string(id));
      const NeedRow& row = state.needs()[need];
      QIAO_TRY(check_area(scope, actor, state, row.area));
      QIAO_TRY(check_resident(scope, actor, row.resident_ref));
      if (scope != Scope::kMatched) return outcome::success();
      return check_contact(state, actor, now, row);
    }
    case pb::SUBJECT_KIND_PERSON: {
      const Slot person = state.persons().find(PersonId{id});
      if (person == kNoSlot)
        return refuse(Code::kNotFound, "id", "person " + std::to_string(id),
                      "人员" + std::to_string(id));
      const Slot party = state.persons()[person].party;
      QIAO_TRY(check_area(scope, actor, state, state.parties()[party].area));
      QIAO_TRY(check_party(scope, actor, state, party));
      if (is_peer_organiser(state, actor, scope, party)) return refuse(Code::kNotYours, "id");
      return check_own(scope, actor, id);
    }
    case pb::SUBJECT_KIND_PARTY: {
      const Slot party = state.parties().find(PartyId{id});
      if (party == kNoSlot)
        return refuse(Code::kNotFound, "id", "party " + std::to_string(id),
                      "单位" + std::to_string(id));
      QIAO_TRY(check_area(scope, actor, state, state.parties()[party].area));
      if (is_peer_organiser(state, actor, scope, party)) return refuse(Code::kNotYours, "id");
      return check_party(scope, actor, state, party);
    }
    case pb::SUBJECT_KIND_RESIDENT: {
      QIAO_TRY(check_resident(scope, actor, id));
      const Refusal unknown = unknown_resident("ref", id);
      const Slot first = state.first_need_of_resident(id);
      const auto accounts = state.accounts_of_resident(id);
      if (id == 0 || (first == kNoSlot && accounts.empty())) return unknown;
      // All or nothing: an organiser may not see the data of a resident who also has needs
      // elsewhere, nor learn that there are any.
      if (!check_needs_of_resident(state, actor, scope, id)) return unknown;
      for (const Slot account : accounts) {
        if (scope == Scope::kArea &&
            !check_account_reach(state, actor, scope, state.load_account(account)))
          return unknown;
      }
      return outcome::success();
    }
    default:
      return refuse(Code::kRequired, "subject");
  }
}

}  // namespace qiao
