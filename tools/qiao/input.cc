#include "tools/qiao/input.h"

#include <algorithm>
#include <array>
#include <span>

#include "engine/base/ascii.h"
#include "proto/json/json.h"
#include "proto/text/enum_names.h"
#include "proto/text/notation.h"
#include "qiao/v1/query.pb.h"
#include "server/sheets/supply.h"
#include "tools/io/file.h"
#include "tools/qiao/terms.h"
#include "tools/qiao/verbs.h"

namespace qiao {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool is_time(const FieldDescriptor* f) {
  const std::string& n = f->name();
  return f->cpp_type() == FieldDescriptor::CPPTYPE_INT64 &&
         (n == "deadline" || n == "valid_from" || n == "valid_to" || n == "expires_at");
}

// Set by the market; not available as a flag.
bool is_settable(const FieldDescriptor* f) {
  static const char* const kOwn[] = {"id",
                                     "version",
                                     "state",
                                     "standing",
                                     "raised",
                                     "failed_dispatches",
                                     "created_at",
                                     "submitted_at",
                                     "opened_at",
                                     "filled_at",
                                     "started_at",
                                     "done_at",
                                     "review_requested",
                                     "raised_at",
                                     "closed",
                                     "removed",
                                     "ended_at",
                                     "erased",
                                     "removed_at",
                                     "review"};
  for (const char* own : kOwn) {
    if (f->name() == own) return false;
  }
  if (f->containing_type() == pb::Need::descriptor() && f->name() == "reason") return false;
  return true;
}

bool is_plain(const FieldDescriptor* f) {
  return f->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
         f->message_type() == pb::Point::descriptor();
}

const char* const kKindFlags[] = {"people",  "professional", "venue",
                                  "vehicle", "equipment",    "stock"};

// How a value of the field is written.
std::string example(const FieldDescriptor* f, bool chinese) {
  if (is_time(f)) return "2026-11-28 09:00";
  if (f->is_repeated()) return "a,b";
  switch (f->cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return "30.6265,118.9834";
    case FieldDescriptor::CPPTYPE_BOOL:
      return chinese ? "yes 是，no 否" : "yes, no";
    case FieldDescriptor::CPPTYPE_STRING:
      return "";
    case FieldDescriptor::CPPTYPE_ENUM: {
      // URGENCY_NORMAL is written normal.
      std::string all;
      for (int i = 1; i < f->enum_type()->value_count(); ++i) {
        all += i > 1 ? ", " : "";
        all += ascii_lower(unprefixed_name(f->enum_type()->value(i)));
      }
      return all;
    }
    default:
      return "";
  }
}

// "skills" is a flag of a person as well as of a supply; it has one meaning for each type.
bool is_supplied(const Descriptor* type) {
  return type == pb::Need::descriptor() || type == pb::Offer::descriptor();
}

Status set_plain(Session& session, const FieldDescriptor* f, const std::string& text, Message& m) {
  const std::string name = "--" + flag_of(f->name());
  const auto* r = m.GetReflection();
  if (f->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    const auto parts = split(text);
    if (parts.size() != 2) return refuse_notation(name, kPointNotation);
    QIAO_TRY(const auto latitude, parse_degrees(parts[0], name));
    QIAO_TRY(const auto longitude, parse_degrees(parts[1], name));
    auto& p = static_cast<pb::Point&>(*r->MutableMessage(&m, f));
    p.set_latitude_e7(latitude);
    p.set_longitude_e7(longitude);
    return outcome::success();
  }
  if (is_time(f)) {
    QIAO_TRY(const auto zone, session.zone());
    QIAO_TRY(const Time t, parse_moment(text, *zone, name));
    r->SetInt64(&m, f, to_int(t));
    return outcome::success();
  }
  // The rest is parsed as JSON, so that the refusals are the same.
  std::string json = "{\"" + f->json_name() + "\":";
  const auto value = [&](const std::string& v) {
    if (f->cpp_type() == FieldDescriptor::CPPTYPE_ENUM) {
      std::string upper;
      for (const char c : v) upper += c == '-' || c == ' ' ? '_' : ascii_upper(c);
      const auto* type = f->enum_type();
      if (type->FindValueByName(upper) == nullptr) {
        // Values begin with the type's name: PARTY_KIND_ENTERPRISE.
        upper.insert(0, enum_prefix(type));
      }
      append_json_string(upper, json);
    } else if (f->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) {
      json += v == "yes" || v == "1" || v == "是"  ? "true"
              : v == "no" || v == "0" || v == "否" ? "false"
              : v == "true" || v == "false"        ? v
                                                   : "\"\"";
    } else {
      append_json_string(v, json);
    }
  };
  if (f->is_repeated()) {
    json += '[';
    bool first = true;
    for (const auto& v : split(text)) {
      if (!std::exchange(first, false)) json += ',';
      value(v);
    }
    json += ']';
    r->ClearField(&m, f);
  } else {
    value(text);
  }
  json += '}';
  if (auto read = from_json(json, m); !read) {
    Refusal refusal = std::move(read).error();
    refusal.field = name;
    return refusal;
  }
  return outcome::success();
}

using Flags = std::map<std::string, std::string>;

// "5" of --people, "rice:5" of --stock.
Result<SupplyCells> read_kind_flag(const std::string& kind, const std::string& text) {
  SupplyCells cells;
  cells.kind = kind;
  cells.quantity = text;
  if (kind != "stock") return cells;
  const auto colon = text.find(':');
  if (colon == std::string::npos) {
    return refuse_notation("--stock", kStockNotation);
  }
  cells.kind = "stock:" + text.substr(0, colon);
  cells.quantity = text.substr(colon + 1);
  return cells;
}

bool same_kind(const pb::RequirementLine& a, const pb::RequirementLine& b) {
  if (a.has_time() != b.has_time()) return false;
  return a.has_time() ? a.time().kind() == b.time().kind()
                      : a.stock().resource() == b.stock().resource();
}

// The only line of the need that is of the same kind as `sought`; nullptr if there is none.
Result<pb::RequirementLine*> find_line(pb::Need& need, const pb::RequirementLine& sought,
                                       const std::string& flag) {
  pb::RequirementLine* found = nullptr;
  for (auto& line : *need.mutable_lines()) {
    if (!same_kind(line, sought)) continue;
    if (found != nullptr) {
      return refuse(Code::kMalformed, flag,
                    "the need has several such lines; give them with --file",
                    "该需求有多项此类内容；请用 --file 给出");
    }
    found = &line;
  }
  return found;
}

// A kind that the need asks for already gets the new quantity; another one becomes a line, with the
// window of the other lines if there are any.
Status set_quantity(const std::string& kind, const std::string& text, const pb::Taxonomy& words,
                    pb::Need& need) {
  QIAO_TRY(const auto cells, read_kind_flag(kind, text));
  pb::RequirementLine given;
  QIAO_TRY(read_line(cells, words, given));
  QIAO_TRY(pb::RequirementLine * line, find_line(need, given, "--" + kind));
  if (line != nullptr) {
    line->set_quantity(given.quantity());
    return outcome::success();
  }
  const auto same_time = [&](const pb::RequirementLine& other) {
    return other.window().start() == need.lines(0).window().start() &&
           other.window().end() == need.lines(0).window().end();
  };
  const bool timed = need.lines_size() > 0 && need.lines(0).has_window() &&
                     std::all_of(need.lines().begin(), need.lines().end(), same_time);
  if (timed) *given.mutable_window() = need.lines(0).window();
  *need.add_lines() = std::move(given);
  return outcome::success();
}

// --skills of the people, --certificate of the professionals.
Status set_qualification(const std::string& flag, const std::string& kind, SupplyCells cells,
                         const pb::Taxonomy& words, pb::Need& need) {
  cells.kind = kind;
  cells.quantity = "1";
  pb::RequirementLine given;
  QIAO_TRY(read_line(cells, words, given));
  QIAO_TRY(pb::RequirementLine * line, find_line(need, given, flag));
  if (line == nullptr) return refuse(Code::kRequired, "--" + kind);
  *line->mutable_time() = given.time();
  return outcome::success();
}

Status set_lines(Session& session, const Flags& flags, pb::Need& need) {
  QIAO_TRY(const auto words, session.taxonomy());
  for (const char* kind : kKindFlags) {
    if (!flags.contains(kind)) continue;
    QIAO_TRY(set_quantity(kind, flags.at(kind), *words, need));
  }
  if (flags.contains("skills")) {
    SupplyCells cells;
    cells.skills = flags.at("skills");
    QIAO_TRY(set_qualification("--skills", "people", cells, *words, need));
  }
  if (flags.contains("certificate")) {
    SupplyCells cells;
    cells.certificates = flags.at("certificate");
    QIAO_TRY(set_qualification("--certificate", "professional", cells, *words, need));
  }
  if (flags.contains("on")) {
    QIAO_TRY(const auto zone, session.zone());
    QIAO_TRY(const auto window, parse_window(flags.at("on"), *zone, "--on"));
    for (auto& l : *need.mutable_lines()) *l.mutable_window() = window;
  }
  return outcome::success();
}

struct SupplyFlag {
  const char* name;
  std::string SupplyCells::*cell;
  const char* example;
};
constexpr std::array<SupplyFlag, 7> kSupplyFlags = {
    {{"skills", &SupplyCells::skills, "a,b"},
     {"certificate", &SupplyCells::certificates, "social_worker:2"},
     {"week", &SupplyCells::week, "1-5 08:00-12:00; 6,7 09:00-17:00"},
     {"exceptions", &SupplyCells::exceptions, "2026-12-01 closed; 2026-12-02 09:00-12:00"},
     {"smallest-lot", &SupplyCells::smallest_lot, ""},
     {"expires", &SupplyCells::expires, "2026-11-28"},
     {"handover", &SupplyCells::handover, ""}}};

// Parts that are not given stay as the offer has them.
Status set_supply(Session& session, const Flags& flags, pb::Offer& offer) {
  QIAO_TRY(const auto words, session.taxonomy());
  QIAO_TRY(const auto zone, session.zone());
  SupplyCells cells;
  if (offer.has_time() || offer.has_stock()) cells = write_offer(offer, *zone);
  int kinds = 0;
  int given = 0;
  for (const char* kind : kKindFlags) {
    if (!flags.contains(kind)) continue;
    QIAO_TRY(const auto named, read_kind_flag(kind, flags.at(kind)));
    // A time offer and a stock offer have no fields in common.
    if (offer.has_stock() != (std::string_view(kind) == "stock")) cells = {};
    cells.kind = named.kind;
    cells.quantity = named.quantity;
    ++kinds;
  }
  if (kinds > 1) {
    return refuse(Code::kMalformed, "--people", "an offer is of one kind", "一条供给只能是一种");
  }
  for (const SupplyFlag& flag : kSupplyFlags) {
    if (!flags.contains(flag.name)) continue;
    cells.*flag.cell = flags.at(flag.name);
    ++given;
  }
  if (kinds + given == 0) return outcome::success();
  return read_offer(cells, *words, *zone, offer);
}

// Each field that `given` has replaces the one in `into`.
void overlay(const Message& given, Message& into) {
  std::vector<const FieldDescriptor*> set;
  given.GetReflection()->ListFields(given, &set);
  for (const FieldDescriptor* f : set) into.GetReflection()->ClearField(&into, f);
  into.MergeFrom(given);
}

}  // namespace

std::vector<InputFlag> input_flags(const Descriptor* type, bool chinese) {
  if (type == nullptr) return {};
  if (type == pb::PreviewRequest::descriptor()) return input_flags(pb::Need::descriptor(), chinese);
  std::vector<InputFlag> flags;
  const auto add = [&](const std::string& name, const std::string& written) {
    std::string help(flag_meaning(name, chinese));
    if (!help.empty() && !written.empty()) help += chinese ? "：" : ": ";
    flags.push_back({name, help + written});
  };
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* f = type->field(i);
    if (!is_plain(f) || !is_settable(f)) continue;
    add(flag_of(f->name()), example(f, chinese));
  }
  if (is_supplied(type)) {
    for (const char* kind : kKindFlags)
      add(kind, std::string_view(kind) == "stock" ? "rice:50" : "");
    // A need has the first two of them.
    const auto supply =
        std::span(kSupplyFlags).first(type == pb::Need::descriptor() ? 2 : kSupplyFlags.size());
    for (const SupplyFlag& flag : supply) add(flag.name, flag.example);
    if (type == pb::Need::descriptor()) add("on", "2026-11-28 09:00/12:00");
  }
  return flags;
}

Status read_input(Session& session, const std::string& file,
                  const std::map<std::string, std::string>& flags, Message& into) {
  if (!file.empty()) {
    QIAO_TRY(const std::string text, read_file_or_stdin(file, "--file"));
    const std::unique_ptr<Message> given(into.New());
    QIAO_TRY(from_json(text, *given));
    overlay(*given, into);
  }
  Message* target = &into;
  if (into.GetDescriptor() == pb::PreviewRequest::descriptor())
    target = static_cast<pb::PreviewRequest&>(into).mutable_need();
  for (int i = 0; i < target->GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* f = target->GetDescriptor()->field(i);
    const auto it = flags.find(flag_of(f->name()));
    if (it != flags.end() && is_plain(f) && is_settable(f)) {
      QIAO_TRY(set_plain(session, f, it->second, *target));
    }
  }
  if (target->GetDescriptor() == pb::Need::descriptor())
    return set_lines(session, flags, static_cast<pb::Need&>(*target));
  if (target->GetDescriptor() == pb::Offer::descriptor())
    return set_supply(session, flags, static_cast<pb::Offer&>(*target));
  return outcome::success();
}

}  // namespace qiao
