// Builds a request's body from a file and flags.
#pragma once

#include <google/protobuf/message.h>

#include <map>
#include <string>
#include <vector>

#include "tools/qiao/session.h"

namespace qiao {

struct InputFlag {
  std::string name;  // "service-radius-m"
  std::string help;
};

// The flags for a body of this type, except --file: each plain field, and for needs and offers
// their parts (--people 5 --skills first_aid --on "2026-11-28 09:00/12:00").
std::vector<InputFlag> input_flags(const google::protobuf::Descriptor* type, bool chinese);

// Changes what is given of the message and leaves the rest: first each field that the JSON of
// `file` has (- for standard input; empty for none), then what the flags name, down to one part of
// a supply or the quantity of one line of a need.
Status read_input(Session& session, const std::string& file,
                  const std::map<std::string, std::string>& flags, google::protobuf::Message& into);

}  // namespace qiao
