// Requests that are sent again with the same Idempotency-Key get the first answer.
#pragma once

#include <string>

#include "qiao/v1/query.pb.h"
#include "server/api/route.h"
#include "server/api/services.h"

namespace qiao {

inline constexpr std::size_t kMaxIdempotencyKey = 128;

// Under what the answer to the call is kept; empty where it is not. Each account has keys of its
// own: nobody gets another's answer by guessing.
std::string answer_key(const Call& call);
// Tells a repeated request from another one under the same key.
std::string request_hash(const Request& request);
// What is kept of an answer, except the hash of the request.
Runtime::Keepable to_keep(const Call& call, const Applied& applied, const Answer& answer,
                          const State& state);
// The first answer to a request that was sent again: what was answered then, as far as it may be
// seen now.
Response answer_again(const Services& services, const Call& call, const pb::KeptAnswer& kept,
                      Seq wait_for);

}  // namespace qiao
