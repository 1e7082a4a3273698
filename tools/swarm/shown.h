// What somebody sees of the row of an event: in an answer, by View, and on the watch feed. The two
// agree when both are asked at the same event, which tests and the simulation check.
#pragma once

#include <bitset>
#include <string>

#include "server/access/view.h"

namespace qiao {

struct Shown {
  Sight sight = Sight::kNothing;
  // The row's bytes, without what only one of the two adds. Empty where there is no such answer:
  // for areas, settings, grants and disclosures.
  std::string row = {};
  friend bool operator==(const Shown&, const Shown&) = default;
};

// Empties what is marked as personal.
void empty_personal(google::protobuf::Message& message);
// The same once the row's personal data were erased.
Shown erased(const Shown& shown, pb::Event::RowCase kind);

// The row that events of that kind carry, as an answer shows it now to who may use `operations`.
Shown shown_by_view(const State& state, const pb::Actor& actor, const std::bitset<128>& operations,
                    pb::Event::RowCase kind, std::uint64_t id);
// An event as the feed sent it.
Shown shown_by_feed(const pb::Event& event);
// Id of the row that the event carries; an area's code; of a disclosure the need's, 0 where it is
// of something else; 0 for settings.
std::uint64_t row_id_of(const pb::Event& event);

}  // namespace qiao
