// A request that is repeated with the same Idempotency-Key gets the stored response.
#pragma once

#include <string>

#include "qiao/v1/query.pb.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

inline constexpr std::size_t kMaxIdempotencyKey = 128;

// The key under which the response is stored; empty if it is not stored. It includes the account,
// so that no account can read the response of another one.
std::string response_key(const Call& call);
// Distinguishes a repeated request from a different one with the same key.
std::string request_hash(const Request& request);
// The response in the form that is stored, without the request's hash.
Runtime::ResponseToStore response_to_store(const Call& call, const Applied& applied,
                                           const HandlerResult& answer, const State& state);
// The stored response for a repeated request, limited to what the actor may see now.
Response repeat_response(const Services& services, const Call& call,
                         const pb::StoredResponse& stored, Seq wait_for);

}  // namespace qiao
