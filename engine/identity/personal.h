// Personal data: whose an actor may reveal, export and erase.
#pragma once

#include <vector>

#include "engine/identity/roles.h"
#include "engine/rows/state.h"

namespace qiao {

// Refuses a subject that does not exist or is outside the actor's scope. An actor that serves a
// need may see its contact as soon as the policy allows.
Status check_subject(const State& state, const pb::Actor& actor, Scope scope, Time now,
                     pb::SubjectKind subject, std::uint64_t id);

// Needs of the resident whose personal data is not erased. O(needs of the resident).
std::vector<Slot> needs_with_data_of(const State& state, std::uint64_t resident_ref);

// Adds the names of the row's fields that hold personal data, each once.
void name_fields(const google::protobuf::Message& row, pb::Disclosure& out);

}  // namespace qiao
