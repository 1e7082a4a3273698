// Responses that take long to compute, between which other requests are answered.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/api/route.h"
#include "server/background/analyst.h"

namespace qiao {

// Receives the message, or the refusal. Called at most once, on the market thread.
using Found = std::function<void(Result<std::unique_ptr<google::protobuf::Message>>)>;
// Starts the computation as questions of the analyst; on the market thread.
using Start = std::function<void(const std::shared_ptr<Question>& question, Found then)>;
// Defers a response. Calls `start`, which later calls `then` with the message. It is serialised on
// another thread, in the format that the call requests, and sent when the last event that it can
// depend on is on disk. The typical cost of the operation is charged when the request arrives; time
// used beyond that is charged to the account and the address afterwards.
Response later(const Call& call, Analyst& analyst, Start start);

}  // namespace qiao
