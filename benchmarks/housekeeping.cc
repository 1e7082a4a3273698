// Do answers wait while the database is tidied? Changes come at a steady pace to a market of a
// million needs; how long each waits until it is on disk, when nothing else goes on and during each
// kind of housekeeping.
//   tools/bench housekeeping --scale full
#include <rocksdb/db.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <thread>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "server/runtime/runtime.h"
#include "server/store/store.h"

namespace qiao::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kEvery = std::chrono::milliseconds{4};
constexpr auto kQuiet = std::chrono::seconds{4};
constexpr auto kKept = std::chrono::days{3};  // an answer older than two is to be forgotten

void commit(Store& store, Group& group) {
  QIAO_CHECK(store.commit(group).has_value(), "the disk takes a write");
  group.clear();
}

// A market of that size, and as many answers to repeated requests that are too old.
void make(Store& store, std::int64_t answers) {
  RankedMarket market;
  Group group;
  fill(market, {scaled(30'000, 1'000'000), scaled(40'000, 1'350'000)}, [&](const Outcome& o) {
    group.add(o.events, market.state(), store);
    if (group.bytes() >= (4 << 20)) commit(store, group);
  });
  for (std::int64_t i = 0; i < answers; ++i) {
    pb::StoredResponse kept;
    kept.set_status(201);
    kept.set_request_hash(std::string(16, static_cast<char>(i)));
    pb::Need shown;
    shown.set_id(static_cast<std::uint64_t>(i));
    group.add_response("key" + std::to_string(i), std::move(kept), shown, kNow - kKept, store);
    if (group.bytes() >= (4 << 20)) commit(store, group);
  }
  commit(store, group);
}

// Changes, one every kEvery, and how long each waited.
class Changes {
 public:
  Changes(boost::asio::io_context& context, Runtime& runtime) : timer_(context), runtime_(runtime) {
    next_ = Clock::now();
    send();
  }
  // Those since the last call, in milliseconds. For the thread that runs the context.
  std::vector<double> take() { return std::exchange(waits_, {}); }
  void stop() { stopped_ = true; }

 private:
  void send() {
    if (stopped_) return;
    pb::Command command;
    command.mutable_actor()->set_role(pb::ROLE_LEAD);
    pb::Area& area = *command.mutable_put_area();
    area = runtime_.state().load_area(0);
    area.set_population(area.population() + 1);
    const auto applied = runtime_.apply(command);
    QIAO_CHECK(applied.has_value(), "an area may be changed");
    // From when it was to be sent: a market thread that is held up holds up what comes after, too.
    runtime_.when_durable(applied.value().seq, [this, due = next_] {
      waits_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - due).count());
    });
    next_ += kEvery;
    timer_.expires_at(next_);
    timer_.async_wait([this](const auto& error) {
      if (!error) send();
    });
  }

  boost::asio::steady_timer timer_;
  Runtime& runtime_;
  Clock::time_point next_;
  std::vector<double> waits_;
  bool stopped_ = false;
};

void run() {
  const std::int64_t answers = scaled(50'000, 1'000'000);
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-housekeeping";
  std::filesystem::remove_all(folder);
  auto store = Store::open(folder + "/db", Store::Mode::kCreateIfMissing);
  QIAO_CHECK(store.has_value(), "the disk takes a database");
  make(*store.value(), answers);
  boost::asio::io_context context;
  Metrics metrics;
  auto runtime = Runtime::start(context, *store.value(), metrics, [] { return kNow; });
  QIAO_CHECK(runtime.has_value(), "the database opens again");
  Changes changes(context, *runtime.value());
  const auto during = [&](const std::function<void()>& work) {
    changes.take();
    std::atomic<bool> done = false;
    std::thread worker([&] {
      work();
      done = true;
    });
    const auto until = Clock::now() + std::chrono::seconds{1};
    while (!done || Clock::now() < until) context.run_for(std::chrono::milliseconds{20});
    worker.join();
    return changes.take();
  };
  const auto measure = [&](const std::string& name, const std::function<void()>& work) {
    const double quiet = percentile(during([] { std::this_thread::sleep_for(kQuiet); }), 0.99);
    const Stopwatch watch;
    const auto waits = during(work);
    const std::string what = "housekeeping." + name;
    compared(what + ".p99", percentile(waits, 0.99), "ms", "quiet p99, ms", quiet, Goal::kAtMost,
             3);
    figure(what + ".longest", *std::max_element(waits.begin(), waits.end()), "ms",
           std::to_string(waits.size()) + " changes in " + std::to_string(watch.seconds()) + " s");
  };
  Store& s = *store.value();
  measure("backup",
          [&] { QIAO_CHECK(s.checkpoint(folder + "/copy").has_value(), "the disk takes a copy"); });
  double seconds = 0;
  measure("delete_stored_responses", [&] {
    const Stopwatch watch;
    while (s.delete_stored_responses(kNow - std::chrono::days{2}, 10'000).value() == 10'000) {
    }
    seconds = watch.seconds();
  });
  limited("housekeeping.delete_stored_responses.needed", 1'000, "per s",
          static_cast<double>(answers) / seconds);
  measure("purge", [&] { QIAO_CHECK(s.purge().has_value(), "the disk takes a purge"); });
  measure("compaction", [&] {
    for (const auto kind : {pb::Event::kParty, pb::Event::kOffer, pb::Event::kNeed}) {
      s.db().CompactRange({}, s.family(kind), nullptr, nullptr);
    }
  });
  changes.stop();
  runtime.value()->stop();
  context.restart();
  context.poll();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
