// Residents, who exist only as a number on their needs: export and erasure of their data.
#include "server/api/personal_data.h"
#include "server/api/render.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

HandlerResult present_export(const Services& services, const Call& call, const Applied& applied) {
  const State& state = services.state();
  const std::uint64_t ref = call.number("ref");
  pb::PersonExport out;
  out.set_disclosure_id(applied.seq);
  for (Slot n = state.first_need_of_resident(ref); n != kNoSlot;
       n = state.needs()[n].next_of_resident) {
    if (state.progress(n).erased) continue;
    *out.add_needs() = state.load_need(n);
    add_seen_by(out, services, Store::AuditKey::object(kAuditContact, state.needs()[n].id.value()));
  }
  add_account(out, state, state.accounts_of_resident(ref));
  add_seen_by(out, services, Store::AuditKey::object(kAuditResident, ref));
  return result_of(std::move(out), applied.seq);
}

constexpr Route kRoutes[] = {
    {.method = "POST",
     .pattern = "/v1/residents/{ref}:export",
     .id = "exportResident",
     .summary = "Exports all data about a resident, over all its needs, unmasked (the person's "
                "right to a copy).",
     .tag = "privacy",
     .response = pb::PersonExport::descriptor,
     .command = disclose<pb::SUBJECT_KIND_RESIDENT, pb::DISCLOSURE_PURPOSE_EXPORT>,
     .present = present_export,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/residents/{ref}:erase",
     .id = "eraseResident",
     .summary =
         "Erases a resident's personal data for good from all its needs, also from past events.",
     .tag = "privacy",
     .response = pb::ErasedResponse::descriptor,
     .command = erase<pb::SUBJECT_KIND_RESIDENT>,
     .present = present_erased},
};

}  // namespace

std::span<const Route> resident_routes() { return kRoutes; }

}  // namespace qiao
