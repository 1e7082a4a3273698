// Private to the market: how a handler makes an event of a row.
#pragma once

#include "engine/market/market.h"

namespace qiao {

template <class Resource>
void Market::emit(pb::EventKind kind, Resource resource) {
  pb::Event& e = fresh_event();
  e.set_kind(kind);
  resource.set_version(e.seq());
  if constexpr (std::is_same_v<Resource, pb::Taxonomy>) *e.mutable_taxonomy() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Policy>) *e.mutable_policy() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Area>) *e.mutable_area() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Party>) *e.mutable_party() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Person>) *e.mutable_person() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Offer>) *e.mutable_offer() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Need>) *e.mutable_need() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Match>) *e.mutable_match() = std::move(resource);
  state_.fold(e);
}

}  // namespace qiao
