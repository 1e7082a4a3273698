#include "server/store/loader.h"

#include <algorithm>

namespace qiao {
namespace {

// Some two thousand rows: a step takes a millisecond, and what is handed from one core to another is still near.
constexpr std::size_t kBatchBytes = (256 << 10) - 64;
// Batches of a kind that are read ahead.
constexpr std::size_t kMostWaiting = 4;
// Threads that can be of use: putting two sides, and reading for each.
constexpr std::size_t kMostThreads = 4;

std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

}  // namespace

Loader::Loader(State& state, Open open, const Count& count, Unseal unseal) : state_(state), open_(std::move(open)), unseal_(std::move(unseal)) {
  Lane& areas = add(pb::Event::kArea, "area", Side::kSupply, {});
  areas.links_to = &areas;
  areas.link = [this] { return state_.link_areas(); };
  areas.missing = "an area lies in one that is missing";
  Lane& parties = add(pb::Event::kParty, "party", Side::kSupply, {&areas});
  parties.links_to = &areas;
  parties.link = [this] { return state_.link_parties(); };
  parties.missing = "a party is in an area that is missing";
  Lane& offers = add(pb::Event::kOffer, "offer", Side::kSupply, {&parties});
  Lane& needs = add(pb::Event::kNeed, "need", Side::kDemand, {});
  needs.links_to = &areas;
  needs.link = [this] { return state_.link_needs(); };
  needs.missing = "a need is in an area that is missing";
  // These lean on both sides.
  add(pb::Event::kPerson, "person", Side::kDemand, {&offers, &needs});
  add(pb::Event::kMatch, "match", Side::kDemand, {&offers, &needs});
  add(pb::Event::kNotification, "notification", Side::kDemand, {&offers, &needs});
  Lane& accounts = add(pb::Event::kAccount, "account", Side::kDemand, {&offers, &needs});
  add(pb::Event::kGrant, "grant", Side::kDemand, {&accounts});
  for (Lane& lane : lanes_) lane.to_read = count(lane.kind);
}

Loader::Lane& Loader::add(pb::Event::RowCase kind, const char* name, Side side, std::vector<const Lane*> after) {
  Lane& lane = lanes_.emplace_back();
  lane.kind = kind;
  lane.name = name;
  lane.side = side;
  lane.after = std::move(after);
  return lane;
}

StoreResult<void> Loader::run(const Workers& workers) {
  workers(kMostThreads, [this](std::size_t) { work(); });
  if (error_) return std::move(*error_);
  return boost::outcome_v2::success();
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  while (!error_ && !std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.done; })) {
    if (Lane* lane = next_to_put()) {
      put_step(*lane, lock);
    } else if (Lane* other = next_to_read()) {
      read_step(*other, lock);
    } else {
      // Whatever it waits for is in another thread's hands, or there would be something to do.
      changed_.wait(lock);
      continue;
    }
    changed_.notify_all();
  }
}

Loader::Lane* Loader::next_to_put() {
  for (Lane& lane : lanes_) {
    const bool may = !lane.done && !side_busy_[static_cast<std::size_t>(lane.side)] && std::all_of(lane.after.begin(), lane.after.end(), [](const Lane* l) { return l->done; });
    const bool may_end = !lane.reads_to_come && !lane.being_read && (lane.links_to == nullptr || lane.links_to == &lane || lane.links_to->done);
    if (may && (!lane.waiting.empty() || may_end)) return &lane;
  }
  return nullptr;
}

std::uint64_t Loader::to_read(Side side) const {
  std::uint64_t rows = 0;
  for (const Lane& lane : lanes_) rows += lane.side == side ? lane.to_read : 0;
  return rows;
}

Loader::Lane* Loader::next_to_read() {
  const Side urgent = to_read(Side::kSupply) >= to_read(Side::kDemand) ? Side::kSupply : Side::kDemand;
  Lane* other = nullptr;
  for (Lane& lane : lanes_) {
    if (!lane.reads_to_come || lane.being_read || lane.waiting.size() >= kMostWaiting) continue;
    if (lane.side == urgent) return &lane;
    if (other == nullptr) other = &lane;
  }
  return other;
}

// One batch, or the end when there are no more.
void Loader::put_step(Lane& lane, std::unique_lock<std::mutex>& lock) {
  bool& busy = side_busy_[static_cast<std::size_t>(lane.side)];
  busy = true;
  std::optional<BlobBatch> batch;
  if (!lane.waiting.empty()) {
    batch.emplace(std::move(lane.waiting.front()));
    lane.waiting.pop_front();
  }
  const bool ends = !batch;
  lock.unlock();
  bool good = true;
  while (good && batch && !batch->empty()) {
    good = state_.load_row(lane.kind, batch->take());
    lane.put += good ? 1 : 0;
  }
  const bool linked = !ends || !lane.link || lane.link();
  lock.lock();
  if (!good) fail("row " + std::to_string(lane.put) + " of " + lane.name + " is damaged or leans on one that is missing");
  if (!linked) fail(lane.missing);
  lane.done = ends;
  busy = false;
}

void Loader::read_step(Lane& lane, std::unique_lock<std::mutex>& lock) {
  lane.being_read = true;
  lock.unlock();
  if (lane.rows == nullptr) {
    lane.rows = open_(lane.kind);
    if (lane.rows != nullptr) lane.rows->SeekToFirst();
  }
  rocksdb::Iterator* const rows = lane.rows.get();
  std::optional<BlobBatch> batch;
  std::string buffer;
  std::uint64_t count = 0;
  bool good = true;
  while (rows != nullptr && rows->Valid()) {
    const auto row = unseal_(lane.kind, view(rows->key()), view(rows->value()), buffer);
    good = row.has_value();
    if (!good) break;
    if (!batch) batch.emplace(std::max(kBatchBytes, row->size()));
    if (!batch->add(*row)) break;
    ++count;
    rows->Next();
  }
  const bool more = rows != nullptr && rows->Valid();
  lock.lock();
  if (!good) fail("a row of " + lane.name + " is damaged");
  if (rows != nullptr && !rows->status().ok()) fail("it cannot be read: " + rows->status().ToString());
  if (batch) lane.waiting.push_back(std::move(*batch));
  lane.to_read = more ? lane.to_read - std::min(lane.to_read, count) : 0;
  lane.reads_to_come = more;
  if (!more) lane.rows.reset();
  lane.being_read = false;
}

void Loader::fail(std::string what) {
  if (!error_) error_ = StoreError{std::move(what)};
}

}  // namespace qiao
