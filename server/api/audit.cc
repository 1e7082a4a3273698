// The audit: who did what, and who saw whose personal data.
#include <algorithm>
#include <functional>
#include <type_traits>

#include "engine/base/hex.h"
#include "engine/base/number_text.h"
#include "engine/rows/kinds.h"
#include "server/access/secrets.h"
#include "server/api/audit_entry.h"
#include "server/api/page.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

// Events read for one page of the audit.
constexpr std::size_t kMaxAuditScanned = 1'000;

constexpr QueryParam kListDisclosures[] = {kPageSize, kPageToken};
constexpr QueryParam kListAudit[] = {
    kPageSize,
    {"pageToken", "nextPageToken of the previous page."},
    kNewest,
    {"account", "Id of the account that sent it.", "integer"},
    {"object", "The row, e.g. need/17, person/5, resident/7, policy."},
    {"kind", "EVENT_KIND_PERSONAL_SHOWN or personal_shown, …"},
    {"from", "Not before, UTC seconds.", "integer"},
    {"to", "Before, UTC seconds.", "integer"}};

// Parses the word before the slash: a kind of row, or "resident".
std::optional<std::uint8_t> kind_named(std::string_view word) {
  for (const auto kind : kKeyedKinds) {
    if (word == name_of(kind)) return static_cast<std::uint8_t>(kind);
  }
  for (const auto kind : kSettings) {
    if (word == name_of(kind)) return static_cast<std::uint8_t>(kind);
  }
  return word == "resident" ? std::optional(kAuditResident) : std::nullopt;
}

// The accepted forms, for the refusal: need/ID, ..., resident/REF, policy, ...
std::string object_forms() {
  std::string forms;
  for_each_keyed([&](auto kind) {
    const bool code = std::is_same_v<typename decltype(kind)::Id, AreaCode>;
    forms += std::string(kind.kName) + (code ? "/CODE, " : "/ID, ");
  });
  forms += "resident/REF";
  for (const auto kind : kSettings) forms += std::string(", ") + name_of(kind);
  return forms;
}

// Parses "need/17".
Result<std::optional<Store::AuditKey>> object_param(const Call& call) {
  const std::string* text = call.param("object");
  if (text == nullptr) return std::optional<Store::AuditKey>();
  const auto slash = std::min(text->find('/'), text->size());
  const std::string_view word = std::string_view(*text).substr(0, slash);
  std::uint64_t id = 0;
  if (slash < text->size()) {
    const auto number = parse_number<std::uint64_t>(std::string_view(*text).substr(slash + 1));
    if (!number) return refuse_type("object", "integer");
    id = *number;
  }
  if (const auto kind = kind_named(word)) return std::optional(Store::AuditKey::object(*kind, id));
  return refuse(Code::kOutOfRange, "object", object_forms());
}

// Lists who saw the contact of the need, by itself or with all data of its resident, newest first.
Result<HandlerResult> list_disclosures(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
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
  return result_of(std::move(r), 0);
}

// Returns the first event at or after `time`. Events are ordered by time.
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

// The parameters of an audit query.
struct AuditQuery {
  std::uint64_t size = 0;
  bool newest = false;
  Seq token = 0;  // 0: the first page
  std::uint64_t account = 0;
  std::optional<pb::EventKind> kind = {};
  std::optional<Store::AuditKey> object = {};
  // The range of events: from `first`, before `end`.
  Seq first = 1;
  Seq end = 0;
};

Result<AuditQuery> audit_query(const Call& call, const Store& store, Seq durable) {
  constexpr std::uint64_t kMostTime = std::uint64_t{1} << 40;
  AuditQuery q;
  QIAO_TRY(q.size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  QIAO_TRY(const auto newest, query_number(call, "newest", 0, 1, 0));
  q.newest = newest != 0;
  if (const std::string* place = call.param("pageToken")) {
    QIAO_TRY(q.token, without_epoch(*place, call.epoch, "pageToken"));
  }
  QIAO_TRY(q.account, query_number(call, "account", 0, kAny, 0));
  QIAO_TRY(const auto from, query_number(call, "from", 0, kMostTime, 0));
  QIAO_TRY(const auto to, query_number(call, "to", 0, kMostTime, 0));
  QIAO_TRY(q.kind, query_enum<pb::EventKind>(call, "kind", "EVENT_KIND_"));
  QIAO_TRY(q.object, object_param(call));
  if (from != 0) q.first = first_at(store, durable, static_cast<std::int64_t>(from));
  q.end = to == 0 ? durable + 1 : first_at(store, durable, static_cast<std::int64_t>(to));
  return q;
}

// The event numbers that follow `at` in the requested direction.
std::vector<Seq> next_events(const Store& store, const AuditQuery& q, Seq at) {
  if (q.object || q.account != 0) {
    return store.audit(q.object ? *q.object : Store::AuditKey::account(q.account), at, q.newest,
                       kMaxPage);
  }
  std::vector<Seq> next;
  if (q.newest) {
    for (Seq s = at; s > q.first && next.size() < kMaxPage; --s) next.push_back(s - 1);
  } else {
    for (Seq s = at + 1; s < q.end && next.size() < kMaxPage; ++s) next.push_back(s);
  }
  return next;
}

Result<HandlerResult> list_audit(const Services& services, const Call& call) {
  const Store& store = services.runtime.store();
  const Seq durable = services.runtime.durable_seq();
  QIAO_TRY(const auto q, audit_query(call, store, durable));
  pb::ListAuditResponse r;
  // The position after which the page begins, in the requested direction.
  Seq at =
      q.newest ? (q.token == 0 ? q.end : std::min(q.token, q.end)) : std::max(q.token, q.first - 1);
  std::size_t looked_at = 0;
  bool more = true;
  while (more && static_cast<std::uint64_t>(r.entries_size()) < q.size &&
         looked_at < kMaxAuditScanned) {
    const std::vector<Seq> next = next_events(store, q, at);
    more = !next.empty();
    for (const Seq seq : next) {
      if (q.newest ? seq < q.first : seq >= q.end) {
        more = false;
        break;
      }
      if (static_cast<std::uint64_t>(r.entries_size()) == q.size) break;
      at = seq;
      ++looked_at;
      if (seq > durable) continue;
      const auto event = store.event(seq);
      if (!event || (q.kind && event->kind() != *q.kind) ||
          (q.account != 0 && event->actor().account_id() != q.account))
        continue;
      *r.add_entries() = entry_of(services.state(), *event);
    }
  }
  if (more) r.set_next_page_token(with_epoch(at, call.epoch));
  r.set_head_seq(durable);
  if (const auto hash = store.hash_of(durable)) r.set_head_hash(to_hex(*hash));
  return result_of(std::move(r), 0);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/needs/{id}/disclosures",
     .id = "listDisclosures",
     .summary = "Who saw the contact of a need: for its organiser and its resident.",
     .tag = "privacy",
     .response = pb::ListDisclosuresResponse::descriptor,
     .query = kListDisclosures,
     .read = list_disclosures},
    {.method = "GET",
     .pattern = "/v1/audit",
     .id = "listAudit",
     .summary = "The audit: who did what, and who saw whose personal data (lead and auditors).",
     .tag = "privacy",
     .response = pb::ListAuditResponse::descriptor,
     .query = kListAudit,
     .read = list_audit},
};

}  // namespace

std::span<const Route> audit_routes() { return kRoutes; }

}  // namespace qiao
