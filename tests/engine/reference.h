// A market as one would write it in an afternoon: plain lists, scans for everything, whole-state
// copies to undo. Shares with the real one the protobuf vocabulary, the table of refusal codes and
// distance_metres(), and nothing else. Fixed to UTC+8, to whole half hours, and to an equity alpha
// of 0 or 1.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/geography.h"
#include "engine/base/refusal.h"
#include "qiao/v1/command.pb.h"

namespace qiao::reference {

namespace pb = qiao::v1;

struct Match {
  std::uint64_t id, need, offer, party;
  std::uint32_t line;
  std::int64_t quantity, start, end;
  pb::MatchState state;
  std::int64_t answer_by = 0, checked_out_at = 0;
  bool was_dispatched = false, confirmed = false;
};

class Market {
 public:
  // The refusal's code, or none where it was taken.
  std::optional<Code> apply(const pb::Command& command, std::int64_t now);

  std::map<std::uint64_t, pb::Area> areas;
  std::map<std::uint64_t, pb::Party> parties;
  std::map<std::uint64_t, pb::Offer> offers;
  std::map<std::uint64_t, pb::Need> needs;  // lines' `held` is not kept
  std::map<std::uint64_t, Match> matches;
  pb::Policy policy;
  std::uint64_t seq = 0;

  std::int64_t held(std::uint64_t need, std::uint32_t line) const;
  std::int64_t secured(std::uint64_t need, std::uint32_t line) const;
  std::int64_t kept(std::uint64_t party) const;
  std::int64_t broken(std::uint64_t party) const;
  // What the market acts on next: 0 for never.
  std::int64_t due(const pb::Need& need) const;
  std::int64_t due(const Match& match) const;
  std::optional<std::int64_t> next_due() const;

 private:
  struct Judged {
    bool eligible = false;
    pb::Rule rule{};
    std::int64_t available = 0;
    std::int64_t value = 0;
  };
  std::optional<Code> run(const pb::Command& command);
  std::optional<Code> actor_ok(const pb::Command& command) const;
  bool in_area(std::uint64_t area) const;
  bool owns(std::uint64_t party) const;
  bool asks(const pb::Need& need) const;
  void register_party(pb::Party party);
  std::optional<Code> set_standing(const pb::SetStanding& sent);
  std::optional<Code> post_offer(pb::Offer offer);
  std::optional<Code> update_offer(const pb::Offer& sent);
  std::optional<Code> withdraw_offer(std::uint64_t id);
  std::optional<Code> review_need(const pb::ReviewNeed& review);
  std::pair<int, int> needs_of(std::uint64_t resident_ref) const;
  std::optional<Code> post_need(const pb::PostNeed& post);
  std::optional<Code> update_need(const pb::Need& need);
  std::optional<Code> move_need(const pb::MoveNeed& move);
  std::optional<Code> make_match(const pb::MakeMatch& make);
  std::optional<Code> move_match(const pb::MoveMatch& move);
  Judged judge(std::uint64_t need, std::uint32_t line, std::uint64_t offer) const;
  std::optional<pb::Rule> why_not(const pb::Need& need, const pb::RequirementLine& line,
                                  const pb::Offer& offer) const;
  std::int64_t value(const pb::Need& need, const pb::RequirementLine& line, const pb::Offer& offer,
                     std::int64_t missing) const;
  std::int64_t continuity(const pb::Need& need, std::uint64_t party) const;
  std::int64_t equity(std::uint64_t community) const;
  std::int64_t reliability(std::uint64_t party) const;
  std::int64_t free_units(std::uint64_t offer, std::int64_t start, std::int64_t end) const;
  std::int64_t fill(std::uint64_t community, bool smoothed) const;
  std::optional<Code> why_not_now(const Match& match, const pb::Need& need) const;
  // Whether the need may have no other match of that party.
  bool has_all_matches(std::uint64_t need, std::uint64_t party) const;
  std::uint64_t next_best(std::uint64_t need, std::uint32_t line, std::int64_t quantity) const;
  std::uint64_t new_match(std::uint64_t need, std::uint32_t line, std::uint64_t offer,
                          std::int64_t quantity, pb::MatchState how);
  void change(Match& m, pb::MatchState state);
  void refresh_need_state(std::uint64_t need);
  void keep_going(const Match& failed);
  void close(std::uint64_t need, pb::NeedState state);
  void raise(pb::Need& need);
  void tick();
  void fire(Match& m);
  void fire(pb::Need& need);
  std::int64_t answer_limit(pb::MatchState how, const pb::Need& need) const;
  std::pair<std::int64_t, std::int64_t> fill_sums(std::uint64_t community) const;
  void emit() { ++seq; }

  std::int64_t now_ = 0;
  pb::Actor actor_;
};

}  // namespace qiao::reference
