// Transactions: a rollback undoes what was folded, row by row.
#include "engine/rows/state.h"

namespace qiao {

void State::begin() {
  QIAO_CHECK(!in_transaction_, "transactions do not nest");
  in_transaction_ = true;
  begin_ = mark();
}

void State::commit() {
  in_transaction_ = false;
  undo_.clear();
}

void State::rollback() {
  rollback_to(begin_);
  in_transaction_ = false;
}

void State::rollback_to(const Mark& mark) {
  // Undoing also puts rows; those are not recorded.
  in_transaction_ = false;
  while (undo_.size() > mark.undo) {
    undo(undo_.back());
    undo_.pop_back();
  }
  last_seq_ = mark.seq;
  last_time_ = mark.time;
  in_transaction_ = true;
}

void State::undo(UndoRecord& record) {
  const bool is_new = !record.previous;
  // The need whose version is restored.
  Slot need = kNoSlot;
  if (record.kind == pb::Event::kMatch) need = matches_[record.slot].need;
  if (record.kind == pb::Event::kNeed && !is_new) need = record.slot;
  if (is_new) {
    remove_row(record.kind, record.slot);
  } else {
    const bool ok = load_row(record.kind, std::move(record.previous));
    QIAO_CHECK(ok, "a row that was there can be put back");
  }
  if (need != kNoSlot) needs_[need].last_change = record.last_change;
}

void State::remove_row(pb::Event::RowCase kind, Slot slot) {
  switch (kind) {
#define QIAO_KIND(Name, one, ...) \
  case pb::Event::k##Name:        \
    return remove_##one(slot);
// Never removed: settings always have a previous row, and records have no table.
#define QIAO_SETTING(Name, ...) case pb::Event::k##Name:
#define QIAO_RECORD QIAO_SETTING
#include "engine/rows/kinds.inc"
    case pb::Event::ROW_NOT_SET:
      break;
  }
}

void State::remove_area(Slot) { areas_.pop_back(); }

void State::remove_party(Slot slot) {
  set_parent(parties_[slot], PartyId{});
  parties_.pop_back();
}

void State::remove_person(Slot slot) {
  const Slot party = parties_.find(PartyId{load_person(slot).party_id()});
  parties_[party].first_person = persons_[slot].next_of_party;
  persons_.pop_back();
}

void State::remove_offer(Slot slot) {
  if (observer_ != nullptr) observer_->offer_removed(slot);
  const OfferRow& o = offers_[slot];
  if (o.active) --parties_[o.party].active_offers;
  // The newest offer of a party is the head of its list.
  parties_[o.party].first_offer = o.next_of_party;
  if (o.next_of_party != kNoSlot) offers_[o.next_of_party].previous_of_party = kNoSlot;
  offers_.pop_back();
}

void State::remove_need(Slot slot) {
  if (observer_ != nullptr) observer_->need_removed(slot);
  unlink_resident(slot);
  leave_waiting(slot);
  contribute_fill(needs_[slot], -1);
  // If no need was appended after it, its lines are the last.
  if (needs_[slot].first_line + needs_[slot].line_room == lines_.size()) {
    lines_.resize(needs_[slot].first_line);
  }
  needs_.pop_back();
  progress_.resize(needs_.size());
}

void State::remove_match(Slot slot) {
  const Slot need = matches_[slot].need;
  contribute(matches_[slot], slot, -1);
  needs_[need].first_match = matches_[slot].next_of_need;
  offers_[matches_[slot].offer].first_match = matches_[slot].next_of_offer;
  matches_.pop_back();
  update_waiting(need);
  if (observer_ != nullptr) observer_->need_changed(need);
}

void State::remove_notification(Slot slot) {
  parties_[notifications_[slot].party].first_notification = notifications_[slot].next_of_party;
  notifications_.pop_back();
}

void State::remove_account(Slot slot) {
  unindex_names(slot);
  accounts_.pop_back();
}

void State::remove_grant(Slot slot) {
  secrets_.erase(grants_[slot].secret);
  accounts_[grants_[slot].account].first_grant = grants_[slot].next_of_account;
  grants_.pop_back();
}

}  // namespace qiao
