// The names of states and rules in both languages.
#pragma once

#include <string_view>

#include "qiao/v1/match.pb.h"
#include "qiao/v1/need.pb.h"

namespace qiao {

namespace pb = qiao::v1;

// A text in both languages. The views are of literals, valid for ever.
struct Words {
  std::string_view zh;
  std::string_view en;
};

Words words(pb::NeedState state);
Words words(pb::MatchState state);
// A complete sentence without a full stop.
Words words(pb::Rule rule);

}  // namespace qiao
