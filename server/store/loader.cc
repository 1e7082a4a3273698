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

Loader::Loader(State& state, Open open, Unseal unseal) : state_(state), open_(std::move(open)), unseal_(std::move(unseal)) {
  Lane& areas = add(pb::Event::kArea, "area", Side::kSupply, {});
  areas.finish = [this] { return state_.link_areas(); };
  areas.missing = "an area lies in one that is missing";
  Lane& parties = add(pb::Event::kParty, "party", Side::kSupply, {&areas});
  Lane& offers = add(pb::Event::kOffer, "offer", Side::kSupply, {&parties});
  Lane& needs = add(pb::Event::kNeed, "need", Side::kDemand, {});
  Lane& linked = add(Side::kDemand, {&needs, &areas});
  linked.finish = [this] { return state_.link_needs(); };
  linked.missing = "a need is in an area that is missing";
  // These lean on both sides.
  add(pb::Event::kPerson, "person", Side::kDemand, {&offers, &linked});
  add(pb::Event::kMatch, "match", Side::kDemand, {&offers, &linked});
  add(pb::Event::kNotification, "notification", Side::kDemand, {&offers, &linked});
  Lane& accounts = add(pb::Event::kAccount, "account", Side::kDemand, {&offers, &linked});
  add(pb::Event::kGrant, "grant", Side::kDemand, {&accounts});
}

Loader::Lane& Loader::add(Side side, std::vector<const Lane*> after) {
  Lane& lane = lanes_.emplace_back();
  lane.side = side;
  lane.after = std::move(after);
  lane.reads_to_come = false;
  return lane;
}

Loader::Lane& Loader::add(pb::Event::RowCase kind, const char* name, Side side, std::vector<const Lane*> after) {
  Lane& lane = add(side, std::move(after));
  lane.kind = kind;
  lane.name = name;
  lane.reads_to_come = true;
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
    if (may && (!lane.waiting.empty() || (!lane.reads_to_come && !lane.being_read))) return &lane;
  }
  return nullptr;
}

Loader::Lane* Loader::next_to_read() {
  for (Lane& lane : lanes_) {
    if (lane.reads_to_come && !lane.being_read && lane.waiting.size() < kMostWaiting) return &lane;
  }
  return nullptr;
}

// One batch, or what there is to do when there are no more.
void Loader::put_step(Lane& lane, std::unique_lock<std::mutex>& lock) {
  bool& busy = side_busy_[static_cast<std::size_t>(lane.side)];
  busy = true;
  if (lane.waiting.empty()) {
    lock.unlock();
    const bool good = !lane.finish || lane.finish();
    lock.lock();
    if (!good) fail(lane.missing);
    lane.done = true;
  } else {
    BlobBatch batch = std::move(lane.waiting.front());
    lane.waiting.pop_front();
    lock.unlock();
    bool good = true;
    while (good && !batch.empty()) {
      good = state_.load_row(lane.kind, batch.take());
      lane.put += good ? 1 : 0;
    }
    lock.lock();
    if (!good) fail("row " + std::to_string(lane.put) + " of " + lane.name + " is damaged or leans on one that is missing");
  }
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
  bool good = true;
  while (rows != nullptr && rows->Valid()) {
    const auto row = unseal_(lane.kind, view(rows->key()), view(rows->value()), buffer);
    good = row.has_value();
    if (!good) break;
    if (!batch) batch.emplace(std::max(kBatchBytes, row->size()));
    if (!batch->add(*row)) break;
    rows->Next();
  }
  const bool more = rows != nullptr && rows->Valid();
  lock.lock();
  if (!good) fail("a row of " + lane.name + " is damaged");
  if (rows != nullptr && !rows->status().ok()) fail("it cannot be read: " + rows->status().ToString());
  if (batch) lane.waiting.push_back(std::move(*batch));
  lane.reads_to_come = more;
  if (!more) lane.rows.reset();
  lane.being_read = false;
}

void Loader::fail(std::string what) {
  if (!error_) error_ = StoreError{std::move(what)};
}

}  // namespace qiao
