// Proposals: matches suggested by a clearing, or by the standing plan.
#include <algorithm>

#include "qiao/v1/clearing.pb.h"
#include "server/api/page.h"
#include "server/api/resources.h"
#include "server/api/services.h"
#include "server/background/clearinghouse.h"

namespace qiao {
namespace {

constexpr QueryParam kListClearingProposals[] = {kPageSize, kPageToken};
constexpr QueryParam kListProposals[] = {kPageSize,
                                         kPageToken,
                                         {"need", "Id of the need.", "integer"},
                                         {"party", "Id of the supplier.", "integer"}};

// The position where the page begins: 0 without a token.
Result<std::uint64_t> place_of_page(const Call& call) {
  const std::string* token = call.param("pageToken");
  if (token == nullptr) return std::uint64_t{0};
  return without_epoch(*token, call.epoch, "pageToken");
}

// Whether the need is outside the area that the role's scope covers.
bool is_elsewhere(const Call& call, const State& state, Slot need) {
  return call.scope == Scope::kArea && !in_area_of(call.actor, state, state.needs()[need].area);
}

// A page of the proposals that the requester may see; the token is the number of proposals before
// it.
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

// The proposals of the plan that the requester may see, ordered by need.
class ProposalPages {
 public:
  ProposalPages(const Call& call, const State& state, const Clearinghouse& house, const Plan& plan)
      : call_(call), state_(state), house_(house), plan_(plan) {}

  // The proposals of some needs, on one page.
  pb::ListProposalsResponse of(std::span<const Slot> needs, Slot party) {
    for (const Slot n : needs) add(n, party);
    return std::move(found_);
  }
  // The proposals of all needs; the token is the id of the next one.
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
      const Slot supplier = state_.offers()[p.offer].party;
      if (party != kNoSlot && supplier != party) continue;
      const auto refused = parties_that_refused(state_, p.line);
      // The party may have refused after the plan was made.
      if (std::find(refused.begin(), refused.end(), supplier) != refused.end()) continue;
      *found_.add_proposals() = house_.describe({n, p});
    }
  }

  const Call& call_;
  const State& state_;
  const Clearinghouse& house_;
  const Plan& plan_;
  pb::ListProposalsResponse found_;
};

Result<HandlerResult> list_clearing_proposals(const Services& services, const Call& call) {
  QIAO_TRY(auto all, services.house.proposals(call.number("id")));
  QIAO_TRY(auto r, page(call, services.state(), services.house, all));
  return result_of(std::move(r), services.runtime.applied_seq());
}

// The needs that the plan assigns offers of the party to, in order.
std::vector<Slot> needs_of_party(const State& state, const Plan& plan, Slot party) {
  std::vector<Slot> needs;
  for (Slot o = state.parties()[party].first_offer; o != kNoSlot;
       o = state.offers()[o].next_of_party)
    plan.add_needs_of(o, needs);
  std::sort(needs.begin(), needs.end());
  needs.erase(std::unique(needs.begin(), needs.end()), needs.end());
  return needs;
}

Result<HandlerResult> list_proposals(const Services& services, const Call& call) {
  const State& state = services.state();
  const Seq seen = services.runtime.applied_seq();
  QIAO_TRY(auto need, query_number(call, "need", 0, kAny, 0));
  QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
  // Without a parameter, a party sees its own proposals.
  if (call.scope == Scope::kParty && party == 0) party = call.actor.party_id();
  const Slot of_party = state.parties().find(PartyId{party});
  QIAO_TRY(check_party(call.scope, call.actor, state, of_party));
  const Plan* plan = services.house.plan();
  if (plan == nullptr || (party != 0 && of_party == kNoSlot))
    return result_of(pb::ListProposalsResponse(), seen);
  ProposalPages pages(call, state, services.house, *plan);
  if (need != 0) {
    const Slot of_need = state.needs().find(NeedId{need});
    const auto one =
        of_need == kNoSlot ? std::span<const Slot>() : std::span<const Slot>(&of_need, 1);
    return result_of(pages.of(one, of_party), seen);
  }
  if (party != 0)
    return result_of(pages.of(needs_of_party(state, *plan, of_party), of_party), seen);
  QIAO_TRY(auto r, pages.of_all());
  return result_of(std::move(r), seen);
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/clearings/{id}/proposals",
     .id = "listClearingProposals",
     .summary = "The proposals of a clearing, until they are applied.",
     .tag = "clearing",
     .response = pb::ListProposalsResponse::descriptor,
     .query = kListClearingProposals,
     .read = list_clearing_proposals},
    {.method = "GET",
     .pattern = "/v1/proposals",
     .id = "listProposals",
     .summary = "The current proposals: those of the latest clearing, with the needs that have "
                "changed since cleared again.",
     .tag = "clearing",
     .response = pb::ListProposalsResponse::descriptor,
     .query = kListProposals,
     .read = list_proposals},
};

}  // namespace

std::span<const Route> proposal_routes() { return kRoutes; }

}  // namespace qiao
