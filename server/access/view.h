// What an actor sees of a row: nothing, its public fields, or all fields with personal data masked.
//
// Reads the State, for responses; the rules are in sight.h, shared with the watch feed. Only the
// reveal and export operations return unmasked personal data.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/identity/roles.h"
#include "engine/rows/state.h"
#include "qiao/v1/event.pb.h"
#include "server/access/sight.h"

namespace qiao {

// Cheap to construct; reads the current state at each call.
class View {
 public:
  // `scope`: the scope that the actor's role has for the operation.
  View(const State& state, const pb::Actor& actor, Scope scope)
      : state_(state), actor_(actor), scope_(scope) {}

  // For each kind of row, for example needs: need(slot) returns what the actor sees of a row, and
  // show_need(slot) returns the visible part of a row of which it sees something.
  // sight(kinds::Need{}, slot) and show(kinds::Need{}, slot) are the same.
#define QIAO_KIND(Name, one, ...)                                 \
  Sight one(Slot) const;                                          \
  pb::Name show_##one(Slot) const;                                \
  Sight sight(kinds::Name, Slot slot) const { return one(slot); } \
  pb::Name show(kinds::Name, Slot slot) const { return show_##one(slot); }
#include "engine/rows/kinds.inc"

  // Whether the personal data in the row are the actor's own, and therefore not masked.
  bool owns(pb::Event::RowCase kind, std::uint64_t id) const;

 private:
  const State& state_;
  const pb::Actor& actor_;
  Scope scope_;
};

// The rows that belong to the account; empty if it does not exist.
Owner owner_of(const State& state, std::uint64_t account_id);

// What the actor sees of a row of that kind.
Sight sight_of(const State& state, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id);
// Whether the row exists and the actor may see it.
bool is_there(const State& state, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id);
// The refusal for a row that does not exist or may not be seen.
Refusal not_there(pb::RowKind kind, std::uint64_t id, std::string field);

// Whether it was ever on the public board.
bool was_public(const pb::Need& need);
// The place, rounded to about a kilometre.
pb::Point public_point(const Point& exact);
// Removes everything that the public board does not show: personal data, the exact place, the
// resident, excluded parties.
void make_public(pb::Need& need, bool signed_in);
void make_public(pb::Party& party);

// Masks the row of an event; addresses are replaced by the names of areas.
void mask_event(pb::Event& event,
                const std::function<std::string(std::uint64_t area_code)>& area_name);
// Keeps only the public fields of the event's need or party, and removes the actor.
void make_public(pb::Event& event);

}  // namespace qiao
