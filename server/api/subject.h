// The rows that a command was about: their location, and their content.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "engine/market/market.h"
#include "server/access/view.h"

namespace qiao {

// The path of the row: /v1/needs/17.
std::string location_of(const Subject& subject);
// The row as the actor of the view sees it.
std::unique_ptr<google::protobuf::Message> show(const State& state, const Subject& subject,
                                                const View& view);

}  // namespace qiao
