// Clearing, what it finds, and who was told what.
#include "qiao/v1/clearing.pb.h"
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/problem.h"
#include "server/api/route.h"
#include "server/background/clearinghouse.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// Where the page begins: 0 where no token is given.
Result<std::uint64_t> place_of_page(const Call& call) {
  const std::string* token = call.param("pageToken");
  if (token == nullptr) return std::uint64_t{0};
  return without_epoch(*token, call.epoch, "pageToken");
}

// Whether the need is outside the area that the role has of the operation.
bool is_elsewhere(const Call& call, const State& state, Slot need) {
  return call.scope == Scope::kArea && !in_area_of(call.actor, state, state.needs()[need].area);
}

// A page of the proposals that whoever asks may see; the token is how many of all came before.
Result<pb::ListProposalsResponse> page(const Call& call, const State& state,
                                       const Clearinghouse& house,
                                       std::span<const Clearinghouse::Chosen> all) {
  QIAO_TRY(const auto size, query_number(call, "pageSize", 1, kMaxPage, kDefaultPage));
  QIAO_TRY(const auto begin, place_of_page(call));
  if (begin > all.size()) {
    return refuse(Code::kOutOfRange, "pageToken", "0.." + std::to_string(all.size()));
  }
  pb::ListProposalsResponse r;
  std::size_t at = begin;
  const std::size_t end = at + std::min<std::size_t>(all.size() - at, kMaxScanned);
  for (; at < end && static_cast<std::uint64_t>(r.proposals_size()) < size; ++at) {
    if (is_elsewhere(call, state, all[at].need)) continue;
    *r.add_proposals() = house.describe(all[at]);
  }
  if (at < all.size()) r.set_next_page_token(with_epoch(at, call.epoch));
  return r;
}

// What is planned, need by need in their order, as far as whoever asks may see it.
class ProposalPages {
 public:
  ProposalPages(const Call& call, const State& state, const Clearinghouse& house, const Plan& plan)
      : call_(call), state_(state), house_(house), plan_(plan) {}

  // Of one need, or of some in their order: all on one page.
  pb::ListProposalsResponse of(std::span<const Slot> needs, Slot party) {
    for (const Slot n : needs) add(n, party);
    return std::move(found_);
  }
  // Of all needs; the token is the id of the next.
  Result<pb::ListProposalsResponse> of_all() {
    QIAO_TRY(const auto size, query_number(call_, "pageSize", 1, kMaxPage, kDefaultPage));
    const Slot needs = state_.needs().size();
    QIAO_TRY(const auto first, place_of_page(call_));
    Slot n = first_from(state_.needs(), NeedId{first});
    const Slot end = std::min(needs, n + std::min(kMaxScanned, needs - n));
    while (n < end && static_cast<std::uint64_t>(found_.proposals_size()) < size) add(n++, kNoSlot);
    if (n < needs) {
      found_.set_next_page_token(with_epoch(state_.needs()[n].id.value(), call_.epoch));
    }
    return std::move(found_);
  }

 private:
  void add(Slot n, Slot party) {
    const auto& parts = plan_.of(n);
    if (parts.empty() || is_elsewhere(call_, state_, n)) return;
    for (const PlannedPart& p : parts) {
      const Slot giver = state_.offers()[p.offer].party;
      if (party != kNoSlot && giver != party) continue;
      const auto refused = parties_that_refused(state_, p.line);
      // The plan may be older than the refusal.
      if (std::find(refused.begin(), refused.end(), giver) != refused.end()) continue;
      *found_.add_proposals() = house_.describe({n, p});
    }
  }

  const Call& call_;
  const State& state_;
  const Clearinghouse& house_;
  const Plan& plan_;
  pb::ListProposalsResponse found_;
};

Response equity_page(const Call& call, Analyst& analyst, const Clearinghouse& house,
                     const std::shared_ptr<KeptCounts<EquityCount>>& kept) {
  const auto id = query_number(call, "clearing", 0, kAny, 0);
  if (!id) return problem(id.error(), call.chinese);
  return counted_page_of(
      call, analyst, kept, kNoSlot, [&] { return house.equity_report(id.value()); },
      [](pb::EquityReport& report, const EquityCount& count, std::size_t place) {
        *report.add_communities() = count.row(place);
      });
}

Response supply_gaps(const Call& call, const State& state, Analyst& analyst, Clearinghouse& house) {
  const auto within = area_param(call, state);
  if (!within) return problem(within.error(), call.chinese);
  const auto most = query_number(call, "limit", 1, 100, 10);
  if (!most) return problem(most.error(), call.chinese);
  const auto start = [&analyst, &house, area = within.value(), limit = most.value()](
                         const auto& question, auto then) {
    const auto find = [&house, question, area, limit, then] {
      house.gaps(question, area, limit, [then](pb::SupplyGapsResponse found) {
        then(std::make_unique<pb::SupplyGapsResponse>(std::move(found)));
      });
    };
    analyst.in_turn(Lane::kGaps, question, find);
  };
  return later(call, analyst, start);
}

}  // namespace

std::vector<Route> clearing_routes(Runtime& runtime, Clearinghouse& house, Analyst& analyst) {
  std::vector<Route> routes;
  const State& state = runtime.state();
  auto get = [&](const char* pattern, const char* id, const char* summary,
                 const google::protobuf::Descriptor* response, std::vector<QueryParam> query,
                 std::function<Result<Answer>(const Call&)> read) {
    routes.push_back({.method = "GET",
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = "clearing",
                      .response = response,
                      .query = std::move(query),
                      .read = std::move(read)});
  };
  auto post = [&](const char* pattern, const char* id, const char* summary,
                  const google::protobuf::Descriptor* request, unsigned success,
                  std::function<Result<Answer>(const Call&, const Message*)> compute) {
    routes.push_back({.method = "POST",
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = "clearing",
                      .request = request,
                      .response = pb::Clearing::descriptor(),
                      .success = success,
                      .body_optional = true,
                      .compute = std::move(compute)});
  };

  post("/v1/clearings", "startClearing",
       "Matches all open needs and offers at once, beside the market; look again until it is done "
       "(lead; organisers for their area). One runs at a time; others wait, the lead's first.",
       pb::ClearingRequest::descriptor(), 201,
       [&](const Call& call, const Message* body) -> Result<Answer> {
         const pb::ClearingRequest none;
         QIAO_TRY(
             auto c,
             house.start(body == nullptr ? none : static_cast<const pb::ClearingRequest&>(*body),
                         call.actor));
         Answer a = answer(pb::Clearing(c), 0);
         a.location = "/v1/clearings/" + std::to_string(c.id());
         return a;
       });
  get("/v1/clearings", "listClearings", "The latest clearings, the newest first.",
      pb::ListClearingsResponse::descriptor(), {}, [&](const Call&) -> Result<Answer> {
        pb::ListClearingsResponse r;
        for (pb::Clearing& c : house.list()) *r.add_clearings() = std::move(c);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/clearings/{id}", "getClearing",
      "One clearing: progress, value, bound and gap, what stays unserved and why, equity before "
      "and after.",
      pb::Clearing::descriptor(), {}, [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto c, house.get(call.number("id")));
        return answer(std::move(c), runtime.applied_seq());
      });
  get("/v1/clearings/{id}/proposals", "listClearingProposals",
      "Who should serve whom, by that clearing; until they are applied.",
      pb::ListProposalsResponse::descriptor(), {kPageSize, kPageToken},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto all, house.proposals(call.number("id")));
        QIAO_TRY(auto r, page(call, runtime.state(), house, all));
        return answer(std::move(r), runtime.applied_seq());
      });
  post(
      "/v1/clearings/{id}:cancel", "cancelClearing",
      "Stops a clearing, and what it has found so far is its result; or takes it out of the queue.",
      nullptr, 200, [&](const Call& call, const Message*) -> Result<Answer> {
        QIAO_TRY(auto c, house.cancel(call.number("id"), call.actor));
        return answer(std::move(c), 0);
      });
  const auto apply = [&](pb::ClearingApply how) {
    return [&, how](const Call& call, const Message*) -> Result<Answer> {
      QIAO_TRY(auto c, house.apply(call.number("id"), how, call.actor));
      return answer(std::move(c), runtime.applied_seq());
    };
  };
  post("/v1/clearings/{id}:propose", "proposeClearing",
       "Makes a proposed match of each proposal that still holds.", nullptr, 200,
       apply(pb::CLEARING_APPLY_PROPOSE));
  post("/v1/clearings/{id}:dispatch", "dispatchClearing",
       "Dispatches each proposal that still holds.", nullptr, 200,
       apply(pb::CLEARING_APPLY_DISPATCH));
  get("/v1/proposals", "listProposals",
      "Who should serve whom as things stand: the latest clearing, and what changed since cleared "
      "again.",
      pb::ListProposalsResponse::descriptor(),
      {kPageSize,
       kPageToken,
       {"need", "Id of the need.", "integer"},
       {"party", "Id of the party that gives.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto need, query_number(call, "need", 0, ~std::uint64_t{0}, 0));
        QIAO_TRY(auto party, query_number(call, "party", 0, ~std::uint64_t{0}, 0));
        // A party sees what is proposed to it.
        if (call.scope == Scope::kParty && party == 0) party = call.actor.party_id();
        const Slot of_party = state.parties().find(PartyId{party});
        QIAO_TRY(check_party(call.scope, call.actor, state, of_party));
        const Plan* plan = house.plan();
        if (plan == nullptr || (party != 0 && of_party == kNoSlot))
          return answer(pb::ListProposalsResponse(), runtime.applied_seq());
        ProposalPages pages(call, state, house, *plan);
        if (need != 0) {
          const Slot of_need = state.needs().find(NeedId{need});
          const auto one =
              of_need == kNoSlot ? std::span<const Slot>() : std::span<const Slot>(&of_need, 1);
          return answer(pages.of(one, of_party), runtime.applied_seq());
        }
        if (party != 0) {
          std::vector<Slot> needs;
          for (Slot o = state.parties()[of_party].first_offer; o != kNoSlot;
               o = state.offers()[o].next_of_party)
            plan->add_needs_of(o, needs);
          std::sort(needs.begin(), needs.end());
          needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
          return answer(pages.of(needs, of_party), runtime.applied_seq());
        }
        QIAO_TRY(auto r, pages.of_all());
        return answer(std::move(r), runtime.applied_seq());
      });
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/equity",
       .id = "getEquity",
       .summary = "How evenly communities are served, as things stand and with every proposal of a "
                  "clearing.",
       .tag = "clearing",
       .response = pb::EquityReport::descriptor(),
       .query = {{"clearing", "Id of the clearing; the latest where not given.", "integer"},
                 kRowsOnPage,
                 kPageToken},
       .raw = [&house, &analyst, kept = std::make_shared<KeptCounts<EquityCount>>()](
                  const Call& call, const Message*) {
         return equity_page(call, analyst, house, kept);
       }});
  routes.push_back(
      {.method = "GET",
       .pattern = "/v1/supply-gaps",
       .id = "listSupplyGaps",
       .summary = "Where supply is short by the latest clearing: by place, skill, weekday and hour "
                  "what one more unit would bring, found by adding it and clearing again.",
       .tag = "clearing",
       .response = pb::SupplyGapsResponse::descriptor(),
       .query = {{"area", "Code of an area: there and below."},
                 {"limit", "How many, 1..100; 10 where not given.", "integer"}},
       .raw = [&](const Call& call, const Message*) {
         return supply_gaps(call, state, analyst, house);
       }});
  return routes;
}

}  // namespace qiao
