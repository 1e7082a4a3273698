// A thread beside the market thread, for work that does not read the market.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "server/runtime/threads.h"

namespace qiao {

// For the market thread. The destructor waits for work that has started.
class Beside {
 public:
  explicit Beside(boost::asio::io_context& market_context) : context_(market_context) {
    boost::asio::post(threads_, yield_to_answers);
  }
  ~Beside() {
    threads_.stop();
    threads_.join();
  }
  Beside(const Beside&) = delete;

  // Runs `work` there; then calls done() on the market thread.
  void run(std::function<void()> work, std::function<void()> done) {
    boost::asio::post(threads_, [this, work = std::move(work), done = std::move(done)]() mutable {
      work();
      boost::asio::post(context_, std::move(done));
    });
  }
  // Destroys large objects there: a nation's results take tens of milliseconds. By the next turn of
  // the market thread nobody else may reference them.
  void let_go(std::shared_ptr<const void> large) {
    boost::asio::post(context_, [self = std::weak_ptr(self_), large = std::move(large)]() mutable {
      // If this is gone by then, it is destroyed here.
      if (const auto beside = self.lock()) {
        boost::asio::post((*beside)->threads_, [large = std::move(large)] {});
      }
    });
  }

 private:
  boost::asio::io_context& context_;
  boost::asio::thread_pool threads_{1};
  std::shared_ptr<Beside*> self_ = std::make_shared<Beside*>(this);
};

}  // namespace qiao
