// Accounts, sessions, tokens and the audit, as text.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <ostream>
#include <string>

#include "tools/qiao/session.h"

namespace qiao {

// False for any other message. `when` formats a time in the city's time zone.
bool show_access(Session& session, const google::protobuf::Message& message,
                 const std::function<std::string(std::int64_t)>& when, std::ostream& out);

}  // namespace qiao
