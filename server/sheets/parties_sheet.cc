// Parties: one row each.
#include <algorithm>
#include <array>

#include "proto/text/notation.h"
#include "server/sheets/cells.h"
#include "server/sheets/kinds.h"
#include "server/sheets/supply.h"

namespace qiao {
namespace {

using google::protobuf::Message;

class Parties final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 15> kColumns = {
        {{"id", "编号", false, "id"},
         {"kind", "种类", true, "kind"},
         {"name", "名称", true, "name"},
         {"area", "区域", true, "areaCode", Names::kArea, {"社区"}},
         {"latitude", "纬度", false, "point.latitudeE7"},
         {"longitude", "经度", false, "point.longitudeE7"},
         {"radius_m", "服务半径米", false, "serviceRadiusM"},
         {"credit_code", "统一社会信用代码", false, "creditCode"},
         {"contact_name", "联系人", false, "contactName"},
         {"contact_phone", "联系电话", false, "contactPhone", Names::kNothing, {"电话", "手机"}},
         {"parent", "上级单位", false, "parentId", Names::kParty},
         {"programmes", "项目", false, "programmes"},
         {"excluded_categories", "不服务类别", false, "excludedCategories"},
         {"excluded_areas", "不服务区域", false, "excludedAreaCodes", Names::kAreas},
         {"standing", "资格", false, "standing"}}};
    return kColumns;
  }
  Status read(std::span<const Cells> rows, const SheetContext& context, Message& into,
              std::size_t&) const override {
    const Cells& cells = rows.front();
    auto& p = static_cast<pb::Party&>(into);
    QIAO_TRY(const auto id, number(cells, "id"));
    p.set_id(id);
    QIAO_TRY(const auto kind,
             read_enum<pb::PartyKind>(cells, "kind",
                                      {{"牵头单位", pb::PARTY_KIND_LEAD},
                                       {"组织单位", pb::PARTY_KIND_ORGANISER},
                                       {"志愿服务队", pb::PARTY_KIND_VOLUNTEER_TEAM},
                                       {"企业", pb::PARTY_KIND_ENTERPRISE},
                                       {"社会组织", pb::PARTY_KIND_SOCIAL_ORGANISATION}}));
    p.set_kind(kind);
    p.set_name(cell(cells, "name"));
    QIAO_TRY(const auto area, read_area(cells, "area", context));
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
      QIAO_TRY(const auto code, context.areas.find(w, "excluded_areas"));
      p.add_excluded_area_codes(code);
    }
    QIAO_TRY(const auto standing, read_enum<pb::Standing>(cells, "standing",
                                                          {{"待审核", pb::STANDING_PENDING},
                                                           {"有效", pb::STANDING_ACTIVE},
                                                           {"暂停", pb::STANDING_SUSPENDED}}));
    p.set_standing(standing);
    return outcome::success();
  }
  std::vector<Cells> write(const Message& m, const SheetContext& context) const override {
    const auto& p = static_cast<const pb::Party&>(m);
    Cells c{{"id", std::to_string(p.id())},
            {"kind", lower_enum(p.kind())},
            {"name", p.name()},
            {"area", std::to_string(p.area_code())},
            {"radius_m", std::to_string(p.service_radius_m())},
            {"credit_code", p.credit_code()},
            {"contact_name", p.contact_name()},
            {"contact_phone", p.contact_phone()},
            {"parent", write_party(p.parent_id(), context)},
            {"programmes", join(p.programmes())},
            {"excluded_categories", join(p.excluded_categories())},
            {"standing", lower_enum(p.standing())}};
    for (const auto code : p.excluded_area_codes())
      c["excluded_areas"] += (c["excluded_areas"].empty() ? "" : ";") + std::to_string(code);
    write_point(p, c);
    return {c};
  }
  const char* collection() const override { return "parties"; }
  const char* state() const override { return "standing"; }
  pb::Request request_of(const Message& m) const override {
    pb::Request c;
    const auto& p = static_cast<const pb::Party&>(m);
    *(p.id() == 0 ? c.mutable_register_party() : c.mutable_update_party()) = p;
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Party>(); }
};

}  // namespace

const Sheet& parties_sheet() {
  static const Parties kSheet;
  return kSheet;
}

}  // namespace qiao
