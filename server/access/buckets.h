// How much somebody may: a token bucket for each key (an account, an address).
#pragma once

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace qiao {

// Single-threaded. `Key` is std::uint64_t (an account's id) or std::string (an address, which is
// looked up by a std::string_view). At most kMostKeys keys are remembered: a bucket that has filled
// up again is as good as none, and where all are in use a new key has to wait, so that a flood from
// many addresses cannot take the memory.
template <class Key>
class Buckets {
 public:
  using Clock = std::chrono::steady_clock;
  using KeyView = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key>;
  static constexpr std::size_t kMostKeys = 100'000;

  // `per_second` tokens come back, at most `burst` are kept. per_second 0: no limit.
  Buckets(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // In how many seconds there are so many tokens (more than the burst count as the burst); nothing
  // where there are now. Takes none.
  std::optional<std::chrono::seconds> wait_for(KeyView key, double tokens, Clock::time_point now);

  // Takes so many tokens, also where there are fewer: what is missing has to come back first. No
  // more than `most_debt` can be missing.
  void charge(KeyView key, double tokens, Clock::time_point now, double most_debt);

  // wait_for(), and where nothing is to be waited for charge() of all of them.
  std::optional<std::chrono::seconds> take(KeyView key, double tokens, Clock::time_point now);

 private:
  struct Bucket {
    double tokens;
    Clock::time_point at;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(KeyView key) const { return boost::hash<KeyView>{}(key); }
  };
  double tokens_of(const Bucket& bucket, Clock::time_point now) const;
  void sweep(Clock::time_point now);

  double per_second_;
  double burst_;
  boost::unordered_flat_map<Key, Bucket, Hash, std::equal_to<>> buckets_;
};

}  // namespace qiao
