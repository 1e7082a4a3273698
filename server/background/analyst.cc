#include "server/background/analyst.h"

#include <algorithm>
#include <boost/asio/post.hpp>

#include "engine/market/validate.h"
#include "server/background/slices.h"
#include "server/runtime/log.h"
#include "server/runtime/threads.h"

namespace qiao {
namespace {

using Clock = std::chrono::steady_clock;

// What its poster wrote, and nothing about a person: what the market set it sets again.
pb::Need as_posted(pb::Need need) {
  need.clear_id();
  need.clear_version();
  need.clear_contact_name();
  need.clear_contact_phone();
  need.clear_address();
  need.clear_review();
  return need;
}

}  // namespace

struct Analyst::Copy {
  TrialRows rows;
  std::vector<std::pair<std::int64_t, Slot>> opened;  // within the days, when and which
  pb::Policy before;
  pb::Policy after;
  pb::PolicyTrial trial;
};

pb::PolicyTrial Analyst::report(Copy& copy, TrialResult before, TrialResult after,
                                std::vector<pb::CommunityFill> fills) const {
  if (before.refused + after.refused > 0) {
    log_error("the market refused what a trial's clearing proposed",
              {{"needs", before.refused + after.refused}});
  }
  const State& state = runtime_.state();
  pb::PolicyTrial& t = copy.trial;
  t.set_needs(before.needs);
  t.set_lines(before.lines);
  for (pb::CommunityFill& f : fills) {
    f.set_name(state.area_name(state.areas().find(AreaCode{f.area_code()})));
    *t.add_communities() = std::move(f);
  }
  *t.mutable_before() = std::move(before.outcome);
  *t.mutable_after() = std::move(after.outcome);
  return std::move(t);
}

Analyst::~Analyst() {
  stopping_ = true;
  if (trial_.joinable()) trial_.join();
}

void Analyst::in_slices(Lane lane, std::size_t count, std::size_t together,
                        std::function<void(std::size_t)> step, std::function<void()> done) {
  Queue& queue = queues_[static_cast<std::size_t>(lane)];
  auto begin = [this, lane, &queue, count, together, step = std::move(step), done = std::move(done)] {
    const auto alive = [] { return true; };
    const auto ended = [this, lane, &queue, done] {
      --queue.running;
      done();
      begin_next(lane);
    };
    ++queue.running;
    qiao::in_slices(context_, count, step, ended, alive, together);
  };
  queue.waiting.push_back(std::move(begin));
  begin_next(lane);
}

void Analyst::begin_next(Lane lane) {
  Queue& queue = queues_[static_cast<std::size_t>(lane)];
  const bool full = queue.running >= kMostAtOnce[static_cast<std::size_t>(lane)];
  if (full || queue.waiting.empty()) return;
  const auto begin = std::move(queue.waiting.front());
  queue.waiting.pop_front();
  begin();
}

void Analyst::try_policy(const pb::Policy& policy, std::int64_t days, std::function<void(Result<pb::PolicyTrial>)> then) {
  if (trying_) return then(refuse(Code::kTrialRunning));
  trying_ = true;
  const State& state = runtime_.state();
  auto copy = std::make_shared<Copy>();
  copy->rows.taxonomy = state.taxonomy();
  copy->before = state.policy();
  copy->after = policy;
  copy->trial.set_to(to_int(runtime_.now()));
  copy->trial.set_from(to_int(runtime_.now() - std::chrono::days{days}));
  const Slot areas = state.areas().size();
  const Slot parties = state.parties().size();
  const Slot offers = state.offers().size();
  const Slot needs = state.needs().size();
  const auto row = [&state](pb::Event::RowCase kind, std::uint64_t key) { return std::string(state.row_bytes(kind, key)); };
  copy->rows.areas.reserve(areas);
  copy->rows.parties.reserve(parties);
  copy->rows.offers.reserve(offers);
  copy->opened.reserve(needs);
  const auto step = [&state, copy, row, areas, parties, offers](std::size_t at) {
    auto i = static_cast<Slot>(at);
    TrialRows& rows = copy->rows;
    if (i < areas) return rows.areas.push_back(row(pb::Event::kArea, state.areas()[i].id.value()));
    i -= areas;
    if (i < parties) return rows.parties.push_back(row(pb::Event::kParty, state.parties()[i].id.value()));
    i -= parties;
    if (i < offers) return rows.offers.push_back(row(pb::Event::kOffer, state.offers()[i].id.value()));
    i -= offers;
    if (!counts_for_fill(state.needs()[i].state)) return;
    const std::int64_t opened = state.progress(i).opened;
    if (opened >= copy->trial.from() && opened < copy->trial.to()) copy->opened.emplace_back(opened, i);
  };
  const auto solve = [this, copy, then] {
    if (trial_.joinable()) trial_.join();
    trial_ = background_thread([this, copy, then] {
      const auto half = [&](const pb::Policy& p) {
        const auto until = Clock::now() + kMostTrialTime;
        return qiao::try_policy(copy->rows, p, [&] { return !stopping_ && Clock::now() < until; });
      };
      auto before = std::make_shared<Result<TrialResult>>(half(copy->before));
      auto after = std::make_shared<Result<TrialResult>>(half(copy->after));
      auto fills = std::make_shared<std::vector<pb::CommunityFill>>();
      if (*before && *after) *fills = compare_fills(before->value(), after->value());
      if (fills->size() > kMostTrialCommunities) fills->resize(kMostTrialCommunities);
      // A copy of the whole market is let go of here, where nobody waits for it.
      copy->rows = {};
      boost::asio::post(context_, [this, copy, then, before, after, fills] {
        trying_ = false;
        if (!*before) return then(std::move(*before).error());
        if (!*after) return then(std::move(*after).error());
        then(report(*copy, std::move(before->value()), std::move(after->value()), std::move(*fills)));
      });
    });
  };
  const auto newest = [copy] {
    auto& opened = copy->opened;
    std::sort(opened.begin(), opened.end());
    const std::size_t all = opened.size();
    if (all > kMostTrialNeeds) opened.erase(opened.begin(), opened.end() - kMostTrialNeeds);
    copy->trial.set_taken_milli(
        all == 0 ? 1000 : static_cast<std::uint32_t>(opened.size() * 1000 / all));
    if (all > kMostTrialNeeds) copy->trial.set_from(std::max(copy->trial.from(), opened.front().first));
  };
  const auto copy_needs = [this, &state, copy, solve] {
    const auto one = [&state, copy](std::size_t i) {
      copy->rows.needs.push_back(as_posted(state.load_need(copy->opened[i].second)));
    };
    in_slices(Lane::kLong, copy->opened.size(), kShortSteps, one, solve);
  };
  in_slices(Lane::kLong, std::size_t{areas} + parties + offers + needs, kShortSteps, step,
            [this, newest, copy_needs] { beside_.run(newest, copy_needs); });
}

}  // namespace qiao
