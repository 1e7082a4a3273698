// Answers that take long: while they are worked out, others are answered.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/api/route.h"
#include "server/background/analyst.h"

namespace qiao {

// An answer that takes long: `start` is called, and calls back with it; it is given in the format
// that the call asks for, which is done beside the market, when the last event that it can tell of
// is on disk. The time that the question takes is charged to whoever asks, beyond what the
// operation typically costs, which is charged when it is asked.
using Found = std::function<void(Result<std::unique_ptr<google::protobuf::Message>>)>;
using Start = std::function<void(const std::shared_ptr<Question>& question, Found then)>;
Response later(const Call& call, Analyst& analyst, Start start);

}  // namespace qiao
