// Validates resources as clients sent them: form, limits and references. Changes nothing.
//
// Each function returns the first error, in the order of the fields, with the path of the field in
// JSON spelling. `at` is the path of the resource itself; it is empty or ends in a dot.
#pragma once

#include <cstdint>
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
// `now` is when it is created.
Status validate(const pb::Grant& grant, Time now);
Status validate(const pb::Offer& offer, const State& state, Time now);
// kNew: a need is being posted, so its windows and its deadline must be in the future. kUpdate:
// those of a posted need may have begun or passed.
enum class Posting : std::uint8_t { kNew, kUpdate };
Status validate(const pb::Need& need, const State& state, Time now, Posting posting,
                const std::string& at);

// A client's code as it is quoted in a refusal: truncated to the maximum length of a code.
std::string quoted(std::string_view code);

// Refuses a text shorter than `least` or longer than `most` bytes, one without visible characters
// unless `least` is 0, and one with misleading control characters.
Status check_text(std::string_view value, std::string field, std::size_t least, std::size_t most);
// The same for a single line, without any hidden character: two names that look the same are the
// same.
Status check_name(std::string_view value, std::string field, std::size_t least, std::size_t most);
Status check_phone(std::string_view value, std::string field);
// GB 32100-2015: 18 characters, the last one a check digit with weights 3^i mod 31.
bool is_credit_code(std::string_view code);

}  // namespace qiao
