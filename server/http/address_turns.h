// Schedules requests fairly if those of one address take long.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "server/runtime/turns.h"

namespace qiao {

// For the thread that runs the context, which must outlive it.
//
// A round is the work that is ready when the context polls its sockets: with hundreds of
// connections of one address hundreds of requests, and later requests wait for all of them. So an
// address has a millisecond of a round; further work waits. Between two rounds waiting requests run
// for a millisecond, at least one, in turn over addresses.
class AddressTurns {
 public:
  explicit AddressTurns(boost::asio::io_context& context) : context_(context) {}
  AddressTurns(const AddressTurns&) = delete;

  using Moment = std::chrono::steady_clock::time_point;

  // Runs it now, or when it is the address's turn. Runs nothing else here. Waiting work is
  // destroyed with this object.
  template <class Work>
  void run(const std::string& address, Moment now, Work work) {
    open_round();
    std::chrono::nanoseconds& used = used_[address];
    if (used >= kOfARound || (!waiting_.empty() && waiting_.waits(address))) {
      waiting_.add(address, {address, address}, {address, std::move(work)});
      return;
    }
    work();
    used += std::chrono::steady_clock::now() - now;
  }

 private:
  static constexpr std::chrono::milliseconds kOfARound{1};
  static constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  struct Waiting {
    std::string address;
    std::function<void()> work;
  };

  // Posted work runs after everything that is ready now.
  void open_round() {
    if (std::exchange(round_is_open_, true)) return;
    boost::asio::post(context_, [self = std::weak_ptr(self_)] {
      if (const auto turns = self.lock()) (*turns)->end_round();
    });
  }
  void end_round() {
    round_is_open_ = false;
    used_.clear();
    const Moment until = std::chrono::steady_clock::now() + kOfARound;
    while (auto next = waiting_.next()) {
      next->work();
      waiting_.ended({next->address, next->address});
      if (std::chrono::steady_clock::now() >= until) break;
    }
    if (!waiting_.empty()) open_round();
  }

  boost::asio::io_context& context_;
  boost::unordered_flat_map<std::string, std::chrono::nanoseconds> used_;  // of this round
  // At most one a connection, and connections are limited.
  Turns<Waiting> waiting_{{.all = kAny, .per_account = kAny, .per_address = kAny}};
  bool round_is_open_ = false;
  // For posted work, which may run when this is gone.
  std::shared_ptr<AddressTurns*> self_ = std::make_shared<AddressTurns*>(this);
};

}  // namespace qiao
