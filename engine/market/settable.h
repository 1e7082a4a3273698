// Which fields of a row a client may set, by their marks in the vocabulary (base.proto): a field
// that is added there without a mark is the market's alone.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>

#include "engine/base/refusal.h"
#include "qiao/v1/base.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Replaces what a client may set of `row` by what was sent; the rest of `row` stays. Both are of
// one type.
void take_settable(const google::protobuf::Message& sent, google::protobuf::Message& row);

// Refuses a change of what a person may not set about itself.
Status check_own_fields(const google::protobuf::Message& row,
                        const google::protobuf::Message& before);

// Calls visit(kind, id, path) for each field that refers to a row and is not 0, also in messages
// inside, in the order of the fields, until one refuses. `path` is in JSON spelling, e.g.
// notifications[0].needId.
Status visit_references(const google::protobuf::Message& message,
                        const std::function<Status(pb::RowKind kind, std::uint64_t id,
                                                   const std::string& path)>& visit);

}  // namespace qiao
