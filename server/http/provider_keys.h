// Keeps the keys of the outside identity provider at hand: from a file, or fetched from its
// address.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "server/access/identity_provider.h"
#include "server/store/error.h"

namespace qiao {

// For the market thread; what takes long is done on a thread of its own.
class ProviderKeys {
 public:
  ProviderKeys(boost::asio::io_context& context, IdentityProvider& provider);
  ~ProviderKeys();
  // Reads the keys now; says in the log where that fails, and tries again in a while.
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
