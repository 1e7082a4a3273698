// Which fields of a row a client may set, by their marks in proto/ (base.proto). A field without a
// mark can be set only by the market.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>

#include "engine/base/refusal.h"
#include "qiao/v1/base.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Copies the fields that a client may set from `sent` to `row`; the others stay. Both have the same
// type.
void copy_settable(const google::protobuf::Message& sent, google::protobuf::Message& row);

// Refuses changes of fields that a person may not set about itself.
Status check_own_fields(const google::protobuf::Message& row,
                        const google::protobuf::Message& before);

// Calls visit(kind, id, path) for each non-zero field that references a row, including those in
// nested messages, in the order of the fields, until one refuses. `path` is in JSON spelling, for
// example notifications[0].needId.
Status visit_references(const google::protobuf::Message& message,
                        const std::function<Status(pb::RowKind kind, std::uint64_t id,
                                                   const std::string& path)>& visit);

}  // namespace qiao
