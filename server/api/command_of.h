// The one gate from what a client asks for (request.proto) to what the market does (command.proto).
#pragma once

#include "engine/base/refusal.h"
#include "qiao/v1/command.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/access/gate.h"

namespace qiao {

// The command that a request stands for, given by `identity`. Refused where
//   - it sets what lets somebody in (fields marked secret): that is made by the server alone;
//   - the role has nothing of the operation, or what it came in with does not cover it;
//   - it names a row that is not there or that the sender may not see: both are answered alike.
// The parts of a batch are held to this one by one; the field of a refusal says which. What else a
// client may not say has no place in a request, and what it may not set of a row the market leaves
// out (engine/market/settable.h).
Result<pb::Command> command_of(const pb::Request& request, const Identity& identity,
                               const Gate& gate);

// The rows that a message refers to are there, as far as the actor may see; both are answered
// alike. `before`: the row as it is, which keeps what it refers to already; or null.
Status check_references(const google::protobuf::Message& row,
                        const google::protobuf::Message* before, const pb::Actor& actor,
                        const State& state);

// Time of the market thread that its parts typically take.
std::chrono::microseconds cost_of(const pb::BatchRequest& batch);

// The same of one part of a batch, without the actor, which is the batch's.
Result<pb::Command> part_command_of(const pb::Request& part, const Identity& identity,
                                    const Gate& gate);

}  // namespace qiao
