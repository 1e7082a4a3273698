// Work for a thread of its own, done one piece after another and shared fairly between those who
// ask for it: hashes of passwords, which are meant to be expensive.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>

#include "server/runtime/turns.h"

namespace qiao {

// For the thread that runs the context.
class FairQueue {
 public:
  // Pieces of work that wait or are being done.
  static constexpr int kMaxWaiting = 64;
  static constexpr int kMaxWaitingPerKey = 8;

  // Done on the thread of its own; the context calls what it gives, unless the queue is gone.
  using Work = std::function<std::function<void()>()>;

  explicit FairQueue(boost::asio::io_context& context) : context_(context), pool_(1) {}
  // Waits for the piece that is being done; the others are forgotten.
  ~FairQueue();

  // The account and the address have a share each. Addresses take turns, so that one with a single
  // piece waits for at most one piece of every other.
  Taken run(const std::string& account, const std::string& address, Work work);

 private:
  struct Job {
    Share share;
    Work work;
  };
  void start_next();
  void finished(const Share& share);

  boost::asio::io_context& context_;
  bool busy_ = false;
  Turns<Job> turns_{{kMaxWaiting, kMaxWaitingPerKey, kMaxWaitingPerKey}};
  // Tells what comes back late that there is no queue any more.
  std::shared_ptr<FairQueue*> self_ = std::make_shared<FairQueue*>(this);
  boost::asio::thread_pool pool_;
};

}  // namespace qiao
