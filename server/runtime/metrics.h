// Counters and histograms in one registry, as Prometheus text. Updated from any thread without a
// lock.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace qiao {

// A number that only grows. For any thread.
class Counter {
 public:
  void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A number that is set or changed by a difference. For any thread.
class Gauge {
 public:
  void set(std::int64_t v) { value_.store(v, std::memory_order_relaxed); }
  void add(std::int64_t v) { value_.fetch_add(v, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts of durations, by powers of two of microseconds, from 1 us to about 17 minutes. For any
// thread; a reader may see a duration in its count and not yet in the sum.
class Histogram {
 public:
  static constexpr std::size_t kBuckets = 31;
  void record_us(std::uint64_t us) {
    std::size_t b = 0;
    while (b + 1 < kBuckets && (std::uint64_t{1} << b) < us) ++b;
    buckets_[b].fetch_add(1, std::memory_order_relaxed);
    sum_us_.fetch_add(us, std::memory_order_relaxed);
  }
  void write(std::string& out, const char* name, const char* help) const;

 private:
  std::array<std::atomic<std::uint64_t>, kBuckets> buckets_{};
  std::atomic<std::uint64_t> sum_us_{0};
};

// All metrics of the server.
struct Metrics {
  Counter requests;
  std::array<Counter, 6> responses;  // by hundreds of the status code
  Counter commands_applied;
  Counter commands_refused;
  Counter events;
  Counter commit_groups;
  Counter idempotent_replays;
  Counter connections_accepted;
  Counter connections_refused;
  Counter connections_timed_out;
  Counter watch_events_sent;
  Counter watchers_dropped;
  Gauge connections;
  Gauge watchers;
  Gauge applied_seq;
  Gauge durable_seq;
  Gauge parties;
  Gauge offers;
  Gauge needs;
  Gauge matches;
  Histogram request_us;
  Histogram commit_us;

  // Prometheus text format 0.0.4.
  std::string text() const;
};

}  // namespace qiao
