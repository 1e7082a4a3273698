#include "server/sheets/sheet.h"

#include <algorithm>

#include "server/sheets/kinds.h"

namespace qiao {

const Sheet* find_sheet(const std::string& name) {
  for (const Sheet* s : {&areas_sheet(), &parties_sheet(), &offers_sheet(), &needs_sheet()}) {
    if (name == s->collection()) return s;
  }
  return nullptr;
}

const SheetColumn* Sheet::column(std::string_view en) const {
  const auto all = columns();
  const auto it =
      std::find_if(all.begin(), all.end(), [&](const SheetColumn& c) { return en == c.en; });
  return it == all.end() ? nullptr : &*it;
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
  // Part of what several columns tell: a point.
  for (const SheetColumn& c : sheet.columns()) {
    if (best.empty() && !field.empty() && std::string_view(c.field).starts_with(field + "."))
      best = c.en;
  }
  return best;
}

}  // namespace qiao
