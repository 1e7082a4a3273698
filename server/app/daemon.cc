#include "server/app/daemon.h"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <filesystem>
#include <iostream>
#include <new>
#include <optional>
#include <thread>

#include "server/api/console_pages.h"
#include "server/app/application.h"
#include "server/app/demo.h"
#include "server/app/empty_city.h"
#include "server/http/pages.h"
#include "server/http/provider_keys.h"
#include "server/http/server.h"
#include "server/runtime/log.h"

namespace qiao {
namespace {

// build/PRESET/web if the program is build/PRESET/server/qiaod; ../share/qiao/web of an installed
// one.
std::string console_beside_program() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const auto installed = folder / "../share/qiao/web";
  const bool is_installed = std::filesystem::exists(installed, error);
  return (is_installed ? installed : folder / "../web").lexically_normal().string();
}

// Nothing is answered before it is on disk, so the end of the process loses nothing that was
// promised.
void out_of_memory() {
  constexpr std::string_view kWords =
      "{\"level\":\"error\",\"message\":\"out of memory; stopping. Give the process more (or fewer "
      "needs and watchers) and start again: nothing that was answered is lost\"}\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
  std::_Exit(71);  // EX_OSERR
}

// An assertion, ours or RocksDB's, has printed its message and ends the process.
void aborted(int) {
  constexpr std::string_view kWords =
      "{\"level\":\"error\",\"message\":\"stopped at the line above. If the disk is full or broken "
      "repair it; then start again: nothing that was answered is lost\"}\n";
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, kWords.data(), kWords.size());
}

// EX_DATAERR: the database lost something that was on disk. Restarting does not help.
constexpr int kDamaged = 65;

int failed(const StoreError& e) {
  log_error(e.zh.empty() ? e.message : e.message + " / " + e.zh);
  return e.damaged ? kDamaged : 1;
}

struct Files {
  int database;
  std::size_t sockets;
};

// Connections and the database share the limit of open files: connections must not keep the
// database from writing.
StoreResult<Files> share_files() {
  constexpr rlim_t kLeast = 256;
  constexpr rlim_t kOther = 64;  // logs, timers, the console, backups
  constexpr rlim_t kPlenty = 16'384;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return StoreError{"the limit of open files cannot be read"};
  }
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const rlim_t all = std::min<rlim_t>(limit.rlim_max, 1 << 20);
  if (all < kLeast) {
    return StoreError{"this process may open " + std::to_string(all) +
                      " files only; give it at least " + std::to_string(kLeast) +
                      " (ulimit -Hn, or LimitNOFILE in systemd)"};
  }
  if (all >= 2 * kPlenty) return Files{-1, all - kPlenty};
  return Files{static_cast<int>(all / 4), all - all / 4 - kOther};
}

// Options that exclude or require each other.
StoreResult<void> check(const Config& c) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(c.server.address, not_an_address);
  const bool loopback = !not_an_address && address.is_loopback();
  if (c.demo && !loopback) {
    return StoreError{
        "--demo is for loopback only: everybody knows the passwords; use --address 127.0.0.1"};
  }
  if (c.server.certificate.empty() != c.server.private_key.empty()) {
    return StoreError{"--tls-certificate and --tls-key require each other"};
  }
  if (!loopback && c.server.certificate.empty() && !c.plain_http) {
    return StoreError{c.server.address +
                      " can be reached from other machines: use --tls-certificate and --tls-key, "
                      "or --plain-http behind a proxy that encrypts"};
  }
  const auto& oidc = c.gate.identity_provider;
  if (!oidc.issuer.empty() && (oidc.audience.empty() || oidc.keys.empty())) {
    return StoreError{"--oidc-issuer requires --oidc-audience and --oidc-keys"};
  }
  if (!c.map_tiles.empty() && origin_of(c.map_tiles).empty()) {
    return StoreError{"--map-tiles: not an address like https://tiles.example.cn/{z}/{x}/{y}.png"};
  }
  return outcome::success();
}

// The console; without it the API alone is served, unless a folder was named.
StoreResult<void> load_console(Config& c) {
  const std::string folder = c.web.empty() ? console_beside_program() : c.web;
  auto pages = Pages::load(folder);
  if (pages) {
    c.server.pages = std::move(pages).value();
  } else if (!c.web.empty()) {
    return StoreError{"--web: " + pages.error().message};
  } else {
    log_info("the console is not built; serving the API alone", {{"looked_in", folder}});
  }
  return outcome::success();
}

ApplicationOptions options_of(const Config& c, int open_files) {
  ApplicationOptions options;
  options.folder = c.data;
  options.store = {.key_file = c.key, .open_files = open_files, .accept_loss = c.accept_loss};
  options.runtime.fill_empty = [taxonomy = c.taxonomy, policy = c.policy,
                                history = c.load](Runtime& runtime) {
    return fill_empty_city(runtime, taxonomy, policy, history);
  };
  options.clearing = {.threads = std::max(1U, std::thread::hardware_concurrency()),
                      .scheduled = c.background};
  options.gate = c.gate;
  options.api.backup_folder = c.backups.empty() ? c.data + "-backups" : c.backups;
  options.api.public_url = c.public_url;
  options.api.map_tiles = c.map_tiles;
  options.api.demo = c.demo;
  options.notify = c.background;
  return options;
}

void report_loaded(Application& application, const std::string& folder,
                   std::chrono::steady_clock::duration took) {
  if (const auto& missing = application.store().missing(); !missing.empty()) {
    log_error("started with --accept-loss, without what is missing", {{"what", missing}});
  }
  if (const std::string& key = application.store().key_without_database(); !key.empty()) {
    log_error(
        "the key file exists, but no database: creating a new, empty city. If there was a "
        "database, "
        "stop, and check --data and whether its volume is mounted / "
        "有密钥文件，但没有数据库：将建立空的新城市。如原有数据库，请停止运行，"
        "并检查--data以及数据卷是否已挂载",
        {{"key", key}, {"data", folder}});
  }
  const Runtime& runtime = application.runtime();
  const State& state = runtime.state();
  log_info("market loaded",
           {{"areas", state.areas().size()},
            {"parties", state.parties().size()},
            {"offers", state.offers().size()},
            {"needs", state.needs().size()},
            {"matches", state.matches().size()},
            {"seq", runtime.applied_seq()},
            {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()}});
  // The market's time never goes back: until the clock has caught up, changes are recorded at the
  // time of the last event.
  if (const auto behind = (state.last_time() - runtime.now()).count(); behind > 0) {
    log_error(
        "this machine's clock is behind the last event; correct it: timers are paused until it "
        "catches up",
        {{"seconds", behind}});
  }
}

// Creates the accounts of demo mode; in other modes, disables those that exist.
StoreResult<std::vector<DemoAccount>> prepare_demo_accounts(Runtime& runtime, bool demo) {
  if (demo) {
    auto made = make_demo_accounts(runtime);
    if (made) return made;
    const StoreError& e = made.error();
    return StoreError{"the demo accounts could not be created: " + e.message, false, e.zh};
  }
  const auto disabled = disable_demo_accounts(runtime);
  if (!disabled) {
    const StoreError& e = disabled.error();
    return StoreError{"the demo accounts could not be disabled: " + e.message, false, e.zh};
  }
  if (disabled.value() > 0) {
    log_info("demo accounts are disabled: this is not demo mode", {{"accounts", disabled.value()}});
  }
  return std::vector<DemoAccount>{};
}

void greet(const Config& c, std::uint16_t port, const Gate& gate,
           const std::vector<DemoAccount>& demo_accounts) {
  const bool tls = !c.server.certificate.empty();
  log_info("listening",
           {{"address", c.server.address}, {"port", port}, {"tls", tls ? "yes" : "no"}});
  const std::string url = !c.public_url.empty() ? c.public_url
                                                : (tls ? "https://" : "http://") +
                                                      c.server.address + ":" + std::to_string(port);
  if (const auto secret = gate.set_up_secret()) {
    std::cout << "\n还没有账号。请用下面的一次性链接建立牵头单位的第一个账号（重启后失效）：\n"
                 "There is no account yet. Create the first one of the lead department with this "
                 "link (valid once, until the server stops):\n\n  "
              << console::set_up_page(url, *secret) << "\n  qiao --server " << url << " setup "
              << *secret << "\n\n"
              << std::flush;
  }
  if (!c.demo) return;
  std::cout << "\n*** 演示模式：下列账号的密码人人皆知，请勿录入真实的个人信息 ***\n"
               "*** DEMO MODE: the password of these accounts is public; do not enter real "
               "personal data ***\n\n  密码 password: "
            << kDemoPassword << "\n";
  constexpr std::size_t kWidth = 18;
  for (const DemoAccount& a : demo_accounts) {
    const std::size_t gap = a.login.size() < kWidth ? kWidth - a.login.size() : 1;
    std::cout << "  " << a.login << std::string(gap, ' ') << a.what << "\n";
  }
  std::cout << "\n" << std::flush;
}

// The feed on its own thread, which ends with this object.
class FeedThread {
 public:
  FeedThread(Application& application, const FeedOptions& options)
      : feed_(context_, application.store(), application.metrics(), options,
              application.runtime().durable_seq(), Relations(application.runtime().state())),
        thread_([this] { context_.run(); }) {}
  ~FeedThread() {
    work_.reset();
    context_.stop();
    thread_.join();
  }
  FeedThread(const FeedThread&) = delete;
  Feed& feed() { return feed_; }

 private:
  boost::asio::io_context context_{1};
  Feed feed_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      context_.get_executor()};
  std::thread thread_;
};

// Stops on SIGINT and SIGTERM; on SIGHUP reads certificate and keys again.
class Signals {
 public:
  Signals(boost::asio::io_context& context, Server& server, Feed& feed, ProviderKeys& keys)
      : context_(context), server_(server), feed_(feed), keys_(keys) {
    stop_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      log_info("stopping", {{"signal", signal}});
      feed_.close_all();
      server_.drain([this] { context_.stop(); });
    });
    wait_for_reload();
  }

 private:
  void wait_for_reload() {
    reload_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      keys_.refresh();
      if (auto done = server_.reload_certificate(); !done) {
        log_error("the certificate could not be read again; the old one stays",
                  {{"reason", done.error().message}});
      } else {
        log_info("certificate and keys read again");
      }
      wait_for_reload();
    });
  }

  boost::asio::io_context& context_;
  Server& server_;
  Feed& feed_;
  ProviderKeys& keys_;
  boost::asio::signal_set stop_{context_, SIGINT, SIGTERM};
  boost::asio::signal_set reload_{context_, SIGHUP};
};

}  // namespace

int serve_until_stopped(Config c) {
  std::set_new_handler(out_of_memory);
  std::signal(SIGABRT, aborted);
  auto files = share_files();
  if (!files) return failed(files.error());
  if (auto good = check(c); !good) return failed(good.error());
  if (auto loaded = load_console(c); !loaded) return failed(loaded.error());
  c.gate.session = Seconds{static_cast<std::int64_t>(c.session_hours * 3600)};
  c.server.timeout = std::chrono::seconds{c.timeout};
  c.server.drain = std::chrono::seconds{c.drain};
  c.server.max_sockets = files.value().sockets;
  c.server.tile_origin = c.map_tiles.empty() ? std::string() : origin_of(c.map_tiles);
  c.feed.slow = std::chrono::seconds{c.slow};
  c.feed.max_watchers = std::min(c.feed.max_watchers, c.server.max_sockets);

  boost::asio::io_context market_context(1);
  const auto begin = std::chrono::steady_clock::now();
  auto opened = Application::open(market_context, options_of(c, files.value().database));
  if (!opened) return failed(opened.error());
  Application& application = *opened.value();
  Runtime& runtime = application.runtime();
  report_loaded(application, c.data, std::chrono::steady_clock::now() - begin);

  FeedThread feed(application, c.feed);
  runtime.listen([&](auto events) { feed.feed().publish(std::move(events)); });
  // After the feed, which needs every event.
  auto demo_accounts = prepare_demo_accounts(runtime, c.demo);
  if (!demo_accounts) return failed(demo_accounts.error());

  application.serve();
  ProviderKeys keys(market_context, application.gate().identity_provider());
  Server server(market_context, application.api(), runtime, feed.feed(), application.metrics(),
                c.server);
  if (auto listening = server.listen(); !listening) return failed(listening.error());
  greet(c, server.port(), application.gate(), demo_accounts.value());
  Signals signals(market_context, server, feed.feed(), keys);
  market_context.run();
  application.stop();
  log_info("stopped", {{"seq", runtime.applied_seq()}});
  return 0;
}

}  // namespace qiao
