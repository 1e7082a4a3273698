#include "server/api/idempotency.h"

#include <google/protobuf/dynamic_message.h>

#include "engine/rows/marked.h"
#include "server/access/secrets.h"
#include "server/api/precondition.h"
#include "server/api/problem.h"
#include "server/api/render.h"

namespace qiao {

std::string response_key(const Call& call) {
  if (call.route->secret || call.request->idempotency_key.empty()) return {};
  return big_endian(call.actor.account_id()) + std::string(call.request->idempotency_key);
}

std::string request_hash(const Request& r) {
  const Fingerprint hash = fingerprint_of({r.method, r.target, r.credentials.acting, r.body});
  return {hash.begin(), hash.end()};
}

Runtime::ResponseToStore response_to_store(const Call& call, const Applied& applied,
                                           const HandlerResult& answer, const State& state) {
  Runtime::ResponseToStore to_store;
  to_store.response.set_status(call.route->success);
  if (answer.version != 0) to_store.response.set_etag(etag_of(answer.version, call.epoch));
  to_store.response.set_location(answer.location);
  // The result of a `present` function is not a row.
  if (!call.route->present && applied.subjects.size() == 1 &&
      call.route->response() != pb::BatchResponse::descriptor()) {
    const Subject& subject = applied.subjects.front();
    to_store.response.set_row_kind(subject.kind);
    to_store.response.set_row_id(subject.key);
    to_store.response.set_own(call.view(state).owns(subject.kind, subject.key));
  }
  to_store.message.reset(answer.message->New());
  to_store.message->CopyFrom(*answer.message);
  return to_store;
}

Response repeat_response(const Services& services, const Call& call,
                         const pb::StoredResponse& stored, Seq wait_for) {
  if (stored.stripped() || stored.request_hash().empty())
    return problem(HttpFault::kResponseGone, call.chinese, "Idempotency-Key");
  const State& state = services.state();
  const auto kind = static_cast<pb::Event::RowCase>(stored.row_kind());
  if (const pb::RowKind row = row_kind_of(kind); row != pb::ROW_KIND_UNSPECIFIED) {
    const Sight sight = sight_of(state, call.actor, row, stored.row_id());
    if (sight == Sight::kNothing)
      return problem(not_there(row, stored.row_id(), "id"), call.chinese);
    // The actor may now see fewer fields than at that time.
    if (sight == Sight::kPublic)
      return problem(HttpFault::kResponseGone, call.chinese, "Idempotency-Key");
  }
  HandlerResult answer;
  answer.message.reset(google::protobuf::MessageFactory::generated_factory()
                           ->GetPrototype(call.route->response())
                           ->New());
  if (!services.runtime.store().read_stored_response(stored, *answer.message))
    return problem(HttpFault::kResponseGone, call.chinese, "Idempotency-Key");
  if (stored.own() && !call.view(state).owns(kind, stored.row_id())) {
    const Slot need =
        kind == pb::Event::kNeed ? state.needs().find(NeedId{stored.row_id()}) : kNoSlot;
    mask(*answer.message,
         need == kNoSlot ? std::string() : state.area_name(state.needs()[need].area));
  }
  answer.wait_for = wait_for;
  answer.location = stored.location();
  Response r = render(call, std::move(answer));
  r.status = stored.status();
  r.etag = stored.etag();
  return r;
}

}  // namespace qiao
