// Matches, from proposed to verified.
#include "server/api/page.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListMatches[] = {kPageSize,
                                       kPageToken,
                                       kNewest,
                                       {"need", "Id of the need.", "integer"},
                                       {"party", "Id of the supplier.", "integer"},
                                       {"offer", "Id of the offer.", "integer"},
                                       {"state", "dispatched, accepted, …"}};

// The matches of the need, else of the offer, else of the party; all matches if each is 0.
Slots matches_of(const State& state, std::uint64_t need, std::uint64_t offer, std::uint64_t party) {
  Slots slots;
  const auto of_offer = [&](Slot o) {
    slots.follow(o == kNoSlot ? kNoSlot : state.offers()[o].first_match,
                 [&](Slot m) { return state.matches()[m].next_of_offer; });
  };
  if (need != 0) {
    const Slot n = state.needs().find(NeedId{need});
    slots.follow(n == kNoSlot ? kNoSlot : state.needs()[n].first_match,
                 [&](Slot m) { return state.matches()[m].next_of_need; });
  } else if (offer != 0) {
    of_offer(state.offers().find(OfferId{offer}));
  } else if (party != 0) {
    const Slot p = state.parties().find(PartyId{party});
    slots.chosen.emplace();
    for (Slot o = p == kNoSlot ? kNoSlot : state.parties()[p].first_offer; o != kNoSlot;
         o = state.offers()[o].next_of_party)
      of_offer(o);
  }
  return slots;
}

Result<HandlerResult> list_matches(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto need, query_number(call, "need", 0, kAny, 0));
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  QIAO_TRY(auto offer, query_number(call, "offer", 0, kAny, 0));
  QIAO_TRY(auto in_state, query_enum<pb::MatchState>(call, "state", "MATCH_STATE_"));
  const View view = call.view(state);
  pb::ListMatchesResponse r;
  const auto wanted = [&](Slot s) {
    const MatchRow& m = state.matches()[s];
    return (need == 0 || state.needs()[m.need].id.value() == need) &&
           (!in_state || m.state == *in_state) &&
           (offer == 0 || state.offers()[m.offer].id.value() == offer) &&
           (party == 0 || state.parties()[state.offers()[m.offer].party].id.value() == party) &&
           view.match(s) != Sight::kNothing;
  };
  QIAO_TRY(auto next,
           page<MatchId>(call, state.matches(), matches_of(state, need, offer, party), wanted,
                         [&](Slot s) { *r.add_matches() = view.show_match(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_match(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.matches().find(MatchId{call.number("id")});
  return row_result(call.view(state).show_match(s));
}

template <pb::MatchState how>
Result<pb::Request> make_match(const Call&, const Message* body) {
  const auto& request = static_cast<const pb::MatchRequest&>(*body);
  if (request.need_id() == 0) return refuse(Code::kRequired, "needId");
  if (request.offer_id() == 0) return refuse(Code::kRequired, "offerId");
  // In a command 0 means "as many as possible"; an explicit 0 from a client does not mean that.
  if (request.has_quantity() && request.quantity() == 0)
    return refuse(Code::kOutOfRange, "quantity", "1..");
  pb::Request c;
  pb::MakeMatch& m = *c.mutable_make_match();
  m.set_need_id(request.need_id());
  m.set_line(request.line());
  m.set_offer_id(request.offer_id());
  m.set_quantity(request.quantity());
  m.set_how(how);
  return c;
}

template <pb::MatchVerb verb>
Result<pb::Request> move_match(const Call& call, const Message* body) {
  pb::Request c;
  c.mutable_move_match()->set_match_id(call.number("id"));
  c.mutable_move_match()->set_verb(verb);
  if (body != nullptr)
    c.mutable_move_match()->set_reason(static_cast<const pb::ReasonRequest*>(body)->reason());
  return c;
}

Result<pb::Request> check_in(const Call& call, const Message* body) {
  pb::Request c;
  pb::MoveMatchRequest& move = *c.mutable_move_match();
  move.set_match_id(call.number("id"));
  move.set_verb(pb::MATCH_VERB_CHECK_IN);
  if (body == nullptr) return c;
  move.set_code(static_cast<const pb::CheckInRequest*>(body)->code());
  move.set_reason(static_cast<const pb::CheckInRequest*>(body)->reason());
  return c;
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/matches",
     .id = "listMatches",
     .summary = "Matches.",
     .tag = "matches",
     .response = pb::ListMatchesResponse::descriptor,
     .query = kListMatches,
     .read = list_matches},
    {.method = "GET",
     .pattern = "/v1/matches/{id}",
     .id = "getMatch",
     .summary = "One match.",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .read = get_match},
    {.method = "POST",
     .pattern = "/v1/matches:propose",
     .id = "proposeMatch",
     .summary = "Proposes an offer for a line.",
     .tag = "matches",
     .request = pb::MatchRequest::descriptor,
     .response = pb::Match::descriptor,
     .success = 201,
     .command = make_match<pb::MATCH_STATE_PROPOSED>},
    {.method = "POST",
     .pattern = "/v1/matches:dispatch",
     .id = "dispatchMatch",
     .summary = "The organiser asks a party to serve a line (派单), to be answered in time.",
     .tag = "matches",
     .request = pb::MatchRequest::descriptor,
     .response = pb::Match::descriptor,
     .success = 201,
     .command = make_match<pb::MATCH_STATE_DISPATCHED>},
    {.method = "POST",
     .pattern = "/v1/matches:claim",
     .id = "claimLine",
     .summary = "A party claims an open line or part of it (认领).",
     .tag = "matches",
     .request = pb::MatchRequest::descriptor,
     .response = pb::Match::descriptor,
     .success = 201,
     .command = make_match<pb::MATCH_STATE_CLAIMED>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:dispatch",
     .id = "dispatchProposal",
     .summary = "Dispatches a proposal.",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_DISPATCH>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:confirm",
     .id = "confirmClaim",
     .summary = "The organiser confirms a claim.",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_CONFIRM>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:accept",
     .id = "acceptMatch",
     .summary = "The party accepts a dispatch (接单).",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_ACCEPT>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:decline",
     .id = "declineMatch",
     .summary = "The party declines, with a reason; the next candidate is asked.",
     .tag = "matches",
     .request = pb::ReasonRequest::descriptor,
     .response = pb::Match::descriptor,
     .body_optional = true,
     .command = move_match<pb::MATCH_VERB_DECLINE>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:withdraw",
     .id = "withdrawMatch",
     .summary = "The party withdraws after accepting, with a reason.",
     .tag = "matches",
     .request = pb::ReasonRequest::descriptor,
     .response = pb::Match::descriptor,
     .body_optional = true,
     .command = move_match<pb::MATCH_VERB_WITHDRAW>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:checkIn",
     .id = "checkIn",
     .summary = "The party checks in (签到), with the check-in code if the policy requires it.",
     .tag = "matches",
     .request = pb::CheckInRequest::descriptor,
     .response = pb::Match::descriptor,
     .body_optional = true,
     .command = check_in},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:checkOut",
     .id = "checkOut",
     .summary = "The party checks out (签退).",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_CHECK_OUT>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:verify",
     .id = "verifyMatch",
     .summary = "The organiser verifies what was served.",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_VERIFY>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:noShow",
     .id = "reportNoShow",
     .summary = "The organiser reports a no-show.",
     .tag = "matches",
     .response = pb::Match::descriptor,
     .command = move_match<pb::MATCH_VERB_NO_SHOW>},
    {.method = "POST",
     .pattern = "/v1/matches/{id}:cancel",
     .id = "cancelMatch",
     .summary = "The organiser cancels the match, with a reason.",
     .tag = "matches",
     .request = pb::ReasonRequest::descriptor,
     .response = pb::Match::descriptor,
     .body_optional = true,
     .command = move_match<pb::MATCH_VERB_CANCEL>},
};

}  // namespace

std::span<const Route> match_routes() { return kRoutes; }

}  // namespace qiao
