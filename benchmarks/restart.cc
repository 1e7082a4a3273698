// How fast does a market come back from its rows, against how fast RocksDB alone can scan them?
//   tools/bench restart --scale full
#include <filesystem>

#include "benchmarks/nation.h"
#include "benchmarks/report.h"
#include "server/store/store.h"

namespace qiao::bench {
namespace {

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
  auto store = Store::open(folder, Store::Mode::kExisting);
  QIAO_CHECK(store.has_value(), "the database opens again");
  // Both find the files in the page cache: what is compared is the work, not the disk.
  store.value()->scan();
  const Stopwatch scanning;
  const auto rows = store.value()->scan();
  const double scan_rate = static_cast<double>(rows.rows) / scanning.seconds();
  Market market(make_ranking);
  const Stopwatch loading;
  QIAO_CHECK(store.value()->load(market).has_value(), "the rows load");
  const double seconds = loading.seconds();
  figure("restart.rows", static_cast<double>(rows.rows), "rows", std::to_string(rows.bytes / rows.rows) + " bytes each");
  figure("restart.time", seconds, "s");
  compared("restart.rate", static_cast<double>(rows.rows) / seconds, "rows/s", "RocksDB scan alone, rows/s", scan_rate, Goal::kAtLeast, 0.5);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
