#include "server/runtime/runtime.h"

#include <boost/asio/post.hpp>

#include "server/runtime/log.h"
#include "server/runtime/threads.h"

namespace qiao {
namespace {

// Long sleeps are divided, so that a wall clock that is set forward is noticed.
constexpr auto kLongestSleep = std::chrono::seconds{1};
constexpr auto kHousekeepingEvery = std::chrono::minutes{10};
constexpr std::size_t kResponsesDeletedAtOnce = 10'000;

}  // namespace

Published outline_of(const pb::Event& e) {
  return {.seq = e.seq(),
          .kind = e.kind(),
          .area = AreaCode{e.area_code()},
          .party = PartyId{e.party_id()},
          .need = NeedId{e.need_id()},
          .row = e.row_case(),
          .row_id = e.has_person() ? e.person().id() : e.account().id(),
          .need_state = e.need().state(),
          .opened = e.need().opened_at() != 0,
          .resident_ref = e.need().resident_ref(),
          .active = e.party().standing() == pb::STANDING_ACTIVE,
          .account_area = AreaCode{e.account().area_code()},
          .bytes = {}};
}

Runtime::Runtime(boost::asio::io_context& context, Store& store, Metrics& metrics, Clock clock,
                 RuntimeOptions options)
    : context_(context),
      store_(store),
      metrics_(metrics),
      clock_(std::move(clock)),
      options_(options),
      timer_(context),
      housekeeping_(context) {}

StoreResult<std::unique_ptr<Runtime>> Runtime::start(boost::asio::io_context& context, Store& store,
                                                     Metrics& metrics, Clock clock,
                                                     RuntimeOptions options) {
  std::unique_ptr<Runtime> runtime(new Runtime(context, store, metrics, std::move(clock), options));
  QIAO_TRY(store.load(runtime->market_, on_threads(2)));
  runtime->durable_seq_ = runtime->applied_seq();
  QIAO_TRY(runtime->fill());
  store.on_damage([r = runtime.get()](const StoreError& error) { r->fail(error); });
  runtime->count_rows();
  metrics.applied_seq.set(static_cast<std::int64_t>(runtime->durable_seq_));
  metrics.durable_seq.set(static_cast<std::int64_t>(runtime->durable_seq_));
  if (options.driven) return runtime;
  runtime->committer_ = std::thread([r = runtime.get()] { r->run_commits(); });
  runtime->housekeeper_ = std::thread([r = runtime.get()] { r->run_jobs(); });
  runtime->arm_timer();
  const auto housekeep = [r = runtime.get()](auto self) -> void {
    r->housekeeping_.expires_after(kHousekeepingEvery);
    r->housekeeping_.async_wait([r, self](const boost::system::error_code& error) {
      if (error) return;
      // Data to be purged were erased in a group that is written before the job runs.
      const bool purge = r->store_.vault().take_forgotten();
      const std::lock_guard lock(r->mutex_);
      r->jobs_.push_back([r, purge] { r->tidy_up(purge); });
      r->work_.notify_one();
      self(self);
    });
  };
  housekeep(housekeep);
  return runtime;
}

StoreResult<void> Runtime::fill() {
  QIAO_TRY(auto cut_off, store_.load_mark());
  if (options_.fill_empty && (applied_seq() == 0 || cut_off)) {
    QIAO_TRY(options_.fill_empty(*this));
    if (!open_group_.empty()) {
      QIAO_TRY(store_.commit(open_group_));
    }
    open_group_.clear();
    durable_seq_ = applied_seq();
    QIAO_TRY(cut_off, store_.load_mark());
  }
  if (cut_off) return load_was_cut_off(*cut_off);
  return outcome::success();
}

std::size_t Runtime::pending_bytes() const {
  const std::lock_guard lock(mutex_);
  return open_group_.bytes();
}

StoreResult<void> Runtime::commit_load(const std::optional<LoadMark>& mark) {
  const std::lock_guard lock(mutex_);
  mark ? open_group_.put_load_mark(*mark, store_) : open_group_.delete_load_mark(store_);
  QIAO_TRY(store_.commit(open_group_));
  open_group_.clear();
  durable_seq_ = applied_seq();
  return outcome::success();
}

Runtime::~Runtime() {
  stop();
  store_.on_damage({});
}

void Runtime::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    work_.notify_one();
  }
  if (committer_.joinable()) committer_.join();
  if (housekeeper_.joinable()) housekeeper_.join();
  timer_.cancel();
  housekeeping_.cancel();
}

void Runtime::tidy_up() { tidy_up(store_.vault().take_forgotten()); }

void Runtime::tidy_up(bool purge) {
  while (true) {
    const auto deleted =
        store_.delete_stored_responses(clock_() - options_.keep_responses, kResponsesDeletedAtOnce);
    if (!deleted) return fail(deleted.error());
    if (deleted.value() < kResponsesDeletedAtOnce) break;
  }
  // The key of erased data is deleted; now it leaves the files as well.
  if (!purge) return;
  if (const auto purged = store_.purge(); !purged) fail(purged.error());
}

bool Runtime::overloaded() const { return pending_bytes() > options_.max_pending_bytes; }

Result<Applied> Runtime::apply(const pb::Command& command, const KeyedResponse* keyed) {
  return apply_at(command, clock_(), keyed);
}

Result<Applied> Runtime::apply_at(const pb::Command& command, Time now,
                                  const KeyedResponse* keyed) {
  // Timers due before this command expire before it.
  if (const auto due = market_.next_tick(); due && *due <= now) tick(now);
  auto applied = market_.apply(command, now);
  if (!applied) {
    metrics_.commands_refused.add();
    return std::move(applied).error();
  }
  const Outcome& outcome = applied.value();
  Applied result{applied_seq(), {outcome.subjects.begin(), outcome.subjects.end()}};
  record(outcome, keyed, result);
  return result;
}

void Runtime::record(const Outcome& outcome, const KeyedResponse* keyed, const Applied& applied) {
  metrics_.commands_applied.add();
  metrics_.events.add(outcome.events.size());
  metrics_.applied_seq.set(static_cast<std::int64_t>(applied_seq()));
  if (listener_) {
    for (const pb::Event& e : outcome.events) {
      auto published = std::make_shared<Published>(outline_of(e));
      published->bytes = e.SerializeAsString();
      unpublished_.push_back(std::move(published));
    }
  }
  if (observer_) {
    for (const pb::Event& e : outcome.events) observer_(e);
  }
  ResponseToStore to_store;
  if (keyed != nullptr) to_store = keyed->make(applied);
  std::string kept;
  {
    const std::lock_guard lock(mutex_);
    open_group_.add(outcome.events, market_.state(), store_);
    if (keyed != nullptr)
      kept = open_group_.add_response(keyed->key, std::move(to_store.response), *to_store.message,
                                      clock_(), store_);
    work_.notify_one();
  }
  if (keyed != nullptr) {
    unwritten_response_order_.emplace_back(applied.seq, keyed->key);
    unwritten_responses_[keyed->key] = {std::move(kept), applied.seq};
  }
  count_rows();
  arm_timer();
  if (market_.refresh_timers(0) && !refreshing_timers_) refresh_timers();
}

// After a policy with other time limits: a millisecond at a time, so that requests get their turn.
void Runtime::refresh_timers() {
  constexpr std::size_t kRowsAtOnce = 2'000;
  refreshing_timers_ = market_.refresh_timers(kRowsAtOnce);
  while (options_.driven && refreshing_timers_) {
    refreshing_timers_ = market_.refresh_timers(kRowsAtOnce);
  }
  if (!refreshing_timers_) return arm_timer();
  boost::asio::post(context_, [this] { refresh_timers(); });
}

void Runtime::count_rows() {
  metrics_.parties.set(state().parties().size());
  metrics_.offers.set(state().offers().size());
  metrics_.needs.set(state().needs().size());
  metrics_.matches.set(state().matches().size());
}

void Runtime::run_commits() {
  Group group;
  std::vector<std::function<void()>> jobs;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      work_.wait(lock, [this] { return stopping_ || !open_group_.empty() || !jobs_.empty(); });
      if (stopping_ && open_group_.empty() && jobs_.empty()) break;
      std::swap(group, open_group_);
      std::swap(jobs, jobs_);
    }
    if (!group.empty() && !write(group)) break;
    if (jobs.empty()) continue;
    const std::lock_guard lock(mutex_);
    std::move(jobs.begin(), jobs.end(), std::back_inserter(ready_jobs_));
    jobs.clear();
    jobs_ready_.notify_one();
  }
  const std::lock_guard lock(mutex_);
  commits_ended_ = true;
  jobs_ready_.notify_one();
}

void Runtime::run_jobs() {
  std::vector<std::function<void()>> jobs;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      jobs_ready_.wait(lock, [this] { return commits_ended_ || !ready_jobs_.empty(); });
      if (ready_jobs_.empty()) return;
      std::swap(jobs, ready_jobs_);
    }
    for (auto& job : jobs) job();
    jobs.clear();
  }
}

void Runtime::fail(const StoreError& error) const {
  if (options_.on_disk_failure) return options_.on_disk_failure(error);
  const std::string reason = error.message + (error.zh.empty() ? "" : " / " + error.zh);
  if (error.damaged) {
    log_error("the database is damaged; stopping. Restore the last backup", {{"reason", reason}});
    std::_Exit(65);  // EX_DATAERR
  }
  log_error(
      "the disk failed; stopping so that nothing is promised that is not on it. Repair it (is "
      "it full? read-only?) and start again: nothing that was answered is lost",
      {{"reason", reason}});
  std::_Exit(74);  // EX_IOERR
}

bool Runtime::write(Group& group) {
  const auto begin = std::chrono::steady_clock::now();
  if (auto written = store_.commit(group); !written) {
    fail(written.error());
    return false;
  }
  metrics_.commit_us.record_us(
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                     std::chrono::steady_clock::now() - begin)
                                     .count()));
  metrics_.commit_groups.add();
  const Seq seq = group.last_seq();
  group.clear();
  boost::asio::post(context_, [this, seq] { on_durable(seq); });
  return true;
}

bool Runtime::commit() {
  std::swap(written_group_, open_group_);
  if (!written_group_.empty() && !write(written_group_)) return false;
  for (auto& job : std::exchange(jobs_, {})) job();
  return true;
}

void Runtime::on_durable(Seq seq) {
  durable_seq_ = std::max(durable_seq_, seq);
  metrics_.durable_seq.set(static_cast<std::int64_t>(durable_seq_));
  while (!unwritten_response_order_.empty() &&
         unwritten_response_order_.front().first <= durable_seq_) {
    unwritten_responses_.erase(unwritten_response_order_.front().second);
    unwritten_response_order_.pop_front();
  }
  if (listener_ && !unpublished_.empty()) {
    auto end = unpublished_.begin();
    while (end != unpublished_.end() && (*end)->seq <= durable_seq_) ++end;
    std::vector<std::shared_ptr<const Published>> ready(
        std::make_move_iterator(unpublished_.begin()), std::make_move_iterator(end));
    unpublished_.erase(unpublished_.begin(), end);
    if (!ready.empty()) listener_(std::move(ready));
  }
  while (!waiters_.empty() && waiters_.front().seq <= durable_seq_) {
    auto then = std::move(waiters_.front().then);
    waiters_.pop_front();
    then();
  }
}

void Runtime::when_durable(Seq seq, std::function<void()> then) {
  if (seq <= durable_seq_) return then();
  auto at = waiters_.end();
  while (at != waiters_.begin() && std::prev(at)->seq > seq) --at;
  waiters_.insert(at, {seq, std::move(then)});
}

std::optional<Runtime::FoundResponse> Runtime::find_stored_response(const std::string& key) const {
  FoundResponse found{{}, 0};
  if (const auto it = unwritten_responses_.find(key); it != unwritten_responses_.end()) {
    found.seq = it->second.seq;
    return found.stored.ParseFromString(it->second.bytes) ? std::optional(std::move(found))
                                                          : std::nullopt;
  }
  auto kept = store_.find_stored_response(key);
  if (!kept) fail(kept.error());
  if (!kept || !kept.value()) return std::nullopt;
  if (!found.stored.ParseFromString(*kept.value()))
    fail({"a stored response cannot be read; restore the last backup", true});
  return found;
}

void Runtime::keep_clearing(std::uint64_t number, ClearingPart part,
                            std::optional<std::string> bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes) {
    open_group_.put_clearing(number, part, *bytes, store_);
  } else {
    open_group_.delete_clearing(number, part, store_);
  }
  work_.notify_one();
}

void Runtime::checkpoint(std::string path, std::function<void(StoreResult<Head>)> then) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back([this, path = std::move(path), then = std::move(then)] {
    auto result = std::make_shared<StoreResult<Head>>(store_.checkpoint(path));
    boost::asio::post(context_, [then, result] { then(std::move(*result)); });
  });
  work_.notify_one();
}

void Runtime::arm_timer() {
  if (options_.driven) return;
  const auto due = market_.next_tick();
  // A timer that expires early does no harm; arming one costs a microsecond.
  if (!due || (is_set(armed_for_) && armed_for_ <= *due)) return;
  armed_for_ = *due;
  const auto wait = std::clamp<std::chrono::steady_clock::duration>(
      *due - clock_(), std::chrono::milliseconds{0}, kLongestSleep);
  timer_.expires_after(wait);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    armed_for_ = {};
    tick(clock_());
  });
}

void Runtime::tick(Time now) {
  pb::Command command;
  command.mutable_actor()->set_role(pb::ROLE_MARKET);
  command.mutable_tick();
  const auto applied = market_.apply(command, now);
  QIAO_CHECK(applied.has_value(), "a tick is never refused");
  if (!applied.value().events.empty()) {
    record(applied.value(), nullptr, {applied_seq(), {}});
  } else {
    arm_timer();
  }
}

}  // namespace qiao
