#include "tools/qiao/bench.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>

namespace qiao {

int bench_server(Session& session, const BenchOptions& options) {
  using Clock = std::chrono::steady_clock;
  // One request first, so that an unreachable server is reported clearly.
  const auto first = session.client().send("GET", options.target);
  if (!first) return session.fail(first.error());
  if (!first.value().ok()) return session.fail(first.value());
  std::vector<std::vector<std::int64_t>> times(static_cast<std::size_t>(options.connections));
  std::atomic<std::uint64_t> failed{0};
  const auto end = Clock::now() + std::chrono::seconds{options.seconds};
  std::vector<std::thread> threads;
  threads.reserve(times.size());
  const auto begin = Clock::now();
  for (auto& mine : times) {
    threads.emplace_back([&] {
      Client client = session.client().another();
      while (Clock::now() < end) {
        const auto at = Clock::now();
        const auto reply = client.send("GET", options.target);
        if (!reply || !reply.value().ok()) ++failed;
        mine.push_back(
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - at).count());
      }
    });
  }
  for (auto& t : threads) t.join();
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::vector<std::int64_t> all;
  for (const auto& mine : times) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  const auto at = [&](std::size_t per_mille) {
    return all[std::min(all.size() - 1, all.size() * per_mille / 1000)];
  };
  std::cout << static_cast<std::uint64_t>(static_cast<double>(all.size()) / seconds)
            << " requests/s, median " << at(500) << " us, 99 % " << at(990) << " us, 99.9 % "
            << at(999) << " us, failed " << failed << "\n";
  return failed == 0 ? kDone : kNoServer;
}

}  // namespace qiao
