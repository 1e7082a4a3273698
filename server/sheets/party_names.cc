#include "server/sheets/party_names.h"

#include <algorithm>

#include "engine/base/number_text.h"

namespace qiao {
namespace {

constexpr std::string_view kPlace = " #";

}  // namespace

void PartyNames::add(std::uint64_t id, const std::string& name, const std::string& credit_code) {
  parties_[id] = {name, credit_code};
  for (const std::string* text : {&name, &credit_code}) {
    auto& ids = called_[*text];
    if (!text->empty() && (ids.empty() || ids.back() != id)) ids.push_back(id);
  }
}

std::optional<std::uint64_t> PartyNames::find(const std::string& text) const {
  if (const auto it = called_.find(text); it != called_.end() && it->second.size() == 1) {
    return it->second.front();
  }
  const auto at = text.rfind(kPlace);
  if (at == std::string::npos) return std::nullopt;
  const auto place = parse_number<std::size_t>(std::string_view(text).substr(at + kPlace.size()));
  const auto it = called_.find(text.substr(0, at));
  if (!place || it == called_.end()) return std::nullopt;
  if (*place < 1 || *place > it->second.size()) return std::nullopt;
  return it->second[*place - 1];
}

std::size_t PartyNames::are_called(const std::string& text) const {
  const auto it = called_.find(text);
  return it == called_.end() ? 0 : it->second.size();
}

std::string PartyNames::name_of(std::uint64_t id) const {
  const auto it = parties_.find(id);
  if (it == parties_.end()) return std::to_string(id);
  const auto& [name, credit_code] = it->second;
  const auto& same = called_.at(name);
  const auto place = std::find(same.begin(), same.end(), id) - same.begin() + 1;
  const std::string placed = name + std::string(kPlace) + std::to_string(place);
  for (const std::string& text : {name, credit_code, placed}) {
    if (find(text) == id) return text;
  }
  return std::to_string(id);
}

}  // namespace qiao
