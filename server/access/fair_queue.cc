#include "server/access/fair_queue.h"

#include <boost/asio/post.hpp>

namespace qiao {

FairQueue::~FairQueue() {
  pool_.stop();
  pool_.join();
}

FairQueue::Taken FairQueue::run(const std::string& account, const std::string& address, Work work) {
  if (waiting_ >= kMaxWaiting) return Taken::kFull;
  const auto count_of = [](const auto& counts, const std::string& key) {
    const auto found = counts.find(key);
    return found == counts.end() ? 0 : found->second;
  };
  if (count_of(of_account_, account) >= kMaxWaitingPerKey) return Taken::kShareIsUsed;
  if (count_of(of_address_, address) >= kMaxWaitingPerKey) return Taken::kShareIsUsed;
  ++waiting_;
  ++of_account_[account];
  ++of_address_[address];
  std::deque<Job>& jobs = jobs_[address];
  if (jobs.empty()) turns_.push_back(address);
  jobs.push_back({account, std::move(work)});
  if (!busy_) start_next();
  return Taken::kYes;
}

void FairQueue::start_next() {
  if (turns_.empty()) return;
  busy_ = true;
  std::string address = std::move(turns_.front());
  turns_.pop_front();
  const auto found = jobs_.find(address);
  Job job = std::move(found->second.front());
  found->second.pop_front();
  if (found->second.empty()) {
    jobs_.erase(found);
  } else {
    turns_.push_back(address);
  }
  boost::asio::post(pool_, [&context = context_, self = std::weak_ptr(self_), job = std::move(job),
                            address = std::move(address)] {
    boost::asio::post(context, [self, account = job.account, address, then = job.work()] {
      const auto queue = self.lock();
      if (!queue) return;
      (*queue)->finished(account, address);
      then();
    });
  });
}

void FairQueue::finished(const std::string& account, const std::string& address) {
  busy_ = false;
  --waiting_;
  release(of_account_, account);
  release(of_address_, address);
  start_next();
}

void FairQueue::release(boost::unordered_flat_map<std::string, int>& counts,
                        const std::string& key) {
  const auto found = counts.find(key);
  if (--found->second == 0) counts.erase(found);
}

}  // namespace qiao
