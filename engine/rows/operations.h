// All operations, and the scope of each role. The table is operations.inc.
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

// The rows to which a role may apply an operation; see operations.inc.
enum class Scope : std::uint8_t { kNone, kAll, kArea, kParty, kMatched, kOwn, kView };

// Thread-safe: the table never changes.
Scope scope_of(Operation operation, pb::Role role);
// The operationId in openapi.json.
std::string_view name_of(Operation operation);
std::optional<Operation> find_operation(std::string_view name);
// Whether it changes nothing.
bool is_read_only(Operation operation);
// Whether it creates or changes credentials, or the rights of an account: not permitted to a grant
// with scopes.
bool gives_access(Operation operation);
// The market-thread time of a typical call.
std::chrono::microseconds cost_of(Operation operation);
// Whether it takes longer in a larger market, whatever is requested.
bool grows(Operation operation);
// Whether the role is a column of the table.
bool is_role(pb::Role role);
// The operations that a grant permits by its scopes.
std::bitset<128> operations_of(const pb::Grant& grant);
// The operation of a command; none for a command without a body.
std::optional<Operation> operation_of(const pb::Command& command);

}  // namespace qiao
