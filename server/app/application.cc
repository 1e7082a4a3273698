#include "server/app/application.h"

#include <utility>

namespace qiao {
namespace {

Time machine_time() {
  return std::chrono::time_point_cast<Seconds>(std::chrono::system_clock::now());
}

}  // namespace

Application::Application(boost::asio::io_context& market_context, ApplicationOptions options)
    : context_(market_context), options_(std::move(options)) {
  if (!options_.clock) options_.clock = machine_time;
}

Application::~Application() = default;

StoreResult<std::unique_ptr<Application>> Application::open(boost::asio::io_context& market_context,
                                                            ApplicationOptions options) {
  std::unique_ptr<Application> made(new Application(market_context, std::move(options)));
  const ApplicationOptions& o = made->options_;
  QIAO_TRY(made->store_, Store::open(o.folder, Store::Mode::kCreateIfMissing, o.store));
  QIAO_TRY(made->runtime_,
           Runtime::start(market_context, *made->store_, made->metrics_, o.clock, o.runtime));
  return made;
}

void Application::serve() {
  clearinghouse_.emplace(context_, *runtime_, options_.clearing);
  analyst_.emplace(context_, *runtime_);
  if (options_.notify) notifier_.emplace(context_, *runtime_);
  gate_.emplace(context_, *runtime_, options_.gate);
  api_.emplace(*runtime_, *clearinghouse_, *analyst_, *gate_, metrics_, options_.api);
}

void Application::stop() {
  runtime_->stop();
  context_.restart();
  context_.poll();
}

}  // namespace qiao
