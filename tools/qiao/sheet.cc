#include "tools/qiao/sheet.h"

#include <algorithm>
#include <array>

#include "qiao/v1/query.pb.h"
#include "tools/qiao/supply.h"
#include "tools/text/notation.h"

namespace qiao {
namespace {

using google::protobuf::Message;

const std::string& cell(const Cells& cells, const char* name) {
  static const std::string kNone;
  const auto it = cells.find(name);
  return it == cells.end() ? kNone : it->second;
}

Result<std::uint64_t> number(const Cells& cells, const char* name) {
  if (cell(cells, name).empty()) return std::uint64_t{0};
  QIAO_TRY(const auto v, parse_integer(cell(cells, name), name));
  if (v < 0) return refuse(Code::kOutOfRange, name, "0..");
  return static_cast<std::uint64_t>(v);
}

Result<std::uint32_t> small_number(const Cells& cells, const char* name) {
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

// "enterprise", "ENTERPRISE", "PARTY_KIND_ENTERPRISE" or a Chinese word.
template <class Enum>
Result<Enum> read_enum(const Cells& cells, const char* name, const char* prefix,
                       std::initializer_list<std::pair<const char*, Enum>> chinese) {
  const std::string& text = cell(cells, name);
  if (text.empty()) return Enum{};
  for (const auto& [word, value] : chinese) {
    if (text == word) return value;
  }
  std::string upper;
  for (const char c : text)
    upper += c == ' ' || c == '-' ? '_' : static_cast<char>(std::toupper(c));
  const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
  const auto* value = type->FindValueByName(upper);
  if (value == nullptr) value = type->FindValueByName(prefix + upper);
  if (value != nullptr && value->number() != 0) return static_cast<Enum>(value->number());
  std::string all;
  for (const auto& [word, v] : chinese) all += std::string(all.empty() ? "" : ", ") + word;
  std::string en;
  for (int i = 1; i < type->value_count(); ++i) {
    std::string n = type->value(i)->name().substr(std::string_view(prefix).size());
    for (char& c : n) c = static_cast<char>(std::tolower(c));
    en += (en.empty() ? "" : ", ") + n;
  }
  return refuse(Code::kOutOfRange, name, en, all);
}

// Nothing for an enum's value that stands for none.
std::string lower_enum(const std::string& name, std::string_view prefix) {
  std::string out = name.size() > prefix.size() ? name.substr(prefix.size()) : "";
  for (char& c : out) c = static_cast<char>(std::tolower(c));
  return out == "unspecified" ? "" : out;
}

Result<bool> read_flag(const Cells& cells, const char* name) {
  const std::string& text = cell(cells, name);
  if (text.empty() || text == "0" || text == "no" || text == "false" || text == "否") return false;
  if (text == "1" || text == "yes" || text == "true" || text == "是") return true;
  return refuse(Code::kOutOfRange, name, "yes, no", "是、否");
}

// A party by its name, its credit code or its number.
Result<std::uint64_t> read_party(const std::string& text, const char* name,
                                 const SheetContext& context) {
  if (text.empty()) return std::uint64_t{0};
  if (const auto id = context.parties.find(text)) return *id;
  if (text.find_first_not_of("0123456789") == std::string::npos)
    return number({{name, text}}, name);
  return refuse(Code::kUnknownParty, name, text);
}

std::string write_party(std::uint64_t id, const SheetContext& context) {
  return id == 0 ? std::string() : context.parties.name_of(id);
}

void write_supply(const SupplyCells& s, Cells& cells) {
  cells["kind"] = s.kind;
  cells["quantity"] = s.quantity;
  cells["skills"] = s.skills;
  cells["certificates"] = s.certificates;
  cells["week"] = s.week;
  cells["smallest_lot"] = s.smallest_lot;
  cells["expires"] = s.expires;
  cells["handover"] = s.handover;
  cells["exceptions"] = s.exceptions;
}

SupplyCells read_supply(const Cells& cells) {
  return {cell(cells, "kind"),         cell(cells, "quantity"), cell(cells, "skills"),
          cell(cells, "certificates"), cell(cells, "week"),     cell(cells, "smallest_lot"),
          cell(cells, "expires"),      cell(cells, "handover"), cell(cells, "exceptions")};
}

class Areas final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 7> kColumns = {
        {{"code", "编码", true, "code"},
         {"name", "名称", true, "name"},
         {"level", "层级", true, "level"},
         {"parent", "上级编码", false, "parentCode"},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"population", "人口", false, "population"}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext&, Message& into,
              std::size_t&) const override {
    const Cells& cells = rows.front();
    auto& a = static_cast<pb::Area&>(into);
    QIAO_TRY(const auto code, number(cells, "code"));
    a.set_code(code);
    a.set_name(cell(cells, "name"));
    QIAO_TRY(const auto level, read_enum<pb::AreaLevel>(cells, "level", "AREA_LEVEL_",
                                                        {{"市", pb::AREA_LEVEL_CITY},
                                                         {"乡镇街道", pb::AREA_LEVEL_TOWN},
                                                         {"村社区", pb::AREA_LEVEL_COMMUNITY},
                                                         {"网格", pb::AREA_LEVEL_GRID}}));
    a.set_level(level);
    QIAO_TRY(const auto parent, number(cells, "parent"));
    a.set_parent_code(parent);
    QIAO_TRY(read_point(cells, a));
    QIAO_TRY(const auto population, number(cells, "population"));
    a.set_population(population);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext&) const override {
    const auto& a = static_cast<const pb::Area&>(m);
    Cells c{{"code", std::to_string(a.code())},
            {"name", a.name()},
            {"level", lower_enum(pb::AreaLevel_Name(a.level()), "AREA_LEVEL_")}};
    if (a.parent_code() != 0) c["parent"] = std::to_string(a.parent_code());
    write_point(a, c);
    if (a.population() != 0) c["population"] = std::to_string(a.population());
    return {c};
  }
  const char* collection() const override { return "areas"; }
  const char* key() const override { return "code"; }
  pb::Command command_of(const Message& m) const override {
    pb::Command c;
    *c.mutable_put_area() = static_cast<const pb::Area&>(m);
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Area>(); }
};

class Parties final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 15> kColumns = {
        {{"id", "编号", false, "id"},
         {"kind", "种类", true, "kind"},
         {"name", "名称", true, "name"},
         {"area", "区域", true, "areaCode"},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"radius_m", "服务半径米", false, "serviceRadiusM"},
         {"credit_code", "统一社会信用代码", false, "creditCode"},
         {"contact_name", "联系人", false, "contactName"},
         {"contact_phone", "联系电话", false, "contactPhone"},
         {"parent", "上级单位", false, "parentId"},
         {"programmes", "项目", false, "programmes"},
         {"excluded_categories", "不服务类别", false, "excludedCategories"},
         {"excluded_areas", "不服务区域", false, "excludedAreaCodes"},
         {"standing", "审核状态", false, "standing"}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext& context, Message& into,
              std::size_t&) const override {
    const Cells& cells = rows.front();
    auto& p = static_cast<pb::Party&>(into);
    QIAO_TRY(const auto id, number(cells, "id"));
    p.set_id(id);
    QIAO_TRY(const auto kind,
             read_enum<pb::PartyKind>(cells, "kind", "PARTY_KIND_",
                                      {{"牵头单位", pb::PARTY_KIND_LEAD},
                                       {"组织单位", pb::PARTY_KIND_ORGANISER},
                                       {"志愿服务队", pb::PARTY_KIND_VOLUNTEER_TEAM},
                                       {"企业", pb::PARTY_KIND_ENTERPRISE},
                                       {"社会组织", pb::PARTY_KIND_SOCIAL_ORGANISATION}}));
    p.set_kind(kind);
    p.set_name(cell(cells, "name"));
    QIAO_TRY(const auto area, number(cells, "area"));
    p.set_area_code(area);
    QIAO_TRY(read_point(cells, p));
    QIAO_TRY(const auto radius, small_number(cells, "radius_m"));
    p.set_service_radius_m(radius);
    p.set_credit_code(cell(cells, "credit_code"));
    p.set_contact_name(cell(cells, "contact_name"));
    p.set_contact_phone(cell(cells, "contact_phone"));
    QIAO_TRY(const auto parent, read_party(cell(cells, "parent"), "parent", context));
    p.set_parent_id(parent);
    for (const auto& w : split(cell(cells, "programmes")))
      p.add_programmes(code_of(context.words.programmes(), w));
    for (const auto& w : split(cell(cells, "excluded_categories")))
      p.add_excluded_categories(code_of(context.words.categories(), w));
    for (const auto& w : split(cell(cells, "excluded_areas"))) {
      QIAO_TRY(const auto code, number({{"excluded_areas", w}}, "excluded_areas"));
      p.add_excluded_area_codes(code);
    }
    QIAO_TRY(const auto standing, read_enum<pb::Standing>(cells, "standing", "STANDING_",
                                                          {{"待审核", pb::STANDING_PENDING},
                                                           {"已通过", pb::STANDING_ACTIVE},
                                                           {"已暂停", pb::STANDING_SUSPENDED}}));
    p.set_standing(standing);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext& context) const override {
    const auto& p = static_cast<const pb::Party&>(m);
    Cells c{{"id", std::to_string(p.id())},
            {"kind", lower_enum(pb::PartyKind_Name(p.kind()), "PARTY_KIND_")},
            {"name", p.name()},
            {"area", std::to_string(p.area_code())},
            {"radius_m", std::to_string(p.service_radius_m())},
            {"credit_code", p.credit_code()},
            {"contact_name", p.contact_name()},
            {"contact_phone", p.contact_phone()},
            {"parent", write_party(p.parent_id(), context)},
            {"programmes", join(p.programmes())},
            {"excluded_categories", join(p.excluded_categories())},
            {"standing", lower_enum(pb::Standing_Name(p.standing()), "STANDING_")}};
    for (const auto code : p.excluded_area_codes())
      c["excluded_areas"] += (c["excluded_areas"].empty() ? "" : ";") + std::to_string(code);
    write_point(p, c);
    return {c};
  }
  const char* collection() const override { return "parties"; }
  const char* state() const override { return "standing"; }
  pb::Command command_of(const Message& m) const override {
    pb::Command c;
    const auto& p = static_cast<const pb::Party&>(m);
    *(p.id() == 0 ? c.mutable_register_party() : c.mutable_update_party()) = p;
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Party>(); }
};

class Offers final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 19> kColumns = {
        {{"id", "编号", false, "id"},
         {"party", "供给方", true, "partyId"},
         {"title", "名称", true, "title"},
         {"kind", "种类", true, "time.kind"},
         {"quantity", "数量", true, "time.capacity"},
         {"skills", "技能", false, "time.skills"},
         {"certificates", "资质", false, "time.certificates"},
         {"week", "每周时间", false, "time.weekly"},
         {"exceptions", "例外日期", false, "time.exceptions"},
         {"valid_from", "生效", false, "validFrom"},
         {"valid_to", "失效", false, "validTo"},
         {"smallest_lot", "每次最少", false, "stock.smallestLot"},
         {"expires", "有效期至", false, "stock.expiresAt"},
         {"handover", "交付方式", false, "stock.handover"},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"radius_m", "服务半径米", false, "radiusM"},
         {"categories", "适用类别", false, "categories"},
         {"state", "状态", false, "state"}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext& context, Message& into,
              std::size_t&) const override {
    const Cells& cells = rows.front();
    auto& o = static_cast<pb::Offer&>(into);
    QIAO_TRY(const auto id, number(cells, "id"));
    o.set_id(id);
    QIAO_TRY(const auto party, read_party(cell(cells, "party"), "party", context));
    o.set_party_id(party);
    o.set_title(cell(cells, "title"));
    QIAO_TRY(read_offer(read_supply(cells), context.words, context.zone, o));
    if (!cell(cells, "valid_from").empty()) {
      QIAO_TRY(const Time t, parse_moment(cell(cells, "valid_from"), context.zone, "valid_from"));
      o.set_valid_from(to_int(t));
    }
    if (!cell(cells, "valid_to").empty()) {
      QIAO_TRY(const Time t, parse_moment(cell(cells, "valid_to"), context.zone, "valid_to"));
      o.set_valid_to(to_int(t));
    }
    QIAO_TRY(read_point(cells, o));
    QIAO_TRY(const auto radius, small_number(cells, "radius_m"));
    o.set_radius_m(radius);
    for (const auto& w : split(cell(cells, "categories")))
      o.add_categories(code_of(context.words.categories(), w));
    QIAO_TRY(const auto state,
             read_enum<pb::OfferState>(
                 cells, "state", "OFFER_STATE_",
                 {{"有效", pb::OFFER_STATE_ACTIVE}, {"已停止提供", pb::OFFER_STATE_WITHDRAWN}}));
    o.set_state(state);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext& context) const override {
    const auto& o = static_cast<const pb::Offer&>(m);
    Cells c{{"id", std::to_string(o.id())},
            {"party", write_party(o.party_id(), context)},
            {"title", o.title()},
            {"valid_from", exact_moment(to_time(o.valid_from()), context.zone)},
            {"valid_to", exact_moment(to_time(o.valid_to()), context.zone)},
            {"radius_m", std::to_string(o.radius_m())},
            {"categories", join(o.categories())},
            {"state", lower_enum(pb::OfferState_Name(o.state()), "OFFER_STATE_")}};
    write_supply(write_offer(o, context.zone), c);
    write_point(o, c);
    return {c};
  }
  const char* collection() const override { return "offers"; }
  const char* state() const override { return "state"; }
  bool can_be_made(const Message& m) const override {
    return static_cast<const pb::Offer&>(m).state() != pb::OFFER_STATE_WITHDRAWN;
  }
  pb::Command command_of(const Message& m) const override {
    pb::Command c;
    const auto& o = static_cast<const pb::Offer&>(m);
    *(o.id() == 0 ? c.mutable_post_offer() : c.mutable_update_offer()) = o;
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Offer>(); }
};

constexpr std::initializer_list<std::pair<const char*, pb::NeedState>> kNeedStates = {
    {"草稿", pb::NEED_STATE_DRAFT},        {"待审核", pb::NEED_STATE_SUBMITTED},
    {"待接单", pb::NEED_STATE_OPEN},       {"已接满", pb::NEED_STATE_FILLED},
    {"服务中", pb::NEED_STATE_IN_SERVICE}, {"待评价", pb::NEED_STATE_DONE},
    {"已评价", pb::NEED_STATE_REVIEWED},   {"未通过", pb::NEED_STATE_REJECTED},
    {"已取消", pb::NEED_STATE_CANCELLED},  {"已过期", pb::NEED_STATE_EXPIRED}};

class Needs final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 27> kColumns = {
        {{"id", "编号", false, "id"},
         {"key", "需求序号", false, ""},
         {"area", "区域", true, "areaCode"},
         {"title", "名称", true, "title"},
         {"category", "服务类别", true, "category"},
         {"kind", "种类", true, "time.kind"},
         {"quantity", "数量", true, "quantity"},
         {"window", "时间段", true, "window"},
         {"skills", "技能", false, "time.skills"},
         {"certificates", "资质", false, "time.certificate"},
         {"description", "说明", false, "description"},
         {"beneficiary", "服务对象", false, "beneficiary"},
         {"programme", "项目", false, "programme"},
         {"urgency", "紧急程度", false, "urgency"},
         {"deadline", "截止时间", false, "deadline"},
         {"all_or_nothing", "到齐才开展", false, "allOrNothing"},
         {"ratio", "每名专业人员带志愿者数", false, "volunteersPerProfessional"},
         {"organiser", "组织单位", false, "organiserId"},
         {"resident_ref", "居民代号", false, "residentRef"},
         {"travel_m", "可出行米数", false, "travelM"},
         {"excluded_parties", "不接受单位", false, "excludedPartyIds"},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"contact_name", "联系人", false, "contactName"},
         {"contact_phone", "联系电话", false, "contactPhone"},
         {"address", "地址", false, "address"},
         {"state", "状态", false, "state"}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext& context, Message& into,
              std::size_t& row) const override {
    auto& n = static_cast<pb::Need&>(into);
    for (row = 0; row < rows.size(); ++row) {
      pb::RequirementLine& line = *n.add_lines();
      QIAO_TRY(read_line(read_supply(rows[row]), context.words, line));
      QIAO_TRY(*line.mutable_window(),
               parse_window(cell(rows[row], "window"), context.zone, "window"));
    }
    row = 0;
    const Cells& cells = rows.front();
    QIAO_TRY(const auto id, number(cells, "id"));
    n.set_id(id);
    QIAO_TRY(const auto area, number(cells, "area"));
    n.set_area_code(area);
    n.set_title(cell(cells, "title"));
    n.set_category(code_of(context.words.categories(), cell(cells, "category")));
    n.set_description(cell(cells, "description"));
    n.set_beneficiary(code_of(context.words.beneficiaries(), cell(cells, "beneficiary")));
    n.set_programme(code_of(context.words.programmes(), cell(cells, "programme")));
    QIAO_TRY(const auto urgency, read_enum<pb::Urgency>(cells, "urgency", "URGENCY_",
                                                        {{"一般", pb::URGENCY_NORMAL},
                                                         {"紧急", pb::URGENCY_URGENT},
                                                         {"特急", pb::URGENCY_CRITICAL}}));
    n.set_urgency(urgency);
    if (!cell(cells, "deadline").empty()) {
      QIAO_TRY(const Time t, parse_moment(cell(cells, "deadline"), context.zone, "deadline"));
      n.set_deadline(to_int(t));
    }
    QIAO_TRY(const bool whole, read_flag(cells, "all_or_nothing"));
    n.set_all_or_nothing(whole);
    QIAO_TRY(const auto ratio, small_number(cells, "ratio"));
    n.set_volunteers_per_professional(ratio);
    QIAO_TRY(const auto organiser, read_party(cell(cells, "organiser"), "organiser", context));
    n.set_organiser_id(organiser);
    QIAO_TRY(const auto resident, number(cells, "resident_ref"));
    n.set_resident_ref(resident);
    QIAO_TRY(const auto travel, small_number(cells, "travel_m"));
    n.set_travel_m(travel);
    for (const auto& name : split_names(cell(cells, "excluded_parties"))) {
      QIAO_TRY(const auto party, read_party(name, "excluded_parties", context));
      n.add_excluded_party_ids(party);
    }
    QIAO_TRY(read_point(cells, n));
    n.set_contact_name(cell(cells, "contact_name"));
    n.set_contact_phone(cell(cells, "contact_phone"));
    n.set_address(cell(cells, "address"));
    QIAO_TRY(const auto state,
             read_enum<pb::NeedState>(cells, "state", "NEED_STATE_", kNeedStates));
    n.set_state(state);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext& context) const override {
    const auto& n = static_cast<const pb::Need&>(m);
    Cells c{{"id", std::to_string(n.id())},
            {"key", std::to_string(n.id())},
            {"area", std::to_string(n.area_code())},
            {"title", n.title()},
            {"category", n.category()},
            {"description", n.description()},
            {"beneficiary", n.beneficiary()},
            {"programme", n.programme()},
            {"urgency", lower_enum(pb::Urgency_Name(n.urgency()), "URGENCY_")},
            {"deadline", exact_moment(to_time(n.deadline()), context.zone)},
            {"all_or_nothing", n.all_or_nothing() ? "yes" : "no"},
            {"organiser", write_party(n.organiser_id(), context)},
            {"contact_name", n.contact_name()},
            {"contact_phone", n.contact_phone()},
            {"address", n.address()},
            {"state", lower_enum(pb::NeedState_Name(n.state()), "NEED_STATE_")}};
    if (n.volunteers_per_professional() != 0)
      c["ratio"] = std::to_string(n.volunteers_per_professional());
    if (n.resident_ref() != 0) c["resident_ref"] = std::to_string(n.resident_ref());
    if (n.travel_m() != 0) c["travel_m"] = std::to_string(n.travel_m());
    std::vector<std::string> excluded;
    for (const auto id : n.excluded_party_ids()) excluded.push_back(write_party(id, context));
    c["excluded_parties"] = join_names(excluded);
    write_point(n, c);
    std::vector<Cells> rows;
    for (const auto& line : n.lines()) {
      Cells row = c;
      write_supply(qiao::write_line(line), row);
      row["window"] = format_window(line.window(), context.zone);
      rows.push_back(std::move(row));
    }
    return rows;
  }
  bool has_lines() const override { return true; }
  const char* collection() const override { return "needs"; }
  const char* state() const override { return "state"; }
  bool can_be_made(const Message& m) const override {
    return static_cast<const pb::Need&>(m).state() <= pb::NEED_STATE_FILLED;
  }
  pb::Command command_of(const Message& m) const override {
    pb::Command c;
    const auto& n = static_cast<const pb::Need&>(m);
    if (n.id() != 0) {
      *c.mutable_update_need() = n;
      return c;
    }
    *c.mutable_post_need()->mutable_need() = n;
    // Who fills it is not part of it.
    c.mutable_post_need()->set_until(n.state() == pb::NEED_STATE_FILLED ? pb::NEED_STATE_OPEN
                                                                        : n.state());
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Need>(); }
};

}  // namespace

const Sheet* find_sheet(const std::string& name) {
  static const Areas kAreas;
  static const Parties kParties;
  static const Offers kOffers;
  static const Needs kNeeds;
  for (const Sheet* s : {static_cast<const Sheet*>(&kAreas), static_cast<const Sheet*>(&kParties),
                         static_cast<const Sheet*>(&kOffers), static_cast<const Sheet*>(&kNeeds)}) {
    if (name == s->collection()) return s;
  }
  return nullptr;
}

std::string column_at_fault(const Sheet& sheet, std::string field) {
  if (field.starts_with("need.")) field.erase(0, 5);
  if (field.starts_with("lines[")) {
    const auto close = field.find("].");
    if (close != std::string::npos) field.erase(0, close + 2);
  }
  // Stock and time share their columns.
  for (const auto& [from, to] :
       {std::pair{"stock.resource", "time.kind"}, {"stock.quantity", "time.capacity"}}) {
    if (field == from) field = to;
  }
  std::string best;
  std::size_t length = 0;
  for (const SheetColumn& c : sheet.columns()) {
    const std::string_view path(c.field);
    if (!path.empty() && field.starts_with(path) && path.size() > length) {
      best = c.en;
      length = path.size();
    }
  }
  return best;
}

}  // namespace qiao
