// Candidates, explanations and previews.
#include "engine/clear/steer.h"
#include "engine/identity/reach.h"
#include "engine/market/validate.h"
#include "engine/match/bundle.h"
#include "engine/match/explain.h"
#include "engine/match/preview.h"
#include "server/api/command_of.h"
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kLimit{"limit", "How many, 1..200; 20 by default.", "integer"};
constexpr QueryParam kRankOpenLines[] = {
    kLimit,
    {"order",
     "value (default): the value of each; clearing: what taking it adds to the whole, by the "
     "prices of the latest clearing."}};
constexpr QueryParam kRankCandidates[] = {kLimit};
constexpr QueryParam kExplain[] = {{"need", "Id of the need.", "integer"},
                                   {"line", "Number of the line, from 1; 1 by default.", "integer"},
                                   {"offer", "Id of the offer.", "integer"}};

Result<HandlerResult> rank_open_lines(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
  const State& state = runtime.state();
  const Slot s = state.parties().find(PartyId{call.number("id")});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.parties()[s].area));
  QIAO_TRY(check_party(call.scope, call.actor, state, s));
  QIAO_TRY(auto limit, query_number(call, "limit", 1, kMaxRanked, 20));
  const std::string* order = call.param("order");
  if (order != nullptr && *order != "value" && *order != "clearing")
    return refuse(Code::kOutOfRange, "order", "value, clearing");
  pb::RankedPairs r;
  std::uint32_t rank = 0;
  const auto add = [&](const Candidate& c) -> pb::RankedPair& {
    const LineRow& line = state.line(c.line);
    pb::RankedPair& pair = *r.add_pairs() =
        to_ranked_pair(runtime.ranking(), state.needs()[line.need], line, c, ++rank);
    *pair.mutable_point() = public_point(state.needs()[line.need].point);
    return pair;
  };
  const Plan* plan = services.house.plan();
  // There are no prices before the first clearing.
  if (order != nullptr && *order == "clearing" && plan != nullptr) {
    for (const Steered& steered : steered_lines(runtime.ranking(), *plan, s, limit, runtime.now()))
      add(steered.candidate).set_adds_micro(steered.adds_micro);
  } else {
    for (const Candidate& c : runtime.ranking().open_lines(s, limit, runtime.now())) add(c);
  }
  return result_of(std::move(r), runtime.applied_seq());
}

Result<HandlerResult> rank_candidates(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
  const State& state = runtime.state();
  const Slot s = state.needs().find(NeedId{call.number("id")});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[s].area));
  const Slot line = state.line_of(
      s, static_cast<std::uint32_t>(std::min<std::uint64_t>(call.number("line"), 1000)));
  if (line == kNoSlot)
    return refuse(Code::kUnknownLine, "line", std::to_string(call.number("line")));
  QIAO_TRY(auto limit, query_number(call, "limit", 1, kMaxRanked, 20));
  pb::RankedPairs r;
  std::uint32_t rank = 0;
  for (const Candidate& c : runtime.ranking().candidates(line, limit, runtime.now())) {
    *r.add_pairs() =
        to_ranked_pair(runtime.ranking(), state.needs()[s], state.line(line), c, ++rank);
  }
  return result_of(std::move(r), runtime.applied_seq());
}

Result<HandlerResult> suggest_bundle(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
  const State& state = runtime.state();
  const Slot s = state.needs().find(NeedId{call.number("id")});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[s].area));
  return result_of(bundle(runtime.ranking(), s, runtime.now()), runtime.applied_seq());
}

Result<HandlerResult> explain_pair(const Services& services, const Call& call) {
  const Runtime& runtime = services.runtime;
  const State& state = runtime.state();
  QIAO_TRY(auto need_id, query_number(call, "need", 0, kAny, 0));
  QIAO_TRY(auto number, query_number(call, "line", 1, 1000, 1));
  QIAO_TRY(auto offer_id, query_number(call, "offer", 0, kAny, 0));
  if (need_id == 0) return refuse(Code::kRequired, "need");
  if (offer_id == 0) return refuse(Code::kRequired, "offer");
  const Slot need = state.needs().find(NeedId{need_id});
  if (need == kNoSlot || call.view(state).need(need) == Sight::kNothing)
    return refuse(Code::kUnknownNeed, "need", std::to_string(need_id));
  QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[need].area));
  const Slot line = state.line_of(need, static_cast<std::uint32_t>(number));
  if (line == kNoSlot) return refuse(Code::kUnknownLine, "line", std::to_string(number));
  const Slot offer = state.offers().find(OfferId{offer_id});
  if (!is_there(state, call.actor, pb::ROW_KIND_OFFER, offer_id))
    return refuse(Code::kUnknownOffer, "offer", std::to_string(offer_id));
  QIAO_TRY(check_party(call.scope, call.actor, state, state.offers()[offer].party));
  return result_of(explain(runtime.ranking(), line, offer, runtime.now()), runtime.applied_seq());
}

// Fills in the fields of a need that is still being entered, and refuses one that could not be
// posted.
Status complete(pb::PreviewRequest& request, const Call& call, const Runtime& runtime) {
  const State& state = runtime.state();
  pb::Need& need = *request.mutable_need();
  const Slot known = state.needs().find(NeedId{need.id()});
  const bool whole = known != kNoSlot &&
                     sight_of(state, call.actor, pb::ROW_KIND_NEED, need.id()) == Sight::kWhole;
  const pb::Need before = whole ? state.load_need(known) : pb::Need();
  QIAO_TRY(check_references(request, &before, call.actor, state));
  // The response shows which parties have served this resident before.
  const Scope posts = scope_of(Operation::kPostNeed, call.actor.role());
  if (posts == Scope::kOwn) need.set_resident_ref(call.actor.resident_ref());
  QIAO_TRY(check_resident_ref(state, call.actor, posts, need.resident_ref(), "need.residentRef"));
  // The form may have no title yet.
  if (need.title().empty()) need.set_title("…");
  if (need.category().empty() && state.taxonomy().categories_size() > 0)
    need.set_category(state.taxonomy().categories(0).code());
  QIAO_TRY(validate(need, state, runtime.now(), Posting::kNew, "need."));
  if (request.line() > static_cast<std::uint32_t>(need.lines_size()))
    return refuse(Code::kUnknownLine, "line", std::to_string(request.line()));
  return outcome::success();
}

Response preview_need(const Services& services, const Call& call, const Message* body) {
  const Runtime& runtime = services.runtime;
  auto request = static_cast<const pb::PreviewRequest&>(*body);
  if (auto good = complete(request, call, runtime); !good)
    return problem(good.error(), call.chinese);
  return counted(
      call, services.analyst,
      std::make_shared<Preview>(runtime.ranking(), request.need(), request.line(), runtime.now()),
      Lane::kShort, 1);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/parties/{id}/open-lines",
     .id = "rankOpenLines",
     .summary = "The open lines of the greatest value to a party, with reasons.",
     .tag = "matching",
     .response = pb::RankedPairs::descriptor,
     .query = kRankOpenLines,
     .read = rank_open_lines},
    {.method = "GET",
     .pattern = "/v1/needs/{id}/lines/{line}/candidates",
     .id = "rankCandidates",
     .summary = "The candidates for a line: the offers of the greatest value, with reasons.",
     .tag = "matching",
     .response = pb::RankedPairs::descriptor,
     .query = kRankCandidates,
     .read = rank_candidates},
    {.method = "GET",
     .pattern = "/v1/needs/{id}/bundle",
     .id = "suggestBundle",
     .summary = "A bundle: offers from the three sides that together fill the need.",
     .tag = "matching",
     .response = pb::Bundle::descriptor,
     .read = suggest_bundle},
    {.method = "GET",
     .pattern = "/v1/explanations",
     .id = "explain",
     .summary = "Why an offer is eligible for a line, or the first rule that excludes it.",
     .tag = "matching",
     .response = pb::Explanation::descriptor,
     .query = kExplain,
     .read = explain_pair},
    {.method = "POST",
     .pattern = "/v1/needs:preview",
     .id = "previewNeed",
     .summary = "A preview: who could serve a need that is not posted yet, and what would change "
                "the picture. Changes nothing.",
     .tag = "matching",
     .request = pb::PreviewRequest::descriptor,
     .response = pb::PreviewResponse::descriptor,
     .raw = preview_need},
};

}  // namespace

std::span<const Route> matching_routes() { return kRoutes; }

}  // namespace qiao
