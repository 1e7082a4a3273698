// How fast does a market come back from its rows, against how fast RocksDB alone can scan them?
//   tools/bench restart --scale full
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
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

void run() {
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-restart";
  std::filesystem::remove_all(folder);
  {
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
  for (const bool cold : {true, false}) {
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
    Market market(make_ranking);
    const Stopwatch loading;
    QIAO_CHECK(store->load(market).has_value(), "the rows load");
    const double seconds = loading.seconds();
    const std::string name = cold ? "restart.cold" : "restart.warm";
    if (cold) figure("restart.rows", static_cast<double>(rows.rows), "rows", std::to_string(rows.bytes / rows.rows) + " bytes each");
    figure(name + ".time", seconds, "s");
    compared(name + ".rate", static_cast<double>(rows.rows) / seconds, "rows/s", "RocksDB scan alone, rows/s", scan_rate, Goal::kAtLeast, 0.5);
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
