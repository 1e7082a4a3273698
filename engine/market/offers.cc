#include <algorithm>

#include "engine/identity/reach.h"
#include "engine/identity/roles.h"
#include "engine/market/amount.h"
#include "engine/market/emit.h"
#include "engine/market/settable.h"
#include "engine/market/validate.h"
#include "engine/rows/limits.h"

namespace qiao {
namespace {

void complete(pb::Offer& offer, const PartyRow& party) {
  if (!offer.has_point()) {
    offer.mutable_point()->set_latitude_e7(party.point.latitude_e7);
    offer.mutable_point()->set_longitude_e7(party.point.longitude_e7);
  }
  if (offer.radius_m() == 0) offer.set_radius_m(party.radius_m);
  if (offer.has_stock() && offer.stock().handover() == pb::HANDOVER_UNSPECIFIED) {
    offer.mutable_stock()->set_handover(pb::HANDOVER_DELIVER);
  }
}

bool same_kind(const pb::Offer& a, const pb::Offer& b) {
  if (a.has_time() != b.has_time()) return false;
  return a.has_time() ? a.time().kind() == b.time().kind()
                      : a.stock().resource() == b.stock().resource();
}

// The highest quantity promised at one time (time) or the total (stock).
std::int64_t promised(const State& state, Slot slot) {
  const OfferRow& row = state.offers()[slot];
  if (row.time_kind == 0) return row.given;
  const auto* calendar = state.bookings(slot);
  if (calendar == nullptr || calendar->empty()) return 0;
  return state.peak(slot, {calendar->front().window.start, calendar->back().window.end});
}

}  // namespace

void set_about(pb::Event& e, const pb::Offer& offer, const State& state) {
  e.set_area_code(area_of_party(state, offer.party_id()));
  e.set_party_id(offer.party_id());
}

Status Market::post_offer(const pb::Offer& offer) {
  QIAO_TRY(validate(offer, state_, now_));
  const Slot slot = state_.parties().find(PartyId{offer.party_id()});
  const PartyRow& party = state_.parties()[slot];
  QIAO_TRY(check_area(scope_, actor_, state_, party.area));
  QIAO_TRY(check_party(scope_, actor_, state_, slot));
  QIAO_TRY(check_approved(scope_, state_, slot));
  if (party.active_offers >= kMaxActiveOffersOfParty)
    return refuse(Code::kTooMany, "partyId", std::to_string(kMaxActiveOffersOfParty));
  pb::Offer row;
  copy_settable(offer, row);
  row.set_id(next_id());
  row.set_created_at(to_int(now_));
  row.set_state(pb::OFFER_STATE_ACTIVE);
  complete(row, party);
  answer(pb::Event::kOffer, row.id());
  emit(pb::EVENT_KIND_OFFER_POSTED, std::move(row));
  return outcome::success();
}

Status Market::update_offer(const pb::Offer& offer) {
  QIAO_TRY(auto slot, find_offer(offer.id()));
  const Slot owner = state_.offers()[slot].party;
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[owner].area));
  QIAO_TRY(check_party(scope_, actor_, state_, owner));
  const pb::Offer before = state_.load_offer(slot);
  QIAO_TRY(check_version(before.version()));
  if (before.state() != pb::OFFER_STATE_ACTIVE)
    return refuse(Code::kWrongState, "id", "withdrawn", "已停止提供");
  if (offer.party_id() != before.party_id()) return refuse(Code::kNotSettable, "partyId");
  QIAO_TRY(validate(offer, state_, now_));
  if (const std::int64_t least = promised(state_, slot); least > 0) {
    const std::int64_t now = offer.has_time() ? offer.time().capacity() : offer.stock().quantity();
    if (!same_kind(offer, before) || now < least) {
      const OfferRow& kept = state_.offers()[slot];
      AmountWords w = amount_words(state_.taxonomy(), kept.time_kind, kept.resource, least);
      return refuse(Code::kOfferPromised, offer.has_time() ? "time.capacity" : "stock.quantity",
                    std::move(w.en), std::move(w.zh));
    }
  }
  pb::Offer row = before;
  copy_settable(offer, row);
  complete(row, state_.parties()[owner]);
  answer(pb::Event::kOffer, row.id());
  emit(pb::EVENT_KIND_OFFER_CHANGED, std::move(row));
  return outcome::success();
}

Status Market::withdraw_offer(const pb::WithdrawOffer& withdrawal) {
  QIAO_TRY(auto slot, find_offer(withdrawal.offer_id()));
  const Slot owner = state_.offers()[slot].party;
  QIAO_TRY(check_area(scope_, actor_, state_, state_.parties()[owner].area));
  QIAO_TRY(check_party(scope_, actor_, state_, owner));
  pb::Offer row = state_.load_offer(slot);
  QIAO_TRY(check_version(row.version()));
  if (row.state() != pb::OFFER_STATE_ACTIVE)
    return refuse(Code::kWrongState, "offerId", "withdrawn", "已停止提供");
  row.set_state(pb::OFFER_STATE_WITHDRAWN);
  answer(pb::Event::kOffer, row.id());
  emit(pb::EVENT_KIND_OFFER_CHANGED, std::move(row));
  return outcome::success();
}

}  // namespace qiao
