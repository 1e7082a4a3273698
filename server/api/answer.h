// How a message becomes an answer, and an answer a response.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

#include "server/api/route.h"

namespace qiao {

template <class Message>
Answer answer(Message&& m, Seq wait_for, std::uint64_t version = 0) {
  return {std::make_unique<std::decay_t<Message>>(std::forward<Message>(m)), version, wait_for};
}

// One row as it was read; its version is the last event that changed it.
template <class Row>
Answer row_answer(Row row) {
  const auto version = row.version();
  return answer(std::move(row), version, version);
}

// The message in the format that the call asks for.
Response respond(const Call& call, Answer answer);

}  // namespace qiao
