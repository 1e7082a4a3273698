#include "server/sheets/supply.h"

#include <algorithm>
#include <array>
#include <optional>

#include "engine/base/ascii.h"
#include "proto/text/notation.h"
#include "server/sheets/cell_values.h"

namespace qiao {
namespace {

struct Kind {
  pb::TimeKind kind;
  const char* code;
  const char* zh;
  const char* unit_zh;
  const char* unit;
  const char* units;
  std::array<std::string_view, 2> also = {};  // as people write it; empty for none
};
constexpr std::array<Kind, 5> kKinds = {
    {{pb::TIME_KIND_PEOPLE, "people", "人员", "人", "person", "people", {"人", "志愿者"}},
     {pb::TIME_KIND_PROFESSIONAL, "professional", "专业人员", "名专业人员", "professional",
      "professionals"},
     {pb::TIME_KIND_VENUE, "venue", "场地", "座", "seat", "seats"},
     {pb::TIME_KIND_VEHICLE, "vehicle", "车辆", "座", "seat", "seats"},
     {pb::TIME_KIND_EQUIPMENT, "equipment", "设备", "套", "set", "sets"}}};

const Kind* kind_of(const std::string& text) {
  const auto it = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) {
    const bool other = std::find(k.also.begin(), k.also.end(), text) != k.also.end();
    return text == k.code || text == k.zh || (other && !text.empty());
  });
  return it == kKinds.end() ? nullptr : &*it;
}

const char* code_of(pb::TimeKind kind) {
  const auto it =
      std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return kind == k.kind; });
  return it == kKinds.end() ? "" : it->code;
}

// A resource with the name of a kind of time is marked.
constexpr std::string_view kStock = "stock:";
std::string stock_cell(const std::string& resource) {
  const bool marked = kind_of(resource) != nullptr || resource.starts_with(kStock);
  return (marked ? std::string(kStock) : "") + resource;
}

// The code itself takes precedence over a name that another term has.
template <class List, class TermOf>
std::string find_code(const List& list, const std::string& text, TermOf term) {
  const auto is_code = [&](const auto& entry) { return term(entry).code() == text; };
  if (std::any_of(list.begin(), list.end(), is_code)) return text;
  for (const auto& entry : list) {
    const pb::Term& t = term(entry);
    if (t.zh() == text || t.en() == text) return t.code();
  }
  // A name in English, whatever its case.
  const std::string lower = ascii_lower(text);
  for (const auto& entry : list) {
    if (ascii_lower(term(entry).en()) == lower) return term(entry).code();
  }
  return text;
}

const auto kTermOf = [](const auto& entry) -> const pb::Term& { return entry.term(); };

std::string read_resource(const std::string& cell, const pb::Taxonomy& words) {
  const bool marked = cell.starts_with(kStock);
  return find_code(words.resources(), marked ? cell.substr(kStock.size()) : cell, kTermOf);
}

struct CertificateCell {
  std::string code;
  std::uint32_t level = 0;
  std::int64_t expires_at = 0;
};

// `zone` if it may have an expiry.
Result<CertificateCell> read_certificate(const std::string& text, const pb::Taxonomy& words,
                                         const TimeZone* zone) {
  const auto first = std::min(text.find(':'), text.size());
  const auto second = std::min(text.find(':', first + 1), text.size());
  const std::string_view code = trimmed(std::string_view(text).substr(0, first));
  if (code.empty() || (second < text.size() && zone == nullptr)) {
    return refuse_notation("certificates", kCertificateNotation);
  }
  CertificateCell c;
  c.code = find_code(words.certificates(), std::string(code), kTermOf);
  if (first < text.size()) {
    QIAO_TRY(const auto level,
             parse_integer(std::string_view(text).substr(first + 1, second - first - 1),
                           "certificates"));
    if (level < 0 || level > 9) return refuse(Code::kOutOfRange, "certificates", "1..9");
    c.level = static_cast<std::uint32_t>(level);
  }
  if (second < text.size()) {
    QIAO_TRY(const Time expires,
             parse_moment(std::string_view(text).substr(second + 1), *zone, "certificates"));
    c.expires_at = to_int(expires);
  }
  return c;
}

// The resource that a cell of the column "kind" names; nullptr where it names none.
const pb::ResourceKind* resource_of(const std::string& kind, const pb::Taxonomy& words) {
  if (kind_of(kind) != nullptr) return nullptr;
  const std::string code = read_resource(kind, words);
  const auto& all = words.resources();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const auto& r) { return r.term().code() == code; });
  return it == all.end() ? nullptr : &*it;
}

// As the console does.
bool is_money(const pb::ResourceKind* resource) {
  return resource != nullptr && resource->unit() == "fen";
}

// A day alone where it is the midnight at which certificates usually expire.
std::string expiry_cell(Time t, const TimeZone& zone) {
  const std::string text = exact_moment(t, zone);
  constexpr std::string_view kMidnight = " 00:00";
  return text.ends_with(kMidnight) ? text.substr(0, text.size() - kMidnight.size()) : text;
}

}  // namespace

std::string code_of(const google::protobuf::RepeatedPtrField<pb::Term>& terms,
                    const std::string& text) {
  return find_code(terms, text, [](const pb::Term& t) -> const pb::Term& { return t; });
}

Status read_line(const SupplyCells& cells, const pb::Taxonomy& words, pb::RequirementLine& line) {
  if (cells.kind.empty() || cells.kind == kStock) return refuse(Code::kRequired, "kind");
  if (cells.quantity.empty()) return refuse(Code::kRequired, "quantity");
  QIAO_TRY(const auto quantity, parse_integer(cells.quantity, "quantity"));
  line.set_quantity(quantity);
  const Kind* kind = kind_of(cells.kind);
  if (kind == nullptr) {
    line.mutable_stock()->set_resource(read_resource(cells.kind, words));
    return outcome::success();
  }
  pb::TimeRequirement& time = *line.mutable_time();
  time.set_kind(kind->kind);
  time.clear_skills();
  for (const auto& s : split(cells.skills)) time.add_skills(code_of(words.skills(), s));
  time.clear_certificate();
  time.clear_certificate_level();
  if (!cells.certificates.empty()) {
    QIAO_TRY(const auto c, read_certificate(cells.certificates, words, nullptr));
    time.set_certificate(c.code);
    time.set_certificate_level(c.level);
  }
  return outcome::success();
}

Status read_offer(const SupplyCells& cells, const pb::Taxonomy& words, const TimeZone& zone,
                  pb::Offer& offer) {
  if (cells.kind.empty() || cells.kind == kStock) return refuse(Code::kRequired, "kind");
  if (cells.quantity.empty()) return refuse(Code::kRequired, "quantity");
  QIAO_TRY(const auto quantity, parse_integer(cells.quantity, "quantity"));
  const Kind* kind = kind_of(cells.kind);
  if (kind == nullptr) {
    pb::StockSupply& stock = *offer.mutable_stock();
    stock.Clear();
    stock.set_resource(read_resource(cells.kind, words));
    stock.set_quantity(quantity);
    if (!cells.smallest_lot.empty()) {
      QIAO_TRY(const auto lot, parse_integer(cells.smallest_lot, "smallest_lot"));
      stock.set_smallest_lot(lot);
    }
    if (!cells.expires.empty()) {
      QIAO_TRY(const Time expires, parse_moment(cells.expires, zone, "expires"));
      stock.set_expires_at(to_int(expires));
    }
    if (cells.handover == "collect" || cells.handover == "自取") {
      stock.set_handover(pb::HANDOVER_COLLECT);
    } else if (cells.handover == "deliver" || cells.handover == "送达") {
      stock.set_handover(pb::HANDOVER_DELIVER);
    } else if (!cells.handover.empty()) {
      return refuse(Code::kOutOfRange, "handover", "deliver, collect");
    }
    return outcome::success();
  }
  pb::TimeSupply& time = *offer.mutable_time();
  time.Clear();
  time.set_kind(kind->kind);
  time.set_capacity(quantity);
  for (const auto& s : split(cells.skills)) time.add_skills(code_of(words.skills(), s));
  for (const auto& text : split(cells.certificates)) {
    QIAO_TRY(const auto c, read_certificate(text, words, &zone));
    pb::Certificate& held = *time.add_certificates();
    held.set_code(c.code);
    held.set_level(std::max(1U, c.level));
    held.set_expires_at(c.expires_at);
  }
  QIAO_TRY(const auto week, parse_week(cells.week, "week"));
  for (const auto& slot : week) *time.add_weekly() = slot;
  QIAO_TRY(const auto exceptions, parse_exceptions(cells.exceptions, "exceptions"));
  for (const auto& day : exceptions) *time.add_exceptions() = day;
  return outcome::success();
}

SupplyCells write_line(const pb::RequirementLine& line) {
  SupplyCells c;
  c.quantity = std::to_string(line.quantity());
  if (line.has_stock()) {
    c.kind = stock_cell(line.stock().resource());
    return c;
  }
  c.kind = code_of(line.time().kind());
  c.skills = join(line.time().skills());
  if (!line.time().certificate().empty()) {
    c.certificates = line.time().certificate();
    if (line.time().certificate_level() != 0)
      c.certificates += ":" + std::to_string(line.time().certificate_level());
  }
  return c;
}

SupplyCells write_offer(const pb::Offer& offer, const TimeZone& zone) {
  SupplyCells c;
  if (offer.has_stock()) {
    const pb::StockSupply& s = offer.stock();
    c.kind = stock_cell(s.resource());
    c.quantity = std::to_string(s.quantity());
    if (s.smallest_lot() != 0) c.smallest_lot = std::to_string(s.smallest_lot());
    c.expires = exact_moment(to_time(s.expires_at()), zone);
    if (s.handover() == pb::HANDOVER_COLLECT) c.handover = "collect";
    if (s.handover() == pb::HANDOVER_DELIVER) c.handover = "deliver";
    return c;
  }
  const pb::TimeSupply& t = offer.time();
  c.kind = code_of(t.kind());
  c.quantity = std::to_string(t.capacity());
  c.skills = join(t.skills());
  for (const auto& held : t.certificates()) {
    c.certificates +=
        (c.certificates.empty() ? "" : ";") + held.code() + ":" + std::to_string(held.level());
    if (held.expires_at() != 0)
      c.certificates += ":" + expiry_cell(to_time(held.expires_at()), zone);
  }
  c.week = format_week(t.weekly());
  c.exceptions = format_exceptions(t.exceptions());
  return c;
}

Result<std::string> counted_quantity(const std::string& text, const std::string& kind,
                                     const pb::Taxonomy& words, const std::string& field) {
  if (text.empty()) return std::string();
  const pb::ResourceKind* resource = resource_of(kind, words);
  if (is_money(resource)) {
    QIAO_TRY(const auto fen, read_hundredths(text, field));
    return std::to_string(fen);
  }
  const Kind* time = kind_of(kind);
  const std::string unit = resource != nullptr ? resource->unit_zh() : "";
  const char* of_time = time != nullptr ? time->unit_zh : "";
  QIAO_TRY(const auto whole, read_whole(text, {unit, of_time, "人", "名", "个", "位"}, field));
  return std::to_string(whole);
}

std::string typed_quantity(const std::string& counted, const std::string& kind,
                           const pb::Taxonomy& words) {
  if (counted.empty() || !is_money(resource_of(kind, words))) return counted;
  const auto fen = parse_integer(counted, "quantity");
  if (!fen || fen.value() < 0) return counted;
  const std::int64_t rest = fen.value() % 100;
  const std::string decimals = rest == 0 ? "" : (rest < 10 ? ".0" : ".") + std::to_string(rest);
  return std::to_string(fen.value() / 100) + decimals;
}

std::string amount(std::int64_t quantity, const std::string& kind_code, const pb::Taxonomy& words,
                   bool chinese) {
  const std::string n = std::to_string(quantity);
  if (const Kind* k = kind_of(kind_code))
    return n + (chinese ? "" : " ") + (chinese ? k->unit_zh : quantity == 1 ? k->unit : k->units);
  const std::string resource =
      kind_code.starts_with(kStock) ? kind_code.substr(kStock.size()) : kind_code;
  for (const auto& r : words.resources()) {
    if (r.term().code() == resource)
      return chinese ? r.term().zh() + n + r.unit_zh() : n + " " + r.unit() + " " + r.term().en();
  }
  return n + " " + resource;
}

}  // namespace qiao
