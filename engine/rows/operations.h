// All operations, and how much of each a role may use. The table itself is operations.inc.
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

// Every operation: a command or a query.
enum class Operation : std::uint8_t {
#define QIAO_OPERATION(name, ...) k##name,
#include "engine/rows/operations.inc"
#undef QIAO_OPERATION
  kCount,
};

// How much of an operation a role may use; see operations.inc.
enum class Scope : std::uint8_t { kNone, kAll, kArea, kParty, kMatched, kOwn, kLook };

// Thread-safe: the table never changes.
Scope scope_of(Operation operation, pb::Role role);
// operationId, as in openapi.json.
std::string_view name_of(Operation operation);
std::optional<Operation> find_operation(std::string_view name);
// It changes nothing.
bool only_looks(Operation operation);
// It creates or changes credentials, or the rights of an account: not allowed to a grant with
// scopes.
bool gives_access(Operation operation);
// Time of the market thread that a typical call takes.
std::chrono::microseconds cost_of(Operation operation);
// It takes longer in a larger market, whatever is asked for.
bool grows(Operation operation);
// One of the table's columns.
bool is_role(pb::Role role);
// What a grant may be used for, by its scopes.
std::bitset<128> operations_of(const pb::Grant& grant);
// The operation of a command; none for a command without a body.
std::optional<Operation> operation_of(const pb::Command& command);

}  // namespace qiao
