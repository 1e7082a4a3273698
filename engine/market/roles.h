// Who may do what. The table itself is operations.inc.
#pragma once

#include <bitset>
#include <chrono>
#include <optional>
#include <string_view>

#include "engine/base/refusal.h"
#include "engine/market/state.h"
#include "qiao/v1/command.pb.h"

namespace qiao {

// Everything that can be asked: a command, or a question.
enum class Operation : std::uint8_t {
#define QIAO_OPERATION(name, ...) k##name,
#include "engine/market/operations.inc"
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
// What a grant may be used for, by its scopes.
std::bitset<128> operations_of(const pb::Grant& grant);
// Which row of the table a command is under; nothing for one without a body.
std::optional<Operation> operation_of(const pb::Command& command);

// What the actor's role has of the command. Refused where that is nothing. Looks at the command and the actor only.
Result<Scope> check_role(const pb::Command& command);

// The actor's party exists, is of the right kind and may act (roles without a party have none).
Status check_actor(const pb::Command& command, const State& state);

// Where the scope is an area: it is the actor's own area or below.
Status check_area(Scope scope, const pb::Actor& actor, const State& state, Slot area);

// Where the scope is a party: it is the actor's own or belongs to it.
Status check_party(Scope scope, const pb::Actor& actor, const State& state, Slot party);

// Where the scope is one's own: the need carries the resident's number.
Status check_resident(Scope scope, const pb::Actor& actor, std::uint64_t resident_ref);

// The same as questions, whatever the role. A party that is not active has no area.
bool in_area_of(const pb::Actor& actor, const State& state, Slot area);
bool in_party_of(const pb::Actor& actor, const State& state, Slot party);

}  // namespace qiao
