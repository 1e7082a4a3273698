// Notifications: which parties were notified of which need.
#include "server/api/page.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

constexpr QueryParam kListNotifications[] = {kPageSize,
                                             kPageToken,
                                             kNewest,
                                             {"party", "Id of the party.", "integer"},
                                             {"need", "Id of the need.", "integer"}};

Result<HandlerResult> list_notifications(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  QIAO_TRY(auto need, query_number(call, "need", 0, kAny, 0));
  Slots slots;
  if (party != 0) {
    const Slot p = state.parties().find(PartyId{party});
    slots.follow(p == kNoSlot ? kNoSlot : state.parties()[p].first_notification,
                 [&](Slot s) { return state.notifications()[s].next_of_party; });
  }
  const Slot of_need = state.needs().find(NeedId{need});
  const View view = call.view(state);
  pb::ListNotificationsResponse r;
  const auto wanted = [&](Slot s) {
    return (need == 0 || state.notifications()[s].need == of_need) &&
           view.notification(s) != Sight::kNothing;
  };
  QIAO_TRY(auto next, page<NotificationId>(call, state.notifications(), slots, wanted, [&](Slot s) {
             *r.add_notifications() = state.load_notification(s);
           }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/notifications",
     .id = "listNotifications",
     .summary = "Which party was notified of which need.",
     .tag = "matching",
     .response = pb::ListNotificationsResponse::descriptor,
     .query = kListNotifications,
     .read = list_notifications},
};

}  // namespace

std::span<const Route> notification_routes() { return kRoutes; }

}  // namespace qiao
