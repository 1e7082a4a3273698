// Converts client requests (request.proto) to market commands (command.proto). The only place where
// this is done.
#pragma once

#include "engine/base/refusal.h"
#include "qiao/v1/command.pb.h"
#include "qiao/v1/request.pb.h"
#include "server/access/gate.h"

namespace qiao {

// Returns the command for a request of `identity`. Refused if
//   - it sets a credential (fields marked secret), which only the server creates;
//   - the role may not perform the operation, or the session or token does not permit it;
//   - it references a row that does not exist or that the sender may not see; both are refused in
//   the same way.
// Each part of a batch is checked like a single request; the field of a refusal contains its index.
// Fields that a client may not send do not exist in request.proto, and the market ignores fields of
// a row that a client may not set (engine/market/settable.h).
Result<pb::Command> command_of(const pb::Request& request, const Identity& identity,
                               const Gate& gate);

// Refuses references to rows that do not exist or that the actor may not see, both in the same way.
// `before`: the current row, whose references may stay; or null.
Status check_references(const google::protobuf::Message& row,
                        const google::protobuf::Message* before, const pb::Actor& actor,
                        const State& state);

// The market-thread time that its parts typically take.
std::chrono::microseconds cost_of(const pb::BatchRequest& batch);

// As command_of(), for one part of a batch and without the actor, which the batch has.
Result<pb::Command> part_command_of(const pb::Request& part, const Identity& identity,
                                    const Gate& gate);

}  // namespace qiao
