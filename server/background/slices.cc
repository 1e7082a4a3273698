#include "server/background/slices.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>

namespace qiao {
namespace {

using Clock = std::chrono::steady_clock;

struct Walk {
  std::size_t next = 0;
  std::size_t count = 0;
  std::function<void(std::size_t)> step;
  std::function<void()> done;
  std::function<bool()> alive;
  std::size_t together = 1;
  Charge charge = {};
};

void run_slice(boost::asio::io_context& context, const std::shared_ptr<Walk>& walk) {
  if (!walk->alive()) return;
  const auto begin = Clock::now();
  while (walk->next < walk->count) {
    const std::size_t end = std::min(walk->count, walk->next + walk->together);
    while (walk->next < end) walk->step(walk->next++);
    if (Clock::now() >= begin + kSlice) break;
  }
  if (walk->charge) walk->charge(Clock::now() - begin);
  if (walk->next == walk->count) return walk->done();
  boost::asio::post(context, [&context, walk] { run_slice(context, walk); });
}

}  // namespace

void in_slices(boost::asio::io_context& context, std::size_t count,
               std::function<void(std::size_t)> step, std::function<void()> done,
               std::function<bool()> alive, std::size_t together, Charge charge) {
  auto walk = std::make_shared<Walk>();
  walk->count = count;
  walk->step = std::move(step);
  walk->done = std::move(done);
  walk->alive = std::move(alive);
  walk->together = together;
  walk->charge = std::move(charge);
  run_slice(context, walk);
}

}  // namespace qiao
