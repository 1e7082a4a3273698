// The journal in pages. To receive events as they happen, use the watch feed (watch.h).
#include "engine/rows/marked.h"
#include "server/api/page.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

constexpr std::uint64_t kMaxEvents = 1000;

constexpr QueryParam kListEvents[] = {
    {"after", "Events with a greater sequence number; 0 by default.", "integer"},
    {"limit", "How many, 1..1000; 100 by default.", "integer"}};

Result<HandlerResult> list_events(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto after, query_number(call, "after", 0, kAny - 1, 0));
  QIAO_TRY(auto limit, query_number(call, "limit", 1, kMaxEvents, 100));
  pb::ListEventsResponse r;
  auto read = services.runtime.read_journal(after, [&](Seq, std::string_view bytes) {
    pb::Event& event = *r.add_events();
    event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
    mask_event(event, [&](std::uint64_t code) {
      return state.area_name(state.areas().find(AreaCode{code}));
    });
    return static_cast<std::uint64_t>(r.events_size()) < limit;
  });
  if (!read) return refuse(Code::kWrongState, {}, read.error().message);
  r.set_last_seq(services.runtime.durable_seq());
  return result_of(std::move(r), 0);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/events",
     .id = "listEvents",
     .summary = "Past events, in order; only those on disk.",
     .tag = "events",
     .response = pb::ListEventsResponse::descriptor,
     .query = kListEvents,
     .read = list_events},
};

}  // namespace

std::span<const Route> event_routes() { return kRoutes; }

}  // namespace qiao
