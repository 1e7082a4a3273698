#include "engine/rows/invariants.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/rows/limits.h"

namespace qiao {
namespace {

class Checker {
 public:
  explicit Checker(const State& state) : state_(state) {}

  std::vector<std::string> run() {
    for (Slot m = 0; m < state_.matches().size(); ++m) check_match(m);
    for (Slot n = 0; n < state_.needs().size(); ++n) check_need(n);
    for (Slot o = 0; o < state_.offers().size(); ++o) check_offer(o);
    check_sums();
    check_accounts();
    check_residents();
    check_waiting();
    return std::move(breaches_);
  }

 private:
  void expect(bool good, const char* what, const char* kind, std::uint64_t id) {
    if (!good && breaches_.size() < kMaxBreaches)
      breaches_.push_back(std::string(kind) + " " + std::to_string(id) + ": " + what);
  }

  // Needs that wait for an organiser are in the list of their area, and no others are.
  void check_waiting() {
    std::size_t in_the_city = 0;
    for (Slot a = 0; a < state_.areas().size(); ++a) {
      std::set<std::uint64_t> listed;
      for (const Slot n : state_.waiting_in(a)) listed.insert(state_.load_need(n).id());
      const std::uint64_t code = state_.areas()[a].id.value();
      for (const Slot n : state_.waiting_in(a)) {
        const bool in_city = state_.load_need(n).raised() >= kMaxRaised;
        expect(in_city == state_.waiting_in_city().contains(n), "what waits for the lead is listed",
               "area", code);
        in_the_city += in_city ? 1 : 0;
      }
      expect(listed == waiting_[code] && listed.size() == state_.waiting_in(a).size(),
             "what waits for its organiser is listed", "area", code);
    }
    expect(in_the_city == state_.waiting_in_city().size(), "nothing else waits for the lead",
           "area", 0);
  }

  // Each list has exactly the needs with the resident's number, each once.
  void check_residents() {
    for (const auto& [resident, count] : needs_of_) {
      std::size_t listed = 0;
      bool its_own = true;
      for (Slot n = state_.first_need_of_resident(resident); n != kNoSlot && listed <= count;
           n = state_.needs()[n].next_of_resident, ++listed) {
        its_own = its_own && state_.load_need(n).resident_ref() == resident;
      }
      expect(listed == count && its_own, "the list of its needs has all of them and no other",
             "resident", resident);
    }
  }

  void check_match(Slot slot) {
    const pb::Match match = state_.load_match(slot);
    auto must = [&](bool good, const char* what) { expect(good, what, "match", match.id()); };
    const Slot need_slot = state_.needs().find(NeedId{match.need_id()});
    const Slot offer_slot = state_.offers().find(OfferId{match.offer_id()});
    must(need_slot != kNoSlot && offer_slot != kNoSlot, "its need and its offer exist");
    if (need_slot == kNoSlot || offer_slot == kNoSlot) return;
    const pb::Need need = state_.load_need(need_slot);
    const pb::Offer offer = state_.load_offer(offer_slot);
    must(match.line() >= 1 && static_cast<int>(match.line()) <= need.lines_size(),
         "its line exists");
    must(match.quantity() > 0, "it is about something");
    must(match.party_id() == offer.party_id(), "its party is the offer's");
    must(match.score().factor_micro_size() == 7 && match.score().value_micro() >= 0,
         "it was eligible when it was made");
    if (static_cast<int>(match.line()) > need.lines_size()) return;
    const pb::RequirementLine& line = need.lines(static_cast<int>(match.line()) - 1);
    must(line.has_time() == offer.has_time(), "line and offer are both time or both stock");
    const bool holding =
        match.state() >= pb::MATCH_STATE_PROPOSED && match.state() <= pb::MATCH_STATE_VERIFIED;
    if (holding) {
      must(need.state() >= pb::NEED_STATE_OPEN && need.state() <= pb::NEED_STATE_REVIEWED,
           "a live match has a live need");
      must(line.window().start() == match.window().start() &&
               line.window().end() == match.window().end(),
           "it is for the line's window");
      held_[{match.need_id(), match.line()}] += match.quantity();
      if (match.state() >= pb::MATCH_STATE_ACCEPTED)
        secured_[{match.need_id(), match.line()}] += match.quantity();
      promised_[match.offer_id()].push_back(
          {match.window().start(), match.window().end(), match.quantity()});
    } else {
      must(match.answer_by() == 0, "what has ended waits for no answer");
      // All-or-nothing needs were full when they went into service; later failures count as held.
      if (need.started_at() != 0 && match.changed_at() >= need.started_at() &&
          match.accepted_at() != 0) {
        failed_in_service_[{match.need_id(), match.line()}] += match.quantity();
      }
    }
    if (match.state() == pb::MATCH_STATE_CLAIMED || match.state() == pb::MATCH_STATE_SERVED)
      waited_for_.insert(match.need_id());
    const bool unanswered =
        match.state() >= pb::MATCH_STATE_PROPOSED && match.state() <= pb::MATCH_STATE_CLAIMED;
    must(!unanswered || match.answer_by() != 0, "what waits for an answer has a time limit");
  }

  void check_need(Slot slot) {
    const pb::Need need = state_.load_need(slot);
    auto must = [&](bool good, const char* what) { expect(good, what, "need", need.id()); };
    if (need.resident_ref() != 0) ++needs_of_[need.resident_ref()];
    const NeedProgress& p = state_.progress(slot);
    must(p.created == need.created_at() && p.submitted == need.submitted_at() &&
             p.opened == need.opened_at() && p.filled == need.filled_at() &&
             p.started == need.started_at() && p.done == need.done_at() &&
             p.ended == need.ended_at() && p.stars == need.review().stars(),
         "what reports ask of it is what it says");
    const bool alive = need.state() > pb::NEED_STATE_DRAFT && need.state() <= pb::NEED_STATE_DONE;
    if (need.state() == pb::NEED_STATE_SUBMITTED || need.state() == pb::NEED_STATE_DONE ||
        (need.state() == pb::NEED_STATE_OPEN && need.raised() > 0) ||
        (alive && waited_for_.contains(need.id()))) {
      waiting_[need.area_code()].insert(need.id());
    }
    bool full = true;
    for (int i = 0; i < need.lines_size(); ++i) {
      const std::pair<std::uint64_t, std::uint32_t> key{need.id(),
                                                        static_cast<std::uint32_t>(i + 1)};
      const std::int64_t held = held_[key];
      must(held <= need.lines(i).quantity(), "no line holds more than it asks for");
      must(need.lines(i).held() == held, "a line holds what its matches hold");
      full = full && secured_[key] == need.lines(i).quantity();
      if (need.all_or_nothing() && need.state() >= pb::NEED_STATE_IN_SERVICE &&
          need.state() <= pb::NEED_STATE_REVIEWED) {
        must(held + failed_in_service_[key] >= need.lines(i).quantity(),
             "all or nothing: never partly in service");
      }
    }
    must(pb::NeedState_IsValid(need.state()) && need.state() != pb::NEED_STATE_UNSPECIFIED,
         "it is in one state");
    must((need.state() == pb::NEED_STATE_FILLED) ==
             (full &&
              (need.state() == pb::NEED_STATE_OPEN || need.state() == pb::NEED_STATE_FILLED)),
         "filled is when every line is secured");
    must(need.raised() <= 2, "it is escalated to the city at most");
    must(need.organiser_id() == 0 || state_.parties().find(PartyId{need.organiser_id()}) != kNoSlot,
         "its organiser exists");
    must((need.state() == pb::NEED_STATE_REVIEWED) == need.has_review(),
         "reviewed is when there is a review");
  }

  void check_offer(Slot slot) {
    const pb::Offer offer = state_.load_offer(slot);
    auto must = [&](bool good, const char* what) { expect(good, what, "offer", offer.id()); };
    must(state_.parties().find(PartyId{offer.party_id()}) != kNoSlot, "its party exists");
    if (offer.state() == pb::OFFER_STATE_ACTIVE) ++active_offers_[offer.party_id()];
    const auto it = promised_.find(offer.id());
    if (it == promised_.end()) {
      must(state_.offers()[slot].given == 0 && state_.bookings(slot) == nullptr,
           "nothing is booked that no match books");
      return;
    }
    if (offer.has_stock()) {
      std::int64_t sum = 0;
      for (const Promise& p : it->second) sum += p.quantity;
      must(sum <= offer.stock().quantity(), "no more is given away than there is");
      must(sum == state_.offers()[slot].given, "what is given away is what matches hold");
      return;
    }
    std::vector<std::pair<std::int64_t, std::int64_t>> steps;
    for (const Promise& p : it->second) {
      steps.emplace_back(p.start, p.quantity);
      steps.emplace_back(p.end, -p.quantity);
    }
    std::sort(steps.begin(), steps.end());  // at the same instant ends (negative) sort first
    std::int64_t now = 0;
    for (const auto& [at, change] : steps) {
      now += change;
      must(now <= offer.time().capacity(), "booked at no instant beyond its capacity");
    }
    const auto* calendar = state_.bookings(slot);
    must(calendar != nullptr && calendar->size() == it->second.size(),
         "its calendar has what its matches book");
  }

  void check_sums() {
    std::map<PartyId, std::pair<std::uint32_t, std::uint32_t>> record;
    for (Slot m = 0; m < state_.matches().size(); ++m) {
      const MatchRow& row = state_.matches()[m];
      const PartyId party = state_.parties()[state_.offers()[row.offer].party].id;
      if (row.state == pb::MATCH_STATE_SERVED || row.state == pb::MATCH_STATE_VERIFIED)
        ++record[party].first;
      if (row.state == pb::MATCH_STATE_WITHDRAWN || row.state == pb::MATCH_STATE_NO_SHOW)
        ++record[party].second;
    }
    for (Slot p = 0; p < state_.parties().size(); ++p) {
      const PartyRow& row = state_.parties()[p];
      expect(record[row.id] == std::pair(row.kept, row.broken),
             "its record is what its matches say", "party", row.id.value());
      expect(active_offers_[row.id.value()] == row.active_offers, "its active offers are counted",
             "party", row.id.value());
    }
    std::int64_t asked = 0;
    std::int64_t filled = 0;
    for (Slot a = 0; a < state_.areas().size(); ++a) {
      asked += state_.areas()[a].asked_micro;
      filled += state_.areas()[a].filled_micro;
      expect(state_.areas()[a].filled_micro >= 0 &&
                 state_.areas()[a].filled_micro <= state_.areas()[a].asked_micro,
             "no community has more filled than asked", "area", state_.areas()[a].id.value());
    }
    expect(asked == state_.asked_micro() && filled == state_.filled_micro(),
           "the city is the sum of its communities", "market", 0);
  }

  void check_accounts() {
    for (Slot s = 0; s < state_.accounts().size(); ++s) {
      const pb::Account account = state_.load_account(s);
      expect(state_.account_by_login(account.login()) == s, "its login leads to it", "account",
             account.id());
      expect(account.external_id().empty() ||
                 state_.account_by_external_id(account.external_id()) == s,
             "its outside identity leads to it", "account", account.id());
      expect(
          account.party_id() == 0 || state_.parties().find(PartyId{account.party_id()}) != kNoSlot,
          "its party exists", "account", account.id());
    }
    for (Slot s = 0; s < state_.grants().size(); ++s) {
      expect(state_.grant_by_secret(state_.grants()[s].secret) == s, "its secret leads to it",
             "grant", state_.grants()[s].id.value());
    }
  }

  struct Promise {
    std::int64_t start, end, quantity;
  };
  const State& state_;
  std::map<std::uint64_t, std::size_t> needs_of_;  // by resident
  std::set<std::uint64_t> waited_for_;  // needs with a claim to confirm or a service to verify
  std::map<std::uint64_t, std::uint32_t> active_offers_;      // by party
  std::map<std::uint64_t, std::set<std::uint64_t>> waiting_;  // by area
  std::vector<std::string> breaches_;
  std::map<std::pair<std::uint64_t, std::uint32_t>, std::int64_t> held_, secured_,
      failed_in_service_;
  std::map<std::uint64_t, std::vector<Promise>> promised_;
};

class Hash {
 public:
  void add(std::string_view bytes) {
    for (const char c : bytes) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    add(bytes.size());
  }
  void add(std::uint64_t v) { value_ = (value_ ^ v) * 0x9E3779B97F4A7C15ULL; }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xCBF29CE484222325ULL;
};

// What a row of each kind implies in addition to its bytes.
void add_implied(Hash& h, const State&, const AreaRow& area) {
  h.add(static_cast<std::uint64_t>(area.asked_micro));
  h.add(static_cast<std::uint64_t>(area.filled_micro));
}
void add_implied(Hash& h, const State&, const PartyRow& party) {
  h.add(std::uint64_t{party.kept} << 32 | party.broken);
}
void add_implied(Hash& h, const State&, const PersonRow& person) {
  h.add(static_cast<std::uint64_t>(to_int(person.due)));
}
void add_implied(Hash& h, const State&, const OfferRow& offer) {
  h.add(static_cast<std::uint64_t>(offer.given));
}
void add_implied(Hash& h, const State& state, const NeedRow& need) {
  h.add(need.last_change);
  h.add(static_cast<std::uint64_t>(to_int(need.due)));
  for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l)
    h.add(static_cast<std::uint64_t>(state.line(l).held));
}
void add_implied(Hash& h, const State&, const MatchRow& match) {
  h.add(static_cast<std::uint64_t>(to_int(match.due)));
}
void add_implied(Hash& h, const State&, const NotificationRow& notification) {
  h.add(static_cast<std::uint64_t>(to_int(notification.sent)));
}
void add_implied(Hash&, const State&, const AccountRow&) {}
void add_implied(Hash& h, const State& state, const GrantRow& grant) {
  h.add(state.accounts()[grant.account].id.value());
}

// Slots have another order in a market that was loaded, so the rows are summed.
template <class Rows>
std::uint64_t sum_rows(const State& state, const Rows& rows) {
  std::uint64_t sum = 0;
  for (Slot s = 0; s < rows.size(); ++s) {
    Hash h;
    h.add(rows[s].id.value());
    h.add(rows[s].bytes.view());
    add_implied(h, state, rows[s]);
    sum += h.value();
  }
  return sum;
}

}  // namespace

std::vector<std::string> check_invariants(const State& state) { return Checker(state).run(); }

std::uint64_t digest(const State& state) {
  Hash h;
  h.add(state.taxonomy().SerializeAsString());
  h.add(state.policy().SerializeAsString());
  for_each_keyed([&](auto kind) { h.add(sum_rows(state, state.rows(kind))); });
  h.add(state.last_seq());
  return h.value();
}

}  // namespace qiao
