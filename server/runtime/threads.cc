#include "server/runtime/threads.h"

#include <atomic>
#include <thread>
#include <vector>

namespace qiao {

Workers on_threads(unsigned count) {
  return [count](std::size_t parts, const std::function<void(std::size_t)>& work) {
    std::atomic<std::size_t> next{0};
    const auto run = [&] {
      for (std::size_t part = next++; part < parts; part = next++) work(part);
    };
    std::vector<std::thread> others;
    for (unsigned t = 1; t < count && t < parts; ++t) others.emplace_back(run);
    run();
    for (std::thread& t : others) t.join();
  };
}

}  // namespace qiao
