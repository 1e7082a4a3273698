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

// The fields that its poster wrote, and no personal data: the market sets its own fields again.
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
  std::vector<std::pair<std::int64_t, Slot>> opened;  // within the period; and its opening time
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

// Free again when the question is destroyed.
std::shared_ptr<const void> Analyst::place_in(Lane lane, const Share& share) {
  ++queue_of(lane).running;
  return {this, [self = std::weak_ptr(self_), lane, share](const void*) {
            const auto analyst = self.lock();
            if (!analyst) return;
            Queue& queue = (*analyst)->queue_of(lane);
            --queue.running;
            queue.turns.ended(share);
            boost::asio::post((*analyst)->context_, [self, lane] {
              if (const auto there = self.lock()) (*there)->begin_next(lane);
            });
          }};
}

void Analyst::in_turn(Lane lane, const std::shared_ptr<Question>& question,
                      std::function<void()> begin) {
  if (question->place) return begin();
  auto& turns = queue_of(lane).turns;
  const Share& share = question->share;
  Taken taken = turns.add(share.account, share, {question, begin});
  if (taken != Taken::kYes) {
    // A question that nobody waits for does not keep others out.
    turns.drop([](const Waiting& waiting) { return !waiting.question->waits(); });
    taken = turns.add(share.account, share, {question, std::move(begin)});
  }
  taken == Taken::kYes ? begin_next(lane) : question->refuse(taken);
}

void Analyst::begin_next(Lane lane) {
  Queue& queue = queue_of(lane);
  while (queue.running < kMostAtOnce[static_cast<std::size_t>(lane)]) {
    const auto next = queue.turns.next();
    if (!next) return;
    Question& question = *next->question;
    if (!question.waits()) {
      queue.turns.ended(question.share);
      continue;
    }
    question.place = place_in(lane, question.share);
    next->begin();
  }
}

void Analyst::in_slices(Lane lane, const std::shared_ptr<Question>& question, std::size_t count,
                        std::size_t together, std::function<void(std::size_t)> step,
                        std::function<void()> done) {
  in_turn(lane, question,
          [this, question, count, together, step = std::move(step), done = std::move(done)] {
            const auto alive = [self = std::weak_ptr(self_), question] {
              return !self.expired() && question->waits();
            };
            qiao::in_slices(context_, count, step, done, alive, together, question->charge);
          });
}

void Analyst::run_beside(const std::shared_ptr<Question>& question, std::function<void()> work,
                         std::function<void()> done) {
  auto used = std::make_shared<std::chrono::nanoseconds>();
  const auto timed = [used, work = std::move(work)] {
    const auto begin = Clock::now();
    work();
    *used = Clock::now() - begin;
  };
  beside_.run(timed, [self = std::weak_ptr(self_), question, used, done = std::move(done)] {
    if (self.expired()) return;
    question->charge(*used);
    done();
  });
}

void Analyst::try_policy(const std::shared_ptr<Question>& question, const pb::Policy& policy,
                         std::int64_t days, std::function<void(Result<pb::PolicyTrial>)> then) {
  if (!trying_.expired()) return then(refuse(Code::kTrialRunning));
  trying_ = question;
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
  const auto row = [&state](pb::Event::RowCase kind, std::uint64_t key) {
    return std::string(state.row_bytes(kind, key));
  };
  copy->rows.areas.reserve(areas);
  copy->rows.parties.reserve(parties);
  copy->rows.offers.reserve(offers);
  copy->opened.reserve(needs);
  const auto step = [&state, copy, row, areas, parties, offers](std::size_t at) {
    auto i = static_cast<Slot>(at);
    TrialRows& rows = copy->rows;
    if (i < areas) return rows.areas.push_back(row(pb::Event::kArea, state.areas()[i].id.value()));
    i -= areas;
    if (i < parties)
      return rows.parties.push_back(row(pb::Event::kParty, state.parties()[i].id.value()));
    i -= parties;
    if (i < offers)
      return rows.offers.push_back(row(pb::Event::kOffer, state.offers()[i].id.value()));
    i -= offers;
    if (!counts_for_fill(state.needs()[i].state)) return;
    const std::int64_t opened = state.progress(i).opened;
    if (opened >= copy->trial.from() && opened < copy->trial.to())
      copy->opened.emplace_back(opened, i);
  };
  const auto newest = [copy] {
    auto& opened = copy->opened;
    std::sort(opened.begin(), opened.end());
    const std::size_t all = opened.size();
    if (all > kMostTrialNeeds) opened.erase(opened.begin(), opened.end() - kMostTrialNeeds);
    copy->trial.set_taken_milli(all == 0 ? 1000
                                         : static_cast<std::uint32_t>(opened.size() * 1000 / all));
    if (all > kMostTrialNeeds)
      copy->trial.set_from(std::max(copy->trial.from(), opened.front().first));
  };
  // The lane is free while the thread solves.
  const auto copied = [this, copy, question, then = std::move(then)] {
    question->place.reset();
    tried_ = then;
    solve(copy);
  };
  const auto copy_needs = [this, &state, copy, question, copied] {
    const auto one = [&state, copy](std::size_t i) {
      copy->rows.needs.push_back(as_posted(state.load_need(copy->opened[i].second)));
    };
    in_slices(Lane::kLong, question, copy->opened.size(), kShortSteps, one, copied);
  };
  in_slices(Lane::kLong, question, std::size_t{areas} + parties + offers + needs, kShortSteps, step,
            [this, question, newest, copy_needs] { run_beside(question, newest, copy_needs); });
}

// The thread has no reference to the request: the callbacks are kept here meanwhile.
void Analyst::solve(const std::shared_ptr<Copy>& copy) {
  if (trial_.joinable()) trial_.join();
  trial_ = background_thread([this, copy] {
    const auto half = [&](const pb::Policy& p) {
      const auto until = Clock::now() + kMostTrialTime;
      return qiao::try_policy(copy->rows, p, [&] { return !stopping_ && Clock::now() < until; });
    };
    auto before = std::make_shared<Result<TrialResult>>(half(copy->before));
    auto after = std::make_shared<Result<TrialResult>>(half(copy->after));
    auto fills = std::make_shared<std::vector<pb::CommunityFill>>();
    if (*before && *after) *fills = compare_fills(before->value(), after->value());
    if (fills->size() > kMostTrialCommunities) fills->resize(kMostTrialCommunities);
    // A copy of the whole market is released here if nobody waits for it.
    copy->rows = {};
    boost::asio::post(context_, [this, self = std::weak_ptr(self_), copy, before, after, fills] {
      if (self.expired()) return;
      const auto then = std::exchange(tried_, nullptr);
      if (!*before) return then(std::move(*before).error());
      if (!*after) return then(std::move(*after).error());
      then(report(*copy, std::move(before->value()), std::move(after->value()), std::move(*fills)));
    });
  });
}

}  // namespace qiao
