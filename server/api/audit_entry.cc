#include "server/api/audit_entry.h"

#include "engine/rows/kinds.h"
#include "engine/rows/marked.h"
#include "server/store/store.h"

namespace qiao {

pb::AuditEntry entry_of(const State& state, const pb::Event& e) {
  pb::AuditEntry entry;
  entry.set_seq(e.seq());
  entry.set_time(e.time());
  *entry.mutable_actor() = e.actor();
  entry.set_kind(pb::EventKind_Name(e.kind()));
  entry.set_object(name_of(e.row_case()));
  entry.set_object_id(key_of(e));
  if (e.has_disclosure()) {
    // The object is the person whose data were shown.
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

}  // namespace qiao
