#include "server/background/clearinghouse.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>

#include "engine/base/fixed.h"
#include "engine/base/number_text.h"
#include "engine/clear/gaps.h"
#include "engine/identity/roles.h"
#include "engine/rows/limits.h"
#include "server/background/analyst.h"
#include "server/background/clearing_run.h"
#include "server/background/slices.h"
#include "server/runtime/deadline.h"
#include "server/runtime/log.h"
#include "server/runtime/threads.h"

namespace qiao {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kDefaultGapMicro = 5'000;
// How often to check whether anybody still waits for gaps.
constexpr std::chrono::milliseconds kGapsWantedEvery{100};
// Needs that are cleared again together, so that copying them takes some milliseconds; after
// changes to more than this share of all needs everything is cleared again.
constexpr std::size_t kRefreshAtOnce = 100;
constexpr std::size_t kWholeAgainAfter = 10;  // one in

std::int64_t milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin).count();
}

struct ReasonWords {
  pb::UnservedReason reason;
  const char* zh;
  const char* en;
};
constexpr ReasonWords kReasons[] = {
    {pb::UNSERVED_REASON_NOBODY, "没有符合条件的供给", "no offer is eligible"},
    {pb::UNSERVED_REASON_OUTBID, "能服务的都安排到了更需要的地方",
     "all eligible offers are worth more elsewhere"},
    {pb::UNSERVED_REASON_INCOMPLETE, "该需求人和物到齐才开展，其他项还没有到齐",
     "the need is all or nothing, and another line of it cannot be filled"},
    {pb::UNSERVED_REASON_RATIO, "专业人员不足，无法再安排志愿者",
     "there are too few professionals for more volunteers"},
};

pb::ClearingStage stage_of(ClearPhase phase) {
  switch (phase) {
    case ClearPhase::kPreparing:
    case ClearPhase::kPrices:
      return pb::CLEARING_STAGE_PRICES;
    case ClearPhase::kRounding:
      return pb::CLEARING_STAGE_ROUNDING;
    case ClearPhase::kBound:
      return pb::CLEARING_STAGE_BOUND;
    case ClearPhase::kImproving:
      return pb::CLEARING_STAGE_IMPROVING;
  }
  return pb::CLEARING_STAGE_UNSPECIFIED;
}

// Why a line of the need stays short: index in kReasons.
std::size_t why_short(const ClearNeed& need, const ClearLine& line) {
  if (line.edges == 0) return 0;
  if (need.all_or_nothing) return 2;
  return need.ratio > 0 && line.people ? 3 : 1;
}

// What was read, and the lines that stay short.
pb::Clearing summary_of(const Instance& in, const Cleared& cleared) {
  std::array<pb::UnservedCount, std::size(kReasons)> unserved;
  std::uint32_t filled = 0;
  for (const ClearNeed& need : in.needs) {
    bool complete = true;
    for (std::uint32_t l = need.first_line; l < need.first_line + need.lines; ++l) {
      const ClearLine& line = in.lines[l];
      std::int64_t lacks = line.missing;
      for (std::uint32_t e = line.first_edge; e < line.first_edge + line.edges; ++e) {
        lacks -= cleared.held[e];
      }
      if (lacks == 0) continue;
      complete = false;
      pb::UnservedCount& count = unserved[why_short(need, line)];
      count.set_lines(count.lines() + 1);
      count.set_units(count.units() + lacks);
    }
    if (complete) ++filled;
  }
  pb::Clearing s;
  for (std::size_t i = 0; i < unserved.size(); ++i) {
    if (unserved[i].lines() == 0) continue;
    unserved[i].set_reason(kReasons[i].reason);
    unserved[i].set_zh(kReasons[i].zh);
    unserved[i].set_en(kReasons[i].en);
    *s.add_unserved() = unserved[i];
  }
  s.set_needs(static_cast<std::uint32_t>(in.needs.size()));
  s.set_lines(static_cast<std::uint32_t>(in.lines.size()));
  s.set_offers(static_cast<std::uint32_t>(in.offers.size()));
  s.set_needs_filled(filled);
  s.set_gap_micro(cleared.gap_micro());
  s.set_cut_short(cleared.cut_short);
  return s;
}

}  // namespace

Clearinghouse::Clearinghouse(boost::asio::io_context& market_context, Runtime& runtime,
                             ClearinghouseOptions options)
    : context_(market_context),
      runtime_(runtime),
      options_(options),
      timer_(market_context),
      gap_timer_(market_context) {
  read_kept();
  runtime_.on_event([this](const pb::Event& e) { changed(e); });
  if (options_.scheduled) tick();
}

Clearinghouse::~Clearinghouse() {
  stopping_ = true;
  if (running_) running_->cancelled = true;
  join();
  runtime_.on_event({});
}

void Clearinghouse::post(std::function<void()> work) {
  boost::asio::post(context_, [token = std::weak_ptr<int>(alive_), work = std::move(work)] {
    if (!token.expired()) work();
  });
}

std::function<bool()> Clearinghouse::while_alive() const {
  return [token = std::weak_ptr<int>(alive_)] { return !token.expired(); };
}

void Clearinghouse::join() {
  if (solver_.joinable()) solver_.join();
  if (refresher_.joinable()) refresher_.join();
  if (gap_finder_.joinable()) gap_finder_.join();
}

std::shared_ptr<Clearinghouse::Run> Clearinghouse::find(std::uint64_t id) const {
  const auto it = std::find_if(runs_.begin(), runs_.end(),
                               [&](const auto& r) { return r->summary.id() == id; });
  return it == runs_.end() ? nullptr : *it;
}

namespace {

Refusal no_clearing(std::uint64_t id) {
  return refuse(Code::kNotFound, "id", "clearing " + std::to_string(id),
                "统一对接" + std::to_string(id));
}

}  // namespace

Status Clearinghouse::check_request(const pb::ClearingRequest& request,
                                    const pb::Actor& actor) const {
  const State& state = runtime_.state();
  const bool organiser = actor.role() == pb::ROLE_ORGANISER;
  if (!organiser && actor.role() != pb::ROLE_LEAD && actor.role() != pb::ROLE_MARKET) {
    return refuse(Code::kRoleForbidden, "actor.role");
  }
  Slot within = kNoSlot;
  if (request.area_code() != 0) {
    within = state.areas().find(AreaCode{request.area_code()});
    if (within == kNoSlot)
      return refuse(Code::kUnknownArea, "areaCode", std::to_string(request.area_code()));
  }
  if (organiser) {
    if (within == kNoSlot) return refuse(Code::kRequired, "areaCode");
    QIAO_TRY(check_area(Scope::kArea, actor, state, within));
  }
  const std::int64_t most = organiser ? kMostBudgetOfOrganiser : kMostBudgetOfLead;
  if (request.has_budget() && (request.budget() < 1 || request.budget() > most)) {
    return refuse(Code::kOutOfRange, "budget", "1.." + std::to_string(most));
  }
  if (request.has_target_gap_micro() &&
      (request.target_gap_micro() < 0 || request.target_gap_micro() > kMicro)) {
    return refuse(Code::kOutOfRange, "targetGapMicro", "0.." + std::to_string(kMicro));
  }
  if (!pb::ClearingApply_IsValid(request.apply()))
    return refuse(Code::kOutOfRange, "apply", "ClearingApply");
  return outcome::success();
}

Status Clearinghouse::check_queue(const pb::Actor& actor) const {
  if (!running_) return outcome::success();
  const auto role = actor.role();
  if (role == pb::ROLE_MARKET) return refuse(Code::kClearingRunning);
  const auto of_actor = [&](const std::shared_ptr<Run>& run) {
    return run->actor.role() == role && run->actor.party_id() == actor.party_id();
  };
  const bool organiser = role == pb::ROLE_ORGANISER;
  if (organiser && (of_actor(running_) || std::any_of(queue_.begin(), queue_.end(), of_actor))) {
    return refuse(Code::kClearingRunning);
  }
  const auto waiting = static_cast<std::size_t>(std::count_if(
      queue_.begin(), queue_.end(), [&](const auto& run) { return run->actor.role() == role; }));
  const std::size_t most = organiser ? kMostWaitingOfOrganisers : kMostWaitingOfLead;
  if (waiting >= most) return refuse(Code::kClearingQueueFull, {}, std::to_string(most));
  return outcome::success();
}

Result<pb::Clearing> Clearinghouse::start(const pb::ClearingRequest& request,
                                          const pb::Actor& actor) {
  QIAO_TRY(check_request(request, actor));
  QIAO_TRY(check_queue(actor));
  auto run = std::make_shared<Run>();
  run->request = request;
  run->actor = actor;
  run->within = runtime_.state().areas().find(AreaCode{request.area_code()});
  run->summary.set_id(next_id_++);
  run->summary.set_state(pb::CLEARING_STATE_QUEUED);
  run->summary.set_scheduled(actor.role() == pb::ROLE_MARKET);
  run->summary.set_area_code(request.area_code());
  run->summary.set_started_at(to_int(runtime_.now()));
  runs_.push_front(run);
  enqueue(run);
  begin_next();
  keep_summary(*run);
  return get(run->summary.id());
}

// The lead's before those of organisers; otherwise first come, first served.
void Clearinghouse::enqueue(const std::shared_ptr<Run>& run) {
  auto at = queue_.end();
  if (run->actor.role() != pb::ROLE_ORGANISER) {
    at = std::find_if(queue_.begin(), queue_.end(),
                      [](const auto& r) { return r->actor.role() == pb::ROLE_ORGANISER; });
  }
  queue_.insert(at, run);
}

void Clearinghouse::begin_next() {
  if (running_ || queue_.empty()) return;
  const auto run = queue_.front();
  queue_.pop_front();
  begin(run);
}

void Clearinghouse::begin(const std::shared_ptr<Run>& run) {
  const State& state = runtime_.state();
  run->summary.set_state(pb::CLEARING_STATE_RUNNING);
  run->summary.set_stage(pb::CLEARING_STAGE_COLLECTING);
  run->summary.set_started_at(to_int(runtime_.now()));
  run->begin = Clock::now();
  run->collector = std::make_unique<Collector>(runtime_.ranking(), runtime_.now(),
                                               clear_candidates(state.needs().size()));
  running_ = run;
  if (run->within == kNoSlot) {
    // Changes from now on may affect rows that were copied already.
    dirty_needs_.clear();
    dirty_offers_.clear();
    changes_ = 0;
  }
  post([this] { list_some(); });
}

// A slice of work at a time, then other work of the market thread gets a turn. Needs in order of
// their places.
void Clearinghouse::list_some() {
  const auto run = running_;
  if (!run) return;
  const State& state = runtime_.state();
  // Growing it, and the fills below, would copy megabytes in one slice.
  run->order.reserve(state.needs().size());
  const auto until = Clock::now() + kSlice;
  while (run->next_need < state.needs().size() && !run->cancelled) {
    const Slot n = run->next_need++;
    if (takes_matches(state.needs()[n].state) &&
        (run->within == kNoSlot || state.within(state.needs()[n].area, run->within)))
      run->order.push_back(placed(state, n));
    if (Clock::now() >= until) break;
  }
  if (run->next_need < state.needs().size() && !run->cancelled) {
    post([this] { list_some(); });
    return;
  }
  if (solver_.joinable()) solver_.join();
  solver_ = background_thread([this, run] {
    std::sort(run->order.begin(), run->order.end());
    post([this] { collect_some(); });
  });
}

void Clearinghouse::collect_some() {
  const auto run = running_;
  if (!run) return;
  const auto until = Clock::now() + kSlice;
  while (run->next_placed < run->order.size() && !run->cancelled) {
    run->collector->add(run->order[run->next_placed++].need);
    if (Clock::now() >= until) break;
  }
  if (run->next_placed < run->order.size() && !run->cancelled) {
    post([this] { collect_some(); });
    return;
  }
  run->collected = true;
  list_fills(run);
}

void Clearinghouse::list_fills(const std::shared_ptr<Run>& run) {
  run->fills.reserve(runtime_.state().areas().size());
  const auto add = [this, run](std::size_t area) {
    add_fill(run->fills, runtime_.state(), static_cast<Slot>(area));
  };
  const auto done = [this, run] {
    run->summary.set_collect_ms(milliseconds_since(run->begin));
    if (solver_.joinable()) solver_.join();
    solver_ = background_thread([this, run] { solve(run); });
  };
  in_slices(context_, runtime_.state().areas().size(), add, done, while_alive(), kShortSteps);
}

void Clearinghouse::solve(std::shared_ptr<Run> run) {
  const auto begin = Clock::now();
  const auto budget =
      std::chrono::seconds{run->request.has_budget() ? run->request.budget() : kDefaultBudget};
  auto solved = std::make_shared<Solved>();
  solved->instance = run->collector->finish(on_threads(options_.threads));
  run->collector.reset();
  const Instance& in = solved->instance;
  {
    const std::lock_guard lock(run->mutex);
    run->per_micro = in.per_micro;
  }
  ClearOptions options;
  options.target_gap_micro =
      run->request.has_target_gap_micro() ? run->request.target_gap_micro() : kDefaultGapMicro;
  options.workers = on_threads(options_.threads);
  Deadline deadline(begin + budget);
  options.keep_going = [&](const ClearProgress& p) {
    {
      const std::lock_guard lock(run->mutex);
      run->progress = p;
    }
    return !run->cancelled && !stopping_ && deadline.allows(p);
  };
  solved->cleared = clear_market(in, options);
  auto plan = std::make_unique<Plan>(runtime_.ranking());
  plan->replace(in, solved->cleared);

  std::vector<Chosen> proposals;
  for (const ClearNeed& need : in.needs) {
    for (const PlannedPart& p : plan->of(need.ref)) proposals.push_back({need.ref, p});
  }
  pb::Clearing found = summary_of(in, solved->cleared);
  found.set_proposals(static_cast<std::uint32_t>(proposals.size()));
  found.set_value_micro(plan->value_micro());
  found.set_bound_micro(plan->bound_micro());
  found.set_solve_ms(milliseconds_since(begin));
  post([this, run, found = std::move(found), solved = std::move(solved),
        plan = std::shared_ptr<Plan>(std::move(plan)),
        proposals = std::make_shared<std::vector<Chosen>>(std::move(proposals))] {
    run->summary.MergeFrom(found);
    run->solved = solved;
    run->proposals = std::move(*proposals);
    run->plan = std::make_unique<Plan>(std::move(*plan));
    on_solved(run);
  });
}

void Clearinghouse::on_solved(const std::shared_ptr<Run>& run) {
  const auto add = [this, run](std::size_t i) {
    const Instance& in = run->solved->instance;
    add_fill(run->fills, runtime_.state(), in, run->solved->cleared.held, in.needs[i]);
  };
  const auto done = [this, run] { measure_equity(run); };
  in_slices(context_, run->solved->instance.needs.size(), add, done, while_alive(), kShortSteps);
}

// Beside the market: a nation has 100,000 communities to sort.
void Clearinghouse::measure_equity(const std::shared_ptr<Run>& run) {
  if (solver_.joinable()) solver_.join();
  solver_ = background_thread([this, run] {
    post([this, run, before = equity(run->fills, When::kBefore),
          after = equity(run->fills, When::kAfter)] {
      *run->summary.mutable_equity_before() = before;
      *run->summary.mutable_equity_after() = after;
      keep_result(run, [this, run] { conclude(run); });
    });
  });
}

void Clearinghouse::conclude(const std::shared_ptr<Run>& run) {
  pb::Clearing& s = run->summary;
  s.set_state(run->cancelled ? pb::CLEARING_STATE_CANCELLED : pb::CLEARING_STATE_DONE);
  if (run->cancelled) {
    run->say("已提前结束，结果截至当时", "stopped early, with the result so far");
  }
  s.set_stage(pb::CLEARING_STAGE_UNSPECIFIED);
  s.set_finished_at(to_int(runtime_.now()));
  run->has_result = true;
  running_.reset();
  if (run->within == kNoSlot) {
    if (plan_) beside_.let_go(std::shared_ptr<Plan>(std::move(plan_)));
    plan_ = std::move(run->plan);
    plan_id_ = s.id();
    planned_at_ = runtime_.now();
    if (latest_) beside_.let_go(std::move(latest_));
    latest_ = run->solved;
  }
  beside_.let_go(std::move(run->solved));
  keep_summary(*run);
  log_info("cleared", {{"id", s.id()},
                       {"needs", s.needs()},
                       {"proposals", s.proposals()},
                       {"gap_micro", s.gap_micro()},
                       {"collect_ms", s.collect_ms()},
                       {"solve_ms", s.solve_ms()}});
  if (run->request.apply() != pb::CLEARING_APPLY_UNSPECIFIED && !run->cancelled)
    begin_apply(run, run->request.apply(), run->actor);
  forget_old();
  begin_next();
}

void Clearinghouse::begin_apply(const std::shared_ptr<Run>& run, pb::ClearingApply how,
                                const pb::Actor& actor) {
  run->how = how;
  run->applier = actor;
  // The market's own clearings are applied on behalf of the lead, whose policy they follow.
  if (actor.role() == pb::ROLE_MARKET) run->applier.set_role(pb::ROLE_LEAD);
  run->next_proposal = 0;
  run->say("", "");
  run->summary.set_stage(pb::CLEARING_STAGE_APPLYING);
  post([this, run] { apply_some(run); });
}

// One command for all parts; false if the market refuses it, or if a party has refused a line
// since: only a dispatch that names the offer asks it again.
bool Clearinghouse::make_matches(Run& run, std::span<const Chosen> parts) {
  const State& state = runtime_.state();
  pb::Command command;
  *command.mutable_actor() = run.applier;
  for (const Chosen& c : parts) {
    const auto refused = parties_that_refused(state, c.part.line);
    const Slot party = state.offers()[c.part.offer].party;
    if (std::find(refused.begin(), refused.end(), party) != refused.end()) return false;
    pb::MakeMatch& m = *command.mutable_batch()->add_commands()->mutable_make_match();
    m.set_need_id(state.needs()[c.need].id.value());
    m.set_line(state.line(c.part.line).number);
    m.set_offer_id(state.offers()[c.part.offer].id.value());
    m.set_quantity(c.part.units);
    const bool dispatch = run.how == pb::CLEARING_APPLY_DISPATCH;
    m.set_how(dispatch ? pb::MATCH_STATE_DISPATCHED : pb::MATCH_STATE_PROPOSED);
  }
  if (!runtime_.apply(command)) return false;
  const auto given = static_cast<std::uint32_t>(parts.size());
  run.summary.set_applied(run.summary.applied() + given);
  return true;
}

// Needs one after another, each in one command: an all-or-nothing need gets all of its parts or
// none. Proposals that no longer hold are dropped.
void Clearinghouse::apply_some(const std::shared_ptr<Run>& run) {
  const State& state = runtime_.state();
  pb::Clearing& s = run->summary;
  const auto until = Clock::now() + kSlice;
  std::size_t& i = run->next_proposal;
  while (i < run->proposals.size() && Clock::now() < until) {
    std::size_t end = i;
    while (end < run->proposals.size() && run->proposals[end].need == run->proposals[i].need) ++end;
    keep_progress(*run, end);
    const std::span<const Chosen> parts(run->proposals.data() + i, end - i);
    if (!make_matches(*run, parts)) {
      const bool whole = state.needs()[parts.front().need].all_or_nothing;
      for (const Chosen& c : parts) {
        if (whole || !make_matches(*run, {&c, 1})) s.set_dropped(s.dropped() + 1);
      }
    }
    i = end;
  }
  if (i < run->proposals.size()) {
    post([this, run] { apply_some(run); });
    return;
  }
  end_apply(*run);
}

void Clearinghouse::end_apply(Run& run) {
  run.summary.set_stage(pb::CLEARING_STAGE_UNSPECIFIED);
  forget_proposals(run);
  keep_summary(run);
  forget_old();
}

// An organiser may use clearings of its own area only.
Status Clearinghouse::check_reach(const Run& run, const pb::Actor& actor) const {
  if (actor.role() != pb::ROLE_ORGANISER) return outcome::success();
  if (run.within == kNoSlot) return refuse(Code::kNotYours, "actor.partyId");
  return check_area(Scope::kArea, actor, runtime_.state(), run.within);
}

Result<pb::Clearing> Clearinghouse::cancel(std::uint64_t id, const pb::Actor& actor) {
  const auto run = find(id);
  if (!run) return no_clearing(id);
  if (!run->waits() && !run->runs()) return refuse(Code::kWrongState, "id", "done", "已结束");
  QIAO_TRY(check_reach(*run, actor));
  run->cancelled = true;
  if (run->waits()) {
    std::erase(queue_, run);
    run->summary.set_state(pb::CLEARING_STATE_CANCELLED);
    run->summary.set_finished_at(to_int(runtime_.now()));
    run->say("排队时已取消，没有结果", "cancelled while queued; there is no result");
    keep_summary(*run);
    forget_old();
  }
  return get(id);
}

Status Clearinghouse::check_applicable(const Run& run) const {
  if (run.busy()) return refuse(Code::kClearingRunning, "id");
  if (!run.has_result) return refuse(Code::kWrongState, "id", "without a result", "没有结果");
  const pb::Clearing& s = run.summary;
  if (run.proposals.empty() && s.applied() + s.dropped() < s.proposals()) {
    return refuse(Code::kWrongState, "id", "its proposals are no longer available",
                  "建议明细已不再保留");
  }
  return outcome::success();
}

Result<pb::Clearing> Clearinghouse::apply(std::uint64_t id, pb::ClearingApply how,
                                          const pb::Actor& actor) {
  const auto run = find(id);
  if (!run) return no_clearing(id);
  if (how != pb::CLEARING_APPLY_PROPOSE && how != pb::CLEARING_APPLY_DISPATCH)
    return refuse(Code::kRequired, "apply");
  if (actor.role() != pb::ROLE_LEAD && actor.role() != pb::ROLE_ORGANISER)
    return refuse(Code::kRoleForbidden, "actor.role");
  QIAO_TRY(check_reach(*run, actor));
  QIAO_TRY(check_applicable(*run));
  begin_apply(run, how, actor);
  return run->summary;
}

Result<pb::Clearing> Clearinghouse::get(std::uint64_t id) const {
  const auto run = find(id);
  if (!run) return no_clearing(id);
  pb::Clearing s = run->summary;
  if (run->waits()) {
    const auto at = std::find(queue_.begin(), queue_.end(), run);
    const auto before = std::to_string(at - queue_.begin() + (running_ ? 1 : 0));
    s.set_zh("排队中，前面还有" + before + "轮");
    s.set_en("waits for " + before + " before it");
  }
  if (!run->runs()) return s;
  if (run->collected) {
    const std::lock_guard lock(run->mutex);
    s.set_stage(stage_of(run->progress.phase));
    s.set_value_micro(run->progress.value / run->per_micro);
    s.set_bound_micro(run->progress.bound / run->per_micro);
    if (s.bound_micro() > 0)
      s.set_gap_micro(
          div_micro(std::max<std::int64_t>(0, s.bound_micro() - s.value_micro()), s.bound_micro()));
  }
  return s;
}

std::vector<pb::Clearing> Clearinghouse::list() const {
  std::vector<pb::Clearing> result;
  result.reserve(runs_.size());
  for (const auto& run : runs_) result.push_back(get(run->summary.id()).value());
  return result;
}

Result<std::span<const Clearinghouse::Chosen>> Clearinghouse::proposals(std::uint64_t id) const {
  const auto run = find(id);
  if (!run) return no_clearing(id);
  return std::span<const Chosen>(run->proposals);
}

pb::Proposal Clearinghouse::describe(const Chosen& c) const {
  const State& state = runtime_.state();
  const LineRow& line = state.line(c.part.line);
  const pb::Need need = state.load_need(c.need);
  const pb::Offer offer = state.load_offer(c.part.offer);
  const Slot party = state.offers()[c.part.offer].party;
  pb::Proposal p;
  p.set_need_id(need.id());
  p.set_line(line.number);
  p.set_need_title(need.title());
  p.set_offer_id(offer.id());
  p.set_offer_title(offer.title());
  p.set_party_id(state.parties()[party].id.value());
  p.set_party_name(state.load_party(party).name());
  p.set_quantity(c.part.units);
  p.set_start(to_int(line.window.start));
  p.set_end(to_int(line.window.end));
  p.set_value_micro(c.part.value_micro);
  p.set_price_micro(c.part.price_micro);
  const auto points = [](std::int64_t micro) { return micro_text(micro, 2); };
  const std::string here =
      points(c.part.value_micro * c.part.units / std::max<std::int64_t>(1, line.quantity));
  const std::int64_t elsewhere = c.part.price_micro * c.part.units;
  if (elsewhere == 0) {
    p.set_zh("这一对接推荐分" + here + "，目前没有其他需求要用");
    p.set_en("value " + here + " here; no other need is waiting for it");
  } else {
    p.set_zh("这一对接推荐分" + here + "，用于下一个需求为" + points(elsewhere));
    p.set_en("value " + here + " here, " + points(elsewhere) + " for the next need");
  }
  return p;
}

void Clearinghouse::gaps(const std::shared_ptr<Question>& question, Slot within, std::size_t most,
                         std::function<void(pb::SupplyGapsResponse)> then) {
  if (!latest_) return then(pb::SupplyGapsResponse());
  auto finder = std::make_shared<GapFinder>(runtime_.ranking(), latest_->instance, latest_->cleared,
                                            GapOptions{within, most});
  const auto found = [this, solved = latest_, finder, id = plan_id_,
                      then = std::move(then)](pb::SupplyGapsResponse gaps) {
    gaps.set_clearing_id(id);
    beside_.let_go(finder);
    then(std::move(gaps));
  };
  const std::size_t last = finder->steps();
  const auto step = [finder, last](std::size_t line) {
    line < last ? finder->add(line) : finder->choose();
  };
  const auto find = [this, question, finder, found] {
    gaps_found_ = found;
    gaps_wanted_ = true;
    watch_gaps(question);
    find_gaps(finder);
  };
  const auto alive = [here = while_alive(), question] { return here() && question->waits(); };
  in_slices(context_, last + 1, step, find, alive, kShortSteps, question->charge);
}

// The thread has no reference to the request: the callbacks are kept here meanwhile.
void Clearinghouse::find_gaps(const std::shared_ptr<GapFinder>& finder) {
  if (gap_finder_.joinable()) gap_finder_.join();
  gap_finder_ = background_thread([this, finder] {
    auto response = std::make_shared<pb::SupplyGapsResponse>();
    const auto until = Clock::now() + kMostGapTime;
    const auto keep_going = [this, until] {
      return gaps_wanted_ && !stopping_ && Clock::now() < until;
    };
    for (pb::SupplyGap& g : finder->find(keep_going)) *response->add_gaps() = std::move(g);
    post([this, response] { std::exchange(gaps_found_, nullptr)(std::move(*response)); });
  });
}

// Ends the thread's work when nobody waits for it any more.
void Clearinghouse::watch_gaps(const std::weak_ptr<Question>& asked) {
  gap_timer_.expires_after(kGapsWantedEvery);
  gap_timer_.async_wait([this, asked](const boost::system::error_code& error) {
    if (error) return;
    const auto question = asked.lock();
    if (!question) return;
    gaps_wanted_ = question->waits();
    if (gaps_wanted_) watch_gaps(asked);
  });
}

Result<std::shared_ptr<EquityCount>> Clearinghouse::equity_report(std::uint64_t id) const {
  const State& state = runtime_.state();
  std::shared_ptr<Run> run;
  if (id != 0) {
    run = find(id);
    if (!run) return no_clearing(id);
    if (run->waits() || run->runs()) return refuse(Code::kClearingRunning);
    if (!run->has_result) {
      return refuse(Code::kWrongState, "clearing", "without a result", "没有结果");
    }
  } else {
    const auto latest =
        std::find_if(runs_.begin(), runs_.end(), [](const auto& r) { return r->has_result; });
    if (latest != runs_.end()) run = *latest;
  }
  if (!run) return std::make_shared<EquityCount>(state);
  // While the count references them, the run is not deleted.
  const std::shared_ptr<const std::vector<Fill>> fills(run, &run->fills);
  return std::make_shared<EquityCount>(state, run->summary.id(), fills);
}

// Whether changed needs are cleared again.
bool Clearinghouse::keeps_plan() const {
  return options_.scheduled && runtime_.state().policy().clearing().every() > 0;
}

void Clearinghouse::changed(const pb::Event& event) {
  if (!plan_ && !running_) return;
  if (!keeps_plan()) {
    dirty_needs_.clear();
    dirty_offers_.clear();
    return;
  }
  const State& state = runtime_.state();
  if (event.need_id() != 0 && event.kind() != pb::EVENT_KIND_PARTY_NOTIFIED) {
    dirty_needs_.insert(state.needs().find(NeedId{event.need_id()}));
    ++changes_;
  }
  if (event.has_match()) {
    dirty_offers_.insert(state.offers().find(OfferId{event.match().offer_id()}));
  }
  if (event.has_offer()) {
    dirty_offers_.insert(state.offers().find(OfferId{event.offer().id()}));
    ++changes_;
  }
  if (event.has_party()) {
    // Its newest offers, as in its own ranking: it may have any number of them.
    int considered = 0;
    Slot o = state.parties()[state.parties().find(PartyId{event.party().id()})].first_offer;
    for (; o != kNoSlot && considered < kMaxOffersRanked; o = state.offers()[o].next_of_party) {
      dirty_offers_.insert(o);
      ++considered;
    }
  }
  // Any value may have changed.
  if (event.has_policy() || event.has_taxonomy()) changes_ += state.needs().size() + 1;
}

void Clearinghouse::tick() {
  timer_.expires_after(std::chrono::seconds{1});
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error || stopping_) return;
    const pb::ClearingPolicy& policy = runtime_.state().policy().clearing();
    if (policy.every() > 0 && !running_ && !refreshing_) {
      const bool late = runtime_.now() >= planned_at_ + Seconds{policy.every()};
      const bool much = changes_ * kWholeAgainAfter > runtime_.state().needs().size();
      if (!plan_ || (late && (changes_ > 0)) || much) {
        pb::ClearingRequest request;
        request.set_apply(policy.apply());
        pb::Actor actor;
        actor.set_role(pb::ROLE_MARKET);
        if (const auto started = start(request, actor); !started)
          log_error("a scheduled clearing was refused", {{"reason", started.error().en()}});
      } else if (!dirty_needs_.empty() || !dirty_offers_.empty()) {
        refresh();
      }
    }
    tick();
  });
}

// Some of the changed rows, so that copying them takes no longer than a large command.
void Clearinghouse::refresh() {
  const auto some = [](std::set<Slot>& dirty) {
    std::vector<Slot> newest;
    while (!dirty.empty() && newest.size() < kRefreshAtOnce) {
      newest.push_back(*dirty.rbegin());
      dirty.erase(std::prev(dirty.end()));
    }
    std::reverse(newest.begin(), newest.end());
    return newest;
  };
  refreshing_ = plan_->begin(some(dirty_needs_), some(dirty_offers_), runtime_.now());
  read_refresh(plan_id_);
}

// In slices, because in a dense market each offer has thousands of lines. A clearing of everything
// may replace the plan in between.
void Clearinghouse::read_refresh(std::uint64_t plan) {
  if (!plan_ || plan_id_ != plan) return end_refresh();
  const auto until = Clock::now() + kSlice;
  while (plan_->read_some(*refreshing_)) {
    if (Clock::now() >= until) return post([this, plan] { read_refresh(plan); });
  }
  if (refresher_.joinable()) refresher_.join();
  refresher_ = background_thread([this, refresh = refreshing_, plan] {
    ClearOptions options;
    options.target_gap_micro = kDefaultGapMicro;
    options.keep_going = [this, until = Clock::now() + std::chrono::seconds{1}](
                             const ClearProgress&) { return !stopping_ && Clock::now() < until; };
    Plan::solve(*refresh, options);
    post([this, plan] { finish_refresh(plan); });
  });
}

void Clearinghouse::finish_refresh(std::uint64_t plan) {
  const auto put = [this, plan](std::size_t need) {
    if (plan_ && plan_id_ == plan) plan_->finish(*refreshing_, static_cast<std::uint32_t>(need));
  };
  in_slices(
      context_, refreshing_->instance.needs.size(), put, [this] { end_refresh(); }, while_alive());
}

void Clearinghouse::end_refresh() { beside_.let_go(std::move(refreshing_)); }

}  // namespace qiao
