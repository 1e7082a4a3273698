// The steps of a command, after the steps common to all requests.
#include "server/api/command_of.h"
#include "server/api/idempotency.h"
#include "server/api/precondition.h"
#include "server/api/problem.h"
#include "server/api/render.h"
#include "server/api/request_steps.h"
#include "server/api/subject.h"

namespace qiao {
namespace {

using google::protobuf::Message;

std::uint64_t version_of(const Message& m) {
  const auto* f = m.GetDescriptor()->FindFieldByName("version");
  return f == nullptr ? 0 : m.GetReflection()->GetUInt64(m, f);
}

HandlerResult result_of_command(const Services& services, const Call& call, const Applied& applied,
                                bool batch) {
  if (call.route->present != nullptr) return call.route->present(services, call, applied);
  HandlerResult answer;
  answer.wait_for = applied.seq;
  if (batch) {
    auto response = std::make_unique<pb::BatchResponse>();
    for (const Subject& s : applied.subjects) {
      auto* result = response->add_results();
      result->set_kind(name_of(s.kind));
      result->set_id(s.key);
      result->set_index(s.part);
    }
    answer.message = std::move(response);
    return answer;
  }
  const Subject& subject = applied.subjects.front();
  answer.message = show(services.state(), subject, call.view(services.state()));
  answer.version = version_of(*answer.message);
  if (call.route->success == 201) answer.location = location_of(subject);
  return answer;
}

}  // namespace

std::optional<Response> check_precondition(Exchange& x) {
  auto version = parse_if_match(x.call.request->if_match, x.call.epoch);
  if (!version) return problem(version.error(), x.call.chinese);
  x.call.expected_version = version.value();
  return std::nullopt;
}

std::optional<Response> answer_repeated(Exchange& x) {
  const Request& request = *x.call.request;
  x.request_hash = request_hash(request);
  x.response_key = response_key(x.call);
  if (x.response_key.empty()) return std::nullopt;
  if (request.idempotency_key.size() > kMaxIdempotencyKey)
    return problem(refuse(Code::kTooLong, "Idempotency-Key", std::to_string(kMaxIdempotencyKey)),
                   x.call.chinese);
  const auto first = x.services.runtime.find_stored_response(x.response_key);
  if (!first) return std::nullopt;
  const std::string& hash = first->stored.request_hash();
  if (!hash.empty() && hash != x.request_hash)
    return problem(HttpFault::kIdempotencyMismatch, x.call.chinese, "Idempotency-Key");
  x.services.metrics.idempotent_replays.add();
  return repeat_response(x.services, x.call, first->stored, first->seq);
}

std::optional<Response> build_command(Exchange& x) {
  auto asked = x.call.route->command(x.call, x.body.get());
  if (!asked) return problem(asked.error(), x.call.chinese);
  asked.value().set_expected_version(x.call.expected_version);
  auto command = command_of(asked.value(), x.call.identity, x.services.gate);
  if (!command) return refused_by_state(x, command.error());
  x.command = std::move(command).value();
  return std::nullopt;
}

std::optional<Response> limit_contacts(Exchange& x) {
  x.contacts = ContactLimit::asked_of(x.command, x.services.state());
  const auto wait = x.services.gate.over_contacts(x.call.identity, x.contacts);
  if (!wait) return std::nullopt;
  return too_often(x.call, *wait);
}

Response apply_command(Exchange& x) {
  Runtime& runtime = x.services.runtime;
  HandlerResult result;
  const auto make = [&](const Applied& applied) {
    result = result_of_command(x.services, x.call, applied, x.command.has_batch());
    Runtime::ResponseToStore to_store = response_to_store(x.call, applied, result, runtime.state());
    to_store.response.set_request_hash(x.request_hash);
    return to_store;
  };
  const bool stored = !x.response_key.empty();
  const Runtime::KeyedResponse keyed{x.response_key, make};
  auto applied = runtime.apply(x.command, stored ? &keyed : nullptr);
  if (!applied) return refused_by_state(x, applied.error());
  x.services.gate.count_contacts(x.call.identity, x.contacts);
  if (!stored)
    result = result_of_command(x.services, x.call, applied.value(), x.command.has_batch());
  return render(x.call, std::move(result));
}

}  // namespace qiao
