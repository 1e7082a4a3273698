// Quantities with their units, for the engine's sentences.
#pragma once

#include <cstdint>
#include <string>

#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Counted in fen and shown in yuan.
bool is_money(const pb::ResourceKind& resource);

struct AmountWords {
  std::string zh;
  std::string en;
};
// The number alone; for money "88.50元" and "88.50 yuan". If `time_kind` is 0, `resource` is the
// position of the resource in the taxonomy.
AmountWords amount_words(const pb::Taxonomy& taxonomy, std::uint8_t time_kind,
                         std::uint16_t resource, std::int64_t quantity);

}  // namespace qiao
