// Accounts, what they come in with, and the audit, for a terminal.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <ostream>
#include <string>

#include "tools/qiao/session.h"

namespace qiao {

// False where it is none of these. `when` writes a time as the city's clock shows it.
bool show_access(Session& session, const google::protobuf::Message& message,
                 const std::function<std::string(std::int64_t)>& when, std::ostream& out);

}  // namespace qiao
