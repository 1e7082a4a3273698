// How many of what, as the sentences of the engine have it.
#pragma once

#include <cstdint>
#include <string>

#include "qiao/v1/taxonomy.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// Counted in fen, as its unit says, and shown in yuan.
bool is_money(const pb::ResourceKind& resource);

struct AmountWords {
  std::string zh;
  std::string en;
};
// The bare number; of money "88.50元" and "88.50 yuan". `time_kind` is 0 for what `resource`, its
// place in the taxonomy, says.
AmountWords amount_words(const pb::Taxonomy& taxonomy, std::uint8_t time_kind,
                         std::uint16_t resource, std::int64_t quantity);

}  // namespace qiao
