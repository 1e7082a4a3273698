// The kinds of row as types, generated from kinds.inc: kinds::Need has the columns of the row for
// needs. For code that does the same for each kind.
//
// Code that differs between kinds is a function with one overload for each kind, called from a
// visit: a kind without an overload does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/base/ids.h"
#include "engine/rows/operations.h"
#include "qiao/v1/base.pb.h"
#include "qiao/v1/event.pb.h"

namespace qiao {

// The values of the table's one-letter columns.
namespace kind_columns {
inline constexpr bool L = true;
inline constexpr bool A = true;
inline constexpr bool _ = false;
}  // namespace kind_columns

// Defined in rows.h.
#define QIAO_KIND(Name, ...) struct Name##Row;
#include "engine/rows/kinds.inc"

namespace kinds {
#define QIAO_KIND(Name, one, many, IdType, key, row_kind, collection, chinese, read, load, access) \
  struct Name {                                                                                    \
    using Message = pb::Name;                                                                      \
    using Row = Name##Row;                                                                         \
    using Id = IdType;                                                                             \
    static constexpr auto kCase = pb::Event::k##Name;                                              \
    static constexpr const char* kName = #one;                                                     \
    static constexpr pb::RowKind kRowKind = pb::ROW_KIND_##row_kind;                               \
    static constexpr const char* kCollection = collection;                                         \
    static constexpr const char* kChinese = chinese;                                               \
    static constexpr Operation kRead = Operation::k##read;                                         \
    static constexpr bool kLinked = kind_columns::load;                                            \
    static constexpr bool kAffectsAccess = kind_columns::access;                                   \
    static std::uint64_t key_in(const pb::Event& e) { return e.one().key(); }                      \
    static const Message& row_in(const pb::Event& e) { return e.one(); }                           \
    static Message& row_in(pb::Event& e) { return *e.mutable_##one(); }                            \
  };
#define QIAO_SETTING(Name, one, read)                                    \
  struct Name {                                                          \
    using Message = pb::Name;                                            \
    static constexpr auto kCase = pb::Event::k##Name;                    \
    static constexpr const char* kName = #one;                           \
    static constexpr const char* kCollection = #one;                     \
    static constexpr Operation kRead = Operation::k##read;               \
    static constexpr bool kAffectsAccess = false;                        \
    static std::uint64_t key_in(const pb::Event&) { return 0; }          \
    static const Message& row_in(const pb::Event& e) { return e.one(); } \
    static Message& row_in(pb::Event& e) { return *e.mutable_##one(); }  \
  };
#define QIAO_RECORD(Name, one, collection, read)                             \
  struct Name {                                                              \
    using Message = pb::Name;                                                \
    static constexpr auto kCase = pb::Event::k##Name;                        \
    static constexpr const char* kName = #one;                               \
    static constexpr const char* kCollection = collection;                   \
    static constexpr Operation kRead = Operation::k##read;                   \
    static constexpr bool kAffectsAccess = false;                            \
    static std::uint64_t key_in(const pb::Event& e) { return e.one().id(); } \
    static const Message& row_in(const pb::Event& e) { return e.one(); }     \
    static Message& row_in(pb::Event& e) { return *e.mutable_##one(); }      \
  };
#include "engine/rows/kinds.inc"
}  // namespace kinds

// The kind whose rows have that message type.
template <class Message>
struct KindOfMessage;
#define QIAO_KIND(Name, ...)       \
  template <>                      \
  struct KindOfMessage<pb::Name> { \
    using Kind = kinds::Name;      \
  };
#define QIAO_SETTING QIAO_KIND
#define QIAO_RECORD QIAO_KIND
#include "engine/rows/kinds.inc"
template <class Message>
using KindOf = typename KindOfMessage<Message>::Kind;

// A kind with a table of rows, each with a key.
template <class Kind>
concept Keyed = requires {
  typename Kind::Id;
};

inline constexpr std::array kKeyedKinds = {
#define QIAO_KIND(Name, ...) kinds::Name::kCase,
#include "engine/rows/kinds.inc"
};
inline constexpr std::array kSettings = {
#define QIAO_SETTING(Name, ...) kinds::Name::kCase,
#include "engine/rows/kinds.inc"
};
// The size of an array indexed by pb::Event::RowCase.
inline constexpr std::size_t kRowCaseLimit = std::size_t{1} + std::max({
#define QIAO_KIND(Name, ...) static_cast<std::size_t>(kinds::Name::kCase),
#define QIAO_SETTING QIAO_KIND
#define QIAO_RECORD QIAO_KIND
#include "engine/rows/kinds.inc"
                                                              });

constexpr bool is_setting(pb::Event::RowCase kind) {
  return std::find(kSettings.begin(), kSettings.end(), kind) != kSettings.end();
}

// Calls f(kinds::Area{}), f(kinds::Party{}) and so on for each keyed kind, in the order of
// kinds.inc.
template <class F>
void for_each_keyed(F f) {
#define QIAO_KIND(Name, ...) f(kinds::Name{});
#include "engine/rows/kinds.inc"
}

// Returns f(kinds::Need{}) for pb::Event::kNeed, and so on; Result{} without a row. A case of
// pb::Event that is not in kinds.inc does not compile (-Wswitch).
template <class F>
constexpr auto visit_kind(pb::Event::RowCase kind, F f) -> decltype(f(kinds::Need{})) {
  switch (kind) {
#define QIAO_KIND(Name, ...) \
  case kinds::Name::kCase:   \
    return f(kinds::Name{});
#define QIAO_SETTING QIAO_KIND
#define QIAO_RECORD QIAO_KIND
#include "engine/rows/kinds.inc"
    case pb::Event::ROW_NOT_SET:
      break;
  }
  return decltype(f(kinds::Need{}))();
}

// The same for keyed kinds only; Result{} for the others.
template <class F>
constexpr auto visit_keyed(pb::Event::RowCase kind, F f) -> decltype(f(kinds::Need{})) {
  using Result = decltype(f(kinds::Need{}));
  return visit_kind(kind, [&](auto k) -> Result {
    if constexpr (Keyed<decltype(k)>) {
      return f(k);
    } else {
      return Result();
    }
  });
}

// The name of one row of the kind, for example need; empty without a row.
constexpr const char* name_of(pb::Event::RowCase kind) {
  if (kind == pb::Event::ROW_NOT_SET) return "";
  return visit_kind(kind, [](auto k) { return k.kName; });
}
constexpr const char* chinese_name_of(pb::Event::RowCase kind) {
  const char* name = visit_keyed(kind, [](auto k) { return k.kChinese; });
  return name == nullptr ? "" : name;
}
// The path of its rows: /v1/needs; empty without a row.
constexpr const char* collection_of(pb::Event::RowCase kind) {
  if (kind == pb::Event::ROW_NOT_SET) return "";
  return visit_kind(kind, [](auto k) { return k.kCollection; });
}
// Unspecified if no field refers to such rows.
constexpr pb::RowKind row_kind_of(pb::Event::RowCase kind) {
  return visit_keyed(kind, [](auto k) { return k.kRowKind; });
}
// ROW_NOT_SET if there is no such kind.
constexpr pb::Event::RowCase case_of(pb::RowKind row_kind) {
  if (row_kind == pb::ROW_KIND_UNSPECIFIED) return pb::Event::ROW_NOT_SET;
  for (const auto kind : kKeyedKinds) {
    if (row_kind_of(kind) == row_kind) return kind;
  }
  return pb::Event::ROW_NOT_SET;
}
// The id or code of the event's row; 0 if the kind has only one row.
inline std::uint64_t key_of(const pb::Event& event) {
  return visit_kind(event.row_case(), [&](auto k) { return k.key_in(event); });
}

}  // namespace qiao
