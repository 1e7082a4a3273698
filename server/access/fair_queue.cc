#include "server/access/fair_queue.h"

#include <boost/asio/post.hpp>

namespace qiao {

FairQueue::~FairQueue() {
  pool_.stop();
  pool_.join();
}

Taken FairQueue::run(const std::string& account, const std::string& address, Work work) {
  const Share share{account, address};
  const Taken taken = turns_.add(address, share, {share, std::move(work)});
  if (taken == Taken::kYes && !busy_) start_next();
  return taken;
}

void FairQueue::start_next() {
  auto job = turns_.next();
  if (!job) return;
  busy_ = true;
  boost::asio::post(pool_,
                    [&context = context_, self = std::weak_ptr(self_), job = *std::move(job)] {
                      boost::asio::post(context, [self, share = job.share, then = job.work()] {
                        const auto queue = self.lock();
                        if (!queue) return;
                        (*queue)->finished(share);
                        then();
                      });
                    });
}

void FairQueue::finished(const Share& share) {
  busy_ = false;
  turns_.ended(share);
  start_next();
}

}  // namespace qiao
