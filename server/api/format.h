// In which format an answer is wanted, and the body in the one that it came in.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string_view>

#include "server/api/route.h"

namespace qiao {

inline constexpr std::string_view kProtobuf = "application/x-protobuf";

enum class Format { kNone, kJson, kProtobuf };
// The first of the two that the client names; JSON where anything will do.
Format format_wanted(std::string_view accept, std::string_view raw_type);

// Whether a body may come as that.
bool is_body_type(std::string_view content_type);
// The body as the message that the route takes.
Result<std::unique_ptr<google::protobuf::Message>> body_of(const Call& call);
bool takes_batch(const Route& route);

}  // namespace qiao
