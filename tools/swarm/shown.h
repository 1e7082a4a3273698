// What a reader sees of the row of an event: in a response, by View, and on the watch feed. The two
// are equal at the same event, which tests and the simulation check.
#pragma once

#include <bitset>
#include <string>

#include "server/access/view.h"

namespace qiao {

struct Shown {
  Sight sight = Sight::kNothing;
  // The row's bytes, without what only one of the two adds. Empty if there is no such response: for
  // areas, settings, grants and disclosures.
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
// Id of the row of the event; an area's code; of a disclosure the need's, 0 if it is of another
// row; 0 for settings.
std::uint64_t row_id_of(const pb::Event& event);

}  // namespace qiao
