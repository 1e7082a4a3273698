// Responses as text: tables for lists, lines of "name: value" for one row, sentences for reasons.
#pragma once

#include <google/protobuf/message.h>

#include <ostream>

#include "tools/qiao/session.h"

namespace qiao {

// No text of the message can move the cursor, or hide or reorder the text beside it (visible.h).
void show(Session& session, const google::protobuf::Message& message, std::ostream& out);
// One event on one line, for `qiao watch`.
std::string event_line(Session& session, const google::protobuf::Message& event);

}  // namespace qiao
