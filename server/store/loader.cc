#include "server/store/loader.h"

#include <algorithm>

namespace qiao {
namespace {

// About two thousand rows: a step takes a millisecond, and data passed from one core to another are
// still in a cache.
constexpr std::size_t kBatchBytes = (256 << 10) - 64;
// Batches of a kind that are read ahead.
constexpr std::size_t kMostWaiting = 4;
// Useful threads: one for each of the large kinds.
constexpr std::size_t kMostThreads = 4;

constexpr bool is_linked(pb::Event::RowCase kind) {
  return visit_keyed(kind, [](auto k) { return k.kLinked; });
}

}  // namespace

Loader::Loader(State& state, Open open, Unseal unseal)
    : state_(state), open_(std::move(open)), unseal_(std::move(unseal)) {
  // On two threads areas and needs take a little less work than parties and offers, for which the
  // first thread to finish reads ahead.
  Lane& areas = add(pb::Event::kArea, {});
  Lane& parties = add(pb::Event::kParty, {});
  const Lane& linked_areas = add(
      &State::link_areas, "the parent of an area is missing or not of a higher level", {&areas});
  Lane& needs = add(pb::Event::kNeed, {});
  const Lane& linked_needs =
      add(&State::link_needs, "the area of a need is missing", {&needs, &linked_areas});
  Lane& offers = add(pb::Event::kOffer, {});
  const Lane& linked_parties =
      add(&State::link_parties, "the area of a party is missing", {&parties, &linked_areas});
  const Lane& linked_offers =
      add(&State::link_offers, "the party of an offer is missing", {&offers, &parties});
  static_assert(std::count_if(kKeyedKinds.begin(), kKeyedKinds.end(), is_linked) == 4,
                "each kind that is linked is added above");
  const std::vector<const Lane*> all = {&linked_areas, &linked_needs, &linked_offers,
                                        &linked_parties};
  // The longest first; grants reference accounts.
  add(pb::Event::kMatch, all);
  for_each_keyed([&](auto kind) {
    if (!kind.kLinked && kind.kCase != pb::Event::kMatch && kind.kCase != pb::Event::kGrant)
      add(kind.kCase, all);
  });
  add(pb::Event::kGrant, {&lane_of(pb::Event::kAccount)});
}

Loader::Lane& Loader::add(pb::Event::RowCase kind, std::vector<const Lane*> after) {
  Lane& lane = lanes_.emplace_back();
  lane.kind = kind;
  lane.name = name_of(kind);
  lane.after = std::move(after);
  return lane;
}

Loader::Lane& Loader::add(bool (State::*link)(), const char* missing,
                          std::vector<const Lane*> after) {
  Lane& lane = lanes_.emplace_back();
  lane.link = link;
  lane.missing = missing;
  lane.after = std::move(after);
  lane.reads_to_come = false;
  return lane;
}

const Loader::Lane& Loader::lane_of(pb::Event::RowCase kind) const {
  return *std::find_if(lanes_.begin(), lanes_.end(),
                       [&](const Lane& lane) { return lane.kind == kind; });
}

StoreResult<void> Loader::run(const Workers& workers) {
  workers(kMostThreads, [this](std::size_t) { work(); });
  if (error_) return std::move(*error_);
  return boost::outcome_v2::success();
}

bool Loader::over() const {
  return error_ ||
         std::all_of(lanes_.begin(), lanes_.end(), [](const Lane& lane) { return lane.done; });
}

void Loader::work() {
  std::unique_lock lock(mutex_);
  while (!over()) {
    if (Lane* lane = next_to_take()) {
      run(*lane, lock);
    } else if (Lane* other = next_to_read()) {
      read(*other, lock);
    } else {
      // Whatever it waits for is being done by another thread, otherwise there would be something
      // to do.
      changed_.wait(lock);
    }
  }
}

Loader::Lane* Loader::next_to_take() {
  for (Lane& lane : lanes_) {
    if (!lane.taken &&
        std::all_of(lane.after.begin(), lane.after.end(), [](const Lane* l) { return l->done; }))
      return &lane;
  }
  return nullptr;
}

Loader::Lane* Loader::next_to_read() {
  for (Lane& lane : lanes_) {
    if (lane.reads_to_come && !lane.being_read && lane.waiting.size() < kMostWaiting) return &lane;
  }
  return nullptr;
}

// To its end.
void Loader::run(Lane& lane, std::unique_lock<std::mutex>& lock) {
  lane.taken = true;
  if (lane.link != nullptr) link(lane, lock);
  while (!error_ && !lane.done) {
    if (!lane.waiting.empty()) {
      BlobBatch batch = std::move(lane.waiting.front());
      lane.waiting.pop_front();
      put(lane, std::move(batch), lock);
    } else if (lane.being_read) {
      changed_.wait(lock);
    } else if (lane.reads_to_come) {
      read(lane, lock);
    } else {
      lane.done = true;
    }
  }
  changed_.notify_all();
}

void Loader::link(Lane& lane, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  const bool good = (state_.*lane.link)();
  lock.lock();
  if (!good) fail(lane.missing);
  lane.done = true;
}

void Loader::put(Lane& lane, BlobBatch batch, std::unique_lock<std::mutex>& lock) {
  lock.unlock();
  bool good = true;
  std::uint64_t rows = 0;
  while (good && !batch.empty()) {
    good = state_.load_row(lane.kind, batch.take());
    rows += good ? 1 : 0;
  }
  lock.lock();
  lane.put += rows;
  if (!good)
    fail("row " + std::to_string(lane.put) + " of " + lane.name +
         " is damaged or references a missing row");
  changed_.notify_all();
}

void Loader::read(Lane& lane, std::unique_lock<std::mutex>& lock) {
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
    const auto row =
        unseal_(lane.kind, rows->key().ToStringView(), rows->value().ToStringView(), buffer);
    good = row.has_value();
    if (!good) break;
    if (!batch) batch.emplace(std::max(kBatchBytes, row->size()));
    if (!batch->add(*row)) break;
    rows->Next();
  }
  const bool more = rows != nullptr && rows->Valid();
  lock.lock();
  if (!good) fail("a row of " + lane.name + " is damaged");
  if (rows != nullptr && !rows->status().ok())
    fail("it cannot be read: " + rows->status().ToString());
  if (batch) lane.waiting.push_back(std::move(*batch));
  lane.reads_to_come = more;
  if (!more) lane.rows.reset();
  lane.being_read = false;
  changed_.notify_all();
}

void Loader::fail(std::string what) {
  if (!error_) error_ = StoreError{std::move(what)};
}

}  // namespace qiao
