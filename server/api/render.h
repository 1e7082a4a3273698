// The HandlerResult of a message, and the Response that shows it: the last step of a request that
// is done. Pure functions.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "server/api/route.h"

namespace qiao {

// `wait_for`: the response is sent when this is on disk; the version makes the ETag, 0 for none.
template <class Message>
HandlerResult result_of(Message&& m, Seq wait_for, std::uint64_t version = 0) {
  return {std::make_unique<std::decay_t<Message>>(std::forward<Message>(m)), version, wait_for};
}

// One row as it was read; its version is the number of the last event that changed it.
template <class Row>
HandlerResult row_result(Row row) {
  const auto version = row.version();
  return result_of(std::move(row), version, version);
}

// Writes the message in the format that the call requests, with the status of its route, ETag and
// Location. Every response that shows a message comes from here.
Response render(const Call& call, HandlerResult answer);

}  // namespace qiao
