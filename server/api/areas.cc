#include "server/api/page.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListAreas[] = {kPageSize,
                                     kPageToken,
                                     kNewest,
                                     {"within", "Code of an area: itself and all below it."},
                                     {"level", "city, town, community or grid."}};

Result<HandlerResult> list_areas(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto within, area_param(call, state, "within"));
  QIAO_TRY(auto level, query_enum<pb::AreaLevel>(call, "level", "AREA_LEVEL_"));
  pb::ListAreasResponse r;
  const auto wanted = [&](Slot s) {
    return (within == kNoSlot || state.within(s, within)) &&
           (!level || state.areas()[s].level == *level);
  };
  QIAO_TRY(auto next, page<AreaCode>(call, state.areas(), {}, wanted,
                                     [&](Slot s) { *r.add_areas() = state.load_area(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_area(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.areas().find(AreaCode{call.number("code")});
  if (s == kNoSlot) return not_there(pb::ROW_KIND_AREA, call.number("code"), "code");
  return row_result(state.load_area(s));
}

Result<pb::Request> put_area(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_put_area(),
           addressed<pb::Area>(call, body, &pb::Area::code, &pb::Area::set_code, "code"));
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/areas",
     .id = "listAreas",
     .summary = "Areas.",
     .tag = "city",
     .response = pb::ListAreasResponse::descriptor,
     .query = kListAreas,
     .read = list_areas},
    {.method = "GET",
     .pattern = "/v1/areas/{code}",
     .id = "getArea",
     .summary = "One area.",
     .tag = "city",
     .response = pb::Area::descriptor,
     .read = get_area},
    {.method = "PUT",
     .pattern = "/v1/areas/{code}",
     .id = "putArea",
     .summary = "Creates or changes an area.",
     .tag = "city",
     .request = pb::Area::descriptor,
     .response = pb::Area::descriptor,
     .command = put_area},
};

}  // namespace

std::span<const Route> area_routes() { return kRoutes; }

}  // namespace qiao
