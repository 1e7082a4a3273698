// Is a resource, as somebody sent it, well formed and about things that exist? Looks, changes
// nothing.
//
// Each function returns the first thing that is wrong, in the order of the fields, with the field's
// path in the JSON spelling. `at` is the path of the resource itself and is empty or ends in a dot.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/refusal.h"
#include "engine/rows/state.h"

namespace qiao {

Status validate(const pb::Taxonomy& taxonomy, const Vocabulary& before);
Status validate(const pb::Policy& policy);
Status validate(const pb::Area& area, const State& state);
Status validate(const pb::Party& party, const State& state);
Status validate(const pb::Person& person, const State& state, Time now);
Status validate(const pb::Account& account, const State& state);
// `now` is when it is made.
Status validate(const pb::Grant& grant, Time now);
Status validate(const pb::Offer& offer, const State& state, Time now);
// `fresh`: it is being posted, so its windows lie ahead. A need that changes may have windows that
// have begun.
Status validate(const pb::Need& need, const State& state, Time now, bool fresh,
                const std::string& at);

// A code that a client sent, as it is quoted in a refusal: shortened to what a code can be long.
std::string quoted(std::string_view code);

// A text of `least` to `most` bytes that displays something, where `least` is not 0, and without
// controls that mislead.
Status check_text(std::string_view value, std::string field, std::size_t least, std::size_t most);
// The same on one line, and without any character that is not displayed: two names that look the
// same are the same.
Status check_name(std::string_view value, std::string field, std::size_t least, std::size_t most);
Status check_phone(std::string_view value, std::string field);
// GB 32100-2015: 18 characters, the last one a check by weights 3^i mod 31.
bool is_credit_code(std::string_view code);

}  // namespace qiao
