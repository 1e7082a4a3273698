#include "server/api/personal_data.h"

#include "server/api/audit_entry.h"
#include "server/api/render.h"

namespace qiao {
namespace {

// The maximum number of disclosures in an export, which reads them at once.
constexpr std::size_t kMaxSeenBy = 1'000;

}  // namespace

HandlerResult present_erased(const Services&, const Call&, const Applied& applied) {
  pb::ErasedResponse r;
  r.set_erased(applied.subjects.size());
  return result_of(std::move(r), applied.seq);
}

void add_account(pb::PersonExport& out, const State& state, std::span<const Slot> accounts) {
  for (const Slot a : accounts) {
    *out.mutable_account() = state.load_account(a);
    out.mutable_account()->clear_password_hash();
  }
}

void add_seen_by(pb::PersonExport& out, const Services& services, const Store::AuditKey& key) {
  const Store& store = services.runtime.store();
  const std::size_t most = kMaxSeenBy - static_cast<std::size_t>(out.seen_by_size());
  for (const Seq seq : store.audit(key, 0, true, most)) {
    const auto event = store.event(seq);
    if (event && event->has_disclosure()) *out.add_seen_by() = entry_of(services.state(), *event);
  }
}

}  // namespace qiao
