// Private to the routes: build a request from a body and a path.
#pragma once

#include <google/protobuf/message.h>

#include <string>

#include "qiao/v1/request.pb.h"
#include "server/api/route.h"

namespace qiao {

// An id in the body must equal the id in the path.
template <class Resource>
Result<Resource> addressed(const Call& call, const google::protobuf::Message* body,
                           std::uint64_t (Resource::*get)() const,
                           void (Resource::*set)(std::uint64_t), const char* field = "id") {
  Resource r = static_cast<const Resource&>(*body);
  const std::uint64_t id = call.path.front().second;
  if ((r.*get)() != 0 && (r.*get)() != id)
    return refuse(Code::kOutOfRange, field, std::to_string(id));
  (r.*set)(id);
  return r;
}

// A client may not choose the id of a new row.
template <class Resource>
Result<Resource> unnamed(const google::protobuf::Message* body) {
  const auto& r = static_cast<const Resource&>(*body);
  if (r.id() != 0) return refuse(Code::kNotSettable, "id");
  return r;
}

}  // namespace qiao
