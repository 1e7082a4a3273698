#include "server/api/later.h"

#include <algorithm>

#include "proto/json/json.h"
#include "server/api/format.h"
#include "server/api/problem.h"

namespace qiao {
namespace {

using google::protobuf::Message;

// The key of the requester in limits: its account, or its address.
std::string asker_of(const Call& call) {
  if (!call.identity.known()) return std::string(call.request->credentials.address);
  return std::to_string(call.identity.actor.account_id());
}

// Refused because the queue is full, or the requester has too much in it.
Response too_many(Taken taken, bool chinese) {
  const bool full = taken == Taken::kFull;
  Response r = problem(full ? HttpFault::kOverloaded : HttpFault::kTooOften, chinese);
  r.retry_after = 1;
  return r;
}

// Charges the requester for time beyond the typical cost, which was charged already.
Charge charge_beyond_cost(const Call& call) {
  const auto paid = std::make_shared<std::chrono::nanoseconds>(cost_of(call.route->operation));
  return [paid, gate = call.gate, identity = call.identity,
          address = std::string(call.request->credentials.address)](std::chrono::nanoseconds used) {
    const auto covered = std::min(*paid, used);
    *paid -= covered;
    if (used == covered) return;
    gate->charge_time(identity, address, used - covered, gate->options().clock());
  };
}

}  // namespace

Response later(const Call& call, Analyst& analyst, Start start) {
  Question asked{.share = {asker_of(call), std::string(call.request->credentials.address)},
                 .charge = charge_beyond_cost(call)};
  Response r;
  r.deferred = [&analyst, asked = std::move(asked), start = std::move(start),
                chinese = call.chinese, binary = call.binary_answer](const Waiter& waiter) {
    auto question = std::make_shared<Question>(asked);
    question->waits = [waiter] { return waiter.waits(); };
    question->refuse = [waiter, chinese](Taken taken) { waiter(too_many(taken, chinese)); };
    start(question, [=, &analyst](Result<std::unique_ptr<Message>> found) {
      auto done = std::make_shared<Response>();
      const Seq seen = analyst.applied_seq();
      if (!found) {
        *done = problem(found.error(), chinese);
        done->wait_for = seen;
        return waiter(std::move(*done));
      }
      done->wait_for = seen;
      if (binary) done->content_type = kProtobuf;
      const auto write = [done, binary,
                          message = std::shared_ptr<Message>(std::move(found).value())]() mutable {
        done->body = binary ? message->SerializeAsString() : to_json(*message);
        message.reset();
      };
      analyst.run_beside(question, write, [done, waiter] { waiter(std::move(*done)); });
    });
  };
  return r;
}

}  // namespace qiao
