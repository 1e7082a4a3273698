// Errors as values: a stable code, the field at fault, and a detail. The words are looked up at the
// edge.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace qiao {

// What kind of mistake it is; the HTTP layer makes its status of it.
enum class Category : std::uint8_t {
  kInvalid,    // the input itself is wrong
  kForbidden,  // not in this role
  kNotFound,
  kConflict,      // not in the present state
  kPrecondition,  // the version is another one
};

enum class Code : std::uint8_t {
#define QIAO_REFUSAL(name, category, code, zh, en) k##name,
#include "engine/base/refusal_codes.inc"
#undef QIAO_REFUSAL
};

struct CodeInfo {
  Category category;
  std::string_view code;  // stable, for programs
  std::string_view zh;    // {} stands for the detail
  std::string_view en;
};
const CodeInfo& info(Code code);

// Why a command or a query was refused. A refused command has changed nothing.
struct Refusal {
  Code code;
  std::string field;   // path of the field at fault, e.g. "lines[0].window.end"; may be empty
  std::string detail;  // goes where the words have {}
  std::string detail_zh =
      {};  // the same for the Chinese words where it is itself words; else empty

  std::string zh() const;
  std::string en() const;
};

// The value is of another type than `type`: integer, string, boolean, array or object.
Refusal refuse_type(std::string field, std::string_view type);

template <class T>
using Result = boost::outcome_v2::basic_result<T, Refusal, boost::outcome_v2::policy::terminate>;
using Status = Result<void>;
namespace outcome = boost::outcome_v2;

// What is quoted of a client's text ends before its first byte that is not UTF-8, since a refusal
// is sent as JSON.
Refusal refuse(Code code, std::string field = {}, std::string detail = {},
               std::string detail_zh = {});

}  // namespace qiao

#define QIAO_TRY BOOST_OUTCOME_TRY
