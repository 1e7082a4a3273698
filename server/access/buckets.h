// Token buckets, one for each key (an account, an address).
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

// Single-threaded. `Key` is std::uint64_t (an account's id) or std::string (an address; looked up
// by a std::string_view). At most kMostKeys buckets are stored. A bucket that is full again may be
// removed; while none is, a new key has to wait, so that requests from many addresses cannot
// exhaust the memory.
template <class Key>
class Buckets {
 public:
  using Clock = std::chrono::steady_clock;
  using KeyView = std::conditional_t<std::is_same_v<Key, std::string>, std::string_view, Key>;
  static constexpr std::size_t kMostKeys = 100'000;

  // A bucket holds at most `burst` tokens and is refilled at this rate. per_second 0: no limit.
  Buckets(double per_second, double burst) : per_second_(per_second), burst_(burst) {}

  // Returns in how many seconds the bucket will hold that many tokens, but at most `burst`. Returns
  // nothing if it holds them now. Takes none.
  std::optional<std::chrono::seconds> wait_for(KeyView key, double tokens, Clock::time_point now);

  // Takes that many tokens even if the bucket holds fewer: it is in debt until it is refilled. The
  // debt is at most `most_debt`.
  void charge(KeyView key, double tokens, Clock::time_point now, double most_debt);

  // If wait_for() returns nothing, charges all of the tokens, with no limit on the debt.
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
