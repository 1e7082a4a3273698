// Private to the sheets: one cell as one value.
#pragma once

#include <string>
#include <utility>

#include "engine/base/ascii.h"
#include "proto/text/enum_names.h"
#include "proto/text/notation.h"
#include "server/sheets/cell_values.h"
#include "server/sheets/sheet.h"
#include "server/sheets/supply.h"

namespace qiao {

inline const std::string& cell(const Cells& cells, const char* name) {
  static const std::string kNone;
  const auto it = cells.find(name);
  return it == cells.end() ? kNone : it->second;
}

inline Result<std::uint64_t> number(const Cells& cells, const char* name) {
  if (cell(cells, name).empty()) return std::uint64_t{0};
  QIAO_TRY(const auto v, read_whole(cell(cells, name), {}, name));
  if (v < 0) return refuse(Code::kOutOfRange, name, "0..");
  return static_cast<std::uint64_t>(v);
}

inline Result<std::uint32_t> small_number(const Cells& cells, const char* name) {
  QIAO_TRY(const auto v, number(cells, name));
  if (v > 0xffffffffU) return refuse(Code::kOutOfRange, name, "0..4294967295");
  return static_cast<std::uint32_t>(v);
}

template <class Resource>
Status read_point(const Cells& cells, Resource& r) {
  if (cell(cells, "latitude").empty() && cell(cells, "longitude").empty())
    return outcome::success();
  QIAO_TRY(const auto latitude, parse_degrees(cell(cells, "latitude"), "latitude"));
  QIAO_TRY(const auto longitude, parse_degrees(cell(cells, "longitude"), "longitude"));
  r.mutable_point()->set_latitude_e7(latitude);
  r.mutable_point()->set_longitude_e7(longitude);
  return outcome::success();
}

template <class Resource>
void write_point(const Resource& r, Cells& cells) {
  if (!r.has_point()) return;
  cells["latitude"] = format_degrees(r.point().latitude_e7());
  cells["longitude"] = format_degrees(r.point().longitude_e7());
}

// "enterprise", "ENTERPRISE", "PARTY_KIND_ENTERPRISE" or a Chinese word; a refusal does not list
// the former ones.
template <class Enum>
Result<Enum> read_enum(const Cells& cells, const char* name,
                       std::initializer_list<std::pair<const char*, Enum>> chinese,
                       std::initializer_list<std::pair<const char*, Enum>> former = {}) {
  const std::string& text = cell(cells, name);
  if (text.empty()) return Enum{};
  for (const auto& words : {chinese, former}) {
    for (const auto& [word, value] : words) {
      if (text == word) return value;
    }
  }
  std::string upper;
  for (const char c : text) upper += c == ' ' || c == '-' ? '_' : ascii_upper(c);
  const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
  const auto* value = type->FindValueByName(upper);
  if (value == nullptr) value = type->FindValueByName(std::string(enum_prefix(type)) + upper);
  if (value != nullptr && value->number() != 0) return static_cast<Enum>(value->number());
  std::string all;
  for (const auto& [word, v] : chinese) all += std::string(all.empty() ? "" : ", ") + word;
  std::string en;
  for (int i = 1; i < type->value_count(); ++i) {
    en += (en.empty() ? "" : ", ") + ascii_lower(unprefixed_name(type->value(i)));
  }
  return refuse(Code::kOutOfRange, name, en, all);
}

// "enterprise"; empty for value 0, which stands for none, and for one that the enum does not have.
template <class Enum>
std::string lower_enum(Enum value) {
  const auto* found = google::protobuf::GetEnumDescriptor<Enum>()->FindValueByNumber(value);
  return found == nullptr || value == Enum{} ? std::string() : ascii_lower(unprefixed_name(found));
}

inline Result<bool> read_flag(const Cells& cells, const char* name) {
  const std::string text = ascii_lower(cell(cells, name));
  if (text.empty() || text == "0" || text == "no" || text == "false" || text == "否") return false;
  if (text == "1" || text == "yes" || text == "true" || text == "是") return true;
  return refuse(Code::kOutOfRange, name, "yes, no", "是、否");
}

inline Result<std::uint64_t> read_area(const Cells& cells, const char* name,
                                       const SheetContext& context) {
  if (cell(cells, name).empty()) return std::uint64_t{0};
  return context.areas.find(cell(cells, name), name);
}

// A party by its name, its credit code or its number.
inline Result<std::uint64_t> read_party(const std::string& text, const char* name,
                                        const SheetContext& context) {
  if (text.empty()) return std::uint64_t{0};
  if (const auto id = context.parties.find(text)) return *id;
  if (text.find_first_not_of("0123456789") == std::string::npos)
    return number({{name, text}}, name);
  if (context.parties.are_called(text) > 1) return refuse(Code::kAmbiguous, name, text);
  return refuse(Code::kUnknownParty, name, text);
}

inline std::string write_party(std::uint64_t id, const SheetContext& context) {
  return id == 0 ? std::string() : context.parties.name_of(id);
}

inline void write_supply(const SupplyCells& s, const pb::Taxonomy& words, Cells& cells) {
  cells["kind"] = s.kind;
  cells["quantity"] = typed_quantity(s.quantity, s.kind, words);
  cells["skills"] = s.skills;
  cells["certificates"] = s.certificates;
  cells["week"] = s.week;
  cells["smallest_lot"] = typed_quantity(s.smallest_lot, s.kind, words);
  cells["expires"] = s.expires;
  cells["handover"] = s.handover;
  cells["exceptions"] = s.exceptions;
}

inline Result<SupplyCells> read_supply(const Cells& cells, const pb::Taxonomy& words) {
  const std::string& kind = cell(cells, "kind");
  QIAO_TRY(auto quantity, counted_quantity(cell(cells, "quantity"), kind, words, "quantity"));
  QIAO_TRY(auto lot, counted_quantity(cell(cells, "smallest_lot"), kind, words, "smallest_lot"));
  return SupplyCells{.kind = kind,
                     .quantity = std::move(quantity),
                     .skills = cell(cells, "skills"),
                     .certificates = cell(cells, "certificates"),
                     .week = cell(cells, "week"),
                     .smallest_lot = std::move(lot),
                     .expires = cell(cells, "expires"),
                     .handover = cell(cells, "handover"),
                     .exceptions = cell(cells, "exceptions")};
}

}  // namespace qiao
