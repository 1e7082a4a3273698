// qiaod: the server. Wires the application, top to bottom, and runs it.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <new>
#include <optional>
#include <thread>

#include "server/background/clearinghouse.h"
#include "server/background/notifier.h"
#include "server/config.h"
#include "server/defaults.h"
#include "server/demo.h"
#include "server/http/pages.h"
#include "server/http/provider_keys.h"
#include "server/http/server.h"
#include "server/runtime/log.h"

namespace {

// build/PRESET/web, where the program is build/PRESET/server/qiaod; ../share/qiao/web of an installed one.
std::string console_beside_program() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto installed = folder / "../share/qiao/web";
  return (std::filesystem::exists(installed, error) ? installed : folder / "../web").lexically_normal().string();
}

// Nothing is answered before it is on disk, so that the end of the process loses nothing that was promised.
void out_of_memory() {
  constexpr std::string_view kWords =
      "{\"level\":\"error\",\"message\":\"out of memory; stopping. Give the process more (or fewer needs and watchers) and start again: nothing that was answered is lost\"}\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  std::_Exit(71);  // EX_OSERR
}

// An assertion, ours or RocksDB's, has said what it found and ends the process.
void aborted(int) {
  constexpr std::string_view kWords =
      "{\"level\":\"error\",\"message\":\"stopped at the line above. If the disk is full or broken put it right; then start again: nothing that was answered is lost\"}\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
}

// EX_DATAERR: the database lost something that was on disk. Another start does not help.
constexpr int kDamaged = 65;

struct Files {
  int database;
  std::size_t sockets;
};

// Connections and the database share the files that a process may have open: those who connect must not keep it from
// writing.
qiao::StoreResult<Files> share_files() {
  constexpr rlim_t kLeast = 256;
  constexpr rlim_t kOther = 64;  // logs, timers, the console, backups
  constexpr rlim_t kPlenty = 16'384;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return qiao::StoreError{"the limit of open files cannot be read"};
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t all = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  if (all < kLeast) return qiao::StoreError{"this process may open " + std::to_string(all) + " files only; give it at least " + std::to_string(kLeast) + " (ulimit -Hn, or LimitNOFILE in systemd)"};
  if (all >= 2 * kPlenty) return Files{-1, all - kPlenty};
  return Files{static_cast<int>(all / 4), all - all / 4 - kOther};
}

int run(qiao::Config c) {
  using namespace qiao;
  std::set_new_handler(out_of_memory);
  std::signal(SIGABRT, aborted);
  c.server.timeout = std::chrono::seconds{c.timeout};
  c.gate.session = Seconds{static_cast<std::int64_t>(c.session_hours * 3600)};
  c.server.drain = std::chrono::seconds{c.drain};
  c.feed.slow = std::chrono::seconds{c.slow};
  auto fail = [](const StoreError& e) {
    log_error(e.zh.empty() ? e.message : e.message + " / " + e.zh);
    return e.damaged ? kDamaged : 1;
  };

  auto files = share_files();
  if (!files) return fail(files.error());
  c.server.max_sockets = files.value().sockets;
  c.feed.max_watchers = std::min(c.feed.max_watchers, c.server.max_sockets);

  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(c.server.address, not_an_address);
  const bool loopback = !not_an_address && address.is_loopback();
  if (c.demo && !loopback) return fail({"--demo is for loopback only: everybody knows the passwords; give --address 127.0.0.1"});
  if (c.server.certificate.empty() != c.server.private_key.empty()) return fail({"--tls-certificate and --tls-key go together"});
  if (!loopback && c.server.certificate.empty() && !c.plain_http) {
    return fail({c.server.address + " can be reached from other machines: give --tls-certificate and --tls-key, or --plain-http where a proxy in front encrypts"});
  }
  const auto& oidc = c.gate.identity_provider;
  if (!oidc.issuer.empty() && (oidc.audience.empty() || oidc.keys.empty())) return fail({"--oidc-issuer needs --oidc-audience and --oidc-keys"});

  if (!c.map_tiles.empty()) {
    c.server.tile_origin = origin_of(c.map_tiles);
    if (c.server.tile_origin.empty()) return fail({"--map-tiles: not an address like https://tiles.example.cn/{z}/{x}/{y}.png"});
  }
  const std::string web = c.web.empty() ? console_beside_program() : c.web;
  if (auto pages = Pages::load(web)) {
    c.server.pages = std::move(pages).value();
  } else if (!c.web.empty()) {
    return fail({"--web: " + pages.error().message});
  } else {
    log_info("the console is not built; serving the API alone", {{"looked_in", web}});
  }

  Metrics metrics;
  auto store = Store::open(c.data, Store::Mode::kCreateIfMissing, StoreOptions{.key_file = c.key, .open_files = files.value().database, .accept_loss = c.accept_loss});
  if (!store) return fail(store.error());
  if (!store.value()->missing().empty()) {
    log_error("started with --accept-loss, without what is missing", {{"what", store.value()->missing()}});
  }
  if (const std::string& key = store.value()->key_without_database(); !key.empty()) {
    log_error("the key file was there, but no database: a new, empty city begins. If there was "
              "one, stop, and check --data and whether its volume is mounted / "
              "有密钥文件，但没有数据库：将建立空的新城市。如原有数据库，请停止运行，"
              "并检查--data以及数据卷是否已挂载",
              {{"key", key}, {"data", c.data}});
  }
  boost::asio::io_context market_context(1);
  boost::asio::io_context feed_context(1);
  RuntimeOptions runtime_options;
  runtime_options.fill_empty = [&](Runtime& r) {
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
  // The market's time never goes back: until the clock has caught up, what happens happens at the time of the last event.
  if (const auto behind = (state.last_time() - clock()).count(); behind > 0) {
    log_error("this machine's clock is behind the last event; put it right: until then the market's time stands still and no time limit passes", {{"seconds", behind}});
  }

  Feed feed(feed_context, *store.value(), metrics, c.feed, runtime.value()->durable_seq(), Relations(state));
  runtime.value()->listen([&](auto events) { feed.publish(std::move(events)); });

  // Behind the feed, which has to hear of everything.
  std::vector<DemoAccount> demo_accounts;
  if (c.demo) {
    auto made = make_demo_accounts(*runtime.value());
    if (!made) return fail({"the demo accounts could not be made: " + made.error().message, false, made.error().zh});
    demo_accounts = std::move(made).value();
  } else if (auto disabled = disable_demo_accounts(*runtime.value()); !disabled) {
    return fail({"the demo accounts could not be disabled: " + disabled.error().message, false, disabled.error().zh});
  } else if (disabled.value() > 0) {
    log_info("demo accounts are disabled: this is not demo mode", {{"accounts", disabled.value()}});
  }

  Clearinghouse house(market_context, *runtime.value(), {.threads = std::max(1U, std::thread::hardware_concurrency()), .scheduled = c.background});
  Analyst analyst(market_context, *runtime.value());
  std::optional<Notifier> notifier;
  if (c.background) notifier.emplace(market_context, *runtime.value());
  ApiOptions api_options;
  api_options.backup_folder = c.backups.empty() ? c.data + "-backups" : c.backups;
  api_options.public_url = c.public_url;
  api_options.map_tiles = c.map_tiles;
  api_options.demo = c.demo;
  Gate gate(market_context, *runtime.value(), c.gate);
  ProviderKeys provider_keys(market_context, gate.identity_provider());
  Api api(*runtime.value(), house, analyst, gate, metrics, api_options);
  Server server(market_context, api, *runtime.value(), feed, metrics, c.server);
  if (auto listening = server.listen(); !listening) return fail(listening.error());
  log_info("listening", {{"address", c.server.address}, {"port", server.port()}, {"tls", c.server.certificate.empty() ? "no" : "yes"}});
  const std::string url = !c.public_url.empty() ? c.public_url : (c.server.certificate.empty() ? "http://" : "https://") + c.server.address + ":" + std::to_string(server.port());
  if (const auto secret = gate.set_up_secret()) {
    std::cout << "\n还没有账号。请用下面的一次性链接建立牵头单位的第一个账号（重启后失效）：\n"
                 "There is no account yet. Make the first one of the lead department with this link (good once, until the server stops):\n\n  "
              << url << "/#/setup/" << *secret << "\n  qiao --server " << url << " setup " << *secret << "\n\n"
              << std::flush;
  }
  if (c.demo) {
    std::cout << "\n*** 演示模式：下列账号的密码人人皆知，请勿录入真实的个人信息 ***\n"
                 "*** DEMO MODE: everybody knows the password of these accounts; enter no real personal data ***\n\n  密码 password: "
              << kDemoPassword << "\n";
    for (const DemoAccount& a : demo_accounts) std::cout << "  " << a.login << std::string(a.login.size() < 18 ? 18 - a.login.size() : 1, ' ') << a.what << "\n";
    std::cout << "\n" << std::flush;
  }

  auto feed_work = boost::asio::make_work_guard(feed_context);
  std::thread feed_thread([&] { feed_context.run(); });
  boost::asio::signal_set signals(market_context, SIGINT, SIGTERM);
  signals.async_wait([&](const boost::system::error_code& error, int signal) {
    if (error) return;
    log_info("stopping", {{"signal", signal}});
    feed.close_all();
    server.drain([&] { market_context.stop(); });
  });
  boost::asio::signal_set reload(market_context, SIGHUP);
  const auto on_reload = [&](auto self) -> void {
    reload.async_wait([&, self](const boost::system::error_code& error, int) {
      if (error) return;
      provider_keys.refresh();
      if (auto done = server.reload_certificate(); !done) {
        log_error("the certificate could not be read again; the old one stays", {{"reason", done.error().message}});
      } else {
        log_info("certificate and keys read again");
      }
      self(self);
    });
  };
  on_reload(on_reload);
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
  qiao::Config config;
  qiao::declare(app, config);
  CLI11_PARSE(app, argc, argv);
  return run(std::move(config));
}
