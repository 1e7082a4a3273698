// The server without its sockets, assembled in one place: for qiaod, for tests and for simulations.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>

#include "server/access/gate.h"
#include "server/api/api.h"
#include "server/background/analyst.h"
#include "server/background/clearinghouse.h"
#include "server/background/notifier.h"
#include "server/runtime/metrics.h"
#include "server/runtime/runtime.h"
#include "server/store/store.h"

namespace qiao {

struct ApplicationOptions {
  // Folder of the database, which is created if it does not exist.
  std::string folder;
  StoreOptions store = {};
  RuntimeOptions runtime = {};
  // The market's time. By default this machine's.
  Runtime::Clock clock = {};
  ClearinghouseOptions clearing = {};
  GateOptions gate = {};
  ApiOptions api = {};
  // Decides automatically which parties are notified of which needs.
  bool notify = false;
};

// All functions are for the market thread, which runs `market_context`.
class Application {
 public:
  // Opens the database and loads the market. The context must outlive the application. The first
  // start of an empty database uses options.runtime.fill_empty.
  static StoreResult<std::unique_ptr<Application>> open(boost::asio::io_context& market_context,
                                                        ApplicationOptions options);
  // Destroys in reverse order. Waits for running work.
  ~Application();
  Application(const Application&) = delete;

  // Creates the parts that answer requests and those that work in the background. Call once; a
  // listener that needs every event registers with the runtime before.
  void serve();
  // Waits until everything applied is on disk and its listeners were called. Nothing is applied
  // afterwards.
  void stop();

  Metrics& metrics() { return metrics_; }
  Store& store() { return *store_; }
  Runtime& runtime() { return *runtime_; }
  // Created by serve().
  Clearinghouse& clearinghouse() { return *clearinghouse_; }
  Analyst& analyst() { return *analyst_; }
  Gate& gate() { return *gate_; }
  Api& api() { return *api_; }

 private:
  Application(boost::asio::io_context& market_context, ApplicationOptions options);

  boost::asio::io_context& context_;
  ApplicationOptions options_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Runtime> runtime_;
  std::optional<Clearinghouse> clearinghouse_;
  std::optional<Analyst> analyst_;
  std::optional<Notifier> notifier_;
  std::optional<Gate> gate_;
  std::optional<Api> api_;
};

}  // namespace qiao
