// Private to the market: creates events from rows.
#pragma once

#include "engine/market/market.h"

namespace qiao {

// Sets the area, party and need that the event is about, by which watchers filter. One for each
// kind, defined next to its handler.
#define QIAO_KIND(Name, ...) void set_about(pb::Event&, const pb::Name&, const State&);
#define QIAO_SETTING QIAO_KIND
#define QIAO_RECORD QIAO_KIND
#include "engine/rows/kinds.inc"
// For these functions: the area codes of a party and of a need, which must exist.
std::uint64_t area_of_party(const State& state, std::uint64_t id);
std::uint64_t area_of_need(const State& state, std::uint64_t id);

template <class Resource>
void Market::emit(pb::EventKind kind, Resource resource) {
  pb::Event& e = fresh_event();
  e.set_kind(kind);
  // Rows that never change have no version.
  if constexpr (requires { resource.set_version(e.seq()); }) resource.set_version(e.seq());
  set_about(e, resource, state_);
  KindOf<Resource>::row_in(e) = std::move(resource);
  state_.fold(e);
}

}  // namespace qiao
