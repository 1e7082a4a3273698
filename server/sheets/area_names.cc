#include "server/sheets/area_names.h"

#include "server/sheets/cell_values.h"

namespace qiao {

void AreaNames::add(std::uint64_t code, const std::string& name, bool is_community) {
  if (wanted_.contains(name)) by_name_[name].push_back(code);
  if (!is_community) return;
  for (std::size_t size = 1; size < name.size(); ++size) {
    const auto beginning = wanted_.find(name.substr(0, size));
    if (beginning != wanted_.end()) by_beginning_[*beginning].push_back(code);
  }
}

Result<std::uint64_t> AreaNames::find(const std::string& text, const std::string& field) const {
  const std::string code = half_width(text);
  if (code.find_first_not_of("0123456789") == std::string::npos) {
    QIAO_TRY(const auto number, read_whole(code, {}, field));
    return static_cast<std::uint64_t>(number);
  }
  for (const auto* names : {&by_name_, &by_beginning_}) {
    const auto it = names->find(text);
    if (it == names->end()) continue;
    if (it->second.size() > 1) return refuse(Code::kAmbiguous, field, text);
    return it->second.front();
  }
  return refuse(Code::kNotFound, field, "area called \"" + text + "\"", "名为“" + text + "”的区域");
}

}  // namespace qiao
