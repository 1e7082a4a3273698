#include "engine/market/amount.h"

namespace qiao {
namespace {

std::string yuan(std::int64_t fen) {
  const std::int64_t rest = fen % 100;
  std::string text = std::to_string(fen / 100);
  if (rest != 0) text += (rest < 10 ? ".0" : ".") + std::to_string(rest);
  return text;
}

}  // namespace

bool is_money(const pb::ResourceKind& resource) { return resource.unit() == "fen"; }

AmountWords amount_words(const pb::Taxonomy& taxonomy, std::uint8_t time_kind,
                         std::uint16_t resource, std::int64_t quantity) {
  const bool money = time_kind == 0 && resource < taxonomy.resources_size() &&
                     is_money(taxonomy.resources(resource));
  if (!money) return {std::to_string(quantity), std::to_string(quantity)};
  const std::string text = yuan(quantity);
  return {text + "元", text + " yuan"};
}

}  // namespace qiao
