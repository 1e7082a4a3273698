// Errors as values: a stable code, the field at fault, and a detail. Messages are looked up when
// the refusal is sent.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace qiao {

// The kind of error; the HTTP layer derives the status from it.
enum class Category : std::uint8_t {
  kInvalid,    // the input itself is wrong
  kForbidden,  // not permitted to this role
  kNotFound,
  kConflict,      // not possible in the current state
  kPrecondition,  // the version does not match
};

enum class Code : std::uint8_t {
#define QIAO_REFUSAL(name, category, code, zh, en) k##name,
#include "engine/base/refusal_codes.inc"
#undef QIAO_REFUSAL
};

struct CodeInfo {
  Category category;
  std::string_view code;  // stable, for programs
  std::string_view zh;    // {} is replaced by the detail
  std::string_view en;
};
const CodeInfo& info(Code code);

// Why a command or a query was refused. A refused command has changed nothing.
struct Refusal {
  Code code;
  std::string field;   // path of the field at fault, e.g. "lines[0].window.end"; may be empty
  std::string detail;  // replaces {} in the message
  // The same for the Chinese message, if the detail is text in a language; otherwise empty.
  std::string detail_zh = {};

  std::string zh() const;
  std::string en() const;
};

// The value has another type than `type`: integer, string, boolean, array or object.
Refusal refuse_type(std::string field, std::string_view type);

template <class T>
using Result = boost::outcome_v2::basic_result<T, Refusal, boost::outcome_v2::policy::terminate>;
using Status = Result<void>;
namespace outcome = boost::outcome_v2;

// A client's text is quoted only up to its first invalid UTF-8 byte, because a refusal is sent as
// JSON.
Refusal refuse(Code code, std::string field = {}, std::string detail = {},
               std::string detail_zh = {});

}  // namespace qiao

#define QIAO_TRY BOOST_OUTCOME_TRY
