// The server without its sockets, put together once: for qiaod, for tests and for simulations.
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
  // Of the database, which is made where there is none.
  std::string folder;
  StoreOptions store = {};
  RuntimeOptions runtime = {};
  // The market's time. Not given: this machine's.
  Runtime::Clock clock = {};
  ClearinghouseOptions clearing = {};
  GateOptions gate = {};
  ApiOptions api = {};
  // Decides by itself which parties are told of which needs.
  bool notify = false;
};

// All functions are for the market thread, which is the one that runs `market_context`.
class Application {
 public:
  // Opens the database and loads the market. The context outlives the application. What was given
  // to the first start of an empty database is in options.runtime.fill_empty.
  static StoreResult<std::unique_ptr<Application>> open(boost::asio::io_context& market_context,
                                                        ApplicationOptions options);
  // Destroys what was made last first. Waits for what is under way.
  ~Application();
  Application(const Application&) = delete;

  // Makes what answers requests and what works beside them. Once; whoever has to hear of every
  // event listens to the runtime before.
  void serve();
  // Waits until everything applied is on disk and its listeners were told. Nothing is applied
  // afterwards.
  void stop();

  Metrics& metrics() { return metrics_; }
  Store& store() { return *store_; }
  Runtime& runtime() { return *runtime_; }
  // From serve() on.
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
