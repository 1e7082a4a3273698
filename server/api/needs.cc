#include "server/api/console_pages.h"
#include "server/api/page.h"
#include "server/api/personal_data.h"
#include "server/api/requests.h"
#include "server/api/resources.h"
#include "server/api/services.h"

namespace qiao {
namespace {

using google::protobuf::Message;

constexpr QueryParam kListNeeds[] = {
    kPageSize,
    kPageToken,
    kNewest,
    {"area", "Code of an area: there or below."},
    {"state", "open, filled, in_service, …"},
    {"category", "Code of a category."},
    {"programme", "Code of a programme."},
    {"organiser", "Id of the organiser.", "integer"},
    {"raised", "Escalated at least this many levels, 0..2.", "integer"},
    {"mine", "1: only those of the resident who sends the request.", "integer"}};
constexpr QueryParam kPostNeed[] = {{"until",
                                     "draft, submitted or open; by default open for an organiser "
                                     "or the lead, submitted for a resident."}};

Result<HandlerResult> list_needs(const Services& services, const Call& call) {
  const State& state = services.state();
  QIAO_TRY(auto area, area_param(call, state));
  QIAO_TRY(auto in_state, query_enum<pb::NeedState>(call, "state", "NEED_STATE_"));
  QIAO_TRY(auto organiser, query_number(call, "organiser", 0, kAny, 0));
  QIAO_TRY(auto raised, query_number(call, "raised", 0, 2, 0));
  QIAO_TRY(auto mine, query_number(call, "mine", 0, 1, 0));
  Slots slots;
  if (mine != 0) {
    const auto next_of_resident = [&](Slot n) { return state.needs()[n].next_of_resident; };
    slots.follow(state.first_need_of_resident(call.actor.resident_ref()), next_of_resident);
  }
  QIAO_TRY(auto category, word_param(call, state, "category", WordList::kCategory));
  QIAO_TRY(auto programme, word_param(call, state, "programme", WordList::kProgramme));
  const View view = call.view(state);
  pb::ListNeedsResponse r;
  const auto wanted = [&](Slot s) {
    const NeedRow& n = state.needs()[s];
    if ((area != kNoSlot && !state.within(n.area, area)) || (in_state && n.state != *in_state) ||
        (category && n.category != *category)) {
      return false;
    }
    if (organiser != 0 && n.organiser.value() != organiser) return false;
    if (view.need(s) == Sight::kNothing) return false;
    if (n.raised < raised) return false;
    return !programme || state.progress(s).programme == *programme;
  };
  QIAO_TRY(auto next, page<NeedId>(call, state.needs(), slots, wanted,
                                   [&](Slot s) { *r.add_needs() = view.show_need(s); }));
  r.set_next_page_token(next);
  return result_of(std::move(r), services.runtime.applied_seq());
}

Result<HandlerResult> get_need(const Services& services, const Call& call) {
  const State& state = services.state();
  const Slot s = state.needs().find(NeedId{call.number("id")});
  return row_result(call.view(state).show_need(s));
}

Result<pb::Request> post_need(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(auto until, query_enum<pb::NeedState>(call, "until", "NEED_STATE_"));
  QIAO_TRY(*c.mutable_post_need()->mutable_need(), unnamed<pb::Need>(body));
  if (until) c.mutable_post_need()->set_until(*until);
  return c;
}

Result<pb::Request> update_need(const Call& call, const Message* body) {
  pb::Request c;
  QIAO_TRY(*c.mutable_update_need(),
           addressed<pb::Need>(call, body, &pb::Need::id, &pb::Need::set_id));
  return c;
}

template <pb::NeedVerb verb>
Result<pb::Request> move_need(const Call& call, const Message* body) {
  pb::Request c;
  c.mutable_move_need()->set_need_id(call.number("id"));
  c.mutable_move_need()->set_verb(verb);
  if (body != nullptr)
    c.mutable_move_need()->set_reason(static_cast<const pb::ReasonRequest*>(body)->reason());
  return c;
}

Result<pb::Request> review_need(const Call& call, const Message* body) {
  const auto& review = static_cast<const pb::ReviewRequest&>(*body);
  pb::Request c;
  c.mutable_review_need()->set_need_id(call.number("id"));
  c.mutable_review_need()->set_stars(review.stars());
  c.mutable_review_need()->set_words(review.words());
  return c;
}

HandlerResult present_need(const Services& services, const Call& call, const Applied& applied) {
  const State& state = services.state();
  const pb::Need need = state.load_need(state.needs().find(NeedId{call.number("id")}));
  pb::PersonalData d;
  d.set_name(need.contact_name());
  d.set_phone(need.contact_phone());
  d.set_address(need.address());
  d.set_review_words(need.review().words());
  d.set_disclosure_id(applied.seq);
  return result_of(std::move(d), applied.seq);
}

Result<HandlerResult> get_site_code(const Services& services, const Call& call) {
  const State& state = services.state();
  const std::uint64_t id = call.number("id");
  const Slot need = state.needs().find(NeedId{id});
  QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[need].area));
  pb::SiteCode r;
  r.set_need_id(id);
  r.set_code(services.gate.site_code(id));
  r.set_url(console::check_in_page(services.options.public_url, id, r.code()));
  return result_of(std::move(r), services.runtime.applied_seq());
}

constexpr Route kRoutes[] = {
    {.method = "GET",
     .pattern = "/v1/needs",
     .id = "listNeeds",
     .summary = "Needs.",
     .tag = "needs",
     .response = pb::ListNeedsResponse::descriptor,
     .query = kListNeeds,
     .read = list_needs},
    {.method = "GET",
     .pattern = "/v1/needs/{id}",
     .id = "getNeed",
     .summary = "One need.",
     .tag = "needs",
     .response = pb::Need::descriptor,
     .read = get_need},
    {.method = "POST",
     .pattern = "/v1/needs",
     .id = "postNeed",
     .summary = "Posts a need (点单).",
     .tag = "needs",
     .request = pb::Need::descriptor,
     .response = pb::Need::descriptor,
     .query = kPostNeed,
     .success = 201,
     .command = post_need},
    {.method = "PUT",
     .pattern = "/v1/needs/{id}",
     .id = "updateNeed",
     .summary =
         "Changes a need. The body is the whole need; fields that the market sets are ignored.",
     .tag = "needs",
     .request = pb::Need::descriptor,
     .response = pb::Need::descriptor,
     .command = update_need},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:submit",
     .id = "submitNeed",
     .summary = "Submits a draft (点单).",
     .tag = "needs",
     .response = pb::Need::descriptor,
     .command = move_need<pb::NEED_VERB_SUBMIT>},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:approve",
     .id = "approveNeed",
     .summary = "The organiser approves a submitted need: it opens.",
     .tag = "needs",
     .response = pb::Need::descriptor,
     .command = move_need<pb::NEED_VERB_APPROVE>},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:reject",
     .id = "rejectNeed",
     .summary = "The organiser rejects a submitted need, with a reason.",
     .tag = "needs",
     .request = pb::ReasonRequest::descriptor,
     .response = pb::Need::descriptor,
     .body_optional = true,
     .command = move_need<pb::NEED_VERB_REJECT>},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:cancel",
     .id = "cancelNeed",
     .summary = "Cancels a need; live matches are cancelled.",
     .tag = "needs",
     .request = pb::ReasonRequest::descriptor,
     .response = pb::Need::descriptor,
     .body_optional = true,
     .command = move_need<pb::NEED_VERB_CANCEL>},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:review",
     .id = "reviewNeed",
     .summary =
         "Reviews a need after service with stars and words (评单); verifies what was served.",
     .tag = "needs",
     .request = pb::ReviewRequest::descriptor,
     .response = pb::Need::descriptor,
     .command = review_need},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:reveal",
     .id = "revealNeed",
     .summary = "Reveals the contact and address of a need: to its organiser, and to those who "
                "serve it from acceptance to completion. The journal records who looked.",
     .tag = "privacy",
     .response = pb::PersonalData::descriptor,
     .command = disclose<pb::SUBJECT_KIND_NEED, pb::DISCLOSURE_PURPOSE_REVEAL>,
     .present = present_need,
     .secret = true},
    {.method = "POST",
     .pattern = "/v1/needs/{id}:erase",
     .id = "eraseNeed",
     .summary = "Erases contact and address of a need for good, also from past events.",
     .tag = "privacy",
     .response = pb::ErasedResponse::descriptor,
     .command = erase<pb::SUBJECT_KIND_NEED>,
     .present = present_erased},
    {.method = "GET",
     .pattern = "/v1/needs/{id}/site-code",
     .id = "getSiteCode",
     .summary = "The check-in code, which proves that the person who scans or types it is on site.",
     .tag = "matches",
     .response = pb::SiteCode::descriptor,
     .read = get_site_code,
     .secret = true},
};

}  // namespace

std::span<const Route> need_routes() { return kRoutes; }

}  // namespace qiao
