// Private to the market: how a handler makes an event of a row.
#pragma once

#include "engine/market/market.h"

namespace qiao {

template <class Resource>
void Market::emit(pb::EventKind kind, Resource resource) {
  pb::Event& e = fresh_event();
  e.set_kind(kind);
  // What never changes has no version.
  if constexpr (requires { resource.set_version(e.seq()); }) resource.set_version(e.seq());
  if constexpr (std::is_same_v<Resource, pb::Taxonomy>) *e.mutable_taxonomy() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Policy>) *e.mutable_policy() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Area>) {
    e.set_area_code(resource.code());
    *e.mutable_area() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Party>) {
    e.set_area_code(resource.area_code());
    e.set_party_id(resource.id());
    *e.mutable_party() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Person>) {
    e.set_area_code(area_of_party(resource.party_id()));
    e.set_party_id(resource.party_id());
    *e.mutable_person() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Offer>) {
    e.set_area_code(area_of_party(resource.party_id()));
    e.set_party_id(resource.party_id());
    *e.mutable_offer() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Need>) {
    e.set_area_code(resource.area_code());
    e.set_need_id(resource.id());
    *e.mutable_need() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Match>) {
    const Slot need = state_.needs().find(NeedId{resource.need_id()});
    e.set_area_code(state_.areas()[state_.needs()[need].area].id.value());
    e.set_party_id(resource.party_id());
    e.set_need_id(resource.need_id());
    *e.mutable_match() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Notification>) {
    const Slot need = state_.needs().find(NeedId{resource.need_id()});
    e.set_area_code(state_.areas()[state_.needs()[need].area].id.value());
    e.set_party_id(resource.party_id());
    e.set_need_id(resource.need_id());
    *e.mutable_notification() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Account>) {
    e.set_party_id(resource.party_id());
    *e.mutable_account() = std::move(resource);
  }
  if constexpr (std::is_same_v<Resource, pb::Grant>) *e.mutable_grant() = std::move(resource);
  if constexpr (std::is_same_v<Resource, pb::Disclosure>) {
    if (resource.subject() == pb::SUBJECT_KIND_NEED) {
      const Slot need = state_.needs().find(NeedId{resource.subject_id()});
      e.set_area_code(state_.areas()[state_.needs()[need].area].id.value());
      e.set_need_id(resource.subject_id());
    }
    *e.mutable_disclosure() = std::move(resource);
  }
  state_.fold(e);
}

}  // namespace qiao
