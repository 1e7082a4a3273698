// Everything that can be done: each route makes a request of its body and its path.
#include "qiao/v1/query.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/api/route.h"

namespace qiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;
using Build = std::function<Result<pb::Request>(const Call&, const Message* body)>;

// The id in the body, where there is one, is the one in the path.
template <class Resource>
Result<Resource> addressed(const Call& call, const Message* body,
                           std::uint64_t (Resource::*get)() const,
                           void (Resource::*set)(std::uint64_t), const char* field) {
  Resource r = static_cast<const Resource&>(*body);
  const std::uint64_t id = call.path.front().second;
  if ((r.*get)() != 0 && (r.*get)() != id)
    return refuse(Code::kOutOfRange, field, std::to_string(id));
  (r.*set)(id);
  return r;
}

// What a new thing is called is not for its poster to say.
template <class Resource>
Result<Resource> unnamed(const Message* body) {
  const auto& r = static_cast<const Resource&>(*body);
  if (r.id() != 0) return refuse(Code::kNotSettable, "id");
  return r;
}

}  // namespace

std::vector<Route> command_routes() {
  std::vector<Route> routes;
  auto add = [&](const char* method, const char* pattern, const char* id, const char* tag,
                 const char* summary, const Descriptor* request, const Descriptor* response,
                 unsigned success, Build build) -> Route& {
    routes.push_back({.method = method,
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = tag,
                      .request = request,
                      .response = response,
                      .success = success,
                      .command = std::move(build)});
    return routes.back();
  };

  add("PUT", "/v1/taxonomy", "putTaxonomy", "city", "Mends or extends the city's words (lead).",
      pb::Taxonomy::descriptor(), pb::Taxonomy::descriptor(), 200,
      [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        *c.mutable_put_taxonomy() = static_cast<const pb::Taxonomy&>(*body);
        return c;
      });
  add("PUT", "/v1/policy", "setPolicy", "city", "Sets the policy (lead).", pb::Policy::descriptor(),
      pb::Policy::descriptor(), 200, [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        *c.mutable_set_policy() = static_cast<const pb::Policy&>(*body);
        return c;
      });
  add("PUT", "/v1/areas/{code}", "putArea", "city", "Creates or changes an area.",
      pb::Area::descriptor(), pb::Area::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_put_area(),
                 addressed<pb::Area>(call, body, &pb::Area::code, &pb::Area::set_code, "code"));
        return c;
      });

  add("POST", "/v1/parties", "registerParty", "parties",
      "Registers a party; pending when it registers itself.", pb::Party::descriptor(),
      pb::Party::descriptor(), 201, [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_register_party(), unnamed<pb::Party>(body));
        return c;
      });
  add("PUT", "/v1/parties/{id}", "updateParty", "parties",
      "Changes a party. Give the whole of it; what the market sets is ignored.",
      pb::Party::descriptor(), pb::Party::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_update_party(),
                 addressed<pb::Party>(call, body, &pb::Party::id, &pb::Party::set_id, "id"));
        return c;
      });
  auto standing = [&](const char* pattern, const char* id, const char* summary, pb::Standing to) {
    add("POST", pattern, id, "parties", summary, nullptr, pb::Party::descriptor(), 200,
        [to](const Call& call, const Message*) -> Result<pb::Request> {
          pb::Request c;
          c.mutable_set_standing()->set_party_id(call.number("id"));
          c.mutable_set_standing()->set_standing(to);
          return c;
        });
  };
  standing("/v1/parties/{id}:approve", "approveParty", "Makes a pending party active.",
           pb::STANDING_ACTIVE);
  standing("/v1/parties/{id}:suspend", "suspendParty",
           "Takes a party's offers out of matching; what it has promised stays.",
           pb::STANDING_SUSPENDED);
  standing("/v1/parties/{id}:reinstate", "reinstateParty", "Makes a suspended party active again.",
           pb::STANDING_ACTIVE);

  add("POST", "/v1/persons", "addPerson", "parties", "Adds a member to a party.",
      pb::Person::descriptor(), pb::Person::descriptor(), 201,
      [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_put_person(), unnamed<pb::Person>(body));
        return c;
      });
  add("PUT", "/v1/persons/{id}", "updatePerson", "parties", "Changes a member.",
      pb::Person::descriptor(), pb::Person::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_put_person(),
                 addressed<pb::Person>(call, body, &pb::Person::id, &pb::Person::set_id, "id"));
        return c;
      });
  add("DELETE", "/v1/persons/{id}", "removePerson", "parties",
      "Takes a member out; the row stays for the service record.", nullptr,
      pb::Person::descriptor(), 200, [](const Call& call, const Message*) -> Result<pb::Request> {
        pb::Request c;
        c.mutable_remove_person()->set_person_id(call.number("id"));
        return c;
      });

  add("POST", "/v1/offers", "postOffer", "offers", "Posts an offer.", pb::Offer::descriptor(),
      pb::Offer::descriptor(), 201, [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_post_offer(), unnamed<pb::Offer>(body));
        return c;
      });
  add("PUT", "/v1/offers/{id}", "updateOffer", "offers",
      "Changes an offer. Give the whole of it; what the market sets is ignored.",
      pb::Offer::descriptor(), pb::Offer::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_update_offer(),
                 addressed<pb::Offer>(call, body, &pb::Offer::id, &pb::Offer::set_id, "id"));
        return c;
      });
  add("POST", "/v1/offers/{id}:withdraw", "withdrawOffer", "offers",
      "Takes an offer back; what it has promised stays.", nullptr, pb::Offer::descriptor(), 200,
      [](const Call& call, const Message*) -> Result<pb::Request> {
        pb::Request c;
        c.mutable_withdraw_offer()->set_offer_id(call.number("id"));
        return c;
      });

  Route& post = add("POST", "/v1/needs", "postNeed", "needs", "Posts a need (点单).",
                    pb::Need::descriptor(), pb::Need::descriptor(), 201,
                    [](const Call& call, const Message* body) -> Result<pb::Request> {
                      pb::Request c;
                      QIAO_TRY(auto until, query_enum<pb::NeedState>(call, "until", "NEED_STATE_"));
                      QIAO_TRY(*c.mutable_post_need()->mutable_need(), unnamed<pb::Need>(body));
                      if (until) c.mutable_post_need()->set_until(*until);
                      return c;
                    });
  post.query = {{"until",
                 "draft, submitted or open; where not given: open for an organiser or the lead, "
                 "submitted for a resident."}};
  add("PUT", "/v1/needs/{id}", "updateNeed", "needs",
      "Changes a need. Give the whole of it; what the market sets is ignored.",
      pb::Need::descriptor(), pb::Need::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        QIAO_TRY(*c.mutable_update_need(),
                 addressed<pb::Need>(call, body, &pb::Need::id, &pb::Need::set_id, "id"));
        return c;
      });
  auto move_need = [&](const char* pattern, const char* id, const char* summary, pb::NeedVerb verb,
                       bool reason) {
    Route& r = add("POST", pattern, id, "needs", summary,
                   reason ? pb::ReasonRequest::descriptor() : nullptr, pb::Need::descriptor(), 200,
                   [verb](const Call& call, const Message* body) -> Result<pb::Request> {
                     pb::Request c;
                     c.mutable_move_need()->set_need_id(call.number("id"));
                     c.mutable_move_need()->set_verb(verb);
                     if (body != nullptr)
                       c.mutable_move_need()->set_reason(
                           static_cast<const pb::ReasonRequest*>(body)->reason());
                     return c;
                   });
    r.body_optional = reason;
  };
  move_need("/v1/needs/{id}:submit", "submitNeed", "A draft is submitted (点单).",
            pb::NEED_VERB_SUBMIT, false);
  move_need("/v1/needs/{id}:approve", "approveNeed", "The organiser has checked it: it opens.",
            pb::NEED_VERB_APPROVE, false);
  move_need("/v1/needs/{id}:reject", "rejectNeed", "The organiser turns it down, with a reason.",
            pb::NEED_VERB_REJECT, true);
  move_need("/v1/needs/{id}:cancel", "cancelNeed",
            "It is not wanted any more; live matches are cancelled.", pb::NEED_VERB_CANCEL, true);
  add("POST", "/v1/needs/{id}:review", "reviewNeed", "needs",
      "Stars and words after service (评单); verifies what was served.",
      pb::ReviewRequest::descriptor(), pb::Need::descriptor(), 200,
      [](const Call& call, const Message* body) -> Result<pb::Request> {
        const auto& review = static_cast<const pb::ReviewRequest&>(*body);
        pb::Request c;
        c.mutable_review_need()->set_need_id(call.number("id"));
        c.mutable_review_need()->set_stars(review.stars());
        c.mutable_review_need()->set_words(review.words());
        return c;
      });

  auto make = [&](const char* pattern, const char* id, const char* summary, pb::MatchState how) {
    add("POST", pattern, id, "matches", summary, pb::MatchRequest::descriptor(),
        pb::Match::descriptor(), 201,
        [how](const Call&, const Message* body) -> Result<pb::Request> {
          const auto& request = static_cast<const pb::MatchRequest&>(*body);
          if (request.need_id() == 0) return refuse(Code::kRequired, "needId");
          if (request.offer_id() == 0) return refuse(Code::kRequired, "offerId");
          // In the command 0 stands for "as many as possible"; whoever writes a 0 here means
          // something else.
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
        });
  };
  make("/v1/matches:propose", "proposeMatch", "Suggests an offer for a line.",
       pb::MATCH_STATE_PROPOSED);
  make("/v1/matches:dispatch", "dispatchMatch",
       "The organiser asks a party to serve a line (派单), to be answered in time.",
       pb::MATCH_STATE_DISPATCHED);
  make("/v1/matches:claim", "claimLine", "A party takes a line or part of it by itself (抢单).",
       pb::MATCH_STATE_CLAIMED);
  auto move_match = [&](const char* pattern, const char* id, const char* summary,
                        pb::MatchVerb verb, bool reason) {
    Route& r = add("POST", pattern, id, "matches", summary,
                   reason ? pb::ReasonRequest::descriptor() : nullptr, pb::Match::descriptor(), 200,
                   [verb](const Call& call, const Message* body) -> Result<pb::Request> {
                     pb::Request c;
                     c.mutable_move_match()->set_match_id(call.number("id"));
                     c.mutable_move_match()->set_verb(verb);
                     if (body != nullptr)
                       c.mutable_move_match()->set_reason(
                           static_cast<const pb::ReasonRequest*>(body)->reason());
                     return c;
                   });
    r.body_optional = reason;
  };
  move_match("/v1/matches/{id}:dispatch", "dispatchProposal", "A proposal is dispatched.",
             pb::MATCH_VERB_DISPATCH, false);
  move_match("/v1/matches/{id}:confirm", "confirmClaim", "The organiser says yes to a claim.",
             pb::MATCH_VERB_CONFIRM, false);
  move_match("/v1/matches/{id}:accept", "acceptMatch", "The party says yes to a dispatch (接单).",
             pb::MATCH_VERB_ACCEPT, false);
  move_match("/v1/matches/{id}:decline", "declineMatch",
             "The party says no, with a reason; the next best is asked.", pb::MATCH_VERB_DECLINE,
             true);
  move_match("/v1/matches/{id}:withdraw", "withdrawMatch",
             "The party takes back what it accepted, with a reason.", pb::MATCH_VERB_WITHDRAW,
             true);
  Route& check_in =
      add("POST", "/v1/matches/{id}:checkIn", "checkIn", "matches",
          "They are there (签到): with the code of the place, where the policy asks for it.",
          pb::CheckInRequest::descriptor(), pb::Match::descriptor(), 200,
          [](const Call& call, const Message* body) -> Result<pb::Request> {
            pb::Request c;
            pb::MoveMatchRequest& move = *c.mutable_move_match();
            move.set_match_id(call.number("id"));
            move.set_verb(pb::MATCH_VERB_CHECK_IN);
            if (body == nullptr) return c;
            move.set_code(static_cast<const pb::CheckInRequest*>(body)->code());
            move.set_reason(static_cast<const pb::CheckInRequest*>(body)->reason());
            return c;
          });
  check_in.body_optional = true;
  move_match("/v1/matches/{id}:checkOut", "checkOut", "They are done (签退).",
             pb::MATCH_VERB_CHECK_OUT, false);
  move_match("/v1/matches/{id}:verify", "verifyMatch", "The organiser confirms what was served.",
             pb::MATCH_VERB_VERIFY, false);
  move_match("/v1/matches/{id}:noShow", "reportNoShow", "They did not come.",
             pb::MATCH_VERB_NO_SHOW, false);
  move_match("/v1/matches/{id}:cancel", "cancelMatch",
             "The organiser takes it back, with a reason.", pb::MATCH_VERB_CANCEL, true);

  add("POST", "/v1/batch", "applyBatch", "city", "Several requests, all or nothing.",
      pb::BatchRequest::descriptor(), pb::BatchResponse::descriptor(), 200,
      [](const Call&, const Message* body) -> Result<pb::Request> {
        pb::Request c;
        *c.mutable_batch() = static_cast<const pb::BatchRequest&>(*body);
        return c;
      });
  return routes;
}

}  // namespace qiao
