#include "server/api/page.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListOffers[] = {
    kPageSize,
    kPageToken,
    kNewest,
    {"party", "Id of the party.", "integer"},
    {"kind", "people, professional, venue, vehicle or equipment."},
    {"resource", "Code of a resource."},
    {"active", "1: only active ones; 0: only withdrawn ones.", "integer"}};

Result<HandlerResult> list_offers(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  QIAO_TRY(auto kind, query_enum<pb::TimeKind>(call, "kind", "TIME_KIND_"));
  QIAO_TRY(auto active, query_number(call, "active", 0, 1, 2));
  QIAO_TRY(auto resource, word_param(call, state, "resource", WordList::kResource));
  Slots slots;
  if (party != 0) {
    const Slot p = state.parties().find(PartyId{party});
    slots.follow(p == kNoSlot ? kNoSlot : state.parties()[p].first_offer,
                 [&](Slot o) { return state.offers()[o].next_of_party; });
  }
  const View view = call.view(state);
  pb::ListOffersResponse r;
  const auto wanted = [&](Slot s) {
    const OfferRow& o = state.offers()[s];
    return (party == 0 || state.parties()[o.party].id.value() == party) &&
           (!kind || o.time_kind == *kind) &&
           (!resource || (o.time_kind == 0 && o.resource == *resource)) &&
           (active == 2 || o.active == (active == 1)) && view.offer(s) != Sight::kNothing;
  };
  QIAO_TRY(auto next, page<OfferId>(call, state.offers(), slots, wanted,
                                    [&](Slot s) { *r.add_offers() = view.show_offer(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_offer(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.offers().find(OfferId{call.number("id")});
  return row_result(call.view(state).show_offer(s));
}

Result<pb::Request> post_offer(const Call&, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_post_offer(), unnamed<pb::Offer>(body));
  return c;
}

Result<pb::Request> update_offer(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_update_offer(),
           addressed<pb::Offer>(call, body, &pb::Offer::id, &pb::Offer::set_id));
  return c;
}

Result<pb::Request> withdraw_offer(const Call& call, const Message*) {
  pb::Request c;
  c.mutable_withdraw_offer()->set_offer_id(call.number("id"));
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/offers",
     .id = "listOffers",
     .summary = "Offers.",
     .tag = "offers",
     .response = pb::ListOffersResponse::descriptor,
     .query = kListOffers,
     .read = list_offers},
    {.method = "GET",
     .pattern = "/v1/offers/{id}",
     .id = "getOffer",
     .summary = "One offer.",
     .tag = "offers",
     .response = pb::Offer::descriptor,
     .read = get_offer},
    {.method = "POST",
     .pattern = "/v1/offers",
     .id = "postOffer",
     .summary = "Posts an offer.",
     .tag = "offers",
     .request = pb::Offer::descriptor,
     .response = pb::Offer::descriptor,
     .success = 201,
     .command = post_offer},
    {.method = "PUT",
     .pattern = "/v1/offers/{id}",
     .id = "updateOffer",
     .summary =
         "Changes an offer. The body is the whole offer; fields that the market sets are ignored.",
     .tag = "offers",
     .request = pb::Offer::descriptor,
     .response = pb::Offer::descriptor,
     .command = update_offer},
    {.method = "POST",
     .pattern = "/v1/offers/{id}:withdraw",
     .id = "withdrawOffer",
     .summary = "Withdraws an offer; its promises stay.",
     .tag = "offers",
     .response = pb::Offer::descriptor,
     .command = withdraw_offer},
};

}  // namespace

std::span<const Route> offer_routes() { return kRoutes; }

}  // namespace qiao
