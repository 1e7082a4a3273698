// A request's body out of a file and flags.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <string>
#include <vector>

#include "tools/qiao/session.h"

namespace qiao {

struct InputFlag {
  std::string name;    // "service-radius-m"
  std::string help;
};

// The flags that a body of this type takes, --file left out: each plain field, and for needs and offers what they are made
// of (--people 5 --skills first_aid --on "2026-11-28 09:00/12:00").
std::vector<InputFlag> input_flags(const google::protobuf::Descriptor* type);

// Fills the message: first the JSON of `file` (- for standard input; empty for none), then the flags.
Status read_input(Session& session, const std::string& file, const std::map<std::string, std::string>& flags, google::protobuf::Message& into);

}  // namespace qiao
