// The rows that a command was about: where each is, and how it is shown.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "engine/market/market.h"
#include "server/access/view.h"

namespace qiao {

// Where the row is: /v1/needs/17.
std::string location_of(const Subject& subject);
// A row as the actor of the view sees it.
std::unique_ptr<google::protobuf::Message> show(const State& state, const Subject& subject,
                                                const View& view);

}  // namespace qiao
