// Every operation there is, and how much of it each role has. The table itself is operations.inc.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "qiao/v1/access.pb.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Everything that can be asked: a command, or a question.
enum class Operation : std::uint8_t {
#define QIAO_OPERATION(name, ...) k##name,
#include "engine/rows/operations.inc"
#undef QIAO_OPERATION
  kCount,
};

// How much of an operation a role has; see operations.inc.
enum class Scope : std::uint8_t { kNone, kAll, kArea, kParty, kMatched, kOwn, kLook };

// Not thread-bound: the table never changes.
Scope scope_of(Operation operation, pb::Role role);
// operationId, as in openapi.json.
std::string_view name_of(Operation operation);
std::optional<Operation> find_operation(std::string_view name);
// It changes nothing.
bool only_looks(Operation operation);
// It makes or changes a way in, or what an account may do: not for a grant of some scopes only.
bool gives_access(Operation operation);
// Time of the market thread that a typical call takes.
std::chrono::microseconds cost_of(Operation operation);
// It takes longer in a larger market, whatever is asked.
bool grows(Operation operation);
// One of the table's columns.
bool is_role(pb::Role role);
// What a grant may be used for, by its scopes.
std::bitset<128> operations_of(const pb::Grant& grant);
// Which row of the table a command is under; nothing for one without a body.
std::optional<Operation> operation_of(const pb::Command& command);

}  // namespace qiao
