#include "engine/report/trial.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdlib>

#include "engine/base/fixed.h"
#include "engine/clear/collect.h"
#include "engine/clear/solver.h"
#include "engine/match/ranked_market.h"

namespace qiao {
namespace {

// A trial clears about a hundred times: speed matters more than the last half per cent.
constexpr std::int64_t kTrialGapMicro = 10'000;
constexpr int kTrialPolish = 100;
constexpr std::uint64_t kTrialHelps = 10;

pb::Command by_lead() {
  pb::Command c;
  c.mutable_actor()->set_role(pb::ROLE_LEAD);
  return c;
}

std::int64_t fill_micro(const Fill& fill) {
  return std::min(kMicro, div_micro(fill.after_micro, fill.asked_micro));
}

class Trial {
 public:
  explicit Trial(const TrialRows& rows) : rows_(rows) {}

  Status load(const pb::Policy& policy) {
    const TrialRows& rows = rows_;
    State& state = market_.state_to_load();
    pb::Policy tried = policy;
    // The chosen party accepts at once: the trial compares choices, not answers.
    tried.set_confirm_claims(false);
    bool good = state.load_row(pb::Event::kTaxonomy, Blob(rows.taxonomy.SerializeAsString())) &&
                state.load_row(pb::Event::kPolicy, Blob(tried.SerializeAsString()));
    for (const std::string& row : rows.areas)
      good = good && state.load_row(pb::Event::kArea, Blob(row));
    for (const std::string& row : rows.parties)
      good = good && state.load_row(pb::Event::kParty, Blob(row));
    for (const std::string& row : rows.offers)
      good = good && state.load_row(pb::Event::kOffer, Blob(row));
    good = good && state.link_areas() && state.link_parties() && state.link_offers();
    if (!good) {
      return refuse(Code::kTrialFailed, {}, "the market's rows could not be copied",
                    "无法复制现有数据");
    }
    Seq last = 0;
    for (Slot o = 0; o < state.offers().size(); ++o)
      last = std::max(last, state.offers()[o].id.value());
    for (Slot p = 0; p < state.parties().size(); ++p)
      last = std::max(last, state.parties()[p].id.value());
    market_.loaded(last, rows.needs.empty() ? Time{} : to_time(rows.needs.front().opened_at()));
    return outcome::success();
  }

  TrialResult run(const std::function<bool()>& keep_going) {
    std::size_t i = 0;
    while (i < rows_.needs.size() && keep_going()) {
      const Time round_end = to_time(rows_.needs[i].opened_at()) + kTrialRound;
      Time last{};
      for (; i < rows_.needs.size() && to_time(rows_.needs[i].opened_at()) < round_end; ++i) {
        last = to_time(rows_.needs[i].opened_at());
        post(rows_.needs[i], last);
      }
      clear(last, keep_going);
    }
    return sum_up();
  }

 private:
  void post(const pb::Need& need, Time at) {
    pb::Command c = by_lead();
    *c.mutable_post_need()->mutable_need() = need;
    c.mutable_post_need()->set_until(pb::NEED_STATE_OPEN);
    // A need that was opened after its window had begun is refused: no party could have served it.
    if (!market_.apply(c, at)) return;
    ++result_.needs;
    result_.lines += static_cast<std::uint32_t>(need.lines_size());
  }

  void clear(Time now, const std::function<bool()>& keep_going) {
    const State& state = market_.state();
    Collector collector(market_.ranking(), now);
    // Needs whose windows have ended are skipped.
    while (first_ < state.needs().size() &&
           state.line(state.needs()[first_].first_line).window.end < now)
      ++first_;
    for (Slot n = first_; n < state.needs().size(); ++n) collector.add(n);
    const Instance instance = collector.finish();
    ClearOptions options;
    options.target_gap_micro = kTrialGapMicro;
    options.polish_rounds = kTrialPolish;
    options.improvements_per_line = kTrialHelps;
    options.keep_going = [&](const ClearProgress&) { return keep_going(); };
    const Cleared cleared = clear_market(instance, options);
    for (const ClearNeed& need : instance.needs) {
      pb::Command c = by_lead();
      for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
        const ClearLine& line = instance.lines[l];
        for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
          if (cleared.held[e] == 0) continue;
          pb::MakeMatch& m = *c.mutable_batch()->add_commands()->mutable_make_match();
          m.set_need_id(state.needs()[need.ref].id.value());
          m.set_line(state.line(line.ref).number);
          m.set_offer_id(state.offers()[instance.offers[instance.edges[e].offer].ref].id.value());
          m.set_quantity(cleared.held[e]);
          m.set_how(pb::MATCH_STATE_CLAIMED);
        }
      }
      if (!c.has_batch()) continue;
      // Nothing has changed since the copy, so the market should accept it.
      if (!market_.apply(c, now)) ++result_.refused;
    }
  }

  TrialResult sum_up() {
    const State& state = market_.state();
    pb::PolicyOutcome& o = result_.outcome;
    std::int64_t metres = 0;
    std::int64_t units = 0;
    std::int64_t misspent = 0;
    for (Slot m = 0; m < state.matches().size(); ++m) {
      const MatchRow& row = state.matches()[m];
      units += row.quantity;
      metres += state.load_match(m).score().distance_m();
      const OfferRow& offer = state.offers()[row.offer];
      if (offer.extras && !offer.extras->certificates.empty() &&
          state.line(row.line).certificate == 0xff)
        misspent += row.quantity;
    }
    std::uint32_t filled = 0;
    for (Slot n = 0; n < state.needs().size(); ++n) {
      const NeedRow& need = state.needs()[n];
      bool full = true;
      for (Slot l = need.first_line; l < need.first_line + need.line_count; ++l)
        full = full && state.line(l).held == state.line(l).quantity;
      filled += full ? 1U : 0U;
    }
    const std::vector<Fill> all = fills(state);
    o.set_filled_micro(state.filled_micro());
    o.set_needs_filled(filled);
    o.set_units(units);
    o.set_mean_distance_m(state.matches().size() == 0 ? 0 : metres / state.matches().size());
    o.set_professionals_misspent(misspent);
    *o.mutable_equity() = equity(all, When::kAfter);
    for (const Fill& f : all) result_.fills.emplace_back(state.areas()[f.community].id.value(), f);
    return std::move(result_);
  }

  const TrialRows& rows_;
  RankedMarket market_;
  Slot first_ = 0;
  TrialResult result_;
};

}  // namespace

Result<TrialResult> try_policy(const TrialRows& rows, const pb::Policy& policy,
                               const std::function<bool()>& keep_going) {
  Trial trial(rows);
  QIAO_TRY(trial.load(policy));
  return trial.run(keep_going);
}

std::vector<pb::CommunityFill> compare_fills(const TrialResult& before, const TrialResult& after) {
  boost::unordered_flat_map<std::uint64_t, Fill> second(after.fills.begin(), after.fills.end());
  std::vector<pb::CommunityFill> all;
  for (const auto& [code, was] : before.fills) {
    const auto is = second.find(code);
    if (is == second.end()) continue;
    pb::CommunityFill f;
    f.set_area_code(code);
    f.set_asked_micro(was.asked_micro);
    f.set_before_micro(fill_micro(was));
    f.set_after_micro(fill_micro(is->second));
    all.push_back(std::move(f));
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    const auto change = [](const pb::CommunityFill& f) {
      return std::abs(f.after_micro() - f.before_micro());
    };
    return change(a) > change(b);
  });
  return all;
}

}  // namespace qiao
