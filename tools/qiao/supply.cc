#include "tools/qiao/supply.h"

#include <algorithm>
#include <array>
#include <optional>

#include "tools/text/notation.h"

namespace qiao {
namespace {

struct Kind {
  pb::TimeKind kind;
  const char* code;
  const char* zh;
  const char* unit_zh;
  const char* unit;
  const char* units;
};
constexpr std::array<Kind, 5> kKinds = {{{pb::TIME_KIND_PEOPLE, "people", "人员", "人", "person", "people"},
                                         {pb::TIME_KIND_PROFESSIONAL, "professional", "专业人员", "名专业人员", "professional", "professionals"},
                                         {pb::TIME_KIND_VENUE, "venue", "场地", "座", "seat", "seats"},
                                         {pb::TIME_KIND_VEHICLE, "vehicle", "车辆", "座", "seat", "seats"},
                                         {pb::TIME_KIND_EQUIPMENT, "equipment", "设备", "套", "set", "sets"}}};

const Kind* kind_of(const std::string& text) {
  const auto it = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return text == k.code || text == k.zh; });
  return it == kKinds.end() ? nullptr : &*it;
}

const char* code_of(pb::TimeKind kind) {
  const auto it = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& k) { return kind == k.kind; });
  return it == kKinds.end() ? "" : it->code;
}

template <class List, class TermOf>
std::string find_code(const List& list, const std::string& text, TermOf term) {
  for (const auto& entry : list) {
    const pb::Term& t = term(entry);
    if (t.code() == text || t.zh() == text || t.en() == text) return t.code();
  }
  return text;
}

const auto kTermOf = [](const auto& entry) -> const pb::Term& { return entry.term(); };

struct CertificateCell {
  std::string code;
  std::uint32_t level = 0;
  std::int64_t expires_at = 0;
};

Result<CertificateCell> read_certificate(const std::string& text, const pb::Taxonomy& words, const TimeZone* zone) {
  const auto parts = split(text, ":");
  CertificateCell c;
  if (parts.empty() || parts.size() > (zone != nullptr ? 3U : 2U)) {
    return refuse(Code::kMalformed, "certificates", "write it like social_worker:2", "请写成 social_worker:2");
  }
  c.code = find_code(words.certificates(), parts[0], kTermOf);
  if (parts.size() > 1) {
    QIAO_TRY(const auto level, parse_integer(parts[1], "certificates"));
    if (level < 0 || level > 9) return refuse(Code::kOutOfRange, "certificates", "1..9");
    c.level = static_cast<std::uint32_t>(level);
  }
  if (parts.size() > 2) {
    QIAO_TRY(const Time expires, parse_moment(parts[2], *zone, "certificates"));
    c.expires_at = to_int(expires);
  }
  return c;
}

}  // namespace

std::string code_of(const google::protobuf::RepeatedPtrField<pb::Term>& terms, const std::string& text) {
  return find_code(terms, text, [](const pb::Term& t) -> const pb::Term& { return t; });
}

Status read_line(const SupplyCells& cells, const pb::Taxonomy& words, pb::RequirementLine& line) {
  if (cells.kind.empty()) return refuse(Code::kRequired, "kind");
  if (cells.quantity.empty()) return refuse(Code::kRequired, "quantity");
  QIAO_TRY(const auto quantity, parse_integer(cells.quantity, "quantity"));
  line.set_quantity(quantity);
  const Kind* kind = kind_of(cells.kind);
  if (kind == nullptr) {
    line.mutable_stock()->set_resource(find_code(words.resources(), cells.kind, kTermOf));
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

Status read_offer(const SupplyCells& cells, const pb::Taxonomy& words, const TimeZone& zone, pb::Offer& offer) {
  if (cells.kind.empty()) return refuse(Code::kRequired, "kind");
  if (cells.quantity.empty()) return refuse(Code::kRequired, "quantity");
  QIAO_TRY(const auto quantity, parse_integer(cells.quantity, "quantity"));
  const Kind* kind = kind_of(cells.kind);
  if (kind == nullptr) {
    pb::StockSupply& stock = *offer.mutable_stock();
    stock.set_resource(find_code(words.resources(), cells.kind, kTermOf));
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
  time.set_kind(kind->kind);
  time.set_capacity(quantity);
  time.clear_skills();
  for (const auto& s : split(cells.skills)) time.add_skills(code_of(words.skills(), s));
  time.clear_certificates();
  for (const auto& text : split(cells.certificates)) {
    QIAO_TRY(const auto c, read_certificate(text, words, &zone));
    pb::Certificate& held = *time.add_certificates();
    held.set_code(c.code);
    held.set_level(std::max(1U, c.level));
    held.set_expires_at(c.expires_at);
  }
  QIAO_TRY(const auto week, parse_week(cells.week, "week"));
  time.clear_weekly();
  for (const auto& slot : week) *time.add_weekly() = slot;
  return outcome::success();
}

SupplyCells write_line(const pb::RequirementLine& line) {
  SupplyCells c;
  c.quantity = std::to_string(line.quantity());
  if (line.has_stock()) {
    c.kind = line.stock().resource();
    return c;
  }
  c.kind = code_of(line.time().kind());
  c.skills = join(line.time().skills());
  if (!line.time().certificate().empty()) {
    c.certificates = line.time().certificate() + ":" + std::to_string(std::max(1U, line.time().certificate_level()));
  }
  return c;
}

SupplyCells write_offer(const pb::Offer& offer, const TimeZone& zone) {
  SupplyCells c;
  if (offer.has_stock()) {
    const pb::StockSupply& s = offer.stock();
    c.kind = s.resource();
    c.quantity = std::to_string(s.quantity());
    if (s.smallest_lot() > 1) c.smallest_lot = std::to_string(s.smallest_lot());
    c.expires = format_moment(to_time(s.expires_at()), zone);
    c.handover = s.handover() == pb::HANDOVER_COLLECT ? "collect" : "deliver";
    return c;
  }
  const pb::TimeSupply& t = offer.time();
  c.kind = code_of(t.kind());
  c.quantity = std::to_string(t.capacity());
  c.skills = join(t.skills());
  for (const auto& held : t.certificates()) {
    c.certificates += (c.certificates.empty() ? "" : ";") + held.code() + ":" + std::to_string(held.level());
    // The time of day would need a colon of its own; certificates expire at midnights.
    if (held.expires_at() != 0) c.certificates += ":" + format_moment(to_time(held.expires_at()), zone).substr(0, 10);
  }
  c.week = format_week(t.weekly());
  return c;
}

std::string amount(std::int64_t quantity, const std::string& kind_code, const pb::Taxonomy& words, bool chinese) {
  const std::string n = std::to_string(quantity);
  if (const Kind* k = kind_of(kind_code)) return n + (chinese ? "" : " ") + (chinese ? k->unit_zh : quantity == 1 ? k->unit : k->units);
  for (const auto& r : words.resources()) {
    if (r.term().code() == kind_code) return chinese ? r.term().zh() + n + r.unit_zh() : n + " " + r.unit() + " " + r.term().en();
  }
  return n + " " + kind_code;
}

}  // namespace qiao
