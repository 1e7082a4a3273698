// How fast does a market come back from its rows, against how fast RocksDB alone can scan them?
//   tools/bench restart --scale full
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "server/runtime/threads.h"
#include "server/store/store.h"

namespace qiao::bench {
namespace {

void drop_from_page_cache(const std::string& folder) {
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder)) {
    const int fd = open(file.path().c_str(), O_RDONLY);
    if (fd < 0) continue;
    fdatasync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    close(fd);
  }
}

// Seconds to touch so much memory for the first time, in huge pages where there are some: whatever is loaded pays that, too.
double first_touch(std::size_t bytes) {
  constexpr std::size_t kHugePage = 2 << 20;
  void* memory = mmap(nullptr, bytes + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  QIAO_CHECK(memory != MAP_FAILED, "there is memory");
  madvise(memory, bytes + kHugePage, MADV_HUGEPAGE);
  const Stopwatch watch;
  for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory)[at] = 1;
  const double seconds = watch.seconds();
  munmap(memory, bytes + kHugePage);
  return seconds;
}

// In a process of its own, as a restart is: what one before it had in memory helps nobody.
void in_child(const std::function<void()>& work) {
  std::fflush(stdout);
  const pid_t child = fork();
  QIAO_CHECK(child >= 0, "there is room for a process");
  if (child == 0) {
    work();
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (status != 0) std::exit(1);
}

void make(const std::string& folder) {
  auto store = Store::open(folder, Store::Mode::kCreateIfMissing);
  QIAO_CHECK(store.has_value(), "the disk takes a database");
  Market market(make_ranking);
  Group group;
  fill(market, {scaled(30'000, 1'000'000), scaled(40'000, 1'350'000)}, [&](const Outcome& o) {
    group.add(o.events, market.state(), *store.value());
    if (group.bytes() < (4 << 20)) return;
    QIAO_CHECK(store.value()->commit(group).has_value(), "the disk takes a write");
    group.clear();
  });
  QIAO_CHECK(store.value()->commit(group).has_value(), "the disk takes a write");
  for (const auto kind : {pb::Event::kArea, pb::Event::kParty, pb::Event::kOffer, pb::Event::kNeed}) {
    store.value()->db().CompactRange({}, store.value()->family(kind), nullptr, nullptr);
  }
}

// Cold: as after a power cut, the files have to come from the disk. Warm: as after an upgrade, they are in memory.
void measure(const std::string& folder, bool cold) {
  const auto open = [&] {
    if (cold) drop_from_page_cache(folder);
    auto store = Store::open(folder, Store::Mode::kExisting);
    QIAO_CHECK(store.has_value(), "the database opens again");
    return std::move(store).value();
  };
  Store::Statistics rows;
  double scan_rate = 0;
  {
    const auto store = open();
    const Stopwatch scanning;
    rows = store->scan();
    scan_rate = static_cast<double>(rows.rows) / scanning.seconds();
  }
  const auto store = open();
  const std::size_t before = resident_bytes();
  Market market(make_ranking);
  const Stopwatch loading;
  QIAO_CHECK(store->load(market, on_threads(2)).has_value(), "the rows load");
  const double seconds = loading.seconds();
  const std::size_t grown = resident_bytes() - before;
  const std::string name = cold ? "restart.cold" : "restart.warm";
  if (cold) figure("restart.rows", static_cast<double>(rows.rows), "rows", std::to_string(rows.bytes / rows.rows) + " bytes each");
  figure(name + ".time", seconds, "s");
  figure(name + ".first_touch", first_touch(grown), "s", "of the " + std::to_string(grown >> 20) + " MiB that it takes, by one thread that does nothing else");
  compared(name + ".rate", static_cast<double>(rows.rows) / seconds, "rows/s", "RocksDB scan alone, rows/s", scan_rate, Goal::kAtLeast, 0.5);
}

void run() {
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-restart";
  std::filesystem::remove_all(folder);
  in_child([&] { make(folder); });
  for (const bool cold : {true, false}) in_child([&] { measure(folder, cold); });
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
