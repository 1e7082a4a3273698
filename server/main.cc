// qiaod: the server. Wires the application, top to bottom, and runs it.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/signal_set.hpp>
#include <iostream>
#include <optional>
#include <thread>

#include "server/background/clearinghouse.h"
#include "server/background/notifier.h"
#include "server/defaults.h"
#include "server/http/server.h"
#include "server/runtime/log.h"

namespace {

struct Config {
  std::string data = "qiao-data";
  std::string taxonomy;
  std::string policy;
  std::string load;
  std::string default_actor = "lead";
  std::string backups;
  qiao::ServerOptions server;
  qiao::FeedOptions feed;
  bool background = true;
  int timeout = 30;
  int drain = 10;
  int slow = 10;
};

void declare(CLI::App& app, Config& c) {
  app.set_config("--config", "", "Read options from this file (TOML or INI: name = value)")->envname("QIAO_CONFIG");
  app.add_option("--data", c.data, "Folder of the database; made when it is not there")->envname("QIAO_DATA")->capture_default_str();
  app.add_option("--address", c.server.address, "Address to listen on. There are no accounts yet: whoever reaches it may do anything")
      ->envname("QIAO_ADDRESS")->capture_default_str();
  app.add_option("--port", c.server.port, "Port for HTTP and WebSocket; 0: any free one")->envname("QIAO_PORT")->capture_default_str();
  app.add_option("--taxonomy", c.taxonomy, "Words of an empty city (JSON); built-in list where not given")->envname("QIAO_TAXONOMY");
  app.add_option("--policy", c.policy, "Policy of an empty city (JSON); built-in policy where not given")->envname("QIAO_POLICY");
  app.add_option("--load", c.load, "Fill an empty database with this history (JSON lines, as qiao-sim generate writes them)")->envname("QIAO_LOAD");
  app.add_option("--default-actor", c.default_actor, "Who a request without Qiao-Actor comes from: lead or resident")
      ->envname("QIAO_DEFAULT_ACTOR")->capture_default_str()->check(CLI::IsMember({"lead", "resident"}));
  app.add_option("--backups", c.backups, "Folder under which POST /v1/backups makes copies; DATA-backups where not given")->envname("QIAO_BACKUPS");
  app.add_option("--max-connections", c.server.max_connections, "HTTP connections at a time")->envname("QIAO_MAX_CONNECTIONS")->capture_default_str()->check(CLI::Range(1, 1'000'000));
  app.add_option("--max-watchers", c.feed.max_watchers, "WebSocket watchers at a time")->envname("QIAO_MAX_WATCHERS")->capture_default_str()->check(CLI::Range(0, 1'000'000));
  app.add_option("--max-header", c.server.max_header_bytes, "Bytes of a request's header")->envname("QIAO_MAX_HEADER")->capture_default_str()->check(CLI::Range(1024, 1 << 20));
  app.add_option("--max-body", c.server.max_body_bytes, "Bytes of a request's body")->envname("QIAO_MAX_BODY")->capture_default_str()->check(CLI::Range(1024, 1 << 30));
  app.add_option("--max-batch", c.server.max_batch_bytes, "Bytes of the body of POST /v1/batch")->envname("QIAO_MAX_BATCH")->capture_default_str()->check(CLI::Range(1024, 1 << 30));
  app.add_option("--background", c.background, "Clear on schedule and notify parties, as the policy says; false: only when asked to")
      ->envname("QIAO_BACKGROUND")->capture_default_str();
  app.add_option("--timeout", c.timeout, "Seconds for a request to arrive, an answer to be taken, a connection to be idle")->envname("QIAO_TIMEOUT")->capture_default_str()->check(CLI::Range(1, 3600));
  app.add_option("--drain", c.drain, "Seconds for requests under way when stopping")->envname("QIAO_DRAIN")->capture_default_str()->check(CLI::Range(0, 600));
  app.add_option("--slow-watcher", c.slow, "Seconds a watcher may take for one event before it is dropped")->envname("QIAO_SLOW_WATCHER")->capture_default_str()->check(CLI::Range(1, 600));
}

int run(Config c) {
  using namespace qiao;
  // Each connection is a file.
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  c.server.timeout = std::chrono::seconds{c.timeout};
  c.server.drain = std::chrono::seconds{c.drain};
  c.feed.slow = std::chrono::seconds{c.slow};
  auto fail = [](const StoreError& e) {
    log_error(e.message);
    return 1;
  };

  Metrics metrics;
  auto store = Store::open(c.data, Store::Mode::kCreateIfMissing);
  if (!store) return fail(store.error());
  boost::asio::io_context market_context(1);
  boost::asio::io_context feed_context(1);
  RuntimeOptions runtime_options;
  runtime_options.fill_empty = [&](Runtime& r) {
    if (!c.load.empty()) log_info("filling the empty database", {{"from", c.load}});
    return fill_empty_city(r, c.taxonomy, c.policy, c.load);
  };
  const auto clock = [] { return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now()); };
  const auto begin = std::chrono::steady_clock::now();
  auto runtime = Runtime::start(market_context, *store.value(), metrics, clock, runtime_options);
  if (!runtime) return fail(runtime.error());
  const State& state = runtime.value()->state();
  log_info("market loaded",
           {{"areas", state.areas().size()}, {"parties", state.parties().size()}, {"offers", state.offers().size()}, {"needs", state.needs().size()},
            {"matches", state.matches().size()}, {"seq", runtime.value()->applied_seq()},
            {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count()}});

  std::vector<std::pair<AreaCode, AreaCode>> tree;
  for (Slot a = 0; a < state.areas().size(); ++a) {
    const Slot parent = state.areas()[a].parent;
    tree.emplace_back(state.areas()[a].id, parent == kNoSlot ? AreaCode{} : state.areas()[parent].id);
  }
  Feed feed(feed_context, *store.value(), metrics, c.feed, runtime.value()->durable_seq(), std::move(tree));
  runtime.value()->listen([&](auto events) { feed.publish(std::move(events)); });

  Clearinghouse house(market_context, *runtime.value(), {.threads = std::max(1U, std::thread::hardware_concurrency()), .scheduled = c.background});
  std::optional<Notifier> notifier;
  if (c.background) notifier.emplace(market_context, *runtime.value());
  ApiOptions api_options;
  api_options.default_actor.set_role(c.default_actor == "lead" ? pb::ROLE_LEAD : pb::ROLE_RESIDENT);
  api_options.backup_folder = c.backups.empty() ? c.data + "-backups" : c.backups;
  Api api(*runtime.value(), house, metrics, api_options);
  Server server(market_context, api, *runtime.value(), feed, metrics, c.server);
  if (auto listening = server.listen(); !listening) return fail(listening.error());
  log_info("listening", {{"address", c.server.address}, {"port", server.port()}});

  auto feed_work = boost::asio::make_work_guard(feed_context);
  std::thread feed_thread([&] { feed_context.run(); });
  boost::asio::signal_set signals(market_context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    log_info("stopping", {{"signal", signal}});
    feed.close_all();
    server.drain([&] { market_context.stop(); });
  });
  market_context.run();
  runtime.value()->stop();
  // What became durable last is still to be told; then the feed may go.
  market_context.restart();
  market_context.poll();
  feed_work.reset();
  feed_context.stop();
  feed_thread.join();
  log_info("stopped", {{"seq", runtime.value()->applied_seq()}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"qiaod: the Qiao server. Options are taken from the command line, then the environment, then the file."};
  Config config;
  declare(app, config);
  CLI11_PARSE(app, argc, argv);
  return run(std::move(config));
}
