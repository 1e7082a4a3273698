#include "server/background/notifier.h"

#include "engine/market/notifications.h"
#include "engine/notify/notify.h"
#include "server/runtime/log.h"

namespace qiao {
namespace {

constexpr auto kSlice = std::chrono::milliseconds{1};
// Pause between two slices, so that the market is free most of the time; and a longer one after
// each pass.
constexpr auto kBetweenSlices = std::chrono::milliseconds{50};
constexpr auto kBetweenRounds = std::chrono::seconds{30};

}  // namespace

Notifier::Notifier(boost::asio::io_context& market_context, Runtime& runtime)
    : runtime_(runtime), timer_(market_context) {
  tick();
}
Notifier::~Notifier() { timer_.cancel(); }

void Notifier::tick() {
  const bool round = next_need_ >= runtime_.state().needs().size();
  if (round) next_need_ = 0;
  timer_.expires_after(round ? std::chrono::steady_clock::duration{kBetweenRounds}
                             : kBetweenSlices);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    const State& state = runtime_.state();
    if (state.policy().notification().fill_micro() == 0 || quiet(state, runtime_.now())) {
      next_need_ = state.needs().size();
    }
    const auto until = std::chrono::steady_clock::now() + kSlice;
    while (next_need_ < state.needs().size() && std::chrono::steady_clock::now() < until)
      notify_of(next_need_++);
    tick();
  });
}

void Notifier::notify_of(Slot need) {
  const auto notifications = choose_notifications(runtime_.ranking(), need, runtime_.now());
  if (notifications.empty()) return;
  pb::Command command;
  command.mutable_actor()->set_role(pb::ROLE_MARKET);
  for (const pb::Notification& n : notifications)
    *command.mutable_notify()->add_notifications() = n;
  if (const auto told = runtime_.apply(command); !told)
    log_error("parties could not be notified", {{"reason", told.error().en()}});
}

}  // namespace qiao
