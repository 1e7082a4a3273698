#include "server/runtime/threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <utility>
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

void yield_to_answers() {
  constexpr int kNice = 10;
  // Refused if the system does not allow it; then it is an ordinary thread.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice);
}

std::thread background_thread(std::function<void()> work) {
  return std::thread([work = std::move(work)] {
    yield_to_answers();
    work();
  });
}

}  // namespace qiao
