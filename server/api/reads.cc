// Everything that can be asked.
#include <algorithm>

#include "engine/clear/steer.h"
#include "engine/identity/reach.h"
#include "engine/market/validate.h"
#include "engine/match/bundle.h"
#include "engine/match/explain.h"
#include "engine/match/preview.h"
#include "engine/rows/limits.h"
#include "qiao/v1/query.pb.h"
#include "server/api/command_of.h"
#include "server/api/counted.h"
#include "server/api/page.h"
#include "server/api/route.h"
#include "server/background/clearinghouse.h"
#include "server/runtime/runtime.h"

namespace qiao {
namespace {

constexpr std::uint64_t kMaxEvents = 1000;

const QueryParam kLimit{"limit", "How many, 1..200; 20 where not given.", "integer"};

// What the gate refuses, and what the market does, in the order of the requests.
Result<std::vector<Market::Refused>> check_batch(const pb::BatchRequest& asked,
                                                 const Identity& identity, const Gate& gate,
                                                 Runtime& runtime) {
  if (asked.commands_size() > kMaxRequestsPerBatch)
    return refuse(Code::kTooMany, "commands", std::to_string(kMaxRequestsPerBatch));
  std::vector<Market::Refused> refused;
  pb::Batch batch;
  std::vector<int> places;  // of what the market is asked about
  for (int i = 0; i < asked.commands_size(); ++i) {
    auto command = part_command_of(asked.commands(i), identity, gate);
    if (!command) {
      refused.push_back({i, std::move(command).error()});
      continue;
    }
    *batch.add_commands() = std::move(command).value();
    places.push_back(i);
  }
  QIAO_TRY(auto by_market, runtime.check(batch, identity.actor));
  for (Market::Refused& one : by_market)
    refused.push_back({places[static_cast<std::size_t>(one.index)], std::move(one.refusal)});
  std::sort(refused.begin(), refused.end(),
            [](const auto& a, const auto& b) { return a.index < b.index; });
  return refused;
}

}  // namespace

std::vector<Route> read_routes(Runtime& runtime, const Clearinghouse& house, Analyst& analyst,
                               const Gate& gate) {
  const State& state = runtime.state();
  std::vector<Route> routes;
  auto get = [&](const char* pattern, const char* id, const char* tag, const char* summary,
                 const google::protobuf::Descriptor* response, std::vector<QueryParam> query,
                 std::function<Result<Answer>(const Call&)> read) {
    routes.push_back({.method = "GET",
                      .pattern = pattern,
                      .id = id,
                      .summary = summary,
                      .tag = tag,
                      .response = response,
                      .query = std::move(query),
                      .read = std::move(read)});
  };

  get("/v1/taxonomy", "getTaxonomy", "city", "The city's words.", pb::Taxonomy::descriptor(), {},
      [&](const Call&) -> Result<Answer> {
        return answer(pb::Taxonomy(state.taxonomy()), state.taxonomy().version(),
                      state.taxonomy().version());
      });
  get("/v1/policy", "getPolicy", "city", "The policy in force.", pb::Policy::descriptor(), {},
      [&](const Call&) -> Result<Answer> {
        return answer(pb::Policy(state.policy()), state.policy().version(),
                      state.policy().version());
      });

  get("/v1/areas", "listAreas", "city", "Areas.", pb::ListAreasResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"within", "Code of an area: itself and all below it."},
       {"level", "city, town, community or grid."}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto within, area_param(call, state, "within"));
        QIAO_TRY(auto level, query_enum<pb::AreaLevel>(call, "level", "AREA_LEVEL_"));
        pb::ListAreasResponse r;
        QIAO_TRY(auto next, page<AreaCode>(
                                call, state.areas(), {},
                                [&](Slot s) {
                                  return (within == kNoSlot || state.within(s, within)) &&
                                         (!level || state.areas()[s].level == *level);
                                },
                                [&](Slot s) { *r.add_areas() = state.load_area(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/areas/{code}", "getArea", "city", "One area.", pb::Area::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.areas().find(AreaCode{call.number("code")});
        if (s == kNoSlot) return not_there(pb::ROW_KIND_AREA, call.number("code"), "code");
        pb::Area m = state.load_area(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });

  get("/v1/parties", "listParties", "parties", "Parties.", pb::ListPartiesResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"area", "Code of an area: home there or below."},
       {"kind", "organiser, volunteer_team, enterprise, …"},
       {"standing", "pending, active or suspended."}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto area, area_param(call, state));
        QIAO_TRY(auto kind, query_enum<pb::PartyKind>(call, "kind", "PARTY_KIND_"));
        QIAO_TRY(auto standing, query_enum<pb::Standing>(call, "standing", "STANDING_"));
        const View view = call.view(state);
        pb::ListPartiesResponse r;
        QIAO_TRY(auto next, page<PartyId>(
                                call, state.parties(), {},
                                [&](Slot s) {
                                  const PartyRow& p = state.parties()[s];
                                  return (area == kNoSlot || state.within(p.area, area)) &&
                                         (!kind || p.kind == *kind) &&
                                         (!standing || p.standing == *standing) &&
                                         view.party(s) != Sight::kNothing;
                                },
                                [&](Slot s) { *r.add_parties() = view.show_party(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/parties/{id}", "getParty", "parties", "One party.", pb::Party::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.parties().find(PartyId{call.number("id")});
        const View view = call.view(state);
        pb::Party m = view.show_party(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });
  get("/v1/parties/{id}/open-lines", "rankOpenLines", "matching",
      "The open lines that are worth most to a party, with reasons.", pb::RankedPairs::descriptor(),
      {kLimit,
       {"order",
        "value (default): what each is worth by itself; clearing: what taking it adds to the "
        "whole, by the prices of the latest clearing."}},
      [&](const Call& call) -> Result<Answer> {
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
        // Before the first clearing nothing has a price.
        if (order != nullptr && *order == "clearing" && house.plan() != nullptr) {
          for (const Steered& steered :
               steered_lines(runtime.ranking(), *house.plan(), s, limit, runtime.now()))
            add(steered.candidate).set_adds_micro(steered.adds_micro);
        } else {
          for (const Candidate& c : runtime.ranking().open_lines(s, limit, runtime.now())) add(c);
        }
        return answer(std::move(r), runtime.applied_seq());
      });

  get("/v1/notifications", "listNotifications", "matching", "Who was told of which need.",
      pb::ListNotificationsResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"party", "Id of the party.", "integer"},
       {"need", "Id of the need.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
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
        QIAO_TRY(auto next,
                 page<NotificationId>(
                     call, state.notifications(), slots,
                     [&](Slot s) {
                       return (need == 0 || state.notifications()[s].need == of_need) &&
                              view.notification(s) != Sight::kNothing;
                     },
                     [&](Slot s) { *r.add_notifications() = state.load_notification(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/persons", "listPersons", "parties", "People of parties.",
      pb::ListPersonsResponse::descriptor(),
      {kPageSize, kPageToken, kNewest, {"party", "Id of the party.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
        Slots slots;
        if (party != 0) {
          const Slot p = state.parties().find(PartyId{party});
          slots.follow(p == kNoSlot ? kNoSlot : state.parties()[p].first_person,
                       [&](Slot s) { return state.persons()[s].next_of_party; });
        }
        const View view = call.view(state);
        pb::ListPersonsResponse r;
        QIAO_TRY(auto next, page<PersonId>(
                                call, state.persons(), slots,
                                [&](Slot s) { return view.person(s) != Sight::kNothing; },
                                [&](Slot s) { *r.add_persons() = view.show_person(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/persons/{id}", "getPerson", "parties", "One person.", pb::Person::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.persons().find(PersonId{call.number("id")});
        const View view = call.view(state);
        pb::Person m = view.show_person(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });

  get("/v1/offers", "listOffers", "offers", "Offers.", pb::ListOffersResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"party", "Id of the party.", "integer"},
       {"kind", "people, professional, venue, vehicle or equipment."},
       {"resource", "Code of a resource."},
       {"active", "1: only active ones; 0: only withdrawn ones.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
        QIAO_TRY(auto kind, query_enum<pb::TimeKind>(call, "kind", "TIME_KIND_"));
        QIAO_TRY(auto active, query_number(call, "active", 0, 1, 2));
        std::optional<std::uint16_t> resource;
        if (const std::string* code = call.param("resource")) {
          resource = state.vocabulary().find(WordList::kResource, *code);
          if (!resource) return refuse(Code::kUnknownCode, "resource", quoted(*code));
        }
        Slots slots;
        if (party != 0) {
          const Slot p = state.parties().find(PartyId{party});
          slots.follow(p == kNoSlot ? kNoSlot : state.parties()[p].first_offer,
                       [&](Slot o) { return state.offers()[o].next_of_party; });
        }
        const View view = call.view(state);
        pb::ListOffersResponse r;
        QIAO_TRY(auto next,
                 page<OfferId>(
                     call, state.offers(), slots,
                     [&](Slot s) {
                       const OfferRow& o = state.offers()[s];
                       return (party == 0 || state.parties()[o.party].id.value() == party) &&
                              (!kind || o.time_kind == *kind) &&
                              (!resource || (o.time_kind == 0 && o.resource == *resource)) &&
                              (active == 2 || o.active == (active == 1)) &&
                              view.offer(s) != Sight::kNothing;
                     },
                     [&](Slot s) { *r.add_offers() = view.show_offer(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/offers/{id}", "getOffer", "offers", "One offer.", pb::Offer::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.offers().find(OfferId{call.number("id")});
        const View view = call.view(state);
        pb::Offer m = view.show_offer(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });

  get("/v1/needs", "listNeeds", "needs", "Needs.", pb::ListNeedsResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"area", "Code of an area: there or below."},
       {"state", "open, filled, in_service, …"},
       {"category", "Code of a category."},
       {"programme", "Code of a programme."},
       {"organiser", "Id of the organiser.", "integer"},
       {"raised", "Raised at least this often, 0..2.", "integer"},
       {"mine", "1: only those of the resident who asks.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto area, area_param(call, state));
        QIAO_TRY(auto wanted, query_enum<pb::NeedState>(call, "state", "NEED_STATE_"));
        QIAO_TRY(auto organiser, query_number(call, "organiser", 0, kAny, 0));
        QIAO_TRY(auto raised, query_number(call, "raised", 0, 2, 0));
        QIAO_TRY(auto mine, query_number(call, "mine", 0, 1, 0));
        Slots slots;
        if (mine != 0) {
          const auto next_of_resident = [&](Slot n) { return state.needs()[n].next_of_resident; };
          slots.follow(state.first_need_of_resident(call.actor.resident_ref()), next_of_resident);
        }
        std::optional<std::uint16_t> category;
        if (const std::string* code = call.param("category")) {
          category = state.vocabulary().find(WordList::kCategory, *code);
          if (!category) return refuse(Code::kUnknownCode, "category", quoted(*code));
        }
        std::optional<std::uint16_t> programme;
        if (const std::string* code = call.param("programme")) {
          programme = state.vocabulary().find(WordList::kProgramme, *code);
          if (!programme) return refuse(Code::kUnknownCode, "programme", quoted(*code));
        }
        const View view = call.view(state);
        pb::ListNeedsResponse r;
        QIAO_TRY(auto next, page<NeedId>(
                                call, state.needs(), slots,
                                [&](Slot s) {
                                  const NeedRow& n = state.needs()[s];
                                  if ((area != kNoSlot && !state.within(n.area, area)) ||
                                      (wanted && n.state != *wanted) ||
                                      (category && n.category != *category)) {
                                    return false;
                                  }
                                  if (organiser != 0 && n.organiser.value() != organiser)
                                    return false;
                                  if (view.need(s) == Sight::kNothing) return false;
                                  if (n.raised < raised) return false;
                                  return !programme || state.progress(s).programme == *programme;
                                },
                                [&](Slot s) { *r.add_needs() = view.show_need(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/needs/{id}", "getNeed", "needs", "One need.", pb::Need::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.needs().find(NeedId{call.number("id")});
        const View view = call.view(state);
        pb::Need m = view.show_need(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });
  get("/v1/needs/{id}/lines/{line}/candidates", "rankCandidates", "matching",
      "The offers that are worth most to a line, with reasons.", pb::RankedPairs::descriptor(),
      {kLimit}, [&](const Call& call) -> Result<Answer> {
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
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/needs/{id}/bundle", "suggestBundle", "matching",
      "Offers from the three sides that together fill the need.", pb::Bundle::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.needs().find(NeedId{call.number("id")});
        QIAO_TRY(check_area(call.scope, call.actor, state, state.needs()[s].area));
        return answer(bundle(runtime.ranking(), s, runtime.now()), runtime.applied_seq());
      });
  get("/v1/explanations", "explain", "matching",
      "Why a line and an offer go together, or the first rule that keeps them apart.",
      pb::Explanation::descriptor(),
      {{"need", "Id of the need.", "integer"},
       {"line", "Number of the line, from 1; 1 where not given.", "integer"},
       {"offer", "Id of the offer.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
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
        return answer(explain(runtime.ranking(), line, offer, runtime.now()),
                      runtime.applied_seq());
      });

  get("/v1/matches", "listMatches", "matches", "Matches.", pb::ListMatchesResponse::descriptor(),
      {kPageSize,
       kPageToken,
       kNewest,
       {"need", "Id of the need.", "integer"},
       {"party", "Id of the giving party.", "integer"},
       {"offer", "Id of the offer.", "integer"},
       {"state", "dispatched, accepted, …"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto need, query_number(call, "need", 0, kAny, 0));
        QIAO_TRY(auto party, query_number(call, "party", 0, kAny, 0));
        QIAO_TRY(auto offer, query_number(call, "offer", 0, kAny, 0));
        QIAO_TRY(auto wanted, query_enum<pb::MatchState>(call, "state", "MATCH_STATE_"));
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
        const View view = call.view(state);
        pb::ListMatchesResponse r;
        QIAO_TRY(
            auto next,
            page<MatchId>(
                call, state.matches(), slots,
                [&](Slot s) {
                  const MatchRow& m = state.matches()[s];
                  return (need == 0 || state.needs()[m.need].id.value() == need) &&
                         (!wanted || m.state == *wanted) &&
                         (offer == 0 || state.offers()[m.offer].id.value() == offer) &&
                         (party == 0 ||
                          state.parties()[state.offers()[m.offer].party].id.value() == party) &&
                         view.match(s) != Sight::kNothing;
                },
                [&](Slot s) { *r.add_matches() = view.show_match(s); }));
        r.set_next_page_token(next);
        return answer(std::move(r), runtime.applied_seq());
      });
  get("/v1/matches/{id}", "getMatch", "matches", "One match.", pb::Match::descriptor(), {},
      [&](const Call& call) -> Result<Answer> {
        const Slot s = state.matches().find(MatchId{call.number("id")});
        const View view = call.view(state);
        pb::Match m = view.show_match(s);
        const auto version = m.version();
        return answer(std::move(m), version, version);
      });

  get("/v1/events", "listEvents", "events", "What happened, in order; only what is on disk.",
      pb::ListEventsResponse::descriptor(),
      {{"after", "Events with a greater sequence number; 0 where not given.", "integer"},
       {"limit", "How many, 1..1000; 100 where not given.", "integer"}},
      [&](const Call& call) -> Result<Answer> {
        QIAO_TRY(auto after, query_number(call, "after", 0, kAny - 1, 0));
        QIAO_TRY(auto limit, query_number(call, "limit", 1, kMaxEvents, 100));
        pb::ListEventsResponse r;
        auto read = runtime.read_journal(after, [&](Seq, std::string_view bytes) {
          pb::Event& event = *r.add_events();
          event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
          mask_event(event, [&](std::uint64_t code) {
            return state.area_name(state.areas().find(AreaCode{code}));
          });
          return static_cast<std::uint64_t>(r.events_size()) < limit;
        });
        if (!read) return refuse(Code::kWrongState, {}, read.error().message);
        r.set_last_seq(runtime.durable_seq());
        return answer(std::move(r), 0);
      });

  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/batch:check",
       .id = "checkBatch",
       .summary =
           "Which commands of a batch would be refused, each with its reason. Changes nothing.",
       .tag = "city",
       .request = pb::BatchRequest::descriptor(),
       .response = pb::CheckBatchResponse::descriptor(),
       .compute = [&](const Call& call, const google::protobuf::Message* body) -> Result<Answer> {
         QIAO_TRY(const auto refused, check_batch(static_cast<const pb::BatchRequest&>(*body),
                                                  call.identity, gate, runtime));
         pb::CheckBatchResponse r;
         for (const Market::Refused& one : refused) {
           pb::RefusedCommand& out = *r.add_refused();
           out.set_index(static_cast<std::uint32_t>(one.index));
           out.set_code(std::string(info(one.refusal.code).code));
           out.set_field(one.refusal.field);
           out.set_zh(one.refusal.zh());
           out.set_en(one.refusal.en());
         }
         return answer(std::move(r), runtime.applied_seq());
       }});
  routes.push_back(
      {.method = "POST",
       .pattern = "/v1/needs:preview",
       .id = "previewNeed",
       .summary = "Who could serve a need that is still being written, and what would change the "
                  "picture. Changes nothing.",
       .tag = "matching",
       .request = pb::PreviewRequest::descriptor(),
       .response = pb::PreviewResponse::descriptor(),
       .raw = [&](const Call& call, const google::protobuf::Message* body) {
         auto request = static_cast<const pb::PreviewRequest&>(*body);
         pb::Need& need = *request.mutable_need();
         const Slot known = state.needs().find(NeedId{need.id()});
         const pb::Need before = known == kNoSlot ? pb::Need() : state.load_need(known);
         if (auto there = check_references(request, &before, call.actor, state); !there)
           return problem(there.error(), call.chinese);
         // Whom it has been helped by before is in the answer.
         const Scope posts = scope_of(Operation::kPostNeed, call.actor.role());
         if (posts == Scope::kOwn) need.set_resident_ref(call.actor.resident_ref());
         if (auto known_to = check_resident_ref(state, call.actor, posts, need.resident_ref(),
                                                "need.residentRef");
             !known_to) {
           return problem(known_to.error(), call.chinese);
         }
         // A form has no title yet while its lines are being chosen.
         if (need.title().empty()) need.set_title("…");
         if (need.category().empty() && state.taxonomy().categories_size() > 0)
           need.set_category(state.taxonomy().categories(0).code());
         if (auto good = validate(need, state, runtime.now(), true, "need."); !good)
           return problem(good.error(), call.chinese);
         if (request.line() > static_cast<std::uint32_t>(need.lines_size())) {
           return problem(refuse(Code::kUnknownLine, "line", std::to_string(request.line())),
                          call.chinese);
         }
         return counted(
             call, analyst,
             std::make_shared<Preview>(runtime.ranking(), need, request.line(), runtime.now()),
             Lane::kShort, 1);
       }});
  return routes;
}

}  // namespace qiao
