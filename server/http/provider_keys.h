// The keys of the outside identity provider: from a file, or fetched from its address.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "server/access/identity_provider.h"
#include "server/store/error.h"

namespace qiao {

// For the market thread; long work runs on a thread of its own.
class ProviderKeys {
 public:
  ProviderKeys(boost::asio::io_context& context, IdentityProvider& provider);
  ~ProviderKeys();
  // Reads the keys now; logs a failure, and retries after a while.
  void refresh();

 private:
  void tick();

  boost::asio::io_context& context_;
  IdentityProvider& provider_;
  boost::asio::steady_timer timer_;
  std::chrono::steady_clock::time_point refreshed_{};
  bool good_ = false;
  bool busy_ = false;
  std::thread worker_;
};

}  // namespace qiao
