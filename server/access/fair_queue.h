// Runs expensive work, such as hashing passwords, on a thread of its own: one job at a time, shared
// fairly between the accounts and addresses that request it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <string>

#include "server/runtime/turns.h"

namespace qiao {

// Single-threaded: used on the thread that runs the context.
class FairQueue {
 public:
  // Jobs that wait or are running.
  static constexpr int kMaxWaiting = 64;
  static constexpr int kMaxWaitingPerKey = 8;

  // Runs on the thread of its own; the context then calls the function that it returns, unless the
  // queue has been destroyed.
  using Work = std::function<std::function<void()>()>;

  explicit FairQueue(boost::asio::io_context& context) : context_(context), pool_(1) {}
  // Waits for the job that is running; drops the others.
  ~FairQueue();

  // The account and the address have a share each. Addresses take turns: an address with a single
  // job waits for at most one job of each other address.
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
  // Lets a job that ends after the destructor find out that the queue is gone.
  std::shared_ptr<FairQueue*> self_ = std::make_shared<FairQueue*>(this);
  boost::asio::thread_pool pool_;
};

}  // namespace qiao
