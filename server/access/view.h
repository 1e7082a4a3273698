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

  Sight party(Slot) const;
  Sight person(Slot) const;
  Sight offer(Slot) const;
  Sight need(Slot) const;
  Sight match(Slot) const;
  Sight notification(Slot) const;
  Sight account(Slot) const;

  // The row as the actor sees it. Only for one that it sees something of.
  pb::Party show_party(Slot) const;
  pb::Person show_person(Slot) const;
  pb::Offer show_offer(Slot slot) const { return state_.load_offer(slot); }
  pb::Need show_need(Slot) const;
  pb::Match show_match(Slot slot) const { return state_.load_match(slot); }
  pb::Account show_account(Slot) const;
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
