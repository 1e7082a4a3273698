// How fast does a market come back from its rows, against how fast RocksDB alone can scan them?
//   tools/bench restart --scale full
#include <fcntl.h>
#include <rocksdb/db.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <thread>
#include <type_traits>
#include <vector>

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

// So much memory, touched for the first time; in huge pages where there are some, as the server's
// is.
class TouchedMemory {
 public:
  explicit TouchedMemory(std::size_t bytes)
      : bytes_(bytes + kHugePage),
        memory_(mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    QIAO_CHECK(memory_ != MAP_FAILED, "there is memory");
    madvise(memory_, bytes_, MADV_HUGEPAGE);
    const Stopwatch watch;
    for (std::size_t at = 0; at < bytes; at += 4096) static_cast<volatile char*>(memory_)[at] = 1;
    seconds_ = watch.seconds();
  }
  TouchedMemory(const TouchedMemory&) = delete;
  TouchedMemory& operator=(const TouchedMemory&) = delete;
  ~TouchedMemory() { munmap(memory_, bytes_); }

  // That it took: whatever is loaded pays that, too.
  double seconds() const { return seconds_; }

 private:
  static constexpr std::size_t kHugePage = 2 << 20;
  std::size_t bytes_;
  void* memory_;
  double seconds_ = 0;
};

// A virtual machine gives memory back to its host two seconds after nobody uses it any more, and
// has to get it again page by page. Held for longer than that and then released, it is free for
// the next allocation, as on a machine that has its memory to itself.
void have_at_hand(std::size_t bytes) {
  const TouchedMemory memory(bytes);
  std::this_thread::sleep_for(std::chrono::milliseconds{scaled(200, 2'500)});
}

// In a process of its own, as a restart is: what one before it had in memory helps nobody. What it
// answers comes through a pipe.
template <class Work>
auto in_child(Work work) {
  using Answer = decltype(work());
  static_assert(std::is_trivially_copyable_v<Answer>);
  std::fflush(stdout);
  int ends[2];
  QIAO_CHECK(pipe(ends) == 0, "there is room for a pipe");
  const pid_t child = fork();
  QIAO_CHECK(child >= 0, "there is room for a process");
  if (child == 0) {
    const Answer answer = work();
    _exit(write(ends[1], &answer, sizeof answer) == sizeof answer ? 0 : 1);
  }
  close(ends[1]);
  Answer answer{};
  const bool answered = read(ends[0], &answer, sizeof answer) == sizeof answer;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!answered || status != 0) std::exit(1);
  return answer;
}

bool make(const std::string& folder) {
  auto store = Store::open(folder, Store::Mode::kCreateIfMissing);
  QIAO_CHECK(store.has_value(), "the disk takes a database");
  RankedMarket market;
  Group group;
  fill(market, {scaled(30'000, 1'000'000), scaled(40'000, 1'350'000)}, [&](const Outcome& o) {
    group.add(o.events, market.state(), *store.value());
    if (group.bytes() < (4 << 20)) return;
    QIAO_CHECK(store.value()->commit(group).has_value(), "the disk takes a write");
    group.clear();
  });
  QIAO_CHECK(store.value()->commit(group).has_value(), "the disk takes a write");
  for (const auto kind :
       {pb::Event::kArea, pb::Event::kParty, pb::Event::kOffer, pb::Event::kNeed}) {
    store.value()->db().CompactRange({}, store.value()->family(kind), nullptr, nullptr);
  }
  return true;
}

struct Loaded {
  double seconds;
  double grown;        // bytes
  double first_touch;  // seconds
};

std::unique_ptr<Store> open_existing(const std::string& folder) {
  auto store = Store::open(folder, Store::Mode::kExisting);
  QIAO_CHECK(store.has_value(), "the database opens again");
  return std::move(store).value();
}

Loaded load(const std::string& folder) {
  const auto store = open_existing(folder);
  const std::size_t before = resident_bytes();
  RankedMarket market;
  const Stopwatch loading;
  QIAO_CHECK(store->load(market, on_threads(2)).has_value(), "the rows load");
  const double seconds = loading.seconds();
  const std::size_t grown = resident_bytes() - before;
  return {seconds, static_cast<double>(grown), TouchedMemory(grown).seconds()};
}

struct Scanned {
  Store::Statistics rows;
  double seconds;
};

Scanned scan(const std::string& folder) {
  const auto store = open_existing(folder);
  const Stopwatch scanning;
  const auto rows = store->scan();
  return {rows, scanning.seconds()};
}

template <class Item, class Value>
double median(const std::vector<Item>& items, Value value) {
  std::vector<double> values;
  for (const Item& item : items) values.push_back(value(item));
  return percentile(std::move(values), 0.5);
}

constexpr int kRounds = 5;

// The files come from the disk (cold), or are in memory (warm); what the market takes is at hand.
// Scans and loads in turn, as a shared machine may be half as fast a minute later.
void measure(const std::string& folder, bool cold) {
  const auto settle = [&] {
    if (cold) drop_from_page_cache(folder);
  };
  const auto memory = static_cast<std::size_t>(in_child([&] { return load(folder); }).grown);
  std::vector<Loaded> loads;
  std::vector<Scanned> scans;
  for (int round = 0; round < kRounds; ++round) {
    settle();
    scans.push_back(in_child([&] { return scan(folder); }));
    settle();
    loads.push_back(in_child([&] {
      have_at_hand(memory + memory / 10);
      return load(folder);
    }));
  }
  const auto rows = scans.front().rows;
  const std::string name = cold ? "restart.cold" : "restart.warm";
  if (cold)
    figure("restart.rows", static_cast<double>(rows.rows), "rows",
           std::to_string(rows.bytes / rows.rows) + " bytes each");
  const double seconds = median(loads, [](const Loaded& l) { return l.seconds; });
  figure(name + ".time", seconds, "s", "median of " + std::to_string(kRounds));
  compared(
      name + ".rate", static_cast<double>(rows.rows) / seconds, "rows/s",
      "RocksDB scan alone, rows/s",
      static_cast<double>(rows.rows) / median(scans, [](const Scanned& s) { return s.seconds; }),
      Goal::kAtLeast, 0.5);
}

// The files come from the disk and the memory from the host, which is given a while to take back
// what was used before: a virtual machine after a power cut. What the memory alone costs stands
// beside it; a scan needs none.
void measure_fresh(const std::string& folder) {
  std::vector<Loaded> loads;
  for (int round = 0; round < kRounds; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds{scaled(200, 8'000)});
    drop_from_page_cache(folder);
    loads.push_back(in_child([&] { return load(folder); }));
  }
  figure("restart.fresh.time", median(loads, [](const Loaded& l) { return l.seconds; }), "s",
         "memory comes from the host, too; median of " + std::to_string(kRounds));
  figure("restart.fresh.first_touch", median(loads, [](const Loaded& l) { return l.first_touch; }),
         "s",
         "of the " + std::to_string(static_cast<std::size_t>(loads.front().grown) >> 20) +
             " MiB that it takes, by one thread that does nothing else");
}

// What loading would take without the machinery of Loader, BlobBatch, Grid and the decoder of
// fields.
struct Plain {
  double rows;         // seconds: row after row, an allocation for each, on one thread
  double index;        // entry after entry into the index, as for a new row
  double index_built;  // the same index at once, on two threads, as at a start
  double decode;       // every row parsed as a message
  double load;         // what Store::load() takes in all
};

Plain load_plainly(const std::string& folder) {
  const auto store = open_existing(folder);
  Plain plain{};
  {
    RankedMarket market;
    const Stopwatch loading;
    QIAO_CHECK(store->load(market, on_threads(2)).has_value(), "the rows load");
    plain.load = loading.seconds();
  }
  const auto each_row = [&](auto use) {
    for (const auto kind :
         {pb::Event::kArea, pb::Event::kParty, pb::Event::kOffer, pb::Event::kNeed}) {
      rocksdb::ReadOptions options;
      options.fill_cache = false;
      options.readahead_size = 4 << 20;
      const std::unique_ptr<rocksdb::Iterator> rows(
          store->db().NewIterator(options, store->family(kind)));
      for (rows->SeekToFirst(); rows->Valid(); rows->Next())
        use(kind, std::string_view(rows->value().data(), rows->value().size()));
    }
  };
  RankedMarket market;
  State& state = market.state_to_load();
  for (const auto kind : kSettings) {
    std::string row;
    QIAO_CHECK(store->db().Get({}, store->family(kind), name_of(kind), &row).ok() &&
                   state.load_row(kind, Blob(row)),
               "taxonomy and policy load");
  }
  const Stopwatch loading;
  each_row([&](pb::Event::RowCase kind, std::string_view row) {
    QIAO_CHECK(state.load_row(kind, Blob(row)), "the rows load");
  });
  QIAO_CHECK(
      state.link_areas() && state.link_parties() && state.link_offers() && state.link_needs(),
      "every row that is referenced is there");
  plain.rows = loading.seconds();
  {
    Ranking ranking(state);
    const Stopwatch indexing;
    ranking.loaded(on_threads(2));
    plain.index_built = indexing.seconds();
  }
  {
    Ranking ranking(state);
    ranking.settings_changed();
    const Stopwatch indexing;
    for (Slot offer = 0; offer < state.offers().size(); ++offer) ranking.offer_changed(offer);
    for (Slot need = 0; need < state.needs().size(); ++need) ranking.need_changed(need);
    plain.index = indexing.seconds();
  }
  const Stopwatch decoding;
  each_row([&](pb::Event::RowCase kind, std::string_view row) {
    const std::unique_ptr<google::protobuf::Message> message(State::row_type(kind).New());
    QIAO_CHECK(message->ParseFromArray(row.data(), static_cast<int>(row.size())), "it is a row");
  });
  plain.decode = decoding.seconds();
  return plain;
}

// Each part against the plain way that would replace it: it is worth its code from twice the speed.
void measure_plain(const std::string& folder) {
  std::vector<Plain> plain;
  for (int round = 0; round < kRounds; ++round)
    plain.push_back(in_child([&] { return load_plainly(folder); }));
  const auto middle = [&](double Plain::*part) {
    return median(plain, [part](const Plain& p) { return p.*part; });
  };
  const double load = middle(&Plain::load);
  figure("restart.plain.load", middle(&Plain::rows) + middle(&Plain::index), "s",
         "rows and index one by one, on one thread; Store::load: " + std::to_string(load) + " s");
  figure("restart.plain.rows", middle(&Plain::rows), "s", "of that: rows");
  figure("restart.plain.index", middle(&Plain::index), "s",
         "of that: index; built at once on two threads: " +
             std::to_string(middle(&Plain::index_built)) + " s");
  figure("restart.plain.decode", middle(&Plain::decode), "s",
         "beside that: each row parsed as a message, on one thread");
}

void run() {
  const std::string folder = std::filesystem::temp_directory_path() / "qiao-bench-restart";
  std::filesystem::remove_all(folder);
  in_child([&] { return make(folder); });
  for (const bool cold : {true, false}) measure(folder, cold);
  measure_fresh(folder);
  measure_plain(folder);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace qiao::bench

int main() { qiao::bench::run(); }
