// Notifies parties of open needs, as the policy says, a few needs at a time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "server/runtime/runtime.h"

namespace qiao {

// For the market thread.
class Notifier {
 public:
  Notifier(boost::asio::io_context& market_context, Runtime& runtime);
  ~Notifier();

 private:
  void tick();
  void notify_of(Slot need);

  Runtime& runtime_;
  boost::asio::steady_timer timer_;
  Slot next_need_ = 0;
};

}  // namespace qiao
