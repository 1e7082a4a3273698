// How often somebody may: a token bucket for each key (an account, an address).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace qiao {

// Single-threaded. At most kMostKeys keys are remembered: a bucket that has filled up again is as good as none, and where
// all are in use a new key has to wait, so that a flood from many addresses cannot take the memory.
class Buckets {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::size_t kMostKeys = 100'000;

  // `per_second` tokens come back, at most `burst` are kept. per_second 0: no limit.
  Buckets(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // Takes so many tokens (more than the burst is taken as the burst); else says in how many seconds there are enough.
  std::optional<std::chrono::seconds> take(const std::string& key, double tokens, Clock::time_point now);

 private:
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  void sweep(Clock::time_point now);

  double per_second_;
  double burst_;
  boost::unordered_flat_map<std::string, Bucket> buckets_;
};

}  // namespace qiao
