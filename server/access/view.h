// What of a row an actor sees: nothing, what is public of it, or the whole, and then with personal
// data masked.
//
// By the State, for answers; the rules are in sight.h, which the watch feed follows too. Whole
// personal data come only from the reveal and export operations.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "engine/identity/roles.h"
#include "engine/rows/state.h"
#include "qiao/v1/event.pb.h"
#include "server/access/sight.h"

namespace qiao {

// Cheap to make; looks at the state as it is when it is asked.
class View {
 public:
  // `scope`: what the actor's role has of the operation.
  View(const State& state, const pb::Actor& actor, Scope scope)
      : state_(state), actor_(actor), scope_(scope) {}

  // For each kind of row, e.g. needs: need(slot) is what the actor sees of a row, show_need(slot)
  // the row as it sees it, only for one that it sees something of. sight(kinds::Need{}, slot) and
  // show(kinds::Need{}, slot) are the same.
#define QIAO_KIND(Name, one, ...)                                 \
  Sight one(Slot) const;                                          \
  pb::Name show_##one(Slot) const;                                \
  Sight sight(kinds::Name, Slot slot) const { return one(slot); } \
  pb::Name show(kinds::Name, Slot slot) const { return show_##one(slot); }
#include "engine/rows/kinds.inc"

  // Are the row's personal data the actor's own, so that it is shown them whole?
  bool owns(pb::Event::RowCase kind, std::uint64_t id) const;

 private:
  const State& state_;
  const pb::Actor& actor_;
  Scope scope_;
};

// What is the account's own; nothing where there is no such account.
Owner owner_of(const State& state, std::uint64_t account_id);

// What the actor sees of a row of that kind.
Sight sight_of(const State& state, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id);
// Is there a row of that kind, as far as the actor may see? What it may not see is not there.
bool is_there(const State& state, const pb::Actor& actor, pb::RowKind kind, std::uint64_t id);
// What is said of a row that is not there.
Refusal not_there(pb::RowKind kind, std::uint64_t id, std::string field);

// Was it ever on the public board?
bool was_public(const pb::Need& need);
// A place to about a kilometre.
pb::Point public_point(const Point& exact);
// Takes everything out that is not for the public board: personal data, exactly where it is, whom
// it is for, who is excluded.
void make_public(pb::Need& need, bool signed_in);
void make_public(pb::Party& party);

// Masks the row of an event; names of areas stand for addresses.
void mask_event(pb::Event& event,
                const std::function<std::string(std::uint64_t area_code)>& area_name);
// Of the row of an event only what is public, and not who did it. Of a need or a party.
void make_public(pb::Event& event);

}  // namespace qiao
