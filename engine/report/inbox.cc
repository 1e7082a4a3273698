#include "engine/report/inbox.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <vector>

#include "engine/rows/limits.h"

namespace qiao {
namespace {

constexpr Seconds kSoon = std::chrono::days{1};

// Small, because only a hundred of them are shown.
struct Waiting {
  pb::InboxKind kind;
  Slot need;
  Slot match;
  Time due;
};

class Gatherer {
 public:
  Gatherer(const State& state, const pb::Actor& actor, Time now)
      : state_(state), actor_(actor), now_(now) {}

  pb::Inbox run() {
    switch (actor_.role()) {
      case pb::ROLE_LEAD:
      case pb::ROLE_ORGANISER:
        organiser();
        break;
      case pb::ROLE_SUPPLIER:
      case pb::ROLE_MEMBER:
        party();
        break;
      case pb::ROLE_RESIDENT:
        resident();
        break;
      default:
        break;
    }
    return show();
  }

 private:
  void put(pb::InboxKind kind, Slot need, Slot match, Time due) {
    items_.push_back({kind, need, match, due});
  }

  // 0 a community's, 1 a town's, 2 the city's: needs escalated to that level wait for it.
  std::uint32_t level() const {
    if (actor_.role() == pb::ROLE_LEAD) return kMaxRaised;
    const Slot party = state_.parties().find(PartyId{actor_.party_id()});
    if (party == kNoSlot) return 0;
    switch (state_.areas()[state_.parties()[party].area].level) {
      case pb::AREA_LEVEL_CITY:
        return 2;
      case pb::AREA_LEVEL_TOWN:
        return 1;
      default:
        return 0;
    }
  }

  // Whether the requester is responsible: a community's own organiser for the community; a town's
  // organiser and the lead for what was escalated to them, and for needs of which they are the
  // organiser.
  bool falls_to_me(Slot n, std::uint32_t mine) const {
    if (mine == 0) return true;
    const NeedRow& need = state_.needs()[n];
    const Slot me = state_.parties().find(PartyId{actor_.party_id()});
    if (me != kNoSlot &&
        (need.organiser == state_.parties()[me].id || need.area == state_.parties()[me].area))
      return true;
    return need.raised >= mine;
  }

  void organiser() {
    const std::uint32_t mine = level();
    if (actor_.role() == pb::ROLE_LEAD) {
      for (const Slot n : state_.waiting_in_city()) organisers_need(n, mine);
      return;
    }
    for (const auto& [area, needs] : state_.waiting()) {
      if (actor_.role() == pb::ROLE_ORGANISER && !in_area_of(actor_, state_, area)) continue;
      for (const Slot n : needs) organisers_need(n, mine);
    }
  }

  void organisers_need(Slot n, std::uint32_t mine) {
    const NeedRow& need = state_.needs()[n];
    if (!falls_to_me(n, mine)) return;
    if (need.state == pb::NEED_STATE_SUBMITTED)
      put(pb::INBOX_KIND_CHECK_NEED, n, kNoSlot, need.due);
    if (need.state == pb::NEED_STATE_DONE) put(pb::INBOX_KIND_REVIEW_NEED, n, kNoSlot, need.due);
    if (need.state == pb::NEED_STATE_OPEN && mine > 0 && need.raised >= mine)
      put(pb::INBOX_KIND_RAISED, n, kNoSlot, Time{});
    for (Slot m = need.first_match; m != kNoSlot; m = state_.matches()[m].next_of_need) {
      const MatchRow& match = state_.matches()[m];
      if (match.state == pb::MATCH_STATE_CLAIMED)
        put(pb::INBOX_KIND_CONFIRM_CLAIM, n, m, match.due);
      if (match.state == pb::MATCH_STATE_SERVED)
        put(pb::INBOX_KIND_VERIFY_SERVICE, n, m, match.due);
    }
  }

  void party() {
    const Seconds grace{state_.policy().limits().grace()};
    const bool member = actor_.role() == pb::ROLE_MEMBER;
    const Slot party = state_.parties().find(PartyId{actor_.party_id()});
    if (party == kNoSlot) return;
    for (Slot o = state_.parties()[party].first_offer; o != kNoSlot;
         o = state_.offers()[o].next_of_party) {
      for (Slot m = state_.offers()[o].first_match; m != kNoSlot;
           m = state_.matches()[m].next_of_offer) {
        const MatchRow& match = state_.matches()[m];
        if (match.state == pb::MATCH_STATE_DISPATCHED && !member)
          put(pb::INBOX_KIND_ANSWER_DISPATCH, match.need, m, match.due);
        if (match.state == pb::MATCH_STATE_ACCEPTED && match.window.start - kSoon <= now_)
          put(pb::INBOX_KIND_CHECK_IN, match.need, m, match.window.end + grace);
        if (match.state == pb::MATCH_STATE_CHECKED_IN && match.window.end <= now_)
          put(pb::INBOX_KIND_CHECK_OUT, match.need, m, match.window.end + grace);
      }
    }
  }

  void resident() {
    for (Slot n = state_.first_need_of_resident(actor_.resident_ref()); n != kNoSlot;
         n = state_.needs()[n].next_of_resident) {
      if (state_.needs()[n].state == pb::NEED_STATE_DONE)
        put(pb::INBOX_KIND_REVIEW_NEED, n, kNoSlot, state_.needs()[n].due);
    }
  }

  std::int64_t since(const Waiting& w, const pb::Need& need) const {
    if (w.match != kNoSlot) return state_.load_match(w.match).changed_at();
    switch (w.kind) {
      case pb::INBOX_KIND_CHECK_NEED:
        return need.submitted_at();
      case pb::INBOX_KIND_RAISED:
        return need.raised_at();
      default:
        return need.done_at();
    }
  }

  pb::Inbox show() {
    pb::Inbox r;
    r.set_total(static_cast<std::uint32_t>(items_.size()));
    const auto when = [](const Waiting& w) {
      return is_set(w.due) ? to_int(w.due) : std::numeric_limits<std::int64_t>::max();
    };
    const auto end =
        items_.begin() + static_cast<std::ptrdiff_t>(std::min(kMaxInbox, items_.size()));
    std::partial_sort(items_.begin(), end, items_.end(), [&](const Waiting& a, const Waiting& b) {
      return std::tuple(when(a), a.need, a.match, a.kind) <
             std::tuple(when(b), b.need, b.match, b.kind);
    });
    for (auto w = items_.begin(); w != end; ++w) {
      const pb::Need need = state_.load_need(w->need);
      pb::InboxItem& item = *r.add_items();
      item.set_kind(w->kind);
      item.set_need_id(need.id());
      item.set_title(need.title());
      item.set_area_name(state_.area_name(state_.needs()[w->need].area));
      item.set_since(since(*w, need));
      item.set_due(to_int(w->due));
      if (w->match == kNoSlot) continue;
      const MatchRow& match = state_.matches()[w->match];
      item.set_match_id(match.id.value());
      item.set_party_name(state_.load_party(state_.offers()[match.offer].party).name());
    }
    return r;
  }

  const State& state_;
  const pb::Actor& actor_;
  Time now_;
  std::vector<Waiting> items_;
};

}  // namespace

pb::Inbox inbox(const State& state, const pb::Actor& actor, Time now) {
  return Gatherer(state, actor, now).run();
}

}  // namespace qiao
