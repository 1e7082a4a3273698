// Offers: one row each.
#include <algorithm>
#include <array>

#include "proto/text/notation.h"
#include "server/sheets/cells.h"
#include "server/sheets/former_words.h"
#include "server/sheets/kinds.h"
#include "server/sheets/supply.h"

namespace qiao {
namespace {

using google::protobuf::Message;

class Offers final : public Sheet {
 public:
  std::span<const SheetColumn> columns() const override {
    static constexpr std::array<SheetColumn, 19> kColumns = {
        {{"id", "编号", false, "id"},
         {"party", "供给方", true, "partyId", Names::kParty},
         {"title", "名称", true, "title"},
         {"kind", "种类", true, "time.kind"},
         {"quantity", "数量", true, "time.capacity"},
         {"skills", "技能", false, "time.skills"},
         {"certificates", "资质", false, "time.certificates"},
         {"week", "每周时间", false, "time.weekly"},
         {"exceptions", "例外日期", false, "time.exceptions"},
         {"valid_from", "生效", false, "validFrom"},
         {"valid_to", "失效", false, "validTo"},
         {"smallest_lot",
          "每次最少",
          false,
          "stock.smallestLot",
          Names::kNothing,
          {kFormerSmallestLot}},
         {"expires", "保质期至", false, "stock.expiresAt"},
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
    QIAO_TRY(const SupplyCells supply, read_supply(cells, context.words));
    QIAO_TRY(read_offer(supply, context.words, context.zone, o));
    if (!cell(cells, "valid_from").empty()) {
      QIAO_TRY(const Time t,
               read_moment(cell(cells, "valid_from"), context.zone, context.now, "valid_from"));
      o.set_valid_from(to_int(t));
    }
    if (!cell(cells, "valid_to").empty()) {
      QIAO_TRY(const Time t,
               read_moment(cell(cells, "valid_to"), context.zone, context.now, "valid_to"));
      o.set_valid_to(to_int(t));
    }
    QIAO_TRY(read_point(cells, o));
    QIAO_TRY(const auto radius, small_number(cells, "radius_m"));
    o.set_radius_m(radius);
    for (const auto& w : split(cell(cells, "categories")))
      o.add_categories(code_of(context.words.categories(), w));
    QIAO_TRY(const auto state, read_enum<pb::OfferState>(cells, "state",
                                                         {{"有效", pb::OFFER_STATE_ACTIVE},
                                                          {"停止提供", pb::OFFER_STATE_WITHDRAWN}},
                                                         kFormerOfferStates));
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
            {"state", lower_enum(o.state())}};
    write_supply(write_offer(o, context.zone), context.words, c);
    write_point(o, c);
    return {c};
  }
  const char* collection() const override { return "offers"; }
  const char* title() const override { return "title"; }
  const char* state() const override { return "state"; }
  bool can_be_made(const Message& m) const override {
    return static_cast<const pb::Offer&>(m).state() != pb::OFFER_STATE_WITHDRAWN;
  }
  pb::Request request_of(const Message& m) const override {
    pb::Request c;
    const auto& o = static_cast<const pb::Offer&>(m);
    *(o.id() == 0 ? c.mutable_post_offer() : c.mutable_update_offer()) = o;
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Offer>(); }
};

}  // namespace

const Sheet& offers_sheet() {
  static const Offers kSheet;
  return kSheet;
}

}  // namespace qiao
