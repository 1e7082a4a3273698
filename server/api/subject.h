// The rows that a command was about: what each kind is called, and how a row is shown.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>

#include "engine/market/market.h"
#include "server/access/view.h"

namespace qiao {

// What one row of the kind is called, e.g. need.
const char* singular(pb::Event::RowCase kind);
// Where the row is: /v1/needs/17.
std::string location_of(const Subject& subject);
// Of the kinds whose rows not everybody sees; else unspecified.
pb::RowKind row_kind_of(pb::Event::RowCase kind);
// A row as the actor of the view sees it.
std::unique_ptr<google::protobuf::Message> show(const State& state, const Subject& subject,
                                                const View& view);

}  // namespace qiao
