// Content negotiation: the format of a response, and parsing of request bodies.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string_view>

#include "server/api/route.h"

namespace qiao {

inline constexpr std::string_view kProtobuf = "application/x-protobuf";

enum class Format { kNone, kJson, kProtobuf };
// Returns the first of the two formats that the client accepts; JSON if it accepts any.
Format format_wanted(std::string_view accept, std::string_view raw_type);

// Whether request bodies of that type are accepted.
bool is_body_type(std::string_view content_type);
// Parses the body into the message of the route.
Result<std::unique_ptr<google::protobuf::Message>> body_of(const Call& call);
bool takes_batch(const Route& route);

}  // namespace qiao
