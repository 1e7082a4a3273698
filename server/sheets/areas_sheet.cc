// Areas: one row each, known by their codes.
#include <algorithm>
#include <array>

#include "proto/text/notation.h"
#include "server/sheets/cells.h"
#include "server/sheets/kinds.h"
#include "server/sheets/supply.h"

namespace qiao {
namespace {

using google::protobuf::Message;

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
    QIAO_TRY(const auto level, read_enum<pb::AreaLevel>(cells, "level",
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
    Cells c{
        {"code", std::to_string(a.code())}, {"name", a.name()}, {"level", lower_enum(a.level())}};
    if (a.parent_code() != 0) c["parent"] = std::to_string(a.parent_code());
    write_point(a, c);
    if (a.population() != 0) c["population"] = std::to_string(a.population());
    return {c};
  }
  const char* collection() const override { return "areas"; }
  const char* key() const override { return "code"; }
  pb::Request request_of(const Message& m) const override {
    pb::Request c;
    *c.mutable_put_area() = static_cast<const pb::Area&>(m);
    return c;
  }
  std::unique_ptr<Message> fresh() const override { return std::make_unique<pb::Area>(); }
};

}  // namespace

const Sheet& areas_sheet() {
  static const Areas kSheet;
  return kSheet;
}

}  // namespace qiao
